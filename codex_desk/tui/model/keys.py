"""Keys that mean something only together with time: an escape that may be half an arrow key, and the leader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a key: first deliver the escape held back, then this key; or hold this one, or drop it."""

    escape_first: bool = False
    deliver: bool = False
    hold: bool = False


class EscapeFilter:
    """Tells a pressed escape from the first byte of an arrow key that a slow line has split.

    An escape is held for `WAIT` seconds. If `[` or `O` comes meanwhile, it was the start of a sequence: the escape and the rest of the sequence are
    dropped. Anything else, or silence, makes it a real escape.
    """

    WAIT = 0.150
    TAIL = 0.150
    """How long after its last byte the rest of a sequence may still come, in seconds."""

    class _State(Enum):
        IDLE = auto()
        HELD = auto()
        CSI = auto()
        SS3 = auto()

    def __init__(self) -> None:
        self._state = self._State.IDLE
        self._at = 0.0

    @property
    def holding(self) -> bool:
        return self._state is self._State.HELD

    def key(self, key: str, character: str | None, now: float) -> Verdict:
        """Judge one key at `now` (seconds, monotonic)."""
        state, self._state = self._state, self._State.IDLE
        in_time = now - self._at < self.TAIL
        self._at = now
        match state:
            case self._State.HELD if character == "[":
                self._state = self._State.CSI
                return Verdict()
            case self._State.HELD if character == "O":
                self._state = self._State.SS3
                return Verdict()
            case self._State.CSI if in_time and character and character in "0123456789;:?<":
                self._state = self._State.CSI
                return Verdict()
            case self._State.CSI | self._State.SS3 if in_time and character and "@" <= character <= "~":
                return Verdict()
        held = state is self._State.HELD
        if key == "escape":
            self._state = self._State.HELD
            return Verdict(escape_first=held, hold=True)
        return Verdict(escape_first=held, deliver=True)

    def silence(self) -> bool:
        """The wait is over without another key: whether an escape is to be delivered now."""
        held = self.holding
        if held:
            self._state = self._State.IDLE
        return held


class Leader:
    """The one leader key: what the next key means."""

    PANEL_AFTER = 0.300
    """Seconds until the panel shows what can follow."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        """`keys`: the following key → the name of a command."""
        self._keys = dict(keys)
        self.pending = False

    @property
    def keys(self) -> Mapping[str, str]:
        return self._keys

    def start(self) -> None:
        self.pending = True

    def press(self, key: str) -> str | None:
        """The command that the key after the leader names; None for a key that means nothing, which only ends the wait."""
        self.pending = False
        return self._keys.get(key)
