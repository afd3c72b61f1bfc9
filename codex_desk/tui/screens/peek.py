"""A look at a thread without opening it: its last lines, and one line to send."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from codex_desk.engine.views import ItemView, ThreadView
from codex_desk.text import one_line
from codex_desk.tui.model.bookkeeping import is_bookkeeping
from codex_desk.tui.model.words import GLYPHS, WORDS, name
from codex_desk.tui.screens.dialog import Dialog

LINES = 10


class Peek(Dialog[str]):
    """Gives the prompt that was written, if one was."""

    def __init__(self, thread: ThreadView, items: Sequence[ItemView]) -> None:
        super().__init__()
        self._thread, self._items = thread, items

    def compose(self) -> ComposeResult:
        thread = self._thread
        with Vertical(classes="box") as box:
            box.border_title = Content(f"{GLYPHS[thread.status]} {one_line(name(thread), 40)} · {WORDS[thread.status]}")  # type: ignore[assignment]
            box.border_subtitle = "Enter sends · Esc closes"
            lines = [
                Content.assemble((f"{item.kind.replace('_', ' '):>13}  ", "$text-muted"), one_line(item.text, 160))
                for item in [one for one in self._items if not is_bookkeeping(one)][-LINES:]
            ]
            yield Static(Content("\n").join(lines) if lines else "nothing yet", markup=False, classes="words")
            yield Input(placeholder=f"prompt {one_line(name(thread), 40)}", compact=True)

    @on(Input.Submitted)
    def _send(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)
