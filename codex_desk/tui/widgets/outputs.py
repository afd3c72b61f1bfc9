"""What commands and tools print: folded to a few rows, or all of it, made a page at a time as somebody reads on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from textual.content import Content

from codex_desk.tui.widgets.fold import OPENED_LINES, OUTPUT_LINES, amount, count, end_of, ends, head
from codex_desk.tui.widgets.lines import Line, Piece, TextLine, narrowed
from codex_desk.tui.widgets.parts import INDENT, LONGEST_ROW, clean, hint
from codex_desk.tui.widgets.wrap import wrap_cuts

PAGE_LINES = 100
PAGE_CHARACTERS = 16_000
PAGES = OPENED_LINES // PAGE_LINES
MOST_AT_ONCE = 2 * PAGE_CHARACTERS
"""Characters; where none of them is ASCII, their widths alone take 20 ms."""


def folded(text: str, limit: int = OUTPUT_LINES, *, style: str = "", how: str = "Enter opens") -> list[Line]:
    """Its middle is left out where it is long, and the end of a row that is longer than anybody reads; `how` says what shows them."""
    start, (first, last), end = ends(text, limit)
    told = f"  {how}" if how else ""
    between = [hint(f"{amount(text, first, last)}{told}", INDENT)] if first < last else []
    return [*_rows(start, style, told), *between, *_rows(end, style, told)]


def _rows(rows: Iterable[str], style: str, told: str) -> Iterator[Line]:
    for row in rows:
        shown, left = head(row, LONGEST_ROW)
        yield TextLine(Content.styled(clean(shown), style), first=INDENT, rest=INDENT, words=False)
        if left:
            yield hint(f"{count(left, 'character')}{told}", INDENT)


class Pages:
    """A text of any size as lines that are made when they are wanted. The text itself is never taken apart as a whole."""

    def __init__(self, text: str, *, style: str = "") -> None:
        self._text = text
        self._end = end_of(text)
        self._style = style
        self._at = 0

    def take(self) -> Sequence[Line]:
        until = self._at + MOST_AT_ONCE
        pages: list[Line] = []
        while self._at < min(until, self._end) and len(pages) < PAGES:
            pages.append(self._page())
        return pages

    def label(self) -> Line | None:
        return hint(f"{amount(self._text, self._at, self._end)}  scroll on", INDENT) if self._at < self._end else None

    def _page(self) -> Line:
        """The next lines: so many, or so many characters of one that is longer."""
        start, limit = self._at, min(self._at + PAGE_CHARACTERS, self._end)
        end, lines = start, 0
        while lines < PAGE_LINES and (newline := self._text.find("\n", end, limit)) >= 0:
            end, lines = newline + 1, lines + 1
        if end == start or (lines < PAGE_LINES and limit == self._end):  # a line that is longer than a page, or the last ones
            end = limit
        self._at = end
        whole = end == self._end or self._text[end - 1] == "\n"
        return _PageLine(self._text[start:end].removesuffix("\n"), self._style, goes_on=not whole)


class _PageLine(Line):
    """Many rows of output that are one line here, so that a million of them need no million objects."""

    wide = True

    def __init__(self, source: str, style: str, *, goes_on: bool) -> None:
        super().__init__()
        self.text = "\n".join(map(clean, source.split("\n")))
        self.goes_on = goes_on
        self._style = style
        self._bounds: tuple[int, list[tuple[int, int]]] = (-1, [])

    def rows_at(self, room: int) -> int:
        return len(self._spans(room))

    def pieces(self, row: int, room: int) -> Sequence[Piece]:
        start, end = self._spans(room)[row]
        return (Piece(narrowed(INDENT, room)), Piece(Content.styled(self.text[start:end], self._style), start))

    def _spans(self, room: int) -> list[tuple[int, int]]:
        if self._bounds[0] != room:
            self._bounds = (room, list(self._cut(room - narrowed(INDENT, room).cell_length)))
        return self._bounds[1]

    def _cut(self, width: int) -> Iterator[tuple[int, int]]:
        start = 0
        for line in self.text.split("\n"):
            cuts = wrap_cuts(line, width, words=False)
            for begin, end in zip([0, *cuts], [*cuts, len(line)], strict=True):
                yield start + begin, start + end
            start += len(line) + 1
