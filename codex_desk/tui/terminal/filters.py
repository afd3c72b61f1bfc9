"""What is drawn, put into what a terminal has or a person wants of it: 256 colours, none, or plain characters."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from codex_desk.tui.model.colours import nearest
from codex_desk.tui.model.plain import plain_line

OPTION = "option"
"""What Textual's lists note on the lines of an option; what else has that colour behind it is no cursor."""
MUTED = 8
"""The number of bright black: in a theme of the terminal's own colours, what is less important."""


class Of256(LineFilter):
    """Rich's own way from many colours to 256 makes bluish surfaces black (15.0.0)."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(text, style and _of_256(style), control) for text, style, control in segments]


class WithoutColour(LineFilter):
    """For a theme of the terminal's own colours: bold, dim, underlined or reversed, and no colour at all."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(text, style and _without_colour(style), control) for text, style, control in segments]


class Plainly(LineFilter):
    """Signs, frames and bars as plain characters of the same width, or as blanks: a screen reader spells out each of them.

    The line under a cursor begins with `>`, since no reader tells its colour.
    """

    def __init__(self, cursors: Callable[[], tuple[RichColor, RichColor]]) -> None:
        """`cursors` gives the colours behind a line under a cursor: where the focus is, and in a list that is led from elsewhere."""
        super().__init__()
        self._cursors = cursors

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        texts = [segment.text for segment in segments]
        if not all(text.isascii() for text in texts):
            texts = plain_line(texts)
        if segments and self._under_cursor(segments[0]):
            texts[0] = f">{texts[0][1:]}"
        return [Segment(text, segment.style, segment.control) for text, segment in zip(texts, segments, strict=True)]

    def _under_cursor(self, first: Segment) -> bool:
        if first.style is None or first.text[:1].isalnum():
            return False
        focused, led = self._cursors()
        return first.style.bgcolor == focused or (first.style.bgcolor == led and OPTION in first.style.meta)


@lru_cache(4096)
def _of_256(style: Style) -> Style:
    colours = [_found(style.color), _found(style.bgcolor)]
    return style + Style.from_color(*colours) if any(colours) else style


def _found(colour: RichColor | None) -> RichColor | None:
    """One of 256 for a colour of many; None for what is none of those."""
    return RichColor.from_ansi(nearest(*colour.triplet)) if colour is not None and colour.triplet is not None else None


@lru_cache(4096)
def _without_colour(style: Style) -> Style:
    marked = style.bgcolor is not None and not style.bgcolor.is_default
    muted = style.color is not None and style.color.number == MUTED
    plain = Style(
        bold=style.bold,
        dim=style.dim or (muted and not marked),
        italic=style.italic,
        underline=style.underline,
        strike=style.strike,
        reverse=bool(style.reverse) != marked,
        link=style.link,
    )
    return plain + Style.from_meta(style.meta) if style.meta else plain
