"""The audit: what passed between threads, in the order of the desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import DataTable, Input, Static

from codex_desk.engine.events import Audited, Event
from codex_desk.engine.views import AuditView
from codex_desk.text import one_line
from codex_desk.tui.door import DeskDoor, Verified
from codex_desk.tui.screens.dialog import Dialog, matches

READ = 5000
"""Newest events read; the filter looks through these."""
SHOWN = 500


class Audit(Dialog[None]):
    """Filter by thread, peer, kind or text; v verifies the chain."""

    AUTO_FOCUS = "DataTable"
    HELP = "Every event between threads, newest last. / filters by thread, kind or text; v verifies that nothing was changed."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "verify", "verify", id="audit.verify"),
        Binding("slash", "filter", "filter", id="audit.filter"),
    ]

    def __init__(self, desk: DeskDoor, thread_id: str | None = None, *, query: str = "", verify: bool = False) -> None:
        super().__init__()
        self._desk, self._about, self._query, self._verify = desk, thread_id, query, verify
        self._events: list[AuditView] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Audit"
            box.border_subtitle = "/ filter · v verify · Esc closes"
            yield Input(self._query, placeholder="thread, peer, kind or text", compact=True)
            yield DataTable(cursor_type="row", zebra_stripes=False)
            yield Static(markup=False, classes="note")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns("seq", "at", "kind", "thread", "peer", "origin", "text")
        self._events = self._desk.audit(self._about, limit=READ)
        self._fill()
        if self._verify:
            self.action_verify()

    async def hear(self, event: Event) -> None:
        if isinstance(event, Audited):
            self._events += self._desk.audit(self._about, after=self._events[-1].seq if self._events else 0)
            self._fill()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._query = event.value
        self._fill()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.query_one(DataTable).focus()

    def action_filter(self) -> None:
        self.query_one(Input).focus()

    def action_verify(self) -> None:
        self.query_one(".note", Static).update(Content(verified_words(self._desk.verify_audit())))

    def _fill(self) -> None:
        table = self.query_one(DataTable)
        found = filtered(self._events, self._query)[-SHOWN:]
        table.clear()
        for one in found:
            at = one.at.astimezone().strftime("%m-%d %H:%M:%S")
            cells = (str(one.seq), at, one.kind, one.thread, one.peer or "", one.origin, one.text)
            table.add_row(*(Content(one_line(cell, 200)) for cell in cells))
        table.move_cursor(row=len(found) - 1)


def filtered(events: Sequence[AuditView], query: str) -> list[AuditView]:
    """The events in which every word of the query is found."""
    wanted = query.split()
    return [one for one in events if all(matches(word, f"{one.thread} {one.peer or ''} {one.kind} {one.text}") for word in wanted)]


def verified_words(found: Verified) -> str:
    """What the check found, in a sentence."""
    if found.verified:
        return f"verified: {found.events} events, head {found.head[:16]}"
    return f"NOT verified: broken at {found.broken}: {found.reason}"
