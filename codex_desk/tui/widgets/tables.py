"""A Markdown table, laid out for the width it gets."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from textual.content import Content

from codex_desk.tui.widgets.lines import NOTHING, Line
from codex_desk.tui.widgets.wrap import wrap_cuts

Alignment = Literal["left", "center", "right"]
GUTTER = "  "
NARROWEST = 4
"""Cells; below this, columns overflow to the right instead of getting narrower."""


class TableLine(Line):
    """All of a table as one line: its text is what is drawn, rows joined by newlines, so that a selection runs through it row by row."""

    def __init__(
        self,
        rows: Sequence[Sequence[Content]],
        alignments: Sequence[Alignment],
        *,
        first: Content = NOTHING,
        rest: Content = NOTHING,
    ) -> None:
        super().__init__()
        self._rows, self._alignments = rows, alignments
        self._first, self._rest = first, rest
        self._natural = [max(row[column].cell_length for row in rows) for column in range(len(alignments))]
        self._laid_for = -1
        self._pieces: list[Content] = []
        self._starts: list[int] = []
        self._lay(80)

    def measure(self, width: int) -> int:
        self._lay(width)
        return len(self._pieces)

    def parts(self, row: int, width: int) -> tuple[Content, Content, int]:
        self._lay(width)
        return (self._rest if row else self._first), self._pieces[row], self._starts[row]

    def _lay(self, width: int) -> None:
        if self._laid_for == width:
            return
        self._laid_for = width
        columns = column_widths(self._natural, width - self._rest.cell_length - len(GUTTER) * (len(self._natural) - 1))
        pieces: list[Content] = []
        for number, row in enumerate(self._rows):
            pieces.extend(_rows_of(row, columns, self._alignments))
            if number == 0:
                pieces.append(Content.styled(GUTTER.join("─" * column for column in columns), "$text-muted"))
        self._pieces, self._starts, start = pieces, [], 0
        for piece in pieces:
            self._starts.append(start)
            start += len(piece.plain) + 1
        self.text = "\n".join(piece.plain for piece in pieces)


def column_widths(natural: Sequence[int], room: int) -> list[int]:
    """Widths that share `room` cells: columns get what they ask for, and the widest give way first."""
    widths = [max(1, cells) for cells in natural]
    excess = sum(widths) - room
    while excess > 0:
        widest = max(widths)
        if widest <= NARROWEST:
            break
        at = [column for column, cells in enumerate(widths) if cells == widest]
        below = max([NARROWEST, *(cells for cells in widths if cells < widest)])
        step = max(1, min(widest - below, -(-excess // len(at))))
        for column in at:
            if excess <= 0:
                break
            taken = min(step, excess)
            widths[column] -= taken
            excess -= taken
    return widths


def _rows_of(cells: Sequence[Content], widths: Sequence[int], alignments: Sequence[Alignment]) -> list[Content]:
    wrapped = [_wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    drawn: list[Content] = []
    for row in range(max(len(pieces) for pieces in wrapped)):
        parts = [
            _aligned(pieces[row] if row < len(pieces) else NOTHING, width, alignment)
            for pieces, width, alignment in zip(wrapped, widths, alignments, strict=True)
        ]
        drawn.append(Content(GUTTER).join(parts).rstrip())
    return drawn


def _wrapped(cell: Content, width: int) -> list[Content]:
    bounds = [0, *wrap_cuts(cell.plain, width), len(cell.plain)]
    return [cell[start:end].rstrip() for start, end in pairwise(bounds)]


def _aligned(piece: Content, width: int, alignment: Alignment) -> Content:
    spare = max(0, width - piece.cell_length)
    match alignment:
        case "right":
            return piece.pad_left(spare)
        case "center":
            return piece.pad(spare // 2, spare - spare // 2)
        case "left":
            return piece.pad_right(spare)
