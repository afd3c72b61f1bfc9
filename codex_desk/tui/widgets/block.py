"""One item of a transcript, from its first increment to what is committed of it."""

from __future__ import annotations

from collections.abc import Iterable

from codex_desk.engine.views import ItemView
from codex_desk.runtimes.base import Delta
from codex_desk.tui.widgets.drawn import Drawn
from codex_desk.tui.widgets.grouping import Frame, Run
from codex_desk.tui.widgets.items import agent_name, can_open
from codex_desk.tui.widgets.lines import ShortLine
from codex_desk.tui.widgets.live import DRAWINGS, ITEM_KINDS, LiveDrawing
from codex_desk.tui.widgets.look import DRAWN, Look


class Block(Drawn):
    """Holds a committed item, or the drawing of one that still comes."""

    def __init__(self, kind: str, handle: str, frame: Frame, look: Look = DRAWN) -> None:
        super().__init__(classes="-gap" if frame.gap else None)
        self.kind = kind
        self.frame = frame
        self.item: ItemView | None = None
        self.opened = False
        self._handle = handle
        self._look = look
        self._live: LiveDrawing | None = None

    @classmethod
    def of_item(cls, item: ItemView, handle: str, frame: Frame, look: Look = DRAWN) -> Block:
        block = cls(item.kind, handle, frame, look)
        block._put(item)
        return block

    @classmethod
    def of_delta(cls, first: Delta, handle: str, frame: Frame, look: Look = DRAWN) -> Block:
        block = cls(ITEM_KINDS[first.kind], handle, frame, look)
        block._live = DRAWINGS[first.kind]()
        block._live.feed(first.text)
        block.document = block._live.document
        block._head()
        return block

    @property
    def key(self) -> str:
        return "" if self.item is None else self.item.id

    def feed(self, delta: Delta) -> None:
        """Take what came of an item since the last flush."""
        if self._live is not None:
            self._live.take(delta.kind, delta.text)
            self.grow()

    def commit(self, item: ItemView) -> None:
        """Show what was committed in place of what was drawn so far."""
        self.kind = item.kind
        self._put(item)
        self.refresh(layout=True)

    def toggle(self) -> bool:
        """Open or fold; False where there is nothing to open."""
        if self.item is None or not can_open(self.item):
            return False
        self.opened = not self.opened
        self.commit(self.item)
        return True

    def set_frame(self, frame: Frame) -> None:
        if frame == self.frame:
            return
        self.frame = frame
        self.set_class(frame.gap, "-gap", update=self.is_attached)  # with its mount it is styled anyway
        self._head()
        self.refresh(layout=True)

    def _put(self, item: ItemView) -> None:
        self.item = item
        if self._live is None or item.data.get("interrupted") or not self._live.settles(item.text):
            self.document = self._look.draw(item, self.opened)
        self._live = None
        self._head()

    def _head(self) -> None:
        if not self.frame.header:
            self.document.header = None
        elif self.item is None:
            self.document.header = ShortLine(agent_name(self._handle))
        else:
            self.document.header = self._look.header(self.item, self._handle)


def framed(blocks: Iterable[Block], run: Run) -> Run:
    """Give each of some consecutive blocks the frame that `run`, what stands before them, asks for; the run that goes on after them."""
    for block in blocks:
        frame, run = run.take(block.kind, block.key)
        block.set_frame(frame)
    return run
