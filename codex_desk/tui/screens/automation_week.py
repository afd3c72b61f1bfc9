"""The calendar of the coming week: what will run, day by day."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from codex_desk.engine.automation_views import AutomationView
from codex_desk.engine.events import AutomationChanged, Event
from codex_desk.text import one_line
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.failures import reason_of
from codex_desk.tui.model import automations as model
from codex_desk.tui.model import clock
from codex_desk.tui.model.place import Place
from codex_desk.tui.model.words import fitted
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.widgets.rows import Row, RowList, heading, space

MOST_A_WEEK = 7 * 24 * 60


class Week(Dialog[Place]):
    """The calendar of the coming week."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    AUTO_FOCUS = "RowList"
    HELP = "What will run in the coming week, day by day, by the clock of each automation's zone. What runs often on a day is one row. Enter goes to the session."

    def __init__(self, desk: DeskDoor) -> None:
        super().__init__()
        self._desk = desk
        self._list = RowList(empty="looking …")
        self._targets: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        with Vertical(classes="box -fit") as box:
            box.border_title = "The coming week"
            box.border_subtitle = "Enter goes to the session · Esc closes"
            yield self._list

    def on_mount(self) -> None:
        self._read()

    def on_resize(self) -> None:
        self.call_after_refresh(self._list.fit_in)

    async def hear(self, event: Event) -> None:
        if isinstance(event, AutomationChanged):
            self.read_soon(self._read)

    @work(group="read", exclusive=True)
    async def _read(self) -> None:
        views = [view for view in await asyncio.to_thread(self._desk.automations) if view.state == "active"]
        until = clock.now() + model.WEEK
        found = [(view, await self._times(view, until)) for view in views]
        planned = model.week(found)
        names = max((len(row.name) for row in planned), default=0)
        rows: list[Row] = []
        day = None
        for number, row in enumerate(planned):
            if row.day != day:
                rows += [*([space(str(row.day))] if rows else []), heading(f"{row.day:%A %d %B}")]
                day = row.day
            self._targets[str(number)] = next(view.target_id for view in views if view.id == row.key)
            rows.append(Row(str(number), partial(_week_line, row, names)))
        self._list.show(rows, empty="nothing is planned in the coming week")
        self.call_after_refresh(self._list.fit_in)

    async def _times(self, view: AutomationView, until: datetime) -> list[datetime]:
        try:
            return await self._desk.upcoming(view.id, MOST_A_WEEK, until=until)
        except Exception as error:  # such as a zone that this machine does not know: its next look says so in its own list
            self.log.warning(reason_of(error))
            return []

    @on(RowList.Picked)
    def _picked(self, event: RowList.Picked) -> None:
        self.dismiss(Place(self._targets[event.row.key]))


def _week_line(row: model.WeekRow, names: int, width: int) -> Content:
    when, _, many = row.when.partition("  ")
    parts = [(fitted(when, 14), "$text-muted"), "  ", (fitted(row.name, min(names, max(8, width // 3))), "bold")]
    return Content.assemble(
        *parts, "  ", (f"→ {one_line(row.target, 40)}", "$text-secondary"), (f"  {many}" if many else "", "$text-muted")
    )
