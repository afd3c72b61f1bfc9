"""While you were away: who did what for whom, and what waits for you."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from codex_desk.engine.events import ApprovalChanged, Event, MessageChanged, ThreadChanged, TurnChanged
from codex_desk.text import one_line
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.model import clock
from codex_desk.tui.model.away import AwayRow, Tone, away_rows, away_summary
from codex_desk.tui.model.place import Place
from codex_desk.tui.model.words import age, fitted
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.widgets.rows import Row, RowList, heading, space

STYLES: Mapping[Tone, str] = {"asks": "bold $text-warning", "bad": "$text-error", "good": "$text-success", "still": "$text-muted"}
LONGEST_NAME = 60


class WhileAway(Dialog[Place]):
    """Gives the line to open."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    AUTO_FOCUS = "RowList"
    HELP = (
        "What happened between your last look and your coming back: what waits for you, the turns of each thread and for whom, the messages that passed, "
        "and approvals that ended without a yes. Enter opens the line under the cursor."
    )

    def __init__(self, desk: DeskDoor) -> None:
        super().__init__()
        self._desk = desk
        self._list = RowList(empty="nothing happened, and nothing waits for you")
        self._summary = Static(markup=False, classes="summary")
        self._places: dict[str, Place] = {}

    def compose(self) -> ComposeResult:
        with Vertical(classes="box -fit -broad") as box:
            box.border_title = "While you were away"
            box.border_subtitle = "Enter opens it · Esc closes"
            yield self._summary
            yield self._list

    def on_mount(self) -> None:
        self._read()

    def on_resize(self) -> None:
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        self._list.fit_in()

    async def hear(self, event: Event) -> None:
        if isinstance(event, ApprovalChanged | MessageChanged | ThreadChanged | TurnChanged):
            self.read_soon(self._read)

    @work(group="read")
    async def _read(self) -> None:
        away = await asyncio.to_thread(self._desk.away)
        self._summary.update(Content(one_line(away_summary(away, clock.now()))))
        found = away_rows(away)
        self._places = {row.key: row.place for row in found}
        names = dict.fromkeys(dict.fromkeys(row.section for row in found), 0)
        for row in found:
            names[row.section] = max(names[row.section], cell_len(one_line(row.name, LONGEST_NAME)))
        rows: list[Row] = []
        for section in names:
            rows += [*([space(section)] if rows else []), heading(section)]
            rows += [Row(row.key, partial(_line, row, names[section])) for row in found if row.section == section]
        self._list.show(rows)
        self.call_after_refresh(self._fit)

    @on(RowList.Picked)
    def _picked(self, event: RowList.Picked) -> None:
        self.dismiss(self._places[event.row.key])


def _line(row: AwayRow, names: int, width: int) -> Content:
    old = f"{age(row.at, clock.now()):>5}"
    name = fitted(one_line(row.name, LONGEST_NAME), min(names, width // 3))
    words = one_line(row.words)
    room = max(0, width - cell_len(name) - cell_len(old) - 6)
    words = fitted(words, min(cell_len(words), room))
    left = room - cell_len(words)
    told = fitted(f"  {one_line(row.told)}", left) if left > 4 else " " * left
    return Content.assemble(
        (f"{row.glyph} ", STYLES[row.tone]), (name, "bold"), "  ", (words, STYLES["asks"] if row.tone == "asks" else ""), (told, "$text-muted"), "  ",
        (old, "$text-muted"),
    )  # fmt: skip
