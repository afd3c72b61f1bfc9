"""A scroll container that stays at its end, or else at the line its reader looks at, with what Textual 8.2.8 does not do for one by itself."""

from __future__ import annotations

from collections.abc import Iterator

from textual.containers import VerticalScroll
from textual.geometry import Offset, Size
from textual.layout import DockArrangeResult
from textual.message import Message
from textual.reactive import Reactive, ReactiveType
from textual.widget import Widget

from codex_desk.tui.widgets.drawn import Drawn


class FollowingScroll(VerticalScroll, can_focus=True):
    """Follows its end once it is anchored, until the reader scrolls away from it. Its rows are those of its `Drawn` children."""

    _arranged_width = 0

    virtual_size = Reactive(Size(0, 0), repaint=False)
    # Textual asks for another layout, and paints all of it again, whenever this follows the layout that was just made: with every line that comes.

    @property
    def is_following(self) -> bool:
        """Whether the reader is at the end."""
        return self.scroll_y >= self.max_scroll_y - 1

    @property
    def holds_end(self) -> bool:
        """Whether what is added at the end comes into view."""
        return self.is_anchored and not self._anchor_released

    def update_node_styles(self, animate: bool = True) -> None:
        """Restyle the container alone: no block looks different with its focus, and hundreds of them would be felt."""
        if self.is_attached:
            self.app.stylesheet.update_nodes([self], animate=animate)

    class Sized(Message):
        """It was given its height: the next layout, and not yet this one, has its end where it belongs."""

    def on_resize(self) -> None:
        self.post_message(self.Sized())
        # The compositor scrolls an anchored container by the height that it had in the layout before: without another one its last rows stay hidden.
        self.refresh(layout=True)

    def set_reactive(self, reactive: Reactive[ReactiveType], value: ReactiveType) -> None:
        """Keep the top of a short thread at the top: the compositor scrolls an anchored container to its content's end, to above it if need be."""
        if isinstance(value, int | float) and value < 0 and reactive in (Widget.scroll_y, Widget.scroll_target_y):
            super().set_reactive(reactive, type(value)(0))
        else:
            super().set_reactive(reactive, value)

    def arrange(self, size: Size, optimal: bool = False) -> DockArrangeResult:
        """Lay out; where the width is another one, with the line that was at the top there again."""
        if optimal or size.width == self._arranged_width:
            return super().arrange(size, optimal)
        place = self._place(self._arranged_width) if self._arranged_width and not self.holds_end and self.scroll_y > 0 else None
        self._arranged_width = size.width
        result = super().arrange(size, optimal)
        if place is not None:
            self.put(self._row_of(*place, size.width))
        return result

    def put(self, row: float) -> None:
        """Have a row at the top, in the frame that is being laid out: the layout reads these before it knows its own height."""
        row = max(row, 0)
        self.set_reactive(Widget.scroll_y, row)
        self.set_reactive(Widget.scroll_target_y, row)  # pyright: ignore[reportArgumentType]  # Textual's own annotation
        self.vertical_scrollbar.position = row

    def shift(self, rows: int) -> None:
        """Scroll along with what was put above, in the frame in which it appears."""
        if rows:
            self.put(self.scroll_y + rows)

    def _rows(self) -> Iterator[Drawn]:
        return (child for child in self.children if isinstance(child, Drawn) and child.display)

    def _place(self, width: int) -> tuple[Drawn, Offset, int] | None:
        """What is at the top where the container is so wide: the block, the line and its place in it, and how far into its gap that is."""
        top = int(self.scroll_y)
        for child in self._rows():
            cells = max(width - child.gutter.width, 1)
            height = child.height_at(cells)
            if top < height:
                within = top - child.gap
                return child, child.document.place(0, max(within, 0), cells), min(within, 0)
            top -= height
        return None

    def _row_of(self, block: Drawn, offset: Offset, into_gap: int, width: int) -> int:
        """The row at which such a place is where the container is so wide."""
        row = 0
        for child in self._rows():
            cells = max(width - child.gutter.width, 1)
            if child is block:
                return row + child.gap + into_gap + (child.document.row_of(offset, cells) if not into_gap else 0)
            row += child.height_at(cells)
        return row
