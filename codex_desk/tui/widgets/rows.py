"""A list of one-line rows with a cursor, drawn line by line: what is not looked at costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.content import Content, Span
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

EDGE = 50
"""Rows from the top at which older ones are asked for."""
BOX_SHARE = 88
"""Percent of the screen's rows that a dialog's box takes at most, as in its style sheet."""
_SHAPES = frozenset({"bold", "italic", "underline", "strike"})


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One line. The same object is drawn once per width; another one with the same key takes its place in the list."""

    key: str
    draw: Callable[[int], Content]
    """The line at a width in cells; what is longer is cut."""
    passable: bool = False
    """A heading, or an empty line: the cursor passes it."""


def heading(words: str, *, key: str = "") -> Row:
    """A line of a few words above its rows."""
    return Row(f"heading {key or words}", lambda _: Content.styled(words, "bold $text-muted"), passable=True)


def space(key: str) -> Row:
    """An empty line."""
    return Row(f"space {key}", lambda _: Content(""), passable=True)


def rows_left(widget: Widget) -> int | None:
    """How many rows a widget can have when the box that it stands in is at its highest and holds its frame and all else that is in it; one at least.
    None once it stands nowhere."""
    box = widget.parent
    if not isinstance(box, Widget) or not widget.is_attached:
        return None
    others = [each for each in box.displayed_children if each is not widget]
    taken = sum(each.outer_size.height + each.styles.margin.height for each in others) + box.gutter.height + widget.styles.margin.height
    return max(1, widget.screen.size.height * BOX_SHARE // 100 - taken)


class RowList(ScrollView, can_focus=True):
    """Shows rows; the cursor stays on its row when rows come and go."""

    DEFAULT_CSS = """
    RowList {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & .rows--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
        & .rows--cursor-blurred { background: $panel; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--cursor", "rows--cursor-blurred"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "pick", "open", show=False, id="rows.pick"),
        Binding("up,k", "move(-1)", show=False, id="rows.up"),
        Binding("down,j", "move(1)", show=False, id="rows.down"),
        Binding("pageup", "page(-1)", show=False, id="rows.page_up"),
        Binding("pagedown", "page(1)", show=False, id="rows.page_down"),
        Binding("home", "first", show=False, id="rows.first"),
        Binding("end", "last", show=False, id="rows.last"),
    ]

    class Moved(Message):
        """The cursor is on another row, or on none."""

        def __init__(self, row: Row | None) -> None:
            super().__init__()
            self.row = row

    class Picked(Message):
        """Enter, or a click."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    class OlderWanted(Message):
        """The reader comes near the top."""

    def __init__(self, *, empty: str = "", follow: bool = False, led: bool = False) -> None:
        """`empty`: what is said where there are no rows; `follow`: the cursor begins, and stays, on the last row until it is moved away; `led`: it is
        moved from another widget, and never has the focus."""
        super().__init__()
        self._led = led
        self.can_focus = not led
        self._rows: Sequence[Row] = ()
        self._cursor = -1
        self._empty = empty
        self._follow = follow
        self._strips: LRUCache[tuple[Row, int, str], Strip] = LRUCache(400)

    @property
    def rows(self) -> Sequence[Row]:
        return self._rows

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self._cursor] if 0 <= self._cursor < len(self._rows) else None

    @property
    def at_end(self) -> bool:
        """Whether the cursor is on the last row that it can be on."""
        return self._cursor < 0 or self._cursor == self._nearest(len(self._rows) - 1)

    def show(self, rows: Sequence[Row], *, empty: str | None = None) -> None:
        """Show these. The cursor stays on the row of the same key, with as many rows above it; else as far down as it was."""
        held, following = self.current, self._follow and self.at_end
        above = self._cursor - int(self.scroll_y)
        self._rows = rows
        self._empty = self._empty if empty is None else empty
        place = next((index for index, row in enumerate(rows) if held is not None and row.key == held.key), None)
        self._cursor = self._nearest(len(rows) - 1 if following else max(self._cursor, 0) if place is None else place)
        self.virtual_size = Size(self.scrollable_content_region.width, len(rows))
        if following:
            self.scroll_to(y=len(rows), animate=False, immediate=True)
            self.call_after_refresh(self._settle)  # it may not have its height yet
        elif place is not None:
            self.scroll_to(y=max(0, self._cursor - above), animate=False, immediate=True)
        else:
            self._into_view()
        self.refresh()
        if (held is None) != (self.current is None) or (held is not None and self.current is not None and held.key != self.current.key):
            self.post_message(self.Moved(self.current))

    def redraw(self) -> None:
        """What the rows draw has changed, though the rows are the same."""
        self._strips.clear()
        self.refresh()

    def fit_in(self) -> None:
        """Take no more rows than the box that it stands in has left for it."""
        self.styles.max_height = rows_left(self)

    def point_at(self, key: str) -> None:
        """Put the cursor on the row of this key, if there is one."""
        place = next((index for index, row in enumerate(self._rows) if row.key == key), None)
        if place is not None:
            self._go(place)

    def _nearest(self, index: int) -> int:
        """The row nearest to a place, on which the cursor can be; below it first. -1 where there is none."""
        for place in (*range(max(0, index), len(self._rows)), *range(min(index, len(self._rows)) - 1, -1, -1)):
            if not self._rows[place].passable:
                return place
        return -1

    def _go(self, index: int) -> None:
        if index < 0 or index == self._cursor:
            return
        self._cursor = index
        self._into_view()
        self.refresh()
        self.post_message(self.Moved(self.current))

    def _into_view(self) -> None:
        """The cursor's row on the screen, with what stands right above it if that is no row of its own."""
        if self._cursor < 0:
            return
        top = self._cursor
        while top > 0 and self._rows[top - 1].passable and self._cursor - top < 2:
            top -= 1
        self.scroll_to_region(Region(0, top, 1, self._cursor - top + 1), animate=False, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._rows and new_value < EDGE and new_value < old_value:
            self.post_message(self.OlderWanted())

    def on_resize(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._rows))
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        """It has its height: only now it can be scrolled to where it belongs."""
        if self._follow and self.at_end:
            self.scroll_to(y=len(self._rows), animate=False, immediate=True)
        else:
            self._into_view()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()

    # --- keys -------------------------------------------------------------------------------------------------------------------------------

    def action_move(self, step: int) -> None:
        places = range(self._cursor + step, len(self._rows) if step > 0 else -1, 1 if step > 0 else -1)
        place = next((each for each in places if not self._rows[each].passable), None)
        if place is not None:
            self._go(place)
        elif step < 0:
            self.scroll_home(animate=False)  # what stands above the first row
            self.post_message(self.OlderWanted())

    def action_page(self, step: int) -> None:
        self._go(self._nearest(max(0, min(len(self._rows) - 1, self._cursor + step * max(1, self.size.height - 1)))))
        if step < 0 and self._cursor < EDGE:
            self.post_message(self.OlderWanted())

    def action_first(self) -> None:
        self._go(self._nearest(0))
        self.scroll_home(animate=False)
        self.post_message(self.OlderWanted())

    def action_last(self) -> None:
        self._go(self._nearest(len(self._rows) - 1))

    def action_pick(self) -> None:
        if row := self.current:
            self.post_message(self.Picked(row))

    def on_click(self, event: events.Click) -> None:
        inside = event.get_content_offset(self)
        place = -1 if inside is None else int(self.scroll_y) + inside.y
        if 0 <= place < len(self._rows) and not self._rows[place].passable:
            self._go(place)
            self.action_pick()

    # --- drawing ----------------------------------------------------------------------------------------------------------------------------

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        index = int(self.scroll_y) + y
        if not self._rows and y == 0 and self._empty:
            return self._strip(Content.styled(self._empty, "$text-muted"), width, "")
        if not 0 <= index < len(self._rows):
            return Strip.blank(width, self.rich_style)
        look = "" if index != self._cursor else "rows--cursor" if self.has_focus or self._led else "rows--cursor-blurred"
        key = (self._rows[index], width, look)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._strip(self._rows[index].draw(width), width, look)
        return strip

    def _strip(self, content: Content, width: int, look: str) -> Strip:
        style = self.get_visual_style(look) if look else self.visual_style
        if look == "rows--cursor":
            content = without_colours(content)  # muted words could not be read on its ground
        line = content if content.cell_length <= width else content.truncate(width, ellipsis=True)
        strips = Visual.to_strips(self, line, width, 1, style, apply_selection=False)
        strip = strips[0] if strips else Strip.blank(width, style.rich_style)
        return strip.adjust_cell_length(width, style.rich_style)


def without_colours(content: Content) -> Content:
    """The same words in one colour; weight and lines under them stay."""
    kept = [(span, " ".join(each for each in str(span.style).split() if each in _SHAPES)) for span in content.spans]
    return Content(content.plain, [Span(span.start, span.end, style) for span, style in kept if style])
