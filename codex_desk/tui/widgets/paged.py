"""The blocks of a thread that are on the screen: one widget for each of a window of its items, and for what its running turn says."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.message import Message

from codex_desk.engine.views import ItemView, LiveTurn, ThreadView
from codex_desk.runtimes.base import Delta
from codex_desk.tui.widgets.block import Block, framed
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.drawn import Drawn
from codex_desk.tui.widgets.following import FollowingScroll
from codex_desk.tui.widgets.grouping import Frame, Run, kind_of
from codex_desk.tui.widgets.lines import ShortLine, blank
from codex_desk.tui.widgets.live import DRAWINGS, live_kind
from codex_desk.tui.widgets.look import DRAWN, Look
from codex_desk.tui.widgets.parts import MUTED
from codex_desk.tui.widgets.showing import Beside
from codex_desk.tui.widgets.window import PAGE, Window


class Edge(Drawn, can_focus=False):
    """A row that says that the thread goes on."""

    ALLOW_SELECT = False


class Paged(FollowingScroll):
    """Shows the end of a thread, or the items around one of them; more of it as the reader comes to either edge."""

    class EarlierWanted(Message):
        """The reader is at the top, and the store holds items older than `before`, a `seq`."""

        def __init__(self, before: int) -> None:
            super().__init__()
            self.before = before

    class LaterWanted(Message):
        """The reader is at the bottom, and the store holds items newer than `after`, a `seq`."""

        def __init__(self, after: int) -> None:
            super().__init__()
            self.after = after

    class OldestWanted(Message):
        """The reader wants the beginning of a thread whose oldest items are not here."""

    class LiveWanted(Message):
        """The reader has come to the thread's end: what its running turn has said so far is wanted."""

    class LatestWanted(Message):
        """The reader wants the end of a thread whose newest items are not here: show it anew."""

    _after: Drawn
    """What stands after the last block: each kind of transcript has its own."""

    def __init__(self, *, id: str | None = None, look: Look = DRAWN, beside: Beside | None = None) -> None:
        super().__init__(id=id)
        self._look = look
        self._beside = beside
        self.thread: ThreadView | None = None
        self._window = Window()
        self._run = Run()
        self._committed: list[Block] = []
        self._live: dict[str, Block] = {}
        self._asked_earlier = self._asked_later = False
        self._settling = False
        told = "earlier items" if look.still else "↑ earlier items"
        self._earlier = Edge(Document([ShortLine(Content.styled(told, MUTED)), blank()]), classes="-edge")

    @property
    def blocks(self) -> list[Block]:
        """In the order they stand."""
        return [*self._committed, *self._live.values()]

    @property
    def _handle(self) -> str:
        """Who speaks here. A session of history has no handle, and its title is what it was first asked."""
        thread = self.thread
        if thread is None:
            return "agent"
        of_history = thread.kind == "session" and thread.status == "history"
        return thread.handle or ("" if of_history else thread.title) or ("Codex" if thread.runtime == "codex" else "agent")

    def block_of(self, seq: int) -> Block | None:
        """The block of an item, None where it is not on the screen."""
        return next((block for block in self._committed if block.item is not None and block.item.seq == seq), None)

    def _block(self, item: ItemView, frame: Frame) -> Block:
        return Block.of_item(item, self._handle, frame, self._look, self._beside)

    # --- the whole ------------------------------------------------------------------------------------------------------------------------------

    async def show_items(
        self,
        thread: ThreadView,
        items: Sequence[ItemView],
        live: LiveTurn | None,
        *,
        earlier: bool,
        later: bool = False,
        at: int | None = None,
    ) -> None:
        """Show a thread's end, or with `at`, a seq, the items around that one, in place of all that is here, in one frame. `items` ascend;
        `earlier` and `later`: the store holds others beside them."""
        self.thread = thread
        self._window.show(items, earlier, later=later, at=at)
        old = self.blocks
        self._committed, self._live = [], {}
        self._asked_earlier = self._asked_later = False
        self._settling = True
        above = self._fill(at)
        if not self._window.later:
            self._open_live(live)
        with self.app.batch_update():
            # Both begin before the first await: whatever is added meanwhile finds the new blocks in their place.
            mounting = self.mount_all(self.blocks, before=self._after)
            removing = self.remove_children(old)
            self._mark_edges()
            await mounting
            await removing
        if at is None:
            self.anchor()
        else:
            self._rest_at(above)
        self.call_after_refresh(self._settle)

    def _fill(self, at: int | None) -> int:
        """Take as many items as the screen shows, and some more to scroll to; the others follow when they are wanted. With `at` gives the rows
        above that item."""
        rows, width = self.app.size.height * 3 // 2, max(self._content_width, 20)
        taken = 0
        while at is not None and taken < rows and len(self._committed) < PAGE and self._window.ahead:
            page, _ = self._window.page_forward(1)
            self._committed.append(self._block(page[0], Frame(False, False)))
            taken += self._committed[-1].height_at(width)
        above = 0
        while (above if at is not None else taken) < rows and len(self._committed) < 2 * PAGE and self._window.reserve:
            page, _ = self._window.page_back(1)
            self._committed.insert(0, self._block(page[0], Frame(False, False)))
            height = self._committed[0].height_at(width)
            taken, above = taken + height, above + height
        self._frame_all()
        if at is None:
            return 0
        return sum(block.height_at(width) for block in self._committed if block.item is not None and block.item.seq < at)

    def _rest_at(self, above: int) -> None:
        """Stay where the reader was brought, with so many rows above; at the end of a thread that is all here, its end is kept again."""
        if self._window.later:
            self.anchor(False)
        else:
            self.anchor()
            self.release_anchor()
        self.put(above + self._edge_height - self.size.height // 4)

    def _open_live(self, live: LiveTurn | None) -> None:
        """Make blocks for what a running turn has said so far."""
        run = self._run
        for key, (kind, text) in (live.open_texts if live else {}).items():
            if kind in DRAWINGS and key not in self._live:
                frame, run = run.take(live_kind(kind, key), key)
                self._live[key] = Block.of_delta(Delta(kind, key, text), self._handle, frame, self._look, self._beside)

    def show_live(self, live: LiveTurn | None) -> None:
        """What a running turn has said so far, as `LiveWanted` asked."""
        if not self._window.later and not self._live:
            self._open_live(live)
            self.mount_all(self._live.values(), before=self._after)

    def _settle(self) -> None:
        """The new thread is laid out; a page that does not fill the screen gets another one before it."""
        self._settling = False
        if self.max_scroll_y == 0 and self._window.reserve:
            self.call_later(self._page_back)

    # --- pages ------------------------------------------------------------------------------------------------------------------------------------

    async def prepend(self, items: Sequence[ItemView], has_earlier: bool) -> None:
        """Take older items from the store, as `EarlierWanted` asked, and show the newest page of them."""
        if self.thread is None or any(item.thread_id != self.thread.id for item in items):
            return  # asked for before another thread was shown
        self._window.stock(items, has_earlier)
        self._asked_earlier = False
        await self._page_back()

    async def extend(self, items: Sequence[ItemView], has_later: bool) -> None:
        """Take newer items from the store, as `LaterWanted` asked, and show the oldest page of them."""
        if self.thread is None or any(item.thread_id != self.thread.id for item in items):
            return
        self._window.stock_later(items, has_later)
        self._asked_later = False
        await self._page_forward()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._settling:
            return
        if new_value <= 0 < old_value:
            self._want_earlier()
        elif new_value > old_value and new_value >= self.max_scroll_y:
            self._want_later()

    def _want_earlier(self) -> None:
        """The reader came to the top: the next page, from here or from the store."""
        if self._window.reserve:
            self.call_later(self._page_back)
        elif self._window.earlier and not self._asked_earlier and self._window.items:
            self._asked_earlier = True
            self.post_message(self.EarlierWanted(self._window.items[0].seq))

    def _want_later(self) -> None:
        """The reader came to the bottom of what is here, and the thread goes on."""
        if self._window.ahead:
            self.call_later(self._page_forward)
        elif self._window.later and not self._asked_later and self._window.items:
            self._asked_later = True
            self.post_message(self.LaterWanted(self._window.items[-1].seq))

    async def _page_back(self) -> None:
        """Put a page before what is shown, without moving what the reader looks at."""
        page, dropped = self._window.page_back()
        if not page:
            self._mark_edges()
            return
        first = self._committed[0] if self._committed else None
        height = first.height_at(self._content_width) if first else 0
        blocks: list[Block] = []
        run = Run()
        for item in page:
            frame, run = run.take(kind_of(item), item.id)
            blocks.append(self._block(item, frame))
        self._committed[:0] = blocks
        if dropped:
            live, self._live = list(self._live.values()), {}
            self._drop([*self._committed[-dropped:], *live])
            self.anchor(False)
        self._frame_all()
        width, edge = self._content_width, self._edge_height
        with self.app.batch_update():
            mounting = self.mount_all(blocks, after=self._earlier)
            self._mark_edges()
            grown = first.height_at(width) - height if first else 0
            self.shift(sum(block.height_at(width) for block in blocks) + grown + self._edge_height - edge)
            await mounting

    async def _page_forward(self) -> None:
        """Put a page after what is shown; what goes at the top moves nothing that the reader looks at."""
        page, dropped = self._window.page_forward()
        blocks: list[Block] = []
        for item in page:
            frame, self._run = self._run.take(kind_of(item), item.id)
            blocks.append(self._block(item, frame))
        self._committed.extend(blocks)
        width, edge = self._content_width, self._edge_height
        gone = self._committed[:dropped]
        first = self._committed[dropped] if len(self._committed) > dropped else None
        lost = sum(block.height_at(width) for block in gone) + (first.height_at(width) if first else 0)
        with self.app.batch_update():
            mounting = self.mount_all(blocks, before=self._after)
            self._drop(gone)
            self._mark_edges()
            self.shift((first.height_at(width) if first else 0) - lost + self._edge_height - edge)
            await mounting
        if not self._window.later:
            self.post_message(self.LiveWanted())
            top = self.scroll_y
            self.anchor()
            self.release_anchor()
            self.put(top)

    # --- one block ------------------------------------------------------------------------------------------------------------------------------

    def _frame_all(self) -> None:
        """After what stands before a block changed: give headers and gaps to those that need one now."""
        self._run = framed(self._committed, Run())
        framed(self._live.values(), self._run)

    def _drop(self, blocks: Sequence[Block]) -> None:
        if not blocks:
            return
        gone = set(blocks)
        self._committed = [block for block in self._committed if block not in gone]
        self.remove_children(list(blocks))
        self._frame_all()

    def _mark_edges(self) -> None:
        self._earlier.set_class(self._window.earlier, "-shown")

    @property
    def _edge_height(self) -> int:
        return self._earlier.height_at(self._content_width) if self._earlier.has_class("-shown") else 0

    @property
    def _content_width(self) -> int:
        """Cells of text in a row of a block: what a block measured, or else what the padding and the cursor's edge leave of the pane."""
        widths = (block.size.width for block in reversed(self._committed) if block.size.width)
        return next(widths, self.size.width - 2)
