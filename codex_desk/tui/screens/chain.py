"""What one prompt caused: its bill, who worked, and what of it is held."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

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
from codex_desk.tui.model.chain import CELLS, Share, Tone, Waiting, Worker, shares, standing, waiting, workers
from codex_desk.tui.model.place import Place
from codex_desk.tui.model.words import age, fitted
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.widgets.rows import Row, RowList, heading, space

if TYPE_CHECKING:
    from codex_desk.engine.bills import Bill

Act = Callable[[str], Awaitable[str]]
"""Does something to the chain of a thread, and says what."""

STYLES: Mapping[Tone, str] = {"plain": "$text-primary", "near": "$text-warning", "over": "$text-error"}
LONGEST_NAME = 32
NARROW = 64
"""Cells of a row below which the words for a state, and the bars, give way."""


class Chain(Dialog[Place]):
    """One chain; gives the thread to open."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    AUTO_FOCUS = "RowList"
    HELP = (
        "All that one prompt caused: how much of each limit is used, who worked for it and what that took, and what is held, and why. Enter opens the "
        "thread under the cursor. x stops everything: turns end and keep what they did, and what is queued is held. r lets it go on: what was stopped "
        "runs again, and a limit that is used up is given as much again."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "stop", "stop all of it", id="chain.stop"),
        Binding("r", "go_on", "let it go on", id="chain.go_on"),
    ]

    def __init__(self, desk: DeskDoor, thread_id: str, stop: Act, go_on: Act) -> None:
        super().__init__()
        self._desk, self._about, self._stop, self._go_on = desk, thread_id, stop, go_on
        self._head = Static(markup=False, classes="head")
        self._list = RowList(empty="nothing was asked here yet")
        self._note = Static(markup=False, classes="note")
        self._places: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        with Vertical(classes="box -fit") as box:
            box.border_title = "What one prompt caused"
            box.border_subtitle = "Enter opens · x stops all of it · r lets it go on · Esc closes"
            yield self._head
            yield self._list
            yield self._note

    def on_mount(self) -> None:
        self._note.display = False
        self._read()

    def on_resize(self) -> None:
        self.call_after_refresh(self._list.fit_in)

    async def hear(self, event: Event) -> None:
        if isinstance(event, ApprovalChanged | MessageChanged | ThreadChanged | TurnChanged):
            self.read_soon(self._read)

    @work(group="read")
    async def _read(self) -> None:
        bill = await asyncio.to_thread(self._desk.bill, self._about)
        self._head.display = bill is not None
        if bill is not None:
            self._head.update(_head(bill))
            self._list.show(list(self._rows(bill)))
        self.call_after_refresh(self._list.fit_in)

    def _rows(self, bill: Bill) -> Iterator[Row]:
        self._places = {}
        for share in shares(bill, plain=self.app.has_class("-plain")):
            yield Row(f"share {share.name}", partial(_share_line, share), passable=True)
        yield from (space("before workers"), heading("Who worked"))
        lines = workers(bill)
        names = max((cell_len(line.guides) + cell_len(one_line(line.name, LONGEST_NAME)) for line in lines), default=0)
        widths = tuple(max(len(line.took[index]) for line in lines) for index in range(3)) if lines else (0, 0, 0)
        for line in lines:
            self._places[line.thread_id] = line.thread_id
            yield Row(line.thread_id, partial(_worker_line, line, names, widths))
        held = waiting(bill.held)
        if held:
            yield from (space("before held"), heading("Held"))
        for one in held:
            self._places[f"held {one.number}"] = one.thread_id
            yield Row(f"held {one.number}", partial(_held_line, one))

    @on(RowList.Picked)
    def _picked(self, event: RowList.Picked) -> None:
        self.dismiss(Place(self._places[event.row.key]))

    def action_stop(self) -> None:
        self._act(self._stop)

    def action_go_on(self) -> None:
        self._act(self._go_on)

    @work(group="act", exclusive=True)
    async def _act(self, act: Act) -> None:
        try:
            said = await act(self._about)
        except Exception as error:
            said = reason_of(error)
        self._note.display = True
        self._note.update(Content(one_line(said)))
        self._read()


def _head(bill: Bill) -> Content:
    by = "you" if bill.origin == "human" else one_line(bill.origin, 20)
    when = age(bill.began_at, clock.now())
    return Content.assemble(
        (f"#{bill.message_id} ", "bold"),
        (f"{by} → {one_line(bill.thread, LONGEST_NAME)}  {when}  {standing(bill)}  ", "$text-muted"),
        one_line(bill.prompt, 200),
    )


def _share_line(share: Share, width: int) -> Content:
    amount = f"{share.used:>8} of {share.limit}"
    bar = []
    if share.bar is not None and width >= NARROW:
        bar = [(share.bar, STYLES[share.tone]), ("─" * (CELLS - len(share.bar)), "$text-disabled"), ("  ", "")]
    told = "used up" if share.tone == "over" else ""
    words = "   ".join(part for part in (told, share.again) if part)
    return Content.assemble(
        (f"{share.name:<8}", "$text-muted"), *bar, f"{amount:<22}", (words, STYLES[share.tone] if told else "$text-muted")
    )


def _worker_line(line: Worker, names: int, widths: tuple[int, ...], width: int) -> Content:
    name = fitted(f"{line.guides}{one_line(line.name, LONGEST_NAME)}", min(names, width // 3))
    guides = len(line.guides)
    took = "   ".join(f"{part:>{cells}}" for part, cells in zip(line.took, widths, strict=True))
    words = fitted(line.words, CELLS) if width >= NARROW else ""
    style = "$text-warning" if line.glyph in ("⚠", "⏸") else "$text-success" if line.glyph == "▶" else "$text-muted"
    return Content.assemble(
        (name[:guides], "$text-muted"), (name[guides:], "bold"), "  ", (f"{line.glyph} ", style), (words, "$text-muted"), f"  {took}"
    )


def _held_line(one: Waiting, width: int) -> Content:
    lead = f"⏸ #{one.number} {one.way}  "
    return Content.assemble((lead, "bold $text-warning"), fitted(one.reason, max(8, width - cell_len(lead))))
