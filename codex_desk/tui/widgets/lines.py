"""Logical lines of a drawing: each knows its text, how many rows it takes at a width, and how to draw one of them.

A selection counts in these lines, not in rows, so that what was wrapped is copied unwrapped, and stays selected when it wraps otherwise.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from rich.cells import cell_len
from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip
from textual.style import Style

from codex_desk.frozen import frozen
from codex_desk.tui.widgets.wrap import offset_at, whole_graphemes, wrap_cuts

StyleSource = Callable[[str | Style], Style]
NOTHING = Content("")
TAB = 4
LEAST = 8
"""Cells that a text has in the narrowest pane; what stands before it gives way first."""
MEASURE = 120
"""Cells; prose is not set wider than this, however wide the pane is."""


@frozen
class Ink:
    """What a row is drawn with. `epoch` changes with the theme, so that strips drawn before are not used again."""

    base: Style
    get_style: StyleSource
    epoch: int = 0
    links: bool = True
    """Whether the terminal is told the addresses of links."""


@frozen
class Paint:
    """A span of a line's text that is drawn in another style, such as a selection; `end` -1 for all that follows."""

    start: int
    end: int
    style: Style


@frozen
class Piece:
    """Part of a row: what stands in the line's text from `start` on, or with None a decoration that is not in it."""

    content: Content
    start: int | None = None


class Line(ABC):
    """One logical line. Rows show slices of `text`, after a prefix and between decorations that are not part of it."""

    text: str
    lead: str = ""
    """Copied before the text when the line is copied from its start, such as a list marker."""
    style: str = ""
    """Under everything, to the right edge."""
    wide = False
    """Whether it takes the whole width; anything else keeps to `MEASURE`."""
    goes_on = False
    """Whether the next line continues it, as where a very long one is made in parts."""
    opens = False
    """Whether it says that there is more to open."""

    def __init__(self) -> None:
        self._drawn: dict[int, Strip] = {}
        self._drawn_for: tuple[int, Style, int] | None = None

    def measure(self, width: int) -> int:
        """Rows at a width of `width` cells, at least one."""
        return self.rows_at(width if self.wide else min(width, MEASURE))

    def row(self, row: int, width: int) -> Sequence[Piece]:
        """What stands in a row."""
        return self.pieces(row, width if self.wide else min(width, MEASURE))

    @abstractmethod
    def rows_at(self, room: int) -> int:
        """As `measure`, for the cells that the line may use."""

    @abstractmethod
    def pieces(self, row: int, room: int) -> Sequence[Piece]:
        """As `row`, for the cells that the line may use."""

    def draw(self, row: int, width: int, ink: Ink, paints: Sequence[Paint] = ()) -> Strip:
        """A row as a strip exactly `width` cells wide."""
        if paints:
            return self._draw(row, width, ink, paints)
        key = (width, ink.base, ink.epoch)
        if self._drawn_for != key:
            self._drawn.clear()
            self._drawn_for = key
        strip = self._drawn.get(row)
        if strip is None:
            strip = self._drawn[row] = self._draw(row, width, ink, ())
        return strip

    def place(self, row: int, x: int, width: int) -> int:
        """The place in the text of what stands in cell `x` of a row; in a decoration the end of what stands before it."""
        at: int | None = None
        for piece in self.row(row, width):
            cells = piece.content.cell_length
            if piece.start is not None:
                if x < cells:
                    return piece.start + offset_at(piece.content.plain, max(x, 0))
                at = piece.start + len(piece.content.plain)
            elif x < cells and at is not None:
                return at
            x -= cells
        return 0 if at is None else at

    def copied(self, start: int, end: int) -> str:
        """What copying a span of the text gives; `end` -1 for all that follows."""
        start, end = whole_graphemes(self.text, start, len(self.text) if end < 0 else end)
        piece = self.text[start:end]
        return self.lead + piece if start == 0 and piece else piece

    def _draw(self, row: int, width: int, ink: Ink, paints: Sequence[Paint]) -> Strip:
        base = ink.base + ink.get_style(self.style) if self.style else ink.base
        segments: list[Segment] = []
        for piece in self.row(row, width):
            content = piece.content if piece.start is None or not paints else _painted(piece.content, piece.start, paints)
            runs = content.render(base, end="", parse_style=ink.get_style)
            for text, style in runs if content.plain.isascii() else _at_graphemes(content.plain, runs):
                shown = style if ink.links or style.link is None else replace(style, link=None)
                segments.append(Segment(text, shown.rich_style))
        cells = sum(cell_len(segment.text) for segment in segments)
        if cells < width:
            segments.append(Segment(" " * (width - cells), base.rich_style))
        strip = Strip(segments, max(cells, width))
        return strip.adjust_cell_length(width) if cells > width else strip


def _painted(content: Content, start: int, paints: Iterable[Paint]) -> Content:
    length = len(content.plain)
    for paint in paints:
        first = max(0, paint.start - start)
        last = length if paint.end < 0 else min(paint.end - start, length)
        if first < last:
            content = content.stylize(paint.style, first, last)
    return content


def _at_graphemes(text: str, runs: Iterable[tuple[str, Style]]) -> Iterable[tuple[str, Style]]:
    """The same runs, none of which begins inside of a character that takes several code points: drawn in halves it would be wider."""
    start = taken = 0
    for run, style in runs:
        end = start + len(run)
        _, last = whole_graphemes(text, start, end)
        if last > taken:
            yield text[taken:last], style
            taken = last
        start = end


