"""The transcript of one thread: a window of its items, one widget each, and what its running turn says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.timer import Timer

from codex_desk.engine.views import ItemView, LiveTurn, ThreadView
from codex_desk.runtimes.base import Delta
from codex_desk.tui import clipboard
from codex_desk.tui.widgets import cursor
from codex_desk.tui.widgets.block import Block, framed
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.drawn import Drawn
from codex_desk.tui.widgets.following import FollowingScroll
from codex_desk.tui.widgets.grouping import Frame, Run
from codex_desk.tui.widgets.items import MUTED, source
from codex_desk.tui.widgets.lines import ShortLine, blank
from codex_desk.tui.widgets.live import DRAWINGS, ITEM_KINDS, Buffer
from codex_desk.tui.widgets.look import DRAWN, SPOKEN
from codex_desk.tui.widgets.waiting import Clock, Waiting, WaitLine, utc_now
from codex_desk.tui.widgets.window import PAGE, Window

FLUSH_HZ = 12
"""How often a running turn's increments are drawn."""


class Transcript(FollowingScroll, can_focus=True):
    """Shows a thread. It stays at its end until the reader scrolls away from it, and again once they are back there."""

    HELP = "The transcript: j and k move from block to block, Enter opens one or jumps to the other end of a message, y copies it."

    DEFAULT_CSS = """
    Transcript {
        scrollbar-size-vertical: 1;
        padding: 0 0 0 0;
        Drawn.-edge { display: none; }
        Drawn.-edge.-shown { display: block; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Next block", show=False, id="transcript.next"),
        Binding("k,up", "move(-1)", "Previous block", show=False, id="transcript.previous"),
        Binding("g,home", "oldest", "Top", show=False, id="transcript.top"),
        Binding("G,end", "newest", "Bottom", show=False, id="transcript.bottom"),
        Binding("enter", "open", "Open or jump", id="transcript.open"),
        Binding("y", "copy", "Copy block", id="transcript.copy"),
        Binding("e", "edit", "Open in $EDITOR", id="transcript.edit"),
    ]

    class EarlierWanted(Message):
        """The reader is at the top, and the store holds items older than `before`, a `seq`."""

        def __init__(self, before: int) -> None:
            super().__init__()
            self.before = before

    class LatestWanted(Message):
        """The reader wants the end of a thread whose newest items are not here: show it anew."""

    class Jump(Message):
        """Enter on a line about a message: its other end is wanted."""

        def __init__(self, item: ItemView) -> None:
            super().__init__()
            self.item = item

    class Edit(Message):
        """The item is to be read in `$EDITOR`; `text` is all of it."""

        def __init__(self, item: ItemView, text: str) -> None:
            super().__init__()
            self.item, self.text = item, text

    class Copied(Message):
        """`how` says what took the text."""

        def __init__(self, text: str, how: str) -> None:
            super().__init__()
            self.text, self.how = text, how

    def __init__(self, *, id: str | None = None, clock: Clock = utc_now, plain: bool = False) -> None:
        """`plain`: sentences for glyphs, and nothing that stands there is written again."""
        super().__init__(id=id)
        self._look = SPOKEN if plain else DRAWN
        self.thread: ThreadView | None = None
        self._window = Window()
        self._run = Run()
        self._committed: list[Block] = []
        self._live: dict[str, Block] = {}
        self._buffer = Buffer(whole_lines=self._look.whole_lines)
        self._flusher: Timer | None = None
        self._cursor: Block | None = None
        self._asked_earlier = False
        self._settling = False
        self._earlier = Drawn(
            Document([ShortLine(Content.styled("earlier items" if plain else "↑ earlier items", MUTED)), blank()]), classes="-edge"
        )
        self._later = Drawn(
            Document([ShortLine(Content.styled("newer items, G shows them" if plain else "↓ newer items · G shows them", MUTED))]),
            classes="-edge -gap",
        )
        self._waiting = Waiting(clock, plain=plain)

    def compose(self) -> ComposeResult:
        yield self._earlier
        yield self._later
        yield self._waiting

    def on_mount(self) -> None:
        self._flusher = self.set_interval(1 / FLUSH_HZ, self._flush, pause=True)
        self.anchor()

    def on_focus(self) -> None:
        if self._cursor is not None:
            self._cursor.add_class("-cursor")

    def on_blur(self) -> None:
        if self._cursor is not None:
            self._cursor.remove_class("-cursor")

    # --- what is shown ----------------------------------------------------------------------------------------------------------------------

    async def show(self, thread: ThreadView, items: Sequence[ItemView], live: LiveTurn | None, has_earlier: bool) -> None:
        """Show the end of a thread in place of all that is here, in one frame. `items` ascend; `has_earlier`: the store holds older ones."""
        self.thread = thread
        self._window.show(items, has_earlier)
        old = [*self._committed, *self._live.values()]
        self._buffer.clear()
        self._committed, self._live = [], {}
        self._set_cursor(None)
        self._asked_earlier, self._settling = False, True
        self._fill()
        run = self._run
        for key, (kind, text) in (live.open_texts if live else {}).items():
            if kind in DRAWINGS:
                frame, run = run.take(ITEM_KINDS[kind], key)
                self._live[key] = Block.of_delta(Delta(kind, key, text), self._handle, frame, self._look)
        with self.app.batch_update():
            # Both begin before the first await: whatever is added meanwhile finds the new blocks in their place.
            mounting = self.mount_all(self._blocks, before=self._later)
            removing = self.remove_children(old)
            self._mark_edges()
            await mounting
            await removing
        self.anchor()
        self.call_after_refresh(self._settle)

    def _fill(self) -> None:
        """Take as many of the newest items as the screen shows, and some more to scroll back to; the others follow when they are wanted."""
        rows, width = self.app.size.height * 3 // 2, max(self._content_width, 20)
        taken = 0
        while taken < rows and len(self._committed) < PAGE and self._window.reserve:
            page, _ = self._window.page_back(1)
            block = Block.of_item(page[0], self._handle, Frame(False, False), self._look)
            self._committed.insert(0, block)
            taken += block.height_at(width)
        self._frame_all()

    async def prepend(self, items: Sequence[ItemView], has_earlier: bool) -> None:
        """Take older items from the store, as `EarlierWanted` asked, and show the newest page of them."""
        if self.thread is None or any(item.thread_id != self.thread.id for item in items):
            return  # asked for before another thread was shown
        self._window.stock(items, has_earlier)
        self._asked_earlier = False
        await self._page_back()

    def add(self, item: ItemView) -> None:
        """Show a committed item at the end; it takes the place of what was live of it."""
        key = item.data.get("key")
        live = self._live.pop(key, None) if isinstance(key, str) else None
        if isinstance(key, str):
            self._buffer.drop(key)
        following = self.is_following
        dropped = self._window.append(item, following=following)
        if dropped is None:
            if live is not None:
                live.remove()
            if self._window.later:
                self.turn_ended()  # what comes now belongs after items that are not here
            self._mark_edges()
            return
        frame, self._run = self._run.take(item.kind, item.id)
        first_live = next(iter(self._live.values()), None)
        if live is None:
            live = Block.of_item(item, self._handle, frame, self._look)
            self.mount(live, before=first_live or self._later)
        else:
            live.commit(item)
            live.set_frame(frame)
            if first_live is not None:
                self.move_child(live, before=first_live)
        self._committed.append(live)
        framed(self._live.values(), self._run)
        if dropped:
            self._drop(self._committed[:dropped])
            self._mark_edges()

    def change(self, item: ItemView) -> None:
        """An item's body was redacted."""
        index = self._window.change(item)
        if index is not None:
            self._committed[index].commit(item)

    def live(self, delta: Delta) -> None:
        """Take an increment of the running turn; it is drawn with the next flush."""
        self._buffer.put(delta)
        if self._flusher is not None:
            self._flusher.resume()

    def turn_ended(self) -> None:
        """Let go of what was live and never committed."""
        self._buffer.clear()
        blocks, self._live = list(self._live.values()), {}
        self._drop(blocks)

    def set_waiting(self, lines: Sequence[WaitLine], since: datetime | None = None) -> None:
        """Say whom the thread waits for, or since when its turn works; nothing for neither."""
        self._waiting.show(lines, since)

    # --- blocks ---------------------------------------------------------------------------------------------------------------------------------

    @property
    def _handle(self) -> str:
        return (self.thread.handle or self.thread.title or "agent") if self.thread else "agent"

    @property
    def _blocks(self) -> list[Block]:
        return [*self._committed, *self._live.values()]

    def _flush(self) -> None:
        """Draw what came since the last time, if anybody can see it."""
        if not self._buffer or self._window.later:
            if self._flusher is not None:
                self._flusher.pause()
            self._buffer.clear()
            return
        if not self.is_on_screen:
            return
        run = framed(self._live.values(), self._run)
        for delta in self._buffer.take():
            if (block := self._live.get(delta.key)) is not None:
                block.feed(delta)
                continue
            frame, run = run.take(ITEM_KINDS[delta.kind], delta.key)
            block = self._live[delta.key] = Block.of_delta(delta, self._handle, frame, self._look)
            self.mount(block, before=self._later)

    def _frame_all(self) -> None:
        """After what stands before a block changed: give headers and gaps to those that need one now."""
        self._run = framed(self._committed, Run())
        framed(self._live.values(), self._run)

    def _drop(self, blocks: Sequence[Block]) -> None:
        if not blocks:
            return
        if self._cursor in blocks:
            self._set_cursor(None)
        gone = set(blocks)
        self._committed = [block for block in self._committed if block not in gone]
        self.remove_children(list(blocks))
        self._frame_all()

    def _mark_edges(self) -> None:
        self._earlier.set_class(self._window.earlier, "-shown")
        self._later.set_class(self._window.later, "-shown")

    def _settle(self) -> None:
        """The new thread is laid out; a page that does not fill the screen gets another one before it."""
        self._settling = False
        if self.max_scroll_y == 0 and self._window.reserve:
            self.call_later(self._page_back)

    # --- the reader's place -------------------------------------------------------------------------------------------------------------------

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value <= 0 < old_value and not self._settling:
            self._want_earlier()

    def _want_earlier(self) -> None:
        """The reader came to the top: the next page, from here or from the store."""
        if self._window.reserve:
            self.call_later(self._page_back)
        elif self._window.earlier and not self._asked_earlier and self._window.items:
            self._asked_earlier = True
            self.post_message(self.EarlierWanted(self._window.items[0].seq))

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
            frame, run = run.take(item.kind, item.id)
            blocks.append(Block.of_item(item, self._handle, frame, self._look))
        self._committed[:0] = blocks
        if dropped:
            live, self._live = list(self._live.values()), {}
            self._drop([*self._committed[-dropped:], *live])
        self._frame_all()
        width, edge = self._content_width, self._edge_height
        with self.app.batch_update():
            mounting = self.mount_all(blocks, after=self._earlier)
            self._mark_edges()
            grown = first.height_at(width) - height if first else 0
            self.shift(sum(block.height_at(width) for block in blocks) + grown + self._edge_height - edge)
            await mounting

    @property
    def _edge_height(self) -> int:
        return self._earlier.height_at(self._content_width) if self._earlier.has_class("-shown") else 0

    @property
    def _content_width(self) -> int:
        """Cells of text in a row of a block: what a block measured, or else what the padding and the cursor's edge leave of the pane."""
        widths = (block.size.width for block in reversed(self._committed) if block.size.width)
        return next(widths, self.size.width - 2)

    # --- the cursor -----------------------------------------------------------------------------------------------------------------------------

    def _set_cursor(self, block: Block | None) -> None:
        if self._cursor is not None:
            self._cursor.remove_class("-cursor")
        self._cursor = block
        if block is not None and self.has_focus:
            block.add_class("-cursor")

    def action_move(self, step: int) -> None:
        match cursor.after(self._cursor, self._blocks, step, self.region):
            case Block() as block:
                self._set_cursor(block)
                self.scroll_to_widget(block, animate=False)
            case "scroll":
                self.scroll_relative(y=step * max(1, self.size.height // 2), animate=False)
            case "beyond":
                self.action_newest() if step > 0 else self.action_oldest()

    def action_oldest(self) -> None:
        if self._committed:
            self._set_cursor(self._committed[0])
        if self.scroll_y <= 0:
            self._want_earlier()
        self.scroll_home(animate=False)

    def action_newest(self) -> None:
        if self._window.later:
            self.post_message(self.LatestWanted())
            return
        if self._blocks:
            self._set_cursor(self._blocks[-1])
        self.scroll_end(animate=False)

    def action_open(self) -> None:
        block = self._cursor
        if block is None or block.item is None or block.toggle():
            return
        if isinstance(block.item.data.get("message"), int):
            self.post_message(self.Jump(block.item))

    def action_copy(self) -> None:
        block = self._cursor
        if block is None:
            return
        text = block.document.text if block.item is None else source(block.item)
        self.post_message(self.Copied(text, clipboard.copy(self.app, text)))

    def action_edit(self) -> None:
        if self._cursor is not None and self._cursor.item is not None:
            self.post_message(self.Edit(self._cursor.item, source(self._cursor.item)))
