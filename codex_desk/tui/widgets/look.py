"""How a transcript looks: drawn for the eye, or in words for a screen reader or a poor terminal."""

from __future__ import annotations

from collections.abc import Callable

from codex_desk.engine.views import ItemView
from codex_desk.frozen import frozen
from codex_desk.tui.widgets import items, spoken
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.lines import Line
from codex_desk.tui.widgets.showing import Showing


@frozen
class Look:
    draw: Callable[[ItemView, Showing], Document]
    """An item, without a header."""
    header: Callable[[ItemView, str], Line]
    """Who speaks and when; the second argument is the thread's handle."""
    still: bool = False
    """Whether what stands there is never written again: no states that change, and a text that still comes is shown line by line."""


DRAWN = Look(items.draw, items.header)
SPOKEN = Look(spoken.draw, spoken.header, still=True)
