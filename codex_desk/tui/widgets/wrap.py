"""Where a line of text breaks to fit a number of cells."""

from __future__ import annotations

from rich.cells import split_graphemes


def wrap_cuts(text: str, width: int, *, words: bool = True) -> list[int]:
    """Offsets at which one line of text is cut so that every piece fits `width` cells, apart from spaces at its end.

    With `words` a cut falls after a space where the piece has one; without, and in words that are wider than the line, it falls anywhere
    between graphemes. The text holds no newline and no tab.
    """
    width = max(2, width)
    if text.isascii():
        return _ascii_cuts(text, width, words)
    return _grapheme_cuts(text, width, words)


def _ascii_cuts(text: str, width: int, words: bool) -> list[int]:
    cuts: list[int] = []
    start, end = 0, len(text)
    while end - start > width:
        cut = text.rfind(" ", start, start + width + 1) + 1 if words else 0
        if cut and text[start:cut].isspace():
            cut = 0
        if not cut:
            cut = start + width
        elif cut == start + width + 1:
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
    spans, total = split_graphemes(text)
    if total <= width:
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
