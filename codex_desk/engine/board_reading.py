"""Reading a board: what a reader sees of it, in the order in which it came to be seen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from codex_desk.engine.board_seats import Rows
from codex_desk.engine.board_views import BoardView, EntryView
from codex_desk.engine.rows import maybe, moment
from codex_desk.frozen import frozen

COLUMNS = (
    "e.id, e.board_id, e.kind, coalesce(a.handle, a.id), e.thread_id, e.origin, e.text, e.at, {position} AS position, coalesce(r.handle, r.id),"
    " e.refers_to, e.invalidates, e.supersedes, e.paths, e.cites, (SELECT p2.at FROM board_promotion p2 WHERE p2.entry_id = e.id),"
    " (SELECT max(x.id) FROM board_entry x WHERE x.invalidates = e.id{seen}), (SELECT max(x.id) FROM board_entry x WHERE x.supersedes = e.id{seen})"
)
FROM = "FROM board_entry e JOIN thread a ON a.id = e.thread_id LEFT JOIN thread r ON r.id = e.to_id"
PROMOTED = "FROM board_promotion p JOIN board_entry e ON e.id = p.entry_id JOIN thread a ON a.id = e.thread_id LEFT JOIN thread r ON r.id = e.to_id"
SEEN = " AND (x.open = 1 OR EXISTS (SELECT 1 FROM board_promotion p3 WHERE p3.entry_id = x.id))"
"""What a reader other than the parent may know of an entry that says something of another."""

PAGE = 50
MOST = 200
ROOM = 60_000
"""Characters of texts that one read gives to a model; a page that is longer goes on behind its cursor."""


@frozen
class Wanted:
    """What is asked for; what is empty asks for nothing."""

    kinds: tuple[str, ...] = ()
    author_id: str | None = None

    @property
    def filtered(self) -> bool:
        return bool(self.kinds or self.author_id)


EVERYTHING = Wanted()


def entry_view(row: Sequence[Any]) -> EntryView:
    return EntryView(
        id=row[0],
        board_id=row[1],
        kind=row[2],
        author=row[3],
        author_id=row[4],
        origin=row[5],
        text=row[6],
        at=moment(row[7]),
        position=row[8],
        to=row[9],
        refers_to=row[10],
        invalidates=row[11],
        supersedes=row[12],
        paths=tuple(json.loads(row[13] or "[]")),
        cites=tuple(json.loads(row[14] or "[]")),
        promoted_at=maybe(row[15]),
        invalidated_by=row[16],
        superseded_by=row[17],
    )


def entries(
    rows: Rows, board: BoardView, reader_id: str | None, since: int, wanted: Wanted = EVERYTHING, limit: int | None = PAGE
) -> list[EntryView]:
    """What a reader sees of a board behind a position, in order. `reader_id` None is the human, who sees all, as the parent does.

    Others see what is open to all, what they wrote themselves, and what the parent promoted, that at the place of its promotion."""
    where, values = _asked(wanted)
    bound = -1 if limit is None else limit  # SQLite's word for no limit
    if reader_id is None or reader_id == board.parent_id:
        columns = COLUMNS.format(position="e.id", seen="")
        all_of_it = rows(
            f"SELECT {columns} {FROM} WHERE e.board_id = ? AND e.id > ?{where} ORDER BY e.id LIMIT ?", (board.id, since, *values, bound)
        )
        return [entry_view(row) for row in all_of_it]
    plain, later = COLUMNS.format(position="e.id", seen=SEEN), COLUMNS.format(position="p.seq", seen=SEEN)
    # Each part follows an index of its own and ends by itself, however many entries wait for their promotion.
    parts = (
        (f"SELECT {plain} {FROM} WHERE e.board_id = ? AND e.open = 1 AND e.id > ?{where} ORDER BY e.id LIMIT ?", ()),
        (
            f"SELECT {plain} {FROM} WHERE e.board_id = ? AND e.id > ? AND e.thread_id = ? AND e.open = 0{where} ORDER BY e.id LIMIT ?",
            (reader_id,),
        ),
        (
            f"SELECT {later} {PROMOTED} WHERE p.board_id = ? AND p.seq > ? AND e.open = 0 AND e.thread_id != ?{where} ORDER BY p.seq LIMIT ?",
            (reader_id,),
        ),
    )
    found: list[EntryView] = []
    for statement, more in parts if board.write_policy == "parent-mediated" or _has_closed(rows, board) else parts[:1]:
        found += [entry_view(row) for row in rows(statement, (board.id, since, *more, *values, bound))]
    found.sort(key=lambda entry: entry.position)
    return found if limit is None else found[:limit]


def _has_closed(rows: Rows, board: BoardView) -> bool:
    """Whether the board holds entries of a time when its parent mediated."""
    return bool(rows("SELECT 1 FROM board_entry WHERE board_id = ? AND open = 0 LIMIT 1", (board.id,)))


def latest(rows: Rows, board: BoardView, limit: int, *, before: int | None = None, wanted: Wanted = EVERYTHING) -> list[EntryView]:
    """The newest entries, or the newest before one, ascending, as the human sees them."""
    where, values = _asked(wanted)
    bound = 1 << 62 if before is None else before
    columns = COLUMNS.format(position="e.id", seen="")
    found = rows(
        f"SELECT {columns} {FROM} WHERE e.board_id = ? AND e.id < ?{where} ORDER BY e.id DESC LIMIT ?", (board.id, bound, *values, limit)
    )
    return [entry_view(row) for row in found][::-1]


def entry(rows: Rows, entry_id: int) -> EntryView | None:
    """One entry, as the human and the parent see it."""
    found = rows(f"SELECT {COLUMNS.format(position='e.id', seen='')} {FROM} WHERE e.id = ?", (entry_id,))
    return entry_view(found[0]) if found else None


def sees(rows: Rows, board: BoardView, entry_id: int, reader_id: str) -> bool:
    """Whether a member sees an entry of the board."""
    if reader_id == board.parent_id:
        return bool(rows("SELECT 1 FROM board_entry WHERE id = ? AND board_id = ?", (entry_id, board.id)))
    return bool(
        rows(
            "SELECT 1 FROM board_entry e WHERE e.id = ? AND e.board_id = ? AND (e.open = 1 OR e.thread_id = ?"
            " OR EXISTS (SELECT 1 FROM board_promotion p WHERE p.entry_id = e.id))",
            (entry_id, board.id, reader_id),
        )
    )


def cursor_of(rows: Rows, board_id: str, thread_id: str) -> int:
    """How far a thread has read a board."""
    found = rows("SELECT seq FROM board_cursor WHERE id = ?", (f"{board_id}:{thread_id}",))
    return int(found[0][0]) if found else 0


def readers_of(rows: Rows, entry_id: int) -> list[str]:
    """Who has read an entry: by their cursor, or out of turn."""
    found = rows(
        "SELECT c.thread_id FROM board_entry e JOIN board b ON b.id = e.board_id JOIN board_cursor c ON c.board_id = b.id"
        " LEFT JOIN board_promotion p ON p.entry_id = e.id"
        " WHERE e.id = ? AND CASE WHEN e.open = 1 OR c.thread_id IN (b.parent_id, e.thread_id) THEN c.seq >= e.id ELSE c.seq >= p.seq END"
        " UNION SELECT thread_id FROM board_seen WHERE entry_id = ?",
        (entry_id, entry_id),
    )
    return [row[0] for row in found]


def fitting(found: Sequence[EntryView], room: int = ROOM) -> list[EntryView]:
    """As many entries, from the first on, as a model is given at once; one at least."""
    kept: list[EntryView] = []
    for one in found:
        room -= len(one.text)
        if kept and room < 0:
            break
        kept.append(one)
    return kept


def _asked(wanted: Wanted) -> tuple[str, list[object]]:
    clauses, values = "", list[object]()
    if wanted.kinds:
        clauses += f" AND e.kind IN ({','.join('?' * len(wanted.kinds))})"
        values += wanted.kinds
    if wanted.author_id is not None:
        clauses += " AND e.thread_id = ?"
        values.append(wanted.author_id)
    return clauses, values
