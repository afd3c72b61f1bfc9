"""Who waits for whom, and who for the human, as it is now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import ClassVar

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from codex_desk.engine.events import ApprovalChanged, Event, MessageChanged, ThreadChanged, TurnChanged
from codex_desk.text import one_line
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.failures import reason_of
from codex_desk.tui.model import clock
from codex_desk.tui.model.place import Place
from codex_desk.tui.model.waits import Tone, WaitRow, clock_words, wait_rows
from codex_desk.tui.model.words import fitted
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.widgets.rows import Row, RowList, heading, space

Stop = Callable[[str], Awaitable[str]]
"""Interrupts a thread by its id, and says what it did."""

STYLES: Mapping[Tone, str] = {"waits": "$text-warning", "asks": "bold $text-warning", "works": "$text-success", "still": "$text-muted"}
LONGEST_NAME = 40
WIDE = 90
"""Cells of a row from which on there is room for a sentence about a wait's end."""


class Waits(Dialog[Place]):
    """The wait-for graph as a tree; gives the thread to open."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    AUTO_FOCUS = "RowList"
    HELP = (
        "Every thread that waits, below it what it waits for, since when, and when it gives up; then the threads that wait for you. It is as it is now; "
        "the line below says what would free what is under the cursor. "
        "Enter opens the thread under the cursor, x stops its turn."
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("x", "stop", "stop its turn", id="waits.stop")]

    def __init__(self, desk: DeskDoor, stop: Stop) -> None:
        super().__init__()
        self._desk, self._stop = desk, stop
        self._list = RowList(empty="nobody waits")
        self._note = Static(markup=False, classes="note")
        self._by_key: dict[str, WaitRow] = {}

    def compose(self) -> ComposeResult:
        with Vertical(classes="box -fit -broad") as box:
            box.border_title = "Who waits for whom"
            box.border_subtitle = "Enter opens the thread · x stops its turn · Esc closes"
            yield self._list
            yield self._note

    def on_mount(self) -> None:
        self._note.display = False
        self._read()
        if not self.app.has_class("-plain"):  # what ticks is read out again with every second
            self.set_interval(1, self._list.redraw)

    def on_resize(self) -> None:
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        self._list.fit_in()

    async def hear(self, event: Event) -> None:
        if isinstance(event, ApprovalChanged | MessageChanged | ThreadChanged | TurnChanged):
            self.read_soon(self._read)

    @work(group="read")
    async def _read(self) -> None:
        trees, asking = wait_rows(await asyncio.to_thread(self._desk.standing))
        self._by_key = {row.key: row for row in (*trees, *asking)}
        names = max((cell_len(row.guides) + cell_len(one_line(row.name, LONGEST_NAME)) for row in self._by_key.values()), default=0)
        rows = [self._row(row, names) for row in trees]
        if asking:
            rows += [*([space("before you")] if rows else []), heading("Waits for you"), *(self._row(row, names) for row in asking)]
        self._list.show(rows)
        self.call_after_refresh(self._fit)

    def _row(self, row: WaitRow, names: int) -> Row:
        return Row(row.key, partial(_line, row, names))

    @on(RowList.Moved)
    def _explain(self, event: RowList.Moved) -> None:
        """What would free the row under the cursor."""
        row = self._by_key.get(event.row.key) if event.row else None
        self._note.display = row is not None and bool(row.frees)
        if row is not None:
            self._note.update(Content(one_line(row.frees)))
        self.call_after_refresh(self._fit)

    @on(RowList.Picked)
    def _picked(self, event: RowList.Picked) -> None:
        self.dismiss(Place(self._by_key[event.row.key].thread_id))

    @work(group="stop", exclusive=True)
    async def action_stop(self) -> None:
        row = self._by_key.get(self._list.current.key) if self._list.current else None
        if row is None:
            return
        try:
            said = await self._stop(row.thread_id)
        except Exception as error:
            said = reason_of(error)
        self._note.display = True
        self._note.update(Content(one_line(said)))
        self.call_after_refresh(self._list.fit_in)


def _line(row: WaitRow, names: int, width: int) -> Content:
    times = clock_words(row, clock.now(), short=width < WIDE)
    name = fitted(f"{row.guides}{one_line(row.name, LONGEST_NAME)}", min(names, width // 3))
    words = fitted(one_line(row.words), max(4, width - cell_len(name) - cell_len(times) - 4))
    guides = len(row.guides)
    return Content.assemble(
        (name[:guides], "$text-muted"), (name[guides:], "bold"), "  ", (words, STYLES[row.tone]), "  ", (times, "$text-muted")
    )
