"""Text without drawing: what stands for a sign where signs are read out, or cannot be shown. Letters of every script stay."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rich.cells import cell_len

SIGNS = {
    "·": "-", "•": "*", "…": ".", "⋯": ".", "–": "-", "—": "-", "‹": "<", "›": ">", "×": "x", "→": ">", "←": "<", "↑": "^", "↓": "v",
    "⇢": ">", "⇠": "<", "⇄": "=", "◷": "@", "✓": "+", "✔": "+", "✗": "x", "✘": "x", "⚠": "!", "▸": ">", "▹": ">", "►": ">", "‘": "'", "’": "'", "“": '"',
    "”": '"', "\xa0": " ",
}  # fmt: skip
"""What says something by itself."""
_ACROSS = frozenset("─━┄┅┈┉╌╍═╴╶╸╺╼╾")
_DOWN = frozenset("│┃┆┇┊┋╎╏║╵╷╹╻╽╿")
_FRAMES = range(0x2500, 0x2580)
_DRAWN = (range(0x2190, 0x2600), range(0x2600, 0x27C0), range(0x2900, 0x2980), range(0x2980, 0x2A00), range(0x2B00, 0x2C00))
"""Arrows, technical signs, enclosed and geometric ones, blocks, dingbats: beside words, decoration."""
ARROWS = {"↑": "Up", "↓": "Down", "←": "Left", "→": "Right"}
_KEYS = re.compile("((?<=[+])[↑↓←→]|[↑↓]+)")
"""Arrows that stand for keys: behind another key, and those that never mean anything else."""
_BLANKS = re.compile(" {2,}")
_AS_EMOJI = re.compile("(.)\ufe0f")
_LENS = "🔎"
"""Before the palette's line."""


class _Table(dict[int, str]):
    """By code point, made as it is asked for."""

    def __missing__(self, point: int) -> str:
        self[point] = _plain(chr(point))
        return self[point]


_TABLE = _Table()


def plainly(text: str) -> str:
    """The text with its signs as plain characters; it takes as many cells as before."""
    return _AS_EMOJI.sub(_widely, text).translate(_TABLE)


def plain_line(pieces: Sequence[str]) -> list[str]:
    """One line of the screen, in pieces, with its signs as plain characters and the arrow keys in words. What a word takes more than its sign
    comes from the blanks behind it; where there are not enough, the sign is one character."""
    owed = 0
    said: list[str] = []
    for piece in pieces:
        parts: list[str] = []
        for index, part in enumerate(_KEYS.split(piece)):
            if index % 2:  # what the pattern took
                parts.append(" ".join(ARROWS[arrow] for arrow in part))
                owed += len(parts[-1]) - len(part)
            else:
                text, owed = _without_blanks(plainly(part), owed)
                parts.append(text)
        said.append("".join(parts))
    return [plainly(piece) for piece in pieces] if owed else said


def _without_blanks(text: str, owed: int) -> tuple[str, int]:
    """The text with up to so many blanks taken out of where several are, and how many are owed still."""

    def shorter(match: re.Match[str]) -> str:
        nonlocal owed
        taken = min(owed, len(match[0]) - 1)
        owed -= taken
        return match[0][taken:]

    return (_BLANKS.sub(shorter, text), owed) if owed else (text, owed)


def _widely(match: re.Match[str]) -> str:
    """A sign that is drawn as an emoji, and then as wide as one."""
    plain = _plain(match[1])
    return match[0] if plain == match[1] else plain + " " * (cell_len(match[0]) - cell_len(plain))


@lru_cache(1024)
def _plain(character: str) -> str:
    point = ord(character)
    if character in SIGNS:
        return SIGNS[character]
    if point in _FRAMES:
        return "-" if character in _ACROSS else "|" if character in _DOWN else "+"
    if character == _LENS or any(point in block for block in _DRAWN):
        return " " * cell_len(character)
    return character
