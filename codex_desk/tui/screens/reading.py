"""Something to read: a text in a box that scrolls."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from codex_desk.text import visible
from codex_desk.tui.screens.dialog import Dialog


class Reading(Dialog[None]):
    """Content as it stands; whoever makes it has made its text visible."""

    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,enter", "leave", show=False, id="reading.close"),
        Binding("j", "scroll(1)", show=False, id="reading.down"),
        Binding("k", "scroll(-1)", show=False, id="reading.up"),
    ]

    def __init__(self, title: str, content: Content) -> None:
        super().__init__()
        self._title, self._content = title, content

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(visible(self._title))  # type: ignore[assignment]  # Content is taken; a str is parsed as markup
            box.border_subtitle = "↑↓ scroll · Esc closes"
            with VerticalScroll():
                yield Static(self._content, markup=False)

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
