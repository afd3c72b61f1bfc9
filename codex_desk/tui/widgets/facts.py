"""Facts with their names before them, each set so that what wraps stays in its column."""

from __future__ import annotations

from textual.content import Content

from codex_desk.text import one_line
from codex_desk.tui.widgets.lines import TextLine

FACT = 4_096
"""Characters of a fact; a path is no longer."""


def fact(label: str, value: str) -> TextLine:
    """One fact. `label` as it is to stand there, spaces included."""
    lead = Content.styled(label, "$text-muted")
    return TextLine(Content(one_line(value, FACT)), first=lead, rest=Content(" " * lead.cell_length))
