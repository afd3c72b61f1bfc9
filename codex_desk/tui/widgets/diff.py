"""A unified diff drawn as one: signs, colours and line numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from textual.content import Content

from codex_desk.frozen import frozen
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


EMPHASIS = "bold underline"
"""What is other than in the line's counterpart; not by a colour, since a terminal may have only a few."""
RUN = 30
"""Most lines of a run whose counterparts are looked for."""
LONGEST = 500
"""Characters of a line that is compared with its counterpart."""


@frozen
class DiffLine:
    sign: Sign
    text: str
    number: int | None = None
    """In the new file; in the old one for a removed line; None where the diff does not say."""
    changed: tuple[int, int] | None = None
    """What of the text is other than in its counterpart, where most of it is the same."""


def parse_diff(diff: str) -> list[DiffLine]:
    """The lines of a unified diff without its file headers; text that is no diff comes back as context."""
    return _compared(list(_parse(diff.rstrip("\n").split("\n")))) if diff else []


def _compared(lines: list[DiffLine]) -> list[DiffLine]:
    """Where as many lines came as went, each with what has changed in it."""
    at = 0
    while at < len(lines):
        removed = _run(lines, at, "-")
        added = _run(lines, at + removed, "+")
        if removed == added and 0 < removed <= RUN:
            for old in range(at, at + removed):
                lines[old], lines[old + removed] = _pair(lines[old], lines[old + removed])
        at += max(removed + added, 1)
    return lines


def _run(lines: list[DiffLine], start: int, sign: Sign) -> int:
    end = start
    while end < len(lines) and lines[end].sign == sign:
        end += 1
    return end - start


def _pair(old: DiffLine, new: DiffLine) -> tuple[DiffLine, DiffLine]:
    changed = differing(old.text, new.text)
    return (old, new) if changed is None else (replace(old, changed=changed[0]), replace(new, changed=changed[1]))


def differing(old: str, new: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The span of each of two lines that is other than in the other one; None where less than a half of them is the same."""
    shortest = min(len(old), len(new))
    if old == new or not shortest or max(len(old), len(new)) > LONGEST:
        return None
    before = next((at for at in range(shortest) if old[at] != new[at]), shortest)
    room = shortest - before
    after = next((at for at in range(room) if old[-1 - at] != new[-1 - at]), room)
    same = len(old[:before].strip()) + len(old[len(old) - after :].strip())
    if 2 * same < max(len(old.strip()), len(new.strip())):
        return None
    return (before, len(old) - after), (before, len(new) - after)


def _parse(lines: list[str]) -> Iterator[DiffLine]:
    old: int | None = None
    new: int | None = None
    for line in lines:
        if match := _HUNK.match(line):
            old, new = int(match[1]), int(match[2])
            yield DiffLine("@", f"⋯ {match[3].strip()}".rstrip())
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
    text = Content(visible(line.text.removesuffix("\r")).expandtabs(TAB))
    margin = Content(" " * (digits + 1 if digits else 0))
    if line.sign == "@":
        return TextLine(text.stylize(mark), first=margin, rest=margin, words=False)
    if line.changed is not None and text.plain == line.text:
        text = text.stylize(EMPHASIS, *line.changed)
    number = "" if line.number is None else str(line.number)
    gutter = Content.styled(f"{number:>{digits}} ", "$text-muted") if digits else Content("")
    sign = Content.styled(f"{line.sign} ", f"bold {mark}" if mark else "")
    return TextLine(text, first=gutter + sign, rest=margin + Content("  "), lead=line.sign, style=ground, words=False)
