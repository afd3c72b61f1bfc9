"""The drawing of one item: logical lines, of which only the rows that are looked at are drawn."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from textual.geometry import Offset
from textual.selection import Selection
from textual.strip import Strip

from codex_desk.tui.widgets.lines import Ink, Line, Paint

Painter = Callable[[int, Line], Sequence[Paint]]
"""What is laid over a line, which is given with its number."""


class Rest(Protocol):
    """Lines that follow, made only when somebody reads that far."""

    def take(self) -> Sequence[Line]:
        """The next lines; none when all were taken."""
        ...

    def label(self) -> Line | None:
        """What says how much is left, None for nothing."""
        ...


class Document:
    """Lines that may grow or be replaced from some line on; what stands before is not measured or drawn again."""

    def __init__(self, lines: Iterable[Line] = (), header: Line | None = None, rest: Rest | None = None) -> None:
        self.lines: list[Line] = list(lines)
        self.header = header
        """One row above the lines."""
        self._width = -1
        self._tops: list[int] = [0]  # the row at which each measured line begins, and the row after the last of them
        self._before: tuple[int, list[int]] = (-1, [0])  # the same at the width before this one
        self._epoch = 0
        self._rest = rest
        self._label: Line | None = None
        if rest is not None:
            self.more()

    def replace_from(self, keep: int, lines: Iterable[Line]) -> None:
        """Keep the first `keep` lines and let `lines` follow them."""
        del self.lines[keep:]
        self.lines.extend(lines)
        del self._tops[keep + 1 :]
        self._before = (-1, [0])

    @property
    def has_more(self) -> bool:
        """Whether lines follow that were not made yet."""
        return self._label is not None

    def more(self) -> None:
        """Make the next lines; the last one says what is still left."""
        if self._rest is None:
            return
        keep = len(self.lines) - (self._label is not None)
        taken = self._rest.take()
        self._label = self._rest.label()
        self.replace_from(keep, [*taken, self._label] if self._label is not None else taken)

    def is_first(self, number: int) -> bool:
        """Whether a line is the first one that is no header."""
        return number <= self._above

    def is_hint(self, number: int) -> bool:
        """Whether a line says that there is more to open."""
        return bool(self.lines) and self._line(number).opens

    def is_label(self, number: int) -> bool:
        """Whether a line says that more follows than was made."""
        return self._label is not None and self._line(number) is self._label

    @property
    def settled(self) -> int:
        """Rows at the top that are as they were when it was measured last, whatever was replaced since."""
        return self._tops[-1] + self._above

    def restyle(self) -> None:
        """The theme or the widget's own style changed: draw again."""
        self._epoch += 1

    def height(self, width: int) -> int:
        self._measure(width)
        return self._tops[-1] + self._above

    def row(self, y: int, width: int, ink: Ink, paint: Painter | None = None) -> Strip | None:
        """Row `y` at `width` cells; None below the last one."""
        found = self._at(y, width)
        if found is None:
            return None
        number, line, within = found
        ink = Ink(ink.base, ink.get_style, self._epoch, ink.links)
        return line.draw(within, width, ink, () if paint is None else paint(number, line))

    def place(self, x: int, y: int, width: int) -> Offset:
        """What a selection calls the cell at `x` in row `y`: the place in a line's text, and the line's number."""
        found = self._at(max(y, 0), width)
        if found is None:
            last = len(self.lines) - 1 + self._above
            return Offset(len(self._line(last).text), last) if last >= 0 else Offset(0, 0)
        number, line, within = found
        return Offset(0 if y < 0 else line.place(within, x, width), number)

    def row_of(self, offset: Offset, width: int) -> int:
        """The row in which a place of a line's text stands."""
        self._measure(width)
        number = offset.y - self._above
        if number < 0 or not self.lines:
            return 0
        number = min(number, len(self.lines) - 1)
        line, top = self.lines[number], self._tops[number]
        within, begins = 0, -1
        for row in range(self._tops[number + 1] - top):
            start = next((piece.start for piece in line.row(row, width) if piece.start is not None), begins)
            if start > offset.x:
                break
            if start > begins:
                within, begins = row, start
        return top + within + self._above

    def spans(self, selection: Selection) -> Iterator[tuple[int, int, int]]:
        """The lines that a selection covers: number, start and end in the text, end -1 for all that follows."""
        last = len(self.lines) - 1 + self._above
        first = 0 if selection.start is None else max(0, selection.start.y)
        for number in range(first, (last if selection.end is None else min(last, selection.end.y)) + 1):
            if (span := selection.get_span(number)) is not None:
                yield number, span[0], span[1]

    def extract(self, selection: Selection) -> str:
        """The selected text: list markers and quote bars as they would be typed, wrapped lines whole."""
        copied: list[str] = []
        for number, start, end in self.spans(selection):
            line = self._line(number)
            copied += [line.copied(start, end), "" if line.goes_on else "\n"]
        return "".join(copied[:-1])

    @property
    def text(self) -> str:
        return "\n".join(line.lead + line.text for _, line in self.numbered())

    def numbered(self) -> Iterator[tuple[int, Line]]:
        """Every line with its number, the header first."""
        if self.header is not None:
            yield 0, self.header
        yield from enumerate(self.lines, self._above)

    @property
    def _above(self) -> int:
        return 0 if self.header is None else 1

    def _line(self, number: int) -> Line:
        return self.header if number == 0 and self.header is not None else self.lines[number - self._above]

    def _at(self, y: int, width: int) -> tuple[int, Line, int] | None:
        """The number of the line at row `y`, the line, and the row within it."""
        self._measure(width)
        if self.header is not None and y == 0:
            return 0, self.header, 0
        y -= self._above
        if not 0 <= y < self._tops[-1]:
            return None
        number = bisect_right(self._tops, y) - 1
        return number + self._above, self.lines[number], y - self._tops[number]

    def _measure(self, width: int) -> None:
        if width != self._width:
            # The width before is asked for once more, to find the reader's place again.
            known = self._before[1] if self._before[0] == width else [0]
            self._before = (self._width, self._tops)
            self._width, self._tops = width, known
        tops = self._tops
        for line in self.lines[len(tops) - 1 :]:
            tops.append(tops[-1] + line.measure(width))
