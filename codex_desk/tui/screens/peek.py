"""A look at a thread without opening it: its last lines as they come, and one line to send."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from codex_desk.engine.events import ApprovalChanged, Event, ItemAdded, ItemChanged, Live, ThreadChanged, TurnChanged
from codex_desk.engine.views import ThreadView
from codex_desk.text import one_line
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.model.peek import peek_lines
from codex_desk.tui.model.words import ASKING, GLYPHS, WORDS, name, place
from codex_desk.tui.screens.dialog import Dialog

LINES = 14
READ = 40
"""Items that are looked at."""
LABEL = 9


class Peek(Dialog[str]):
    """Gives the prompt that was written; an empty one where the thread is to be opened."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    HELP = "The last lines of this thread. Enter sends what you write, and opens the thread where you wrote nothing."

    def __init__(self, bridge: Bridge, thread: ThreadView) -> None:
        super().__init__()
        self._bridge, self._thread = bridge, thread
        self._box = Vertical(classes="box -fit")
        self._lines = Static(markup=False, classes="lines")

    def compose(self) -> ComposeResult:
        with self._box:
            self._box.border_subtitle = "Enter sends, or with nothing written opens it · Esc closes"
            yield self._lines
            yield Input(placeholder=f"prompt {one_line(name(self._thread), 40)}", compact=True)

    def on_mount(self) -> None:
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    async def hear(self, event: Event) -> None:
        match event:
            case ItemAdded(item) | ItemChanged(item):
                about = item.thread_id
            case ThreadChanged(thread_id) | TurnChanged(thread_id) | Live(thread_id) | ApprovalChanged(_, thread_id):
                about = thread_id
            case _:
                return
        if about == self._thread.id:
            self.read_soon(self._draw)

    def _draw(self) -> None:
        thread = self._thread = self._bridge.thread(self._thread.id) or self._thread
        stands = place(thread)
        title = (
            f"{GLYPHS[thread.status]} {one_line(name(thread), 40)} · {WORDS[thread.status]}{f' · {one_line(stands, 60)}' if stands else ''}"
        )
        self._box.border_title = Content(title)  # type: ignore[assignment]  # a str is parsed as markup
        live = self._bridge.desk.live(thread.id) if self._bridge.desk else None
        texts = [text for _, text in live.open_texts.values()] if live else []
        rows = max(3, min(LINES, self.size.height - 10))
        lines = [
            Content.assemble((f"{label:>{LABEL}}  ", "$text-muted"), text)
            for label, text in peek_lines(self._bridge.items(thread.id, READ), texts[-1] if texts else "", rows)
        ]
        if thread.status in ASKING:
            lines.append(
                Content.styled(f"{GLYPHS[thread.status]:>{LABEL}}  {one_line(thread.reason or WORDS[thread.status])}", "$text-warning")
            )
        self._lines.update(Content("\n").join(lines) if lines else Content.styled("nothing yet", "$text-muted"))

    @on(Input.Submitted)
    def _send(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value.strip())