def narrowed(prefix: Content, room: int) -> Content:
    """What stands before a text, as far as the text has enough beside it."""
    most = max(room - LEAST, 0)
    return prefix if prefix.cell_length <= most else prefix[: offset_at(prefix.plain, most)]


class TextLine(Line):
    """Styled text that wraps, with one prefix for its first row and another for those that follow."""

    def __init__(
        self,
        content: Content,
        *,
        first: Content = NOTHING,
        rest: Content = NOTHING,
        lead: str = "",
        style: str = "",
        words: bool = True,
    ) -> None:
        """`words`: it is prose, and wraps between words; else it wraps anywhere, and takes the whole width."""
        super().__init__()
        self.content = content
        self.text = content.plain
        self.first, self.rest = first, rest
        self.lead, self.style, self.words = lead, style, words
        self.wide = not words
        self._indent = max(first.cell_length, rest.cell_length)
        self._cuts: tuple[int, list[int]] = (-1, [])

    def rows_at(self, room: int) -> int:
        return len(self._cuts_at(room)) + 1

    def pieces(self, row: int, room: int) -> Sequence[Piece]:
        cuts = self._cuts_at(room)
        start = cuts[row - 1] if row else 0
        end = cuts[row] if row < len(cuts) else len(self.text)
        if self.words and row < len(cuts):
            end = start + len(self.text[start:end].rstrip(" "))
        prefix = narrowed(self.rest if row else self.first, room)
        return (Piece(prefix), Piece(self.content[start:end], start))

    def _cuts_at(self, room: int) -> list[int]:
        if self._cuts[0] != room:
            indent = min(self._indent, max(room - LEAST, 0))
            self._cuts = (room, wrap_cuts(self.text, room - indent, words=self.words))
        return self._cuts[1]


class ShortLine(Line):
    """One row: what does not fit is cut with `…`, and `right` stands at the right edge where there is room for it."""

    def __init__(self, content: Content, right: Content = NOTHING, *, first: Content = NOTHING, lead: str = "", style: str = "") -> None:
        super().__init__()
        self.content, self.right, self.first = content, right, first
        self.text = f"{content.plain}  {right.plain}" if right else content.plain
        self.lead, self.style = lead, style

    def rows_at(self, room: int) -> int:
        return 1

    def pieces(self, row: int, room: int) -> Sequence[Piece]:
        room = max(room - self.first.cell_length, 2)
        right = self.right if self.right.cell_length + 4 <= room else NOTHING
        left_room = room - (right.cell_length + 2 if right else 0)
        left = [Piece(self.first), *_cut(self.content, left_room)]
        if not right:
            return left
        gap = room - min(self.content.cell_length, sum(piece.content.cell_length for piece in left[1:])) - right.cell_length
        return [*left, Piece(Content(" " * gap)), Piece(right, len(self.content.plain) + 2)]


def _cut(content: Content, room: int) -> list[Piece]:
    """A text from its start on, cut with `…` where it is too long."""
    if content.cell_length <= room:
        return [Piece(content, 0)]
    shown = content[: offset_at(content.plain, room - 1)]
    return [Piece(shown, 0), Piece(Content.styled("…", "$text-muted"))]


class RuleLine(Line):
    """A rule across the width, with a title in it."""

    def __init__(self, title: str = "", *, first: Content = NOTHING, style: str = "") -> None:
        super().__init__()
        self.text = title or "---"
        self._title, self._first, self._look = title, first, style

    def rows_at(self, room: int) -> int:
        return 1

    def pieces(self, row: int, room: int) -> Sequence[Piece]:
        room = max(room - self._first.cell_length, 2)
        if not self._title:
            return (Piece(self._first), Piece(Content.styled("─" * room, self._look)))
        title = _cut(Content.styled(self._title, self._look), max(room - 8, 2))
        rule = "─" * max(room - 4 - sum(piece.content.cell_length for piece in title), 1)
        return (Piece(self._first), Piece(Content.styled("── ", self._look)), *title, Piece(Content.styled(f" {rule}", self._look)))


class InsetLine(Line):
    """Another line with something before each of its rows."""

    def __init__(self, inner: Line, before: Content) -> None:
        super().__init__()
        self._inner, self._before = inner, before
        self.text, self.lead, self.style, self.wide = inner.text, inner.lead, "", inner.wide

    def rows_at(self, room: int) -> int:
        return self._inner.rows_at(max(room - self._before.cell_length, 2))

    def pieces(self, row: int, room: int) -> Sequence[Piece]:
        left = max(room - self._before.cell_length, 2)
        inner = self._inner.pieces(row, left)
        ground = self._inner.style
        if not ground:
            return (Piece(self._before), *inner)
        # The ground of the other line begins after what stands before it here.
        free = max(0, left - sum(piece.content.cell_length for piece in inner))
        grounded = (Piece(piece.content.stylize_before(ground), piece.start) for piece in inner)
        return (Piece(self._before), *grounded, Piece(Content.styled(" " * free, ground)))


def blank(prefix: Content = NOTHING) -> TextLine:
    return TextLine(NOTHING, first=prefix, rest=prefix)
