"""What of a long text is shown, and how much is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

MOST_CHARACTERS = 60_000
"""Of one item. The rest is a count; `$EDITOR` shows it whole."""
MOST_LINES = 2_000
OUTPUT_LINES = 20
OPENED_LINES = 400

T = TypeVar("T")


def head(text: str, limit: int = MOST_CHARACTERS) -> tuple[str, int]:
    """The beginning of a text, cut at the end of a line where one is near, and how many characters follow it."""
    cut = len(text)
    if cut > limit:
        cut = text.rfind("\n", limit - limit // 8, limit) + 1 or limit
    end = -1
    for _ in range(MOST_LINES):
        end = text.find("\n", end + 1, cut)
        if end < 0:
            break
    else:
        cut = end + 1
    return text[:cut], len(text) - cut


def middle(lines: Sequence[T], limit: int = OUTPUT_LINES) -> tuple[Sequence[T], int, Sequence[T]]:
    """The first and the last of some lines, `limit` together, and how many are left out between them."""
    if len(lines) <= limit + 1:  # a line that says "+1 line" would take the place of that line
        return lines, 0, lines[:0]
    tail = limit // 2
    return lines[: limit - tail], len(lines) - limit, lines[len(lines) - tail :]


def count(number: int, noun: str) -> str:
    """`+1 line`, `+2,000 more characters`."""
    return f"+{number:,} {noun}{'' if number == 1 else 's'}"
