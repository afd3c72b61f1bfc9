"""What is meant on a board: which board, whose entry, for whom, and which other entry. Asked inside of a transaction."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codex_desk.engine import board_reading, board_seats
from codex_desk.engine.board_seats import Seat
from codex_desk.engine.board_views import BoardView, EntryView, Role
from codex_desk.engine.errors import Refusal
from codex_desk.engine.identity import By
from codex_desk.engine.journal import Tx
from codex_desk.store.board_tables import BoardEntry
from codex_desk.text import one_line

AT_NAME = re.compile(r"(?<![\w@./-])@([a-z][a-z0-9-]{0,39})\b")

OFF = "there is no board here: where the settings ask for one (`shared_workspace = true` under [agents]) it opens with the first child"


def seat_for(tx: Tx, thread_id: str, by: By, named: Sequence[int], to: str | None) -> Seat:
    """The board that somebody means: that of the entries named, else that of the one addressed, else the one that the thread works on for its parent."""
    if by.origin == "human":
        return human_seat(tx, thread_id)
    rows = tx.rows
    found = board_seats.seats(rows, thread_id)
    if not found:
        raise Refusal("no_board", _no_board(tx, thread_id))
    for number in named:
        row = tx.get(BoardEntry, number)
        for seat in found:
            if row is not None and row.board_id == seat.board.id:
                return seat
    if to is not None and to.removeprefix("@") != "parent":
        for seat in found:
            if to.removeprefix("@") in {tx.name(member) for member in board_seats.members(rows, seat.board)}:
                return seat
    return found[0]


def human_seat(tx: Tx, thread_id: str) -> Seat:
    """The live board that the human means by a thread: its own, else the one that it works on."""
    found = board_seats.seats(tx.rows, thread_id)
    if not found:
        raise Refusal("no_board", _no_board(tx, thread_id))
    order: tuple[Role, ...] = ("parent", "child", "project")
    return min(found, key=lambda seat: order.index(seat.role))


def owned(tx: Tx, thread_id: str, by: By, does: str) -> Seat:
    """The board on which this thread, or the human for it, decides and promotes."""
    if by.origin == "human":
        return human_seat(tx, thread_id)
    found = board_seats.seats(tx.rows, thread_id)
    own = next((seat for seat in found if seat.role == "parent"), None)
    if own is not None:
        return own
    if found:
        board = found[0].board
        raise Refusal(
            "parent_only",
            f"only {board.parent}, whose board this is, {does}; post a finding to it (to: parent), or report, and it can act on that",
        )
    raise Refusal("no_board", _no_board(tx, thread_id))


def _no_board(tx: Tx, thread_id: str) -> str:
    latest = board_seats.latest_board(tx.rows, thread_id)
    if latest is not None and latest.closed_at is not None:
        return f"the board of {latest.parent} is closed; the next one opens with the next child"
    return OFF


def author_on(board: BoardView, thread_id: str, by: By) -> str:
    return board.parent_id if by.origin == "human" else thread_id


def known(tx: Tx, board: BoardView, number: int, reader: str) -> EntryView:
    """An entry of this board that the reader sees; anything else is unknown to it."""
    rows = tx.rows
    found = board_reading.entry(rows, number) if board_reading.sees(rows, board, number, reader) else None
    if found is None:
        raise Refusal("unknown_entry", f"there is no entry e{number} on this board for {tx.name(reader)} to see")
    return found


def addressee(tx: Tx, board: BoardView, to: str | None, text: str) -> str | None:
    """Whom an entry is for: the one named in `to`, else the first member whose `@name` stands in the text; None for all."""
    by_name = {tx.name(member): member for member in board_seats.members(tx.rows, board)}
    if to is not None:
        name = to.removeprefix("@")
        if name == "parent" or name == board.parent_id:
            return board.parent_id
        if name in by_name:
            return by_name[name]
        if name in by_name.values():
            return name
        raise Refusal("unknown_member", f"{one_line(name, 60)} is not on this board; on it are {', '.join(sorted(by_name))}")
    return next((by_name[name] for name in AT_NAME.findall(text) if name in by_name), None)


def refuse_overwrite(tx: Tx, board: BoardView, number: int, author: str) -> None:
    row = tx.get(BoardEntry, number)
    if row is not None and row.thread_id != author and author != board.parent_id:
        raise Refusal(
            "not_yours",
            f"e{number} is {tx.name(row.thread_id)}'s; nobody puts an entry in place of another's. Post a finding that invalidates it, or refers to it",
        )
