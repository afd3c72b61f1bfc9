"""The widget that shows one item, or one piece of a turn that still runs."""

from __future__ import annotations

from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions
from textual.widget import Widget

from codex_desk.tui.widgets.document import Document


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
        return self.document.height(width) + self.has_class("-gap")

    def render(self) -> Document:
        return self.document

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self.document.height(width)

    def render_line(self, y: int) -> Strip:
        selection = self.text_selection
        marked = None if selection is None else Style.from_styles(self.screen.get_component_styles("screen--selection"))
        options = RenderOptions(_parsed, self.styles.get_rules(), selection, marked)
        strip = self.document.row(y, self.size.width, self.visual_style, options)
        return Strip.blank(self.size.width, self.visual_style.rich_style) if strip is None else strip

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return self.document.extract(selection), "\n"

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.document.restyle()


def _parsed(style: str | Style) -> Style:
    return Style.parse(style) if isinstance(style, str) else style
