"""Logical lines of a drawing: each knows its text, how many rows it takes at a width, and how to draw one of them.

A selection counts in these lines, not in rows, so that what was wrapped is copied unwrapped.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.content import Content
from textual.strip import Strip
from textual.style import Style

from codex_desk.tui.widgets.wrap import wrap_cuts

StyleSource = Callable[[str | Style], Style]
NOTHING = Content("")
TAB = 4


@dataclass(frozen=True, slots=True)
class Ink:
    """What a row is drawn with. `epoch` changes with the theme, so that strips drawn before are not used again."""

    base: Style
    get_style: StyleSource
    epoch: int = 0


class Line(ABC):
    """One logical line. Rows are slices of `text`, drawn after a prefix that is not part of it."""

    text: str
    lead: str = ""
    """Copied before the text when the line is copied from its start, such as a list marker."""
    style: str = ""
    """Under everything, to the right edge."""

    def __init__(self) -> None:
        self._drawn: dict[int, Strip] = {}
        self._drawn_for: tuple[int, Style, int] | None = None

    @abstractmethod
    def measure(self, width: int) -> int:
        """Rows at a width of `width` cells, at least one."""

    @abstractmethod
    def parts(self, row: int, width: int) -> tuple[Content, Content, int]:
        """A row's prefix, its piece of the text, and where in `text` that piece starts."""

    def draw(
        self, row: int, width: int, number: int, ink: Ink, selected: tuple[int, int] | None = None, selection: Style | None = None
    ) -> Strip:
        """A row as a strip exactly `width` cells wide, carrying `(offset, number)` for the selection; `selected` is a span of `text`, end -1 for all."""
        if selected is not None and selection is not None:
            return self._draw(row, width, number, ink, selected, selection)
        key = (width, ink.base, ink.epoch)
        if self._drawn_for != key:
            self._drawn.clear()
            self._drawn_for = key
        strip = self._drawn.get(row)
        if strip is None:
            strip = self._drawn[row] = self._draw(row, width, number, ink, None, None)
        return strip

    def _draw(self, row: int, width: int, number: int, ink: Ink, selected: tuple[int, int] | None, selection: Style | None) -> Strip:
        prefix, body, start = self.parts(row, width)
        base = ink.base + ink.get_style(self.style) if self.style else ink.base
        if selected is not None and selection is not None:
            first = max(0, selected[0] - start)
            last = len(body.plain) if selected[1] < 0 else selected[1] - start
            if first < last:
                body = body.stylize(selection, first, min(last, len(body.plain)))
        segments: list[Segment] = []
        cells = 0
        for text, style in prefix.render(base, end="", parse_style=ink.get_style):
            # One character each: a click on any of them means the start of the piece.
            rich = (base + style).rich_style_with_offset(start, number)
            segments.extend(Segment(character, rich) for character in text)
            cells += cell_len(text)
        offset = start
        for text, style in body.render(base, end="", parse_style=ink.get_style):
            segments.append(Segment(text, (base + style).rich_style_with_offset(offset, number)))
            offset += len(text)
            cells += cell_len(text)
        if cells < width:
            segments.append(Segment(" " * (width - cells), base.rich_style + RichStyle.from_meta({"offset": (offset, number)})))
        strip = Strip(segments, max(cells, width))
        return strip.adjust_cell_length(width) if cells > width else strip


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
        super().__init__()
        self.content = content
        self.text = content.plain
        self.first, self.rest = first, rest
        self.lead, self.style, self.words = lead, style, words
        self._indent = max(first.cell_length, rest.cell_length)
        self._cuts: tuple[int, list[int]] = (-1, [])

    def measure(self, width: int) -> int:
        return len(self._cuts_at(width)) + 1

    def parts(self, row: int, width: int) -> tuple[Content, Content, int]:
        cuts = self._cuts_at(width)
        start = cuts[row - 1] if row else 0
        end = cuts[row] if row < len(cuts) else len(self.text)
        if self.words and row < len(cuts):
            end = start + len(self.text[start:end].rstrip(" "))
        return (self.rest if row else self.first), self.content[start:end], start

    def _cuts_at(self, width: int) -> list[int]:
        if self._cuts[0] != width:
            # Prefixes give way before the text does, in panes too narrow for both.
            self._cuts = (width, wrap_cuts(self.text, max(width - self._indent, 8), words=self.words))
        return self._cuts[1]


class ShortLine(Line):
    """One row: what does not fit is cut with `…`, and `right` stands at the right edge where there is room for it."""

    def __init__(self, content: Content, right: Content = NOTHING, *, first: Content = NOTHING, lead: str = "", style: str = "") -> None:
        super().__init__()
        self.content, self.right, self.first = content, right, first
        self.text = f"{content.plain}  {right.plain}" if right else content.plain
        self.lead, self.style = lead, style

    def measure(self, width: int) -> int:
        return 1

    def parts(self, row: int, width: int) -> tuple[Content, Content, int]:
        room = max(width - self.first.cell_length, 2)
        right = self.right if self.right.cell_length + 4 <= room else NOTHING
        left_room = room - (right.cell_length + 2 if right else 0)
        left = self.content if self.content.cell_length <= left_room else self.content.truncate(left_room, ellipsis=True)
        if not right:
            return self.first, left, 0
        gap = room - left.cell_length - right.cell_length
        return self.first, Content.assemble(left, " " * gap, right), 0


class RuleLine(Line):
    """A rule across the width, with a title in it."""

    def __init__(self, title: str = "", *, first: Content = NOTHING, style: str = "") -> None:
        super().__init__()
        self.text = title or "───"
        self._title, self._first, self._look = title, first, style

    def measure(self, width: int) -> int:
        return 1

    def parts(self, row: int, width: int) -> tuple[Content, Content, int]:
        room = max(width - self._first.cell_length, 2)
        if not self._title:
            return self._first, Content.styled("─" * room, self._look), 0
        title = Content(self._title).truncate(max(room - 8, 2), ellipsis=True)
        rule = "─" * max(room - 4 - title.cell_length, 1)
        return self._first, Content.styled(f"── {title.plain} {rule}", self._look), 0


def blank(prefix: Content = NOTHING) -> TextLine:
    return TextLine(NOTHING, first=prefix, rest=prefix)
