"""Changes of files, drawn as diffs."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content

from codex_desk.engine.views import ItemView
from codex_desk.text import one_line
from codex_desk.tui.widgets import diff
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.fold import MOST_LINES, count, head, middle
from codex_desk.tui.widgets.lines import Line, ShortLine
from codex_desk.tui.widgets.parts import INDENT, MUTED, SUMMARY, field, hint, left_over, mappings, plain

DIFF_LINES = 40
"""Of one file, until it is opened."""
KINDS = {"add": "added", "delete": "deleted", "update": "edited", "modify": "edited", "move": "moved"}


def change(item: ItemView, opened: bool) -> Document:
    lines: list[Line] = []
    for one in mappings(item.data.get("changes")):
        drawn, added, removed = diff_of(one, opened)
        kind = field(one, "kind")
        said = KINDS.get(kind, one_line(kind, 20) or "edited")
        tally = Content.assemble((f"+{added}", "$text-success"), " ", (f"−{removed}", "$text-error"))
        title = Content.assemble((f"{said} ", MUTED), (one_line(field(one, "path"), SUMMARY), "bold"))
        lines.append(ShortLine(title, tally, first=Content.styled("± ", "$text-secondary")))
        lines.extend(drawn)
    if item.data.get("ok") is False:
        lines.append(ShortLine(Content.styled("✗ not applied", "$text-error")))
    return Document(lines or plain(item.text))


def diff_of(one: Mapping[str, object], opened: bool) -> tuple[list[Line], int, int]:
    """The diff of one file, and how many lines it adds and removes."""
    shown, left = head(field(one, "diff"))
    rows = diff.parse_diff(shown)
    start, hidden, end = middle(rows, MOST_LINES if opened else DIFF_LINES)
    digits = max((len(str(row.number)) for row in rows if row.number is not None), default=0)
    lines: list[Line] = [diff.drawn(row, digits) for row in start]
    if hidden:
        lines.append(hint(f"{count(hidden, 'line')}  {'e opens all of it in $EDITOR' if opened else 'Enter opens'}", INDENT))
    lines.extend(diff.drawn(row, digits) for row in end)
    return [*lines, *left_over(left)], *diff.counts(rows)
