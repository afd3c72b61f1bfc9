"""The transcript of one thread: what its reader does in it, and what changes in it by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.timer import Timer

from codex_desk.engine.views import ItemView, LiveTurn, ThreadView
from codex_desk.runtimes.base import Delta
from codex_desk.tui.model.finding import occurrences
from codex_desk.tui.widgets import cursor
from codex_desk.tui.widgets.below import Below
from codex_desk.tui.widgets.block import Block, framed
from codex_desk.tui.widgets.grouping import COMPACT, kind_of
from codex_desk.tui.widgets.items import source
from codex_desk.tui.widgets.live import Buffer, live_kind
from codex_desk.tui.widgets.look import DRAWN, SPOKEN
from codex_desk.tui.widgets.paged import Edge
from codex_desk.tui.widgets.searched import Searched
from codex_desk.tui.widgets.showing import Beside
from codex_desk.tui.widgets.waiting import Clock, Waiting, WaitLine, utc_now

FLUSH_HZ = 12
"""How often a running turn's increments are drawn."""
PAUSE = 4
"""How many times as long as it took the next drawing waits, so that a block that is slow to draw (a list of thousands of nested items is parsed whole
with every increment) takes no more than a quarter of the time."""
HEADED = COMPACT | {"command", "file_change"}
"""Kinds whose first row opens and folds them, where it is clicked."""


