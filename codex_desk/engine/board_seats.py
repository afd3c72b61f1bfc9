"""Who belongs to which board, by live edges alone. Asked inside of transactions and outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from codex_desk.engine.board_views import BoardView, Role
from codex_desk.engine.rows import maybe, moment
from codex_desk.frozen import frozen

Rows = Callable[[str, Sequence[object]], Sequence[Sequence[Any]]]
"""Runs a statement; rows by position."""

BOARD = (
    "SELECT b.id, b.parent_id, coalesce(t.handle, t.id), b.project, b.kind, b.visibility, b.write_policy, b.path, b.opened_at, b.closed_at"
    " FROM board b JOIN thread t ON t.id = b.parent_id"
)


@frozen
class Seat:
    """A thread's place at a board."""

    board: BoardView
    role: Role


def board_view(row: Sequence[Any]) -> BoardView:
    board_id, parent_id, parent, project, kind, visibility, write_policy, path, opened_at, closed_at = row
    return BoardView(board_id, parent_id, parent, project, kind, visibility, write_policy, path, moment(opened_at), maybe(closed_at))


def parent_of(rows: Rows, thread_id: str) -> str | None:
    """The thread that this one is attached to, or was spawned by."""
    found = rows(
        "SELECT parent_id FROM attachment WHERE child_id = ? AND ended_at IS NULL"
        " UNION ALL SELECT spawned_by FROM thread WHERE id = ? AND spawned_by IS NOT NULL LIMIT 1",
        (thread_id, thread_id),
    )
    return found[0][0] if found else None


def children_of(rows: Rows, thread_id: str) -> list[str]:
    found = rows(
        "SELECT child_id FROM attachment WHERE parent_id = ? AND ended_at IS NULL"
        " UNION SELECT id FROM thread WHERE spawned_by = ? AND archived_at IS NULL AND status != 'history'",
        (thread_id, thread_id),
    )
    return [row[0] for row in found]


def live_board(rows: Rows, parent_id: str) -> BoardView | None:
    found = rows(f"{BOARD} WHERE b.parent_id = ? AND b.closed_at IS NULL", (parent_id,))
    return board_view(found[0]) if found else None


def latest_board(rows: Rows, parent_id: str) -> BoardView | None:
    """The live board of a parent, else the one that was closed last."""
    found = rows(f"{BOARD} WHERE b.parent_id = ? ORDER BY b.closed_at IS NOT NULL, b.closed_at DESC LIMIT 1", (parent_id,))
    return board_view(found[0]) if found else None


def seats(rows: Rows, thread_id: str) -> list[Seat]:
    """The live boards that a thread reads and writes: the one that it works on for its parent, its own, then those of its whole project."""
    found: list[Seat] = []
    parent = parent_of(rows, thread_id)
    if parent is not None and (board := live_board(rows, parent)) is not None:
        found.append(Seat(board, "child"))
    if (own := live_board(rows, thread_id)) is not None:
        found.append(Seat(own, "parent"))
    taken = {seat.board.id for seat in found}
    shared = rows(
        f"{BOARD} WHERE b.closed_at IS NULL AND b.visibility = 'project' AND b.project = (SELECT project FROM thread WHERE id = ?)"
        " ORDER BY b.opened_at DESC",
        (thread_id,),
    )
    found += [Seat(board_view(row), "project") for row in shared if row[0] not in taken]
    return found


def readable(rows: Rows, seat: Seat) -> list[BoardView]:
    """The boards that a seat lets its thread read: with `session`, those of the same parent that are closed too."""
    if seat.board.visibility != "session":
        return [seat.board]
    closed = rows(f"{BOARD} WHERE b.parent_id = ? AND b.closed_at IS NOT NULL ORDER BY b.opened_at", (seat.board.parent_id,))
    return [*(board_view(row) for row in closed), seat.board]


def members(rows: Rows, board: BoardView) -> list[str]:
    """The threads that belong to a board, its parent first."""
    found = [board.parent_id, *children_of(rows, board.parent_id)]
    if board.visibility == "project":
        listed = "SELECT id FROM thread WHERE project = ? AND archived_at IS NULL AND status != 'history'"
        found += [row[0] for row in rows(listed, (board.project,))]
    return list(dict.fromkeys(found))
