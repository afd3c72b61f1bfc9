"""A Markdown table, laid out for the width it gets: in columns, or where they would be too narrow to read, a row as a list of its cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

from textual.content import Content

from codex_desk.tui.widgets.lines import NOTHING, Line, Piece, narrowed
from codex_desk.tui.widgets.wrap import wrap_cuts

Alignment = Literal["left", "center", "right"]
GUTTER = "  "
NARROWEST = 4
"""Cells of a column; a table that has to go below this is drawn as lists."""
MUTED = "$text-muted"
SEPARATOR = " | "
"""Between cells, where a row is copied."""

RULES: dict[Alignment, str] = {"left": "---", "center": ":-:", "right": "--:"}
"""How the rule under the head is written."""

Row = Sequence[Content]


class Table:
    """What the lines of one table share."""

    def __init__(self, head: Row, rows: Sequence[Row], alignments: Sequence[Alignment], *, first: Content, rest: Content) -> None:
        self.head, self.rows, self.alignments = [cell.stylize_before("bold") for cell in head], rows, alignments
        self.first, self.rest = first, rest
        self._natural = [max(row[column].cell_length for row in (head, *rows)) for column in range(len(head))]
        self._columns: tuple[int, list[int] | None] = (-1, [])

    def columns(self, room: int) -> list[int] | None:
        """The columns' widths where the table has `room` cells, None where they do not fit."""
        if self._columns[0] != room:
            free = room - self.rest.cell_length - len(GUTTER) * (len(self._natural) - 1)
            fits = free >= sum(min(NARROWEST, max(1, cells)) for cells in self._natural)
            self._columns = (room, column_widths(self._natural, free) if fits else None)
        return self._columns[1]

    @property
    def lines(self) -> list[Line]:
        return [_RowLine(self, self.head, self.first, is_head=True), *(_RowLine(self, row, self.rest) for row in self.rows)]


class _RowLine(Line):
    """A row; the head with the rule under it."""

    lead = "| "
    wide = True

    def __init__(self, table: Table, cells: Row, first: Content, *, is_head: bool = False) -> None:
        super().__init__()
        self._table, self._cells, self._first, self._is_head = table, cells, first, is_head
        self._starts: list[int] = []
        start = 0
        for cell in cells:
            self._starts.append(start)
            start += len(cell.plain) + len(SEPARATOR)
        self.text = SEPARATOR.join(cell.plain for cell in cells) + " |"
        if is_head:
            self.text += f"\n| {SEPARATOR.join(RULES[one] for one in table.alignments)} |"
        self._laid: tuple[int, list[list[Piece]]] = (-1, [])

    def rows_at(self, room: int) -> int:
        return len(self._rows(room))

    def pieces(self, row: int, room: int) -> Sequence[Piece]:
        return self._rows(room)[row]

    def _rows(self, room: int) -> list[list[Piece]]:
        if self._laid[0] != room:
            columns = self._table.columns(room)
            self._laid = (room, list(self._as_list(room) if columns is None else self._in_columns(columns)))
        return self._laid[1]

    def _in_columns(self, columns: Sequence[int]) -> Iterator[list[Piece]]:
        wrapped = [_wrapped(cell, width) for cell, width in zip(self._cells, columns, strict=True)]
        rows = max(len(pieces) for pieces in wrapped)
        for row in range(rows):
            drawn = [Piece(self._table.rest if row else self._first)]
            for number, (pieces, width) in enumerate(zip(wrapped, columns, strict=True)):
                at, piece = pieces[row] if row < len(pieces) else (len(self._cells[number].plain), NOTHING)
                before, after = _margins(width - piece.cell_length, self._table.alignments[number])
                gutter = "" if number == len(columns) - 1 else " " * after + GUTTER
                drawn += [Piece(Content(" " * before)), Piece(piece, self._starts[number] + at), Piece(Content(gutter))]
            yield drawn if self._is_head or row < rows - 1 else [*drawn, Piece(NOTHING, len(self.text))]
        if self._is_head:
            yield self._rule(GUTTER.join("─" * column for column in columns), self._table.rest)

    def _as_list(self, room: int) -> Iterator[list[Piece]]:
        """`name  value`, a row of the list for each cell. Of the head only the names stand before them, unless nothing else does."""
        table = self._table
        before = narrowed(table.rest, room)
        free = room - before.cell_length
        for number, cell in enumerate(() if self._is_head and table.rows else self._cells):
            label = NOTHING if self._is_head else Content.assemble(table.head[number], GUTTER)
            indent = label.cell_length if label.cell_length <= free // 2 else min(len(GUTTER), free - 2)
            if indent < label.cell_length:
                for _, piece in _wrapped(label, free):
                    yield [Piece(before), Piece(piece), Piece(NOTHING, self._starts[number])]
                label = Content(" " * indent)
            for row, (at, piece) in enumerate(_wrapped(cell, free - indent)):
                yield [Piece(before), Piece(Content(" " * indent) if row else label), Piece(piece, self._starts[number] + at)]
        yield self._rule("─" * min(12, free), narrowed(self._first, room) if self._is_head else before)

    def _rule(self, rule: str, before: Content) -> list[Piece]:
        return [Piece(before), Piece(Content.styled(rule, MUTED)), Piece(NOTHING, len(self.text))]


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


def _wrapped(cell: Content, width: int) -> list[tuple[int, Content]]:
    """The rows of a cell, each with its place in the cell's text."""
    bounds = [0, *wrap_cuts(cell.plain, width), len(cell.plain)]
    return [(start, cell[start:end].rstrip()) for start, end in pairwise(bounds)]


def _margins(spare: int, alignment: Alignment) -> tuple[int, int]:
    spare = max(0, spare)
    match alignment:
        case "right":
            return spare, 0
        case "center":
            return spare // 2, spare - spare // 2
        case "left":
            return 0, spare