class Transcript(Searched):
    """Shows a thread. It stays at its end until the reader scrolls away from it, and again once they are back there."""

    HELP = (
        "The transcript: j and k move from block to block. Enter opens a block, or goes to the other end of a message; o goes there too, and to a "
        "subagent; b comes back. / looks for a text in all of the thread, n and N go on. y copies the block as it was written, e opens it in $EDITOR. "
        "What is selected with the mouse is copied by y or ^c."
    )

    DEFAULT_CSS = """
    Transcript {
        layers: base over;
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
        Binding("slash", "find", "Find", id="transcript.find"),
        Binding("y", "copy", "Copy block", id="transcript.copy"),
        Binding("e", "edit", "Open in $EDITOR", id="transcript.edit"),
        Binding("o", "jump", "Other end", show=False, id="transcript.jump"),
        Binding("b,backspace", "back", "Back", show=False, id="transcript.back"),
        Binding("n", "found(1)", "Next found", show=False, id="transcript.found_next"),
        Binding("N", "found(-1)", "Previous found", show=False, id="transcript.found_previous"),
        Binding("escape", "end_find", "Stop finding", show=False, id="transcript.end_find"),
    ]

    class Jump(Message):
        """The other end of a message is wanted, or the thread that a call spawned."""

        def __init__(self, item: ItemView) -> None:
            super().__init__()
            self.item = item

    class Back(Message):
        """Back to where the last jump began."""

    class Edit(Message):
        """The item is to be read in `$EDITOR`; `text` is all of it."""

        def __init__(self, item: ItemView, text: str) -> None:
            super().__init__()
            self.item, self.text = item, text

    def __init__(self, *, id: str | None = None, clock: Clock = utc_now, plain: bool = False, beside: Beside | None = None) -> None:
        """`plain`: sentences for glyphs, and nothing that stands there is written again."""
        super().__init__(id=id, look=SPOKEN if plain else DRAWN, beside=beside)
        self._buffer = Buffer(whole_lines=self._look.still)
        self._flusher: Timer | None = None
        self._flush_again = 0.0
        self._ticker: Timer | None = None
        self._unseen = 0
        self._below = Below(plain=plain)
        self._after = self._waiting = Waiting(clock, plain=plain)

    def compose(self) -> ComposeResult:
        yield self._earlier
        yield self._waiting
        yield self._below

    def on_mount(self) -> None:
        self._flusher = self.set_interval(1 / FLUSH_HZ, self._flush, pause=True)
        self._ticker = self.set_interval(1.0, self._tick, pause=True)
        self.anchor()

    def on_resize(self) -> None:
        super().on_resize()
        self._tell_below()

    # --- what is shown ----------------------------------------------------------------------------------------------------------------------

    async def show(
        self,
        thread: ThreadView,
        items: Sequence[ItemView],
        live: LiveTurn | None,
        has_earlier: bool,
        *,
        has_later: bool = False,
        at: int | None = None,
    ) -> None:
        """Show the end of a thread in place of all that is here, or with `at`, a seq, what is around that item, with the cursor on it."""
        if self.thread is not None and self.thread.id != thread.id:
            self.end_find()
        self._buffer.clear()
        self._set_cursor(None)
        self._unseen = 0
        await self.show_items(thread, items, live, earlier=has_earlier, later=has_later, at=at)
        if at is not None:
            self._set_cursor(self.block_of(at))
        self._mind_ticks()
        self._tell_below()

    def add(self, item: ItemView) -> None:
        """Show a committed item at the end; it takes the place of what was live of it."""
        key = item.data.get("key")
        live = self._live.pop(key, None) if isinstance(key, str) else None
        if isinstance(key, str):
            self._buffer.drop(key)
        if self.finding.needle and next(occurrences(source(item), self.finding.needle), None) is not None:
            self._set_finding(self.finding.added(item.seq))
        following = self.is_following
        dropped = self._window.append(item, following=following)
        if not following:
            self._unseen += 1
        if dropped is None:
            if live is not None:
                live.remove()
            if self._window.later:
                self.turn_ended()  # what comes now belongs after items that are not here
            self._mark_edges()
            self._tell_below()
            return
        frame, self._run = self._run.take(kind_of(item), item.id)
        first_live = next(iter(self._live.values()), None)
        if live is None:
            live = self._block(item, frame)
            self.mount(live, before=first_live or self._after)
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
        if live.ticks:
            self._mind_ticks()
        self._tell_below()

    def settle(self, item: ItemView) -> None:
        """What was live of an item is over, and the item itself is not shown."""
        key = item.data.get("key")
        live = self._live.pop(key, None) if isinstance(key, str) else None
        if isinstance(key, str):
            self._buffer.drop(key)
        if live is not None:
            self._drop([live])

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

    def message_changed(self, number: int) -> None:
        """A message is in another state: the line that sent it says so."""
        self._look_again(lambda block: block.kind == "message_out" and block.message == number)

    def thread_changed(self, thread_id: str) -> None:
        """A subagent does something else, or said something: the call that spawned it says so."""
        self._look_again(lambda block: block.subagent == thread_id)

    def _look_again(self, concerns: Callable[[Block], bool]) -> None:
        for block in filter(concerns, self._committed):
            width = self._content_width
            before = block.height_at(width)
            block.look_again()
            if not self.holds_end and block.virtual_region.bottom <= self.scroll_y:
                self.shift(block.height_at(width) - before)
        self._mind_ticks()

    def _mind_ticks(self) -> None:
        if self._ticker is not None and any(block.ticks for block in self._committed):
            self._ticker.resume()

    def _tick(self) -> None:
        ticking = [block for block in self._committed if block.ticks]
        if not ticking and self._ticker is not None:
            self._ticker.pause()
        for block in ticking if self.is_on_screen else ():
            if block.region.overlaps(self.region):
                block.tick()

    def _flush(self) -> None:
        """Draw what came since the last time, if anybody can see it."""
        if not self._buffer or self._window.later:
            if self._flusher is not None:
                self._flusher.pause()
            self._buffer.clear()
            return
        began = time.perf_counter()
        if not self.is_on_screen or began < self._flush_again:
            return
        run = framed(self._live.values(), self._run)
        for delta in self._buffer.take():
            if (block := self._live.get(delta.key)) is not None:
                block.feed(delta)
                continue
            frame, run = run.take(live_kind(delta.kind, delta.key), delta.key)
            block = self._live[delta.key] = Block.of_delta(delta, self._handle, frame, self._look, self._beside)
            self.mount(block, before=self._after)
        self._flush_again = began + PAUSE * (time.perf_counter() - began)

    # --- the reader's place -------------------------------------------------------------------------------------------------------------------

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._unseen and self.is_following and not self._window.later:
            self._unseen = 0
        self._tell_below()
        if new_value > old_value:
            self._read_on()

    def _tell_below(self) -> None:
        self._below.tell(self._unseen, self._window.later, self.scrollable_content_region.width)

    def _read_on(self) -> None:
        """What was opened goes on where the reader comes to the end of what was made of it."""
        bottom = self.scroll_y + 2 * self.size.height
        for block in self._committed:
            if block.opened and block.document.has_more and self.scroll_y <= block.virtual_region.bottom <= bottom:
                self.call_later(block.read_on)

    def action_move(self, step: int) -> None:
        match cursor.after(self._cursor, self.blocks, step, self.region):
            case Block() as block:
                self._set_cursor(block)
                self.scroll_to_widget(block, animate=False)
            case "scroll":
                self.scroll_relative(y=step * max(1, self.size.height // 2), animate=False)
            case "beyond":
                self._beyond(step)

    def _beyond(self, step: int) -> None:
        """There is no block that way: the edge, and what lies behind it."""
        if step < 0:
            if self.scroll_y <= 0:
                self._want_earlier()
            self.scroll_home(animate=False)
        elif self._window.later:
            self.scroll_end(animate=False)
            self._want_later()
        else:
            self.action_newest()

    def action_oldest(self) -> None:
        if self._window.earlier:
            self.post_message(self.OldestWanted())
            return
        if self._committed:
            self._set_cursor(self._committed[0])
        self.scroll_home(animate=False)

    def action_newest(self) -> None:
        if self._window.later:
            self.post_message(self.LatestWanted())
            return
        if self.blocks:
            self._set_cursor(self.blocks[-1])
        self.scroll_end(animate=False)

    # --- what is done with a block ------------------------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        block = self._chosen()
        if block is not None and not self._toggle(block):
            self.action_jump()

    def _chosen(self) -> Block | None:
        """The block at the cursor; without one the cursor is put where the first step would put it."""
        if self._cursor is None and isinstance(block := cursor.after(None, self.blocks, -1, self.region), Block):
            self._set_cursor(block)
        return self._cursor

    def _toggle(self, block: Block) -> bool:
        if not block.toggle():
            return False
        self._frame_all()
        self._mind_ticks()
        self.release_anchor()  # its first row stays where it is; what follows makes room
        self.call_after_refresh(self._bring_whole, block)
        return True

    def _bring_whole(self, block: Block) -> None:
        """As much of a block that was opened or folded as the view holds, from its first row on."""
        top, bottom = block.virtual_region.y, block.virtual_region.bottom
        self.scroll_to(y=min(top, max(self.scroll_y, bottom - self.size.height)), animate=False, immediate=True)
        self._check_anchor()

    def action_jump(self) -> None:
        block = self._chosen()
        if block is not None and block.item is not None and (block.message is not None or block.subagent is not None):
            self.post_message(self.Jump(block.item))

    def action_back(self) -> None:
        self.post_message(self.Back())

    def action_copy(self) -> None:
        text = self.screen.get_selected_text() or (block.source if (block := self._chosen()) else "")
        if text:
            self.app.copy_to_clipboard(text)

    def action_edit(self) -> None:
        block = self._chosen()
        if block is not None and block.item is not None:
            self.post_message(self.Edit(block.item, block.source))

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor on a block; on the row that heads one, or on one that says that there is more, it opens or folds it."""
        if self.screen.selections or event.chain > 1:
            return  # the end of a selection, or the second half of a double click, which selects
        match self.screen.get_widget_at(event.screen_x, event.screen_y)[0]:
            case Edge():
                self._want_earlier()
            case Below():
                self.action_newest()
            case Block() as block:
                self._set_cursor(block)
                self._click(block, block.place_at(event.screen_x, event.screen_y).y)

    def _click(self, block: Block, number: int) -> None:
        if block.document.is_label(number):
            block.read_on()
        elif block.can_open and (block.document.is_hint(number) or (block.kind in HEADED and block.document.is_first(number))):
            self._toggle(block)
