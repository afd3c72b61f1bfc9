"""The board tools of one running turn: what a model asks for, as actions and reads."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, ClassVar

from codex_desk.engine import board_claims, board_reading, board_seats, boards
from codex_desk.engine.board_meant import OFF
from codex_desk.engine.board_views import EntryView
from codex_desk.engine.errors import Refusal
from codex_desk.engine.identity import By
from codex_desk.engine.journal import Action, Tx
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.reading import Reader
from codex_desk.frozen import frozen
from codex_desk.store.board_tables import BoardCursor
from codex_desk.text import one_line
from codex_desk.tools.board import BoardClaim, BoardDecide, BoardPost, BoardPromote, BoardRead


@frozen
class Mark(Action):
    """Keep how far a thread has read: a cursor for each board, and what it read out of turn."""

    thread: str
    cursors: tuple[tuple[str, int], ...] = ()
    seen: tuple[int, ...] = ()
    verb: ClassVar[str] = "board_mark"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> None:
        for board_id, seq in self.cursors:
            key = f"{board_id}:{self.thread}"
            row = tx.get(BoardCursor, key)
            if row is None:
                tx.insert(BoardCursor(id=key, board_id=board_id, thread_id=self.thread, seq=seq))
            elif row.seq < seq:
                tx.update(row, seq=seq)
        if self.seen:
            tx.driver.executemany(
                "INSERT OR IGNORE INTO board_seen (entry_id, thread_id) VALUES (?, ?)", [(entry, self.thread) for entry in self.seen]
            )


async def run(ledger: Ledger, reader: Reader, by: By, thread_id: str, arguments: Any) -> dict[str, Any]:
    """Do what a board tool says. Raises `Refusal`."""
    match arguments:
        case BoardPost():
            entry = await ledger.do(
                boards.Post(
                    thread_id,
                    arguments.kind,
                    arguments.text,
                    arguments.to,
                    arguments.refers_to,
                    arguments.invalidates,
                    arguments.supersedes,
                ),
                by,
            )
            return {"entry": entry}
        case BoardRead():
            return await _read(ledger, reader, by, thread_id, arguments)
        case BoardClaim(paths=paths, note=note):
            thread = reader.thread(thread_id)
            claimed = await asyncio.to_thread(board_claims.claimed_paths, paths, Path(thread.cwd), Path(thread.project))
            entry, conflicts = await ledger.do(boards.Claim(thread_id, claimed, note or ""), by)
            result: dict[str, Any] = {"entry": entry, "conflicts": [conflict.to_json() for conflict in conflicts]}
            return result | ({"advice": board_claims.ADVICE} if conflicts else {})
        case BoardDecide(text=text, cites=cites):
            return {"entry": await ledger.do(boards.Decide(thread_id, text, tuple(cites)), by)}
        case BoardPromote(entry=entry):
            promoted: EntryView = await ledger.do(boards.Promote(thread_id, entry), by)
            return {"entry": promoted.id, "source": promoted.author, "kind": promoted.kind, "text": promoted.text}
        case _:
            raise Refusal("unknown_tool", "no such tool")


async def _read(ledger: Ledger, reader: Reader, by: By, thread_id: str, asked: BoardRead) -> dict[str, Any]:
    rows = reader.rows
    seats = board_seats.seats(rows, thread_id)
    if not seats:
        raise Refusal("no_board", OFF)
    boards_here = list({board.id: board for seat in seats for board in board_seats.readable(rows, seat)}.values())
    wanted = board_reading.Wanted(tuple(asked.kinds or ()), _author(reader, boards_here, asked.author))
    kept = {board.id: board_reading.cursor_of(rows, board.id, thread_id) for board in boards_here}
    found: list[EntryView] = []
    for board in boards_here:
        since = kept[board.id] if asked.since is None else asked.since
        found += board_reading.entries(rows, board, thread_id, since, wanted, asked.limit)
    found.sort(key=lambda entry: entry.position)
    found = board_reading.fitting(found[: asked.limit])
    mark = _mark(thread_id, found, kept, asked.since, filtered=wanted.filtered)
    if mark is not None:
        await ledger.do(mark, by)
    cursor = found[-1].position if found else max(kept.values()) if asked.since is None else asked.since
    return {"entries": [entry.to_json() for entry in found], "cursor": cursor}


def _mark(thread_id: str, found: list[EntryView], kept: dict[str, int], since: int | None, *, filtered: bool) -> Mark | None:
    """What a read leaves behind. A cursor goes on only over what was really given: not by a filter, and not over a gap."""
    cursors: dict[str, int] = {}
    seen: list[int] = []
    for entry in found:
        before = kept[entry.board_id]
        if filtered or (since is not None and since > before):
            seen.append(entry.id)
        elif entry.position > before:
            cursors[entry.board_id] = entry.position
    if not cursors and not seen:
        return None
    return Mark(thread_id, tuple(cursors.items()), tuple(seen))


def _author(reader: Reader, here: list[Any], name: str | None) -> str | None:
    """The thread that a model names as an author; one that wrote or belongs here."""
    if name is None:
        return None
    wanted = name.removeprefix("@")
    known: dict[str, str] = {}
    for board in here:
        if wanted == "parent":
            return board.parent_id
        marks = board_seats.members(reader.rows, board)
        authors = [row[0] for row in reader.rows("SELECT DISTINCT thread_id FROM board_entry WHERE board_id = ?", (board.id,))]
        for member in dict.fromkeys((*marks, *authors)):
            known[reader.thread(member).handle or member] = member
    if wanted in known:
        return known[wanted]
    raise Refusal("unknown_member", f"{one_line(wanted, 60)} is not on this board; on it are {', '.join(sorted(known))}")
