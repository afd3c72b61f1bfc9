"""What a thread's next turn is told of a board before its input. A notice starts no turn, and carries nobody's authority."""

from __future__ import annotations

from collections.abc import Sequence

from codex_desk.engine import board_reading, board_seats, envelope, shelling
from codex_desk.engine.board_views import EntryView
from codex_desk.engine.journal import Tx
from codex_desk.store.board_tables import BoardNotice
from codex_desk.text import one_line

SHORT = 200
"""Characters of an entry in a notice."""
MOST = 20
"""Notices of one turn; what is more is read on the board."""
SUMMARISED = 200
"""Entries that a summary is written of."""
ROOM = 60_000
"""Characters of entries that a summary is written of."""


def notify(tx: Tx, thread_id: str, what: str, entry_id: int, message_id: int | None = None) -> None:
    """Have a thread's next turn, or the turn of one message, be told."""
    tx.insert(BoardNotice(thread_id=thread_id, what=what, entry_id=entry_id, message_id=message_id))


def invalidated(tx: Tx, old: int, by_entry: int, by_thread: str) -> None:
    """Tell the author of an entry and those who read it that another invalidates it; not whoever says so."""
    found = board_reading.entry(tx.rows, old)
    if found is None:
        return
    for thread_id in dict.fromkeys((found.author_id, *board_reading.readers_of(tx.rows, old))):
        if thread_id != by_thread:
            notify(tx, thread_id, "invalidated", by_entry)


def take(tx: Tx, thread_id: str, turn_id: str, message_id: int) -> tuple[str, ...]:
    """The texts that a beginning turn is given. What an earlier turn took and did not come to read is given again."""
    waiting: list[BoardNotice] = []
    for notice in tx.find(BoardNotice, "thread_id = ? AND (message_id IS NULL OR message_id = ?) ORDER BY id", thread_id, message_id):
        if notice.turn_id is not None and shelling.has_read(tx, thread_id, notice.turn_id):
            tx.delete(notice)
            continue
        tx.update(notice, turn_id=turn_id)
        waiting.append(notice)
    texts: list[str] = []
    told = [part for notice in waiting[-MOST:] if notice.what != "summary" and (part := _part(tx, notice)) is not None]
    if told:
        texts.append(
            envelope.from_board(told)
            if len(waiting) <= MOST
            else envelope.from_board([envelope.Part("Older notices stand on the board.", ""), *told])
        )
    texts += [_quoted(tx, notice) for notice in waiting if notice.what == "summary"]
    return tuple(texts)


def _part(tx: Tx, notice: BoardNotice) -> envelope.Part | None:
    found = board_reading.entry(tx.rows, notice.entry_id or 0)
    if found is None:
        return None
    who = _who(found)
    match notice.what:
        case "invalidated":
            head = f"e{found.id}, a {found.kind} by {who}, invalidates e{found.invalidates}, which you wrote or read. Look again at what you built on it:"
        case "conflict":
            head = f"e{found.id}, a claim by {who}, conflicts with another agent's live claim. Settle it before both write (board_decide), or give them worktrees:"
        case _:
            return envelope.Part(f"Promoted from the board: e{found.id}, a {found.kind} by {who}:", found.text)
    return envelope.Part(head, one_line(found.text, SHORT))


def _quoted(tx: Tx, notice: BoardNotice) -> str:
    """The entries that a summary is to be written of, the newest where there are too many."""
    last = board_reading.entry(tx.rows, notice.entry_id or 0)
    if last is None:
        return ""
    board = board_seats.board_view(tx.rows(f"{board_seats.BOARD} WHERE b.id = ?", (last.board_id,))[0])
    found = board_reading.latest(tx.rows, board, SUMMARISED, before=last.id + 1)
    kept = board_reading.fitting(found[::-1], ROOM)[::-1]
    return envelope.from_board([envelope.Part(_line(entry), entry.text) for entry in kept])


def _line(entry: EntryView) -> str:
    """An entry in a line: number, kind, author, addressee, and what it stands to."""
    parts = [f"e{entry.id}, {entry.kind} by {_who(entry)}"]
    parts += [f"to {entry.to}"] if entry.to else []
    for word, number in (("refers to", entry.refers_to), ("invalidates", entry.invalidates), ("supersedes", entry.supersedes)):
        parts += [f"{word} e{number}"] if number else []
    parts += [f"cites {_names(entry.cites)}"] if entry.cites else []
    parts += [f"invalidated by e{entry.invalidated_by}"] if entry.invalidated_by else []
    return ", ".join(parts) + ":"


def _who(entry: EntryView) -> str:
    return {"human": "the user", "system": f"the desk about {entry.author}"}.get(entry.origin, entry.author)


def _names(numbers: Sequence[int]) -> str:
    return ", ".join(f"e{number}" for number in numbers)
