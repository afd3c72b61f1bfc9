"""One event of the audit, whole."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from codex_desk.engine.views import AuditView
from codex_desk.text import one_line, visible
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.drawn import Drawn
from codex_desk.tui.widgets.facts import fact
from codex_desk.tui.widgets.lines import NOTHING, TextLine

LONGEST = 20_000
"""Characters of a text that are drawn at once."""


class EventDetail(Dialog[bool]):
    """All that is known of an event. Gives True where its line in the transcript is wanted."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    AUTO_FOCUS = "VerticalScroll"
    HELP = "One event, whole. Enter or t goes to its line in the transcript."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,t", "go", "to the transcript", id="event.go"),
        Binding("j", "scroll(1)", show=False, id="event.down"),
        Binding("k", "scroll(-1)", show=False, id="event.up"),
    ]

    def __init__(self, event: AuditView) -> None:
        super().__init__()
        self._event = event

    def compose(self) -> ComposeResult:
        event = self._event
        with Vertical(classes="box") as box:
            box.border_title = Content(f"Event {event.seq} · {one_line(event.kind, 30)}")  # type: ignore[assignment]  # a str is parsed as markup
            box.border_subtitle = "Enter goes to its line in the transcript · Esc closes"
            with VerticalScroll(classes="fields"):
                yield Drawn(fields(event))

    def action_go(self) -> None:
        self.dismiss(True)

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def fields(event: AuditView) -> Document:
    """Every field with its name."""
    facts = (
        ("number", str(event.seq)),
        ("kind", event.kind),
        ("at", event.at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")),
        ("by", event.origin),
        ("thread", f"{event.thread or ''}  {event.thread_id}"),
        ("with", event.peer or ""),
        ("hash", event.hash),
    )
    lines = [fact(f"{label:>8}  ", value) for label, value in facts if value]
    text = event.text if len(event.text) <= LONGEST else f"{event.text[:LONGEST]}…"
    return Document([*lines, TextLine(NOTHING), *(TextLine(Content(line)) for line in visible(text).split("\n"))])
