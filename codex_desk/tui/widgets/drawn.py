"""The widget that shows one item, or one piece of a turn that still runs."""

from __future__ import annotations

import os
from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Offset, Region, Size
from textual.reactive import Reactive
from textual.screen import Screen
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget

from codex_desk.tui.model.links import takes_links
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.lines import NOTHING, Ink, Line, Paint


class Drawn(Widget):
    """Shows a document, drawing only the rows that are looked at."""

    DEFAULT_CSS = """
    Drawn {
        width: 1fr;
        height: auto;
        padding: 0 1 0 0;
        border-left: blank;
        &.-gap { margin-top: 1; }
        &.-cursor { border-left: outer $accent; }
    }
    """

    virtual_size = Reactive(Size(0, 0), repaint=False)
    # In any other widget a change of this asks for another layout and paint. Here it only follows the layout that was just made.

    def __init__(self, document: Document | None = None, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self.auto_links = False
        self.document = Document() if document is None else document

    def draw(self, document: Document) -> None:
        """Show another document."""
        self.document = document
        self.refresh(layout=True)

    def grow(self) -> None:
        """The document was changed from some line on: draw what comes after that, and make room for it."""
        settled, width = self.document.settled, self.size.width
        rows = max(self.size.height, self.document.height(width))
        self.refresh(Region(0, settled, width, max(rows - settled, 1)), layout=True)

    def _size_updated(self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True) -> bool:
        # Textual draws all of a widget again when its size changes. Here a row depends on the width alone, and a message that is being written
        # grows with every flush.
        if size.width == self._size.width and self._size:
            self._size = size
        return super()._size_updated(size, virtual_size, container_size, layout)

    def height_at(self, width: int) -> int:
        """Rows that it takes where it stands, the gap before it included, at `width` cells of text."""
        return self.document.height(width) + self.gap

    @property
    def gap(self) -> int:
        """Rows between it and what stands before it."""
        return 1 if self.has_class("-gap") else 0

    def render(self) -> Content:
        return NOTHING

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self.document.height(width)

    def render_line(self, y: int) -> Strip:
        selection = self.text_selection
        paint = None if selection is None and not self.is_marked else lambda number, line: self._paints(number, line, selection)
        ink = Ink(self.visual_style, style_of, links=takes_links(os.environ))
        strip = self.document.row(y, self.size.width, ink, paint)
        return Strip.blank(self.size.width, self.visual_style.rich_style) if strip is None else strip

    @property
    def is_marked(self) -> bool:
        """Whether anything but a selection is laid over the text."""
        return False

    def marks(self, number: int, line: Line) -> list[Paint]:
        """What is laid over a line, under a selection."""
        return []

    def _paints(self, number: int, line: Line, selection: Selection | None) -> Sequence[Paint]:
        paints = self.marks(number, line) if self.is_marked else []
        if selection is not None and (span := selection.get_span(number)) is not None:
            paints.append(Paint(*span, Style.from_styles(self.screen.get_component_styles("screen--selection"))))
        return paints

    def place_at(self, screen_x: int, screen_y: int) -> Offset:
        """What a selection calls a cell of the screen."""
        inside = Offset(screen_x, screen_y) - self.content_region.offset
        return self.document.place(inside.x, inside.y, self.size.width)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        text = self.document.extract(selection)
        # The gap before it belongs to a selection that begins further up.
        return ("\n" if selection.start is None and self.gap else "") + text, "\n"

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.document.restyle()


def style_of(style: str | Style) -> Style:
    """A style by its words, in the colours of the theme."""
    return Style.parse(style) if isinstance(style, str) else style


class PointingScreen(Screen[None]):
    """A screen that asks drawings what is under the mouse. They know better than their strips do: where a wrapped row ends, what is decoration, and
    which cells are one character."""

    def get_widget_and_offset_at(self, x: int, y: int) -> tuple[Widget | None, Offset | None]:
        first = next((widget for widget, _ in self.get_widgets_at(x, y)), None)
        return (first, first.place_at(x, y)) if isinstance(first, Drawn) else super().get_widget_and_offset_at(x, y)
