"""When an approval may be answered: never by accident."""

from __future__ import annotations

from typing import Literal

Answer = Literal["once", "thread", "tree", "folder", "deny"]

ANSWER_KEYS: dict[str, Answer] = {"y": "once", "t": "thread", "s": "tree", "f": "folder", "n": "deny"}
"""Key → answer, while the card has focus. There is none on Enter."""

ANSWER_WORDS: dict[Answer, str] = {
    "once": "allow once",
    "thread": "in this thread",
    "tree": "+ subagents",
    "folder": "in this folder",
    "deny": "deny",
}


class ApprovalGuard:
    """Refuses keys that the human cannot have meant for the card: too soon after it appeared, or in the middle of typing."""

    QUIET = 0.5
    """Seconds without a keystroke, and since the card appeared, before a key counts."""

    def __init__(self, appeared: float) -> None:
        """`appeared`: when the card came onto the screen (seconds, monotonic)."""
        self._last = appeared
        self._seen = False

    def saw_end(self) -> None:
        """The last line of what is asked has been on the screen."""
        self._seen = True

    @property
    def seen(self) -> bool:
        return self._seen

    def keystroke(self, now: float) -> None:
        """A key was pressed, for the card or elsewhere."""
        self._last = now

    def refusal(self, answer: Answer, now: float) -> str | None:
        """Why this answer does not count now, or None. The key itself is noted as a keystroke."""
        quiet, self._last = now - self._last, now
        if quiet < self.QUIET:
            return "too quick to be meant: wait half a second, then press it again"
        if answer != "deny" and not self._seen:
            return "scroll to the end first: it can be allowed once all of it has been on the screen"
        return None
