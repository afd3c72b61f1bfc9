"""What the drawings of items are put together from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from textual.content import Content

from codex_desk.text import visible
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.fold import count, head
from codex_desk.tui.widgets.lines import NOTHING, TAB, Line, ShortLine, TextLine, blank
from codex_desk.tui.widgets.markdown import MarkdownStream

MUTED = "$text-muted"
INDENT = Content("  ")
LONGEST_ROW = 2_000
"""Characters of one row of output, until it is opened."""
SUMMARY = 400
"""Characters of a one-row summary; more than any pane is wide."""


def plain(text: str, *, style: str = "", first: Content = NOTHING, rest: Content = NOTHING) -> list[Line]:
    """Text as it is, line by line; `first` and `rest` stand before it."""
    shown, left = head(text)
    lines: list[Line] = []
    for number, line in enumerate(visible(shown.rstrip("\n")).split("\n")):
        lines.append(TextLine(Content.styled(line.expandtabs(TAB), style), first=rest if number else first, rest=rest))
    return [*lines, *left_over(left)]


def markdown(text: str) -> Document:
    shown, left = head(text)
    stream = MarkdownStream()
    stream.append(shown)
    stream.finish()
    stream.document.lines.extend(left_over(left))
    return stream.document


def left_over(characters: int) -> list[Line]:
    if not characters:
        return []
    return [blank(), hint(f"{count(characters, 'character')} · e opens all of it in $EDITOR")]


def hint(text: str, first: Content = NOTHING) -> Line:
    """What is not shown, and how to see it."""
    line = ShortLine(Content.styled(text, MUTED), first=first)
    line.opens = "Enter" in text
    return line


def clean(row: str) -> str:
    """One row of output, safe and without tabs."""
    return visible(row.removesuffix("\r")).expandtabs(TAB)


def duration(data: Mapping[str, object]) -> str:
    """`0.4s`, `1:12`; empty where nobody measured, or too little to tell."""
    milliseconds = data.get("duration_ms")
    if not isinstance(milliseconds, int | float) or milliseconds < 50:
        return ""
    seconds = milliseconds / 1000
    return f"{seconds:.1f}s" if seconds < 60 else f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def field(data: Mapping[str, object], key: str) -> str:
    """A text among what came as JSON; anything else as JSON, empty where there is nothing."""
    value = data.get(key)
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def mappings(value: object) -> Sequence[Mapping[str, object]]:
    """The objects of a list that came as JSON; nothing where it is none."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list | tuple) else []
