"""A subagent's transcript inside of the one that spawned it."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content

from codex_desk.engine.views import ItemView
from codex_desk.text import one_line
from codex_desk.tui.model.bookkeeping import is_bookkeeping
from codex_desk.tui.model.words import name
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.grouping import Run
from codex_desk.tui.widgets.lines import InsetLine, Line, blank
from codex_desk.tui.widgets.parts import hint
from codex_desk.tui.widgets.showing import Subagent

ITEMS = 40
"""Of a subagent that are asked for."""
LINES = 150
"""Of them that are drawn; the thread itself has the others."""
BAR = Content.styled("│ ", "$text-secondary")


def transcript(sub: Subagent, draw: Callable[[ItemView], Document], header: Callable[[ItemView, str], Line]) -> list[Line]:
    """The newest of its items, beside a bar."""
    items = [item for item in sub.items if not is_bookkeeping(item)]
    handle = name(sub.thread)
    lines: list[Line] = []
    cut = 0
    for at in range(len(items), 0, -1):
        before = _drawn(items[at - 1], items[at - 2] if at > 1 else None, handle, draw, header)
        if lines and len(lines) + len(before) > LINES:
            cut = at
            break
        lines = before + lines
    told = f"{cut} earlier items" if cut else "earlier items" if sub.earlier else ""
    edge = [hint(f"↑ {told}  o goes to {one_line(handle, 60)}")] if told else []
    return [InsetLine(line, BAR) for line in (*edge, *lines)] or [InsetLine(hint("nothing yet"), BAR)]


def _drawn(
    item: ItemView, before: ItemView | None, handle: str, draw: Callable[[ItemView], Document], header: Callable[[ItemView, str], Line]
) -> list[Line]:
    """One item with the gap and the header that what stands before it asks for."""
    run = Run().take(before.kind, before.id)[1] if before is not None else Run()
    frame, _ = run.take(item.kind, item.id)
    gap = [blank()] if frame.gap else []
    return [*gap, *([header(item, handle)] if frame.header else ()), *draw(item).lines]
