"""The reader's cursor on a block, and what they look for in the thread."""

from __future__ import annotations

from collections.abc import Sequence

from textual.actions import SkipAction
from textual.message import Message

from codex_desk.engine.views import ItemView
from codex_desk.tui.model.finding import Finding
from codex_desk.tui.widgets.block import Block
from codex_desk.tui.widgets.grouping import Frame
from codex_desk.tui.widgets.look import DRAWN, Look
from codex_desk.tui.widgets.paged import Paged
from codex_desk.tui.widgets.showing import Beside


class Searched(Paged):
    """Marks a text in what is shown, and goes from one place of it to the next, through items that are not shown as well."""

    class FindWanted(Message):
        """A text is to be asked for."""

    class FindEnded(Message):
        """Nothing is looked for any more."""

    class Found(Message):
        """The reader is at one of the places that are looked for, or without `here` wants to be at one that is not shown."""

        def __init__(self, finding: Finding, *, here: bool) -> None:
            super().__init__()
            self.finding, self.here = finding, here

    def __init__(self, *, id: str | None = None, look: Look = DRAWN, beside: Beside | None = None) -> None:
        super().__init__(id=id, look=look, beside=beside)
        self.finding = Finding()
        self._cursor: Block | None = None
        self._forward = True

    def on_focus(self) -> None:
        if self._cursor is not None:
            self._cursor.add_class("-cursor")

    def on_blur(self) -> None:
        if self._cursor is not None:
            self._cursor.remove_class("-cursor")

    def _set_cursor(self, block: Block | None) -> None:
        if self._cursor is not None:
            self._cursor.remove_class("-cursor")
        self._cursor = block
        if block is not None and self.has_focus:
            block.add_class("-cursor")

    def _block(self, item: ItemView, frame: Frame) -> Block:
        block = super()._block(item, frame)
        if self.finding.needle:
            block.mark(self.finding.needle)
        return block

    def _drop(self, blocks: Sequence[Block]) -> None:
        if self._cursor in blocks:
            self._set_cursor(None)
        super()._drop(blocks)

    def action_find(self) -> None:
        self.post_message(self.FindWanted())

    def action_end_find(self) -> None:
        """Look for nothing any more; the reader stays where they are."""
        if not self.finding.needle:
            raise SkipAction
        self.end_find()

    def end_find(self) -> None:
        if self.finding.needle:
            self.find("", ())
            self.post_message(self.FindEnded())

    def action_found(self, step: int) -> None:
        self.step_found(step)

    def find(self, needle: str, seqs: Sequence[int]) -> None:
        """Mark a text, which these items of the thread hold, and go to the last of them up to where the reader is."""
        near = self._reading
        self._set_finding(Finding(needle).found(seqs, near) if needle else Finding())
        for block in self.blocks:
            block.mark(needle)
        self._forward = False
        if self.finding.seqs:
            self._go_to_found()

    def step_found(self, step: int) -> None:
        """Go to the next place, or with -1 to the one before: in the block where the reader is, then in the next that has one."""
        if not self.finding.seqs:
            return
        self._forward = step > 0
        block = None if self.finding.seq is None else self.block_of(self.finding.seq)
        if block is not None and (place := block.found_after(step)) is not None:
            self._show_found(block, place)
            return
        self._set_finding(self.finding.step(step))
        self._go_to_found()

    @property
    def _reading(self) -> int:
        """The last item in view, by its seq."""
        seen = [block.item.seq for block in self._committed if block.item is not None and block.region.overlaps(self.region)]
        return seen[-1] if seen else 0

    def _set_finding(self, finding: Finding) -> None:
        self.finding = finding
        self.post_message(self.Found(finding, here=True))

    def _go_to_found(self) -> None:
        """Bring the reader to the item that is looked for, or ask for it."""
        seq = self.finding.seq
        block = None if seq is None else self.block_of(seq)
        if block is None:
            self.post_message(self.Found(self.finding, here=False))
            return
        places = block.make_found(self.finding.needle)
        self._frame_all()
        self._show_found(block, places[0 if self._forward else -1] if places else None)

    def show_found(self) -> None:
        """The item that was asked for is here now."""
        if self.finding.seq is not None and self.block_of(self.finding.seq) is not None:
            self._go_to_found()

    def _show_found(self, block: Block, place: tuple[int, int] | None) -> None:
        for other in self.blocks:
            other.mark(self.finding.needle, place if other is block else None)
        self._set_cursor(block)
        self.call_after_refresh(self._bring_into_view, block, place)

    def reveal(self, seq: int) -> bool:
        """Put the cursor on an item and bring it into view; False where it is not on the screen."""
        block = self.block_of(seq)
        if block is None:
            return False
        self._set_cursor(block)
        self.call_after_refresh(self._bring_into_view, block, None)
        return True

    def _bring_into_view(self, block: Block, place: tuple[int, int] | None) -> None:
        row = block.virtual_region.y + (0 if place is None else block.row_of(place))
        if not self.scroll_y <= row < self.scroll_y + self.size.height - 1:
            self.scroll_to(y=max(0, row - self.size.height // 3), animate=False)
