"""What may run without asking again, by thread and folder, and how to take it back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from codex_desk.engine.events import ApprovalChanged, Event
from codex_desk.engine.views import GrantView
from codex_desk.text import one_line, visible
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.failures import reason_of
from codex_desk.tui.model import clock
from codex_desk.tui.model.decisions import grant_place
from codex_desk.tui.model.place import Place
from codex_desk.tui.model.words import age, fitted
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.widgets.rows import Row, RowList, heading, space

Revoke = Callable[[int], Awaitable[str]]
"""Takes a grant back by its number, and says what it did."""


class Grants(Dialog[Place]):
    """Grants under the thread or folder they count in. Gives the thread to open."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    AUTO_FOCUS = "RowList"
    HELP = "What may run without asking again. A rule is the beginning of a command. x takes the one under the cursor back; Enter opens its thread."
    BINDINGS: ClassVar[list[BindingType]] = [Binding("x,delete", "revoke", "revoke", id="grants.revoke")]

    def __init__(self, desk: DeskDoor, revoke: Revoke) -> None:
        super().__init__()
        self._desk, self._revoke = desk, revoke
        self._list = RowList(empty="nothing was granted: an approval answered with t, s or f is a rule, and stands here")
        self._note = Static(markup=False, classes="note")
        self._by_key: dict[str, GrantView] = {}

    def compose(self) -> ComposeResult:
        with Vertical(classes="box -fit") as box:
            box.border_title = "Grants"
            box.border_subtitle = "x revokes · Enter opens its thread · Esc closes"
            yield self._list
            yield self._note

    def on_mount(self) -> None:
        self._note.display = False
        self._read()

    def on_resize(self) -> None:
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        self._list.fit_in()

    async def hear(self, event: Event) -> None:
        if isinstance(event, ApprovalChanged):
            self._read()

    def _read(self) -> None:
        self._by_key = {str(one.id): one for one in self._desk.grants()}
        by_place: dict[str, list[GrantView]] = {}
        for one in self._by_key.values():
            by_place.setdefault(grant_place(one, Path.home()), []).append(one)
        rows: list[Row] = []
        for place, grants in sorted(by_place.items()):
            rows += [*([space(place)] if rows else []), heading(place)]
            rows += [Row(str(one.id), partial(_line, one)) for one in grants]
        self._list.show(rows)
        self.call_after_refresh(self._fit)

    @on(RowList.Picked)
    def _picked(self, event: RowList.Picked) -> None:
        thread_id = self._by_key[event.row.key].thread_id
        if thread_id is not None:
            self.dismiss(Place(thread_id))

    @work(group="revoke", exclusive=True)
    async def action_revoke(self) -> None:
        if (row := self._list.current) is None:
            return
        try:
            said = await self._revoke(int(row.key))
        except Exception as error:
            said = reason_of(error)
        self._note.display = True
        self._note.update(Content(visible(said)))
        self._read()


def _line(grant: GrantView, width: int) -> Content:
    tail = f"#{grant.id}  {age(grant.created_at, clock.now())}"
    rule = fitted(f"{one_line(' '.join(grant.prefix))} …", max(4, width - len(tail) - 4))
    return Content.assemble("  ", rule, "  ", (tail, "$text-muted"))
