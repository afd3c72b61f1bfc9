"""A transcript with what it needs of the desk: pages of items, what happens elsewhere, and a text that is looked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from codex_desk.engine.events import Event, ItemAdded, ItemChanged, Live, MessageChanged
from codex_desk.engine.views import ItemView, LiveTurn, ThreadView
from codex_desk.tui.beside import DeskBeside
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.model import clock
from codex_desk.tui.model.bookkeeping import is_bookkeeping, makes_agents
from codex_desk.tui.widgets.find_bar import FindBar
from codex_desk.tui.widgets.items import subagent_of
from codex_desk.tui.widgets.transcript import Transcript

WINDOW = 200
"""Items read when a thread is opened, and with every step further."""
TYPING_S = 0.12
"""How long a text that is typed stands still before it is looked for."""


class Reader(Vertical):
    """Shows one thread at a time, the newest items of it or those around one."""

    DEFAULT_CSS = """
    Reader { height: 1fr; }
    """

    class JumpWanted(Message):
        """Go to a line of another thread; `origin` is the line that the reader comes from."""

        def __init__(self, item: ItemView, origin: ItemView) -> None:
            super().__init__()
            self.item, self.origin = item, origin

    class BackWanted(Message):
        """Go back to where the last jump began."""

    class Said(Message):
        """Something to tell the person."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, bridge: Bridge, *, plain: bool = False) -> None:
        super().__init__()
        self._bridge = bridge
        self._beside = DeskBeside(bridge, lambda: clock.now())
        self.transcript = Transcript(clock=lambda: clock.now(), plain=plain, beside=self._beside)
        self.find_bar = FindBar(plain=plain)
        self._thread: ThreadView | None = None

    def compose(self) -> ComposeResult:
        yield self.transcript
        yield self.find_bar

    async def show(self, thread: ThreadView, items: Sequence[ItemView], live: LiveTurn | None) -> None:
        """Show the end of a thread: `items` are the newest `WINDOW` of them, ascending."""
        self._thread = thread
        await self.transcript.show(thread, _to_read(items), live, len(items) == WINDOW)

    async def go_to(self, seq: int) -> None:
        """Show an item of the thread, however far back it is, with the cursor on it."""
        if not self.transcript.reveal(seq):
            await self._show_around(seq)
        self.transcript.focus()

    async def _show_around(self, seq: int) -> None:
        desk, thread = self._bridge.desk, self._thread
        if desk is None or thread is None:
            return
        before, earlier = _before(desk, thread.id, seq)
        after, later = _after(desk, thread.id, seq - 1)
        live, at = desk.live(thread.id), after[0].seq if after else None
        await self.transcript.show(thread, [*before, *after], live, earlier, has_later=later, at=at)

    def hear(self, event: Event) -> None:
        """Turn what happened here, or in a thread that a line here is about, into a change of what is shown."""
        thread = self._thread
        if thread is None:
            return
        match event:
            case ItemAdded(item) if item.thread_id == thread.id:
                if is_bookkeeping(item):
                    self.transcript.settle(item)
                else:
                    self.transcript.add(item)
            case ItemChanged(item) if item.thread_id == thread.id:
                self.transcript.change(item)
            case Live(thread_id, _, delta) if thread_id == thread.id and not makes_agents(delta):
                self.transcript.live(delta)
            case MessageChanged(number, _, sender_id) if sender_id == thread.id:
                self.transcript.message_changed(number)
        if (elsewhere := self._beside.hear(event)) is not None:
            self.transcript.thread_changed(elsewhere)

    # --- pages --------------------------------------------------------------------------------------------------------------------------------

    @on(Transcript.EarlierWanted)
    async def _load_earlier(self, event: Transcript.EarlierWanted) -> None:
        event.stop()
        desk, thread = self._bridge.desk, self._thread
        if desk is None or thread is None:
            return
        await self.transcript.prepend(*_before(desk, thread.id, event.before))

    @on(Transcript.LaterWanted)
    async def _load_later(self, event: Transcript.LaterWanted) -> None:
        event.stop()
        desk, thread = self._bridge.desk, self._thread
        if desk is None or thread is None:
            return
        await self.transcript.extend(*_after(desk, thread.id, event.after))

    @on(Transcript.OldestWanted)
    async def _show_oldest(self, event: Transcript.OldestWanted) -> None:
        event.stop()
        await self._show_around(0)

    @on(Transcript.LiveWanted)
    def _show_live(self, event: Transcript.LiveWanted) -> None:
        event.stop()
        if self._bridge.desk is not None and self._thread is not None:
            self.transcript.show_live(self._bridge.desk.live(self._thread.id))

    # --- elsewhere ----------------------------------------------------------------------------------------------------------------------------

    @on(Transcript.Jump)
    def _jump(self, event: Transcript.Jump) -> None:
        event.stop()
        desk, spawned = self._bridge.desk, subagent_of(event.item)
        if desk is None:
            return
        other = next(iter(desk.items(spawned, limit=1)), None) if spawned is not None else desk.other_end(event.item.seq)
        if other is not None:
            self.post_message(self.JumpWanted(other, event.item))
        else:
            self.post_message(self.Said("the other end of this line is not on this desk"))

    @on(Transcript.Back)
    def _back(self, event: Transcript.Back) -> None:
        event.stop()
        self.post_message(self.BackWanted())

    # --- finding ------------------------------------------------------------------------------------------------------------------------------

    def find(self, text: str = "") -> None:
        """Ask for a text, or look for one in all of the thread."""
        self.find_bar.open(text)
        if text:
            self._look_for(text)

    @on(Transcript.FindWanted)
    def _find_wanted(self, event: Transcript.FindWanted) -> None:
        event.stop()
        self.find()

    @on(FindBar.Typed)
    def _typed(self, event: FindBar.Typed) -> None:
        event.stop()
        self._look_for(event.text)

    @work(group="find", exclusive=True)
    async def _look_for(self, text: str) -> None:
        await asyncio.sleep(TYPING_S)
        desk, thread = self._bridge.desk, self._thread
        if desk is None or thread is None:
            return
        seqs = await desk.holding(thread.id, text) if text else []
        if self._thread is thread:
            self.transcript.find(text, seqs)

    @on(Transcript.Found)
    async def _found(self, event: Transcript.Found) -> None:
        event.stop()
        self.find_bar.tell(event.finding.told)
        if event.here or event.finding.seq is None:
            return
        await self._show_around(event.finding.seq)
        self.transcript.show_found()

    @on(Transcript.FindEnded)
    def _find_ended(self, event: Transcript.FindEnded) -> None:
        event.stop()
        self.find_bar.close()

    @on(FindBar.Stepped)
    def _stepped(self, event: FindBar.Stepped) -> None:
        event.stop()
        self.transcript.step_found(event.step)

    @on(FindBar.Left)
    def _left(self, event: FindBar.Left) -> None:
        """Enter: the place is found, and n and N go on from there. Escape: it is not looked for any more."""
        event.stop()
        self.transcript.focus()
        if not event.found:
            self.transcript.end_find()
            self.find_bar.close()


def _before(desk: DeskDoor, thread_id: str, seq: int) -> tuple[list[ItemView], bool]:
    """The next older items that are there to be read, and whether there may be others before them."""
    while True:
        items = desk.items(thread_id, before=seq, limit=WINDOW)
        if (found := _to_read(items)) or len(items) < WINDOW:
            return found, len(items) == WINDOW
        seq = items[0].seq


def _after(desk: DeskDoor, thread_id: str, seq: int) -> tuple[list[ItemView], bool]:
    """The next newer ones, and whether there may be others after them."""
    while True:
        items = desk.items(thread_id, after=seq, limit=WINDOW)
        if (found := _to_read(items)) or len(items) < WINDOW:
            return found, len(items) == WINDOW
        seq = items[-1].seq


def _to_read(items: Sequence[ItemView]) -> list[ItemView]:
    return [item for item in items if not is_bookkeeping(item)]
