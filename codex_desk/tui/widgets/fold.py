"""What of a long text is shown, and how much is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from codex_desk.tui.model.words import size

MOST_CHARACTERS = 60_000
"""Of one message. The rest is a count; `$EDITOR` shows it whole."""
MOST_LINES = 2_000
OUTPUT_LINES = 20
OPENED_LINES = 400
"""Made at once of an output that was opened; the others as somebody reads on."""

COUNTED = 4_000_000
"""Characters whose lines are counted."""

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
    if len(lines) <= limit + 1:  # a line that says "1 more line" would take the place of that line
        return lines, 0, lines[:0]
    tail = limit // 2
    return lines[: limit - tail], len(lines) - limit, lines[len(lines) - tail :]


def end_of(text: str) -> int:
    """Where a text ends, without the newlines after it."""
    tail = text[-MOST_CHARACTERS:]
    return len(text) - len(tail) + len(tail.rstrip("\n"))


def ends(text: str, limit: int = OUTPUT_LINES) -> tuple[list[str], tuple[int, int], list[str]]:
    """As `middle`, of a text's lines: between the first and the last ones the span of what is left out, which is never taken apart."""
    end = end_of(text)
    tail = limit // 2
    newlines: list[int] = []
    at = text.find("\n", 0, end)
    while at >= 0 and len(newlines) < limit + 1:
        newlines.append(at)
        at = text.find("\n", at + 1, end)
    if len(newlines) <= limit:
        return (text[:end].split("\n") if end else []), (end, end), []
    first = newlines[limit - tail - 1] + 1
    last = end
    for _ in range(tail):
        last = text.rindex("\n", first, last)
    return text[: first - 1].split("\n"), (first, last + 1), text[last + 1 : end].split("\n")


def amount(text: str, start: int, end: int) -> str:
    """How much a part of a text is: `… 34 more lines`, `… 9,000 more characters` of one line, `… 50.0 MB more` where counting would be felt."""
    if end - start > COUNTED:
        return f"… {size(end - start)} more"
    lines = text.count("\n", start, end) + (end > start and text[end - 1] != "\n")
    return count(lines, "line") if lines > 1 or text.find("\n", start, end) >= 0 else count(end - start, "character")


def count(number: int, noun: str) -> str:
    """`… 1 more line`, `… 2,000 more characters`."""
    return f"… {number:,} more {noun}{'' if number == 1 else 's'}"
