"""A unified diff drawn as one: signs, colours and line numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from textual.content import Content

from codex_desk.text import visible
from codex_desk.tui.widgets.lines import TAB, TextLine

Sign = Literal["+", "-", " ", "@"]
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)")
_HEADERS = (
    "diff --git ",
    "index ",
    "--- ",
    "+++ ",
    "new file mode ",
    "deleted file mode ",
    "similarity index ",
    "rename from ",
    "rename to ",
)
STYLES: dict[Sign, tuple[str, str]] = {
    "+": ("$text-success", "on $success-muted"),
    "-": ("$text-error", "on $error-muted"),
    " ": ("", ""),
    "@": ("$text-muted", ""),
}
"""The sign's style, and the ground of the whole line."""


@dataclass(frozen=True, slots=True)
class DiffLine:
    sign: Sign
    text: str
    number: int | None = None
    """In the new file; in the old one for a removed line; None where the diff does not say."""


def parse_diff(diff: str) -> list[DiffLine]:
    """The lines of a unified diff without its file headers; text that is no diff comes back as context."""
    return list(_parse(diff.rstrip("\n").split("\n"))) if diff else []


def _parse(lines: list[str]) -> Iterator[DiffLine]:
    old: int | None = None
    new: int | None = None
    for line in lines:
        if match := _HUNK.match(line):
            old, new = int(match[1]), int(match[2])
            yield DiffLine("@", f"@@ {match[3].strip()}".rstrip())
        elif new is None and line.startswith(_HEADERS):
            continue
        elif line.startswith("+"):
            yield DiffLine("+", line[1:], new)
            new = None if new is None else new + 1
        elif line.startswith("-"):
            yield DiffLine("-", line[1:], old)
            old = None if old is None else old + 1
        elif line.startswith("\\"):
            yield DiffLine("@", line)
        else:
            yield DiffLine(" ", line.removeprefix(" "), new)
            old, new = (None if old is None else old + 1), (None if new is None else new + 1)


def counts(lines: list[DiffLine]) -> tuple[int, int]:
    """Lines added and removed."""
    return sum(line.sign == "+" for line in lines), sum(line.sign == "-" for line in lines)


def drawn(line: DiffLine, digits: int) -> TextLine:
    """One line, its number in a column of `digits` cells (0 for none)."""
    mark, ground = STYLES[line.sign]
    text = visible(line.text.removesuffix("\r")).expandtabs(TAB)
    if line.sign == "@":
        return TextLine(Content.styled(text, mark), first=Content(" " * (digits + 1)), rest=Content(" " * (digits + 1)), words=False)
    number = "" if line.number is None else str(line.number)
    gutter = Content.styled(f"{number:>{digits}} ", "$text-muted") if digits else Content("")
    sign = Content.styled(f"{line.sign} ", f"bold {mark}" if mark else "")
    rest = Content(" " * (digits + 1 if digits else 0) + "  ")
    return TextLine(Content(text), first=gutter + sign, rest=rest, lead=line.sign, style=ground, words=False)
