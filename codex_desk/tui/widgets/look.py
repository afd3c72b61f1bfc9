"""How a transcript looks: drawn for the eye, or in words for a screen reader or a poor terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from codex_desk.engine.views import ItemView
from codex_desk.tui.widgets import items, spoken
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.lines import Line


@dataclass(frozen=True, slots=True)
class Look:
    draw: Callable[[ItemView, bool], Document]
    """An item, opened or not, without a header."""
    header: Callable[[ItemView, str], Line]
    """Who speaks and when; the second argument is the thread's handle."""
    whole_lines: bool = False
    """Whether a text that still comes is shown line by line, so that what stands there is never written again."""


DRAWN = Look(lambda item, opened: items.draw(item, opened=opened), items.header)
SPOKEN = Look(lambda item, opened: spoken.draw(item, opened=opened), spoken.header, whole_lines=True)
