"""Where a line of text breaks to fit a number of cells."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from rich.cells import cell_len, get_character_cell_size, split_graphemes


class _Widths(dict[int, str]):
    """The cells of a code point as a digit, looked up once."""

    def __missing__(self, point: int) -> str:
        digit = self[point] = str(max(0, min(get_character_cell_size(chr(point)), 2)))
        return digit


_WIDTHS = _Widths()


def wrap_cuts(text: str, width: int, *, words: bool = True) -> list[int]:
    """Offsets at which one line of text is cut so that every piece fits `width` cells, apart from spaces at its end.

    With `words` a cut falls after a space where the piece has one; without, and in words that are wider than the line, it falls anywhere
    between graphemes. The text holds no newline and no tab.
    """
    width = max(2, width)
    if text.isascii():
        return _cuts(text, width, words, range(len(text) + 1)) if len(text) > width else []
    widths = text.translate(_WIDTHS)
    if "0" in widths:  # characters of several code points; a twentieth as fast
        return _grapheme_cuts(text, width, words)
    return _cuts(text, width, words, list(accumulate(map(int, widths), initial=0)))


def _cuts(text: str, width: int, words: bool, before: Sequence[int]) -> list[int]:
    """For a text whose code points are its characters; `before`: the cells before each of them, and those of all."""
    cuts: list[int] = []
    start, end = 0, len(text)
    while before[end] - before[start] > width:
        most = start + width if isinstance(before, range) else bisect_right(before, before[start] + width, start) - 1
        cut = text.rfind(" ", start, most + 1) + 1 if words else 0
        if cut and text[start:cut].isspace():
            cut = 0
        if not cut:
            cut = most
        elif cut == most + 1:
            cut = _after_spaces(text, cut)
        if cut >= end:
            break
        cuts.append(cut)
        start = cut
    return cuts


def _after_spaces(text: str, cut: int) -> int:
    while cut < len(text) and text[cut] == " ":
        cut += 1
    return cut


def _grapheme_cuts(text: str, width: int, words: bool) -> list[int]:
    # A joiner with nothing before it makes one character, of no cells, of itself and what follows; drawn, that has its own cells.
    spans = [(begin, end, cells or cell_len(text[begin:end])) for begin, end, cells in split_graphemes(text)[0]]
    if sum(cells for _, _, cells in spans) <= width:
        return []
    cuts: list[int] = []
    used = 0  # cells since the last cut
    break_at, used_at_break = 0, 0  # the last place after a space, and the cells up to it
    start = 0
    for begin, end, cells in spans:
        space = words and text[begin:end] == " "
        if used + cells > width and begin > start and not space:
            if break_at > start:
                cuts.append(break_at)
                used -= used_at_break
                start = break_at
            if used + cells > width and begin > start:
                cuts.append(begin)
                used = 0
                start = begin
            used_at_break = 0
        used += cells
        if space and not text[start:begin].isspace() and begin > start:
            break_at, used_at_break = end, used
    return cuts


NEAR = 64
"""Code points around a place in which the character that it is part of lies; no character that anybody writes is longer."""


def whole_graphemes(text: str, start: int, end: int) -> tuple[int, int]:
    """A span of a text, widened so that it begins before a character and ends after one, where characters take several code points."""
    start, end = max(0, min(start, len(text))), max(0, min(end, len(text)))
    if text.isascii():
        return start, end
    return _boundary(text, start, after=False), _boundary(text, end, after=True)


def _boundary(text: str, place: int, *, after: bool) -> int:
    if place in (0, len(text)) or (text[place].isascii() and text[place - 1].isascii()):
        return place
    base = max(0, place - NEAR)
    for begin, end, _ in split_graphemes(text[base : place + NEAR])[0]:
        if begin + base < place < end + base:
            return base + (end if after else begin)
    return place


def offset_at(text: str, cell: int) -> int:
    """The place in one row of text of the character that covers a cell; the text's length beyond its end."""
    if text.isascii():
        return min(cell, len(text))
    cells = 0
    for begin, _, wide in split_graphemes(text)[0]:
        if cells + wide > cell:
            return begin
        cells += wide
    return len(text)
