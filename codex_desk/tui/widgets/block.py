"""One item of a transcript, from its first increment to what is committed of it."""

from __future__ import annotations

from collections.abc import Iterable

from textual.geometry import Offset

from codex_desk.engine.views import FINAL_STATES, ItemView
from codex_desk.runtimes.base import Delta
from codex_desk.tui.model.finding import occurrences
from codex_desk.tui.model.words import WORKING
from codex_desk.tui.widgets.drawn import Drawn, style_of
from codex_desk.tui.widgets.grouping import OWN_COMMAND, Frame, Run, kind_of
from codex_desk.tui.widgets.items import agent_name, can_open, source, subagent_of, your_name
from codex_desk.tui.widgets.lines import Line, Paint, ShortLine
from codex_desk.tui.widgets.live import DRAWINGS, LiveDrawing, live_kind
from codex_desk.tui.widgets.look import DRAWN, Look
from codex_desk.tui.widgets.nested import ITEMS
from codex_desk.tui.widgets.showing import Beside, Showing, Subagent

FURTHEST = 50
"""How many times more of an output is made to find a text in it."""
FOUND = "bold underline $text-warning"
FOUND_HERE = "bold reverse $text-warning"


class Block(Drawn):
    """Holds a committed item, or the drawing of one that still comes."""

    def __init__(self, kind: str, handle: str, frame: Frame, look: Look = DRAWN, beside: Beside | None = None) -> None:
        super().__init__(classes="-gap" if frame.gap else None)
        self.kind = kind
        self.frame = frame
        self.item: ItemView | None = None
        self.opened = False
        self.ticks = False
        """Whether it says for how long something works already."""
        self._handle = handle
        self._look = look
        self._beside = beside
        self._live: LiveDrawing | None = None
        self._needle = ""
        self._here: tuple[int, int] | None = None

    @classmethod
    def of_item(cls, item: ItemView, handle: str, frame: Frame, look: Look = DRAWN, beside: Beside | None = None) -> Block:
        block = cls(kind_of(item), handle, frame, look, beside)
        block._put(item)
        return block

    @classmethod
    def of_delta(cls, first: Delta, handle: str, frame: Frame, look: Look = DRAWN, beside: Beside | None = None) -> Block:
        block = cls(live_kind(first.kind, first.key), handle, frame, look, beside)
        block._live = DRAWINGS[first.kind]()
        block._live.feed(first.text)
        block.document = block._live.document
        block._head()
        return block

    @property
    def key(self) -> str:
        return "" if self.item is None else self.item.id

    @property
    def message(self) -> int | None:
        """The message that it is about."""
        number = None if self.item is None else self.item.data.get("message")
        return number if isinstance(number, int) else None

    @property
    def subagent(self) -> str | None:
        """The thread that it spawned."""
        return None if self.item is None else subagent_of(self.item)

    @property
    def can_open(self) -> bool:
        return self.item is not None and can_open(self.item)

    @property
    def source(self) -> str:
        """Its text as it was written, as far as it has come."""
        if self.item is not None:
            return source(self.item)
        return self._live.source if self._live is not None else ""

    def feed(self, delta: Delta) -> None:
        """Take what came of an item since the last flush."""
        if self._live is not None:
            self._live.take(delta.kind, delta.text)
            self.grow()

    def commit(self, item: ItemView) -> None:
        """Show what was committed in place of what was drawn so far."""
        self.kind = kind_of(item)
        self._put(item)
        self.refresh(layout=True)

    def toggle(self) -> bool:
        """Open or fold; False where there is nothing to open."""
        if self.item is None or not self.can_open:
            return False
        self.opened = not self.opened
        self.commit(self.item)
        return True

    def look_again(self) -> None:
        """What it is about elsewhere has changed."""
        if self.item is None or self._look.still:
            return
        before = self.document.height(self.size.width)
        self._put(self.item)
        self.refresh(layout=self.document.height(self.size.width) != before)

    def tick(self) -> None:
        """A second later: the same rows, so nothing is laid out."""
        if self.item is None:
            return
        first = self._look.draw(self.item, self._showing(self.item, opened=False)).lines[0]
        self.document.lines[0] = first
        self.refresh(layout=False)

    def read_on(self) -> None:
        """Make more of what was opened."""
        self.document.more()
        self.grow()

    def set_frame(self, frame: Frame) -> None:
        if frame == self.frame:
            return
        self.frame = frame
        self.set_class(frame.gap, "-gap", update=self.is_attached)  # with its mount it is styled anyway
        self._head()
        self.refresh(layout=True)

    # --- what is looked for ----------------------------------------------------------------------------------------------------------------------

    def mark(self, needle: str, here: tuple[int, int] | None = None) -> None:
        """Make a text stand out, one place of it, a line's number and where in it, more than the others."""
        if (needle, here) != (self._needle, self._here):
            self._needle, self._here = needle, here
            self.refresh()

    @property
    def is_marked(self) -> bool:
        return bool(self._needle)

    def marks(self, number: int, line: Line) -> list[Paint]:
        return [
            Paint(start, end, style_of(FOUND_HERE if (number, start) == self._here else FOUND))
            for start, end in occurrences(line.text, self._needle)
        ]

    def found_after(self, step: int) -> tuple[int, int] | None:
        """The place after the one where the reader is, or with -1 the one before; None beyond the last."""
        places, here = self._places(self._needle), self._here
        if here is None:
            return None
        return next((one for one in (places if step > 0 else reversed(places)) if (one > here if step > 0 else one < here)), None)

    def make_found(self, needle: str) -> list[tuple[int, int]]:
        """Where a text stands in it: the lines' numbers and where in them. It is opened for that, as far as need be."""
        places = self._places(needle)
        if not places and not self.opened:
            self.toggle()
            places = self._places(needle)
        for _ in range(FURTHEST):
            if places or not self.document.has_more:
                break
            self.read_on()
            places = self._places(needle)
        return places

    def row_of(self, place: tuple[int, int]) -> int:
        """The row, counted from its own first one, in which such a place is."""
        number, start = place
        return self.document.row_of(Offset(start, number), self.size.width)

    def _places(self, needle: str) -> list[tuple[int, int]]:
        return [(number, start) for number, line in self.document.numbered() for start, _ in occurrences(line.text, needle)]

    # --- drawing ---------------------------------------------------------------------------------------------------------------------------------

    def _showing(self, item: ItemView, *, opened: bool) -> Showing:
        beside = self._beside
        if beside is None:
            return Showing(opened)
        states = item.kind == "message_out" and not self._look.still
        message = beside.message(self.message) if states and self.message is not None else None
        sub = beside.subagent(self.subagent, ITEMS if opened else 0) if self.subagent is not None else None
        return Showing(opened, message, sub, beside.now())

    def _put(self, item: ItemView) -> None:
        self.item = item
        if self._live is None or item.data.get("interrupted") or not self._live.settles(item.text):
            showing = self._showing(item, opened=self.opened)
            self.ticks = not self._look.still and _ticks(showing)
            self.document = self._look.draw(item, showing)
        self._live = None
        self._head()

    def _head(self) -> None:
        if not self.frame.header:
            self.document.header = None
        elif self.item is None:
            self.document.header = ShortLine(your_name() if self.kind == OWN_COMMAND else agent_name(self._handle))
        else:
            self.document.header = self._look.header(self.item, self._handle)


def _ticks(showing: Showing) -> bool:
    match showing:
        case Showing(message=message) if message is not None:
            return message.state not in FINAL_STATES and message.started_at is not None
        case Showing(subagent=Subagent(thread=thread, since=since)):
            return thread.status in WORKING and since is not None
    return False


def framed(blocks: Iterable[Block], run: Run) -> Run:
    """Give each of some consecutive blocks the frame that `run`, what stands before them, asks for; the run that goes on after them."""
    for block in blocks:
        frame, run = run.take(block.kind, block.key, opened=block.opened)
        block.set_frame(frame)
    return run
