"""Keys as Windows terminals write them in `win32-input-mode`, which a program that has ended may have left on.

`CSI Vk ; Sc ; Uc ; Kd ; Cs ; Rc _`: virtual key, scan code, UTF-16 unit, down or up, modifiers, repeat count (the specification is
microsoft/terminal, doc/specs/#4999).
"""

from __future__ import annotations

import re

_SEQUENCE = re.compile(r"\x1b\[((?:\d*;){0,5}\d*)_")

_ALT_RIGHT, _ALT, _CTRL = 0x1, 0x3, 0xC
_CTRL_LEFT, _SHIFT = 0x8, 0x10

_ENTER, _TAB, _BACKSPACE, _ESCAPE, _ALT_KEY = 13, 9, 8, 27, 18
_LETTERS = {35: "F", 36: "H", 37: "D", 38: "A", 39: "C", 40: "B", 112: "P", 113: "Q", 114: "R", 115: "S"}
_NUMBERS = {33: 5, 34: 6, 45: 2, 46: 3, 116: 15, 117: 17, 118: 18, 119: 19, 120: 20, 121: 21, 122: 23, 123: 24}


class Reader:
    """Remembers the first half of a character that comes as two units."""

    def __init__(self) -> None:
        self._high = 0

    def read(self, sequence: str) -> str | None:
        """What any other terminal would have sent: a whole sequence, an escape, or text; empty for a key that goes up. None: it is no such sequence."""
        match = _SEQUENCE.fullmatch(sequence)
        if match is None:
            return None
        numbers = [int(part or 0) for part in match[1].split(";")]
        key, _, unit, down, state, repeat = [*numbers, *(0, 0, 0, 0, 0, 1)[len(numbers) :]]
        if not down:
            return self._character(unit) if key == _ALT_KEY and unit else ""
        modifiers = 1 + bool(state & _SHIFT) + 2 * bool(state & _ALT) + 4 * bool(state & _CTRL)
        if (named := _named(key, modifiers)) is not None:
            return named if named.startswith("\x1b") else named * min(repeat, 100)
        if not unit:
            return ""
        text = self._character(unit) * min(repeat, 100)
        is_alt_gr = state & (_ALT_RIGHT | _CTRL_LEFT) == _ALT_RIGHT | _CTRL_LEFT
        return f"\x1b{text}" if state & _ALT and not is_alt_gr and len(text) == 1 else text

    def _character(self, unit: int) -> str:
        if 0xD800 <= unit < 0xDC00:
            self._high = unit
            return ""
        if 0xDC00 <= unit < 0xE000:
            high, self._high = self._high, 0
            return chr(0x10000 + ((high - 0xD800) << 10) + unit - 0xDC00) if high else ""
        return chr(unit) if unit <= 0xFFFF else ""


def _named(key: int, modifiers: int) -> str | None:
    """A key that stands for no character; None for all others."""
    match key:
        case 13:
            return "\r" if modifiers == 1 else f"\x1b[{_ENTER};{modifiers}u"
        case 9:
            return {1: "\t", 2: "\x1b[Z"}.get(modifiers, f"\x1b[{_TAB};{modifiers}u")
        case 8:
            return {1: "\x7f", 2: "\x7f", 3: "\x1b\x7f"}.get(modifiers, f"\x1b[127;{modifiers}u")
        case 27:
            return "\x1b" if modifiers == 1 else f"\x1b[{_ESCAPE};{modifiers}u"
        case _ if key in _LETTERS:
            letter = _LETTERS[key]
            if modifiers > 1:
                return f"\x1b[1;{modifiers}{letter}"
            return f"\x1bO{letter}" if key >= 112 else f"\x1b[{letter}"
        case _ if key in _NUMBERS:
            return f"\x1b[{_NUMBERS[key]}~" if modifiers == 1 else f"\x1b[{_NUMBERS[key]};{modifiers}~"
    return None
