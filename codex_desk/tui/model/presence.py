"""Whether the human is here, from what they do."""

from __future__ import annotations

AWAY_S = 600.0
"""Seconds without a sign of the human after which they were away."""
NOTE_EVERY_S = 60.0
"""How often it is written down that they are here."""


class Attendance:
    """Takes every sign of the human. Times are seconds, monotonic."""

    def __init__(self, now: float) -> None:
        self._seen = now
        self._noted = now
        self._used = False

    def sign(self, now: float) -> bool:
        """A key, a click, or the terminal's focus; whether they come back from having been away."""
        back = now - self._seen >= AWAY_S
        self._seen, self._used = now, True
        return back

    def is_due(self, now: float, *, at_once: bool = False) -> bool:
        """Whether it is to be written down now that they are here; then it counts as written. `at_once`: without regard to when it was last."""
        if not self._used or (not at_once and now - self._noted < NOTE_EVERY_S):
            return False
        self._noted, self._used = now, False
        return True
