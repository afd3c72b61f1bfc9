"""What begins behind another's items: forks and side chats behind the thread that they came from, and a thread that was taken back behind
itself.

Numbers of items are their order, in a thread and in what it begins behind. Where a beginning comes later than its end, the end gets new
ones.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from codex_desk.engine.chain import TOMBSTONE
from codex_desk.engine.journal import Tx
from codex_desk.engine.searching import forget
from codex_desk.rollouts.linking import DEEPEST, leads_to
from codex_desk.rollouts.parser import title_of

FRESH = "SELECT thread_id FROM history WHERE fresh = 1"
"""The threads that were written since their relations were last looked at: only about them is there anything new to make."""

OF_FILE = "thread_id = ? AND seq >= ? AND origin = 'import'"
"""The items of a thread from a file's first one on; lines that the desk itself wrote into the transcript are none of them."""


class _File:
    """A file of a thread, as far as what stands before and behind it goes."""

    def __init__(self, row: tuple[Any, ...]) -> None:
        self.segment_id, self.thread_id, self.base_segment, self.base_ordinal, self.first_seq, self.items = row


_COLUMNS = "segment_id, thread_id, base_segment, base_ordinal, first_seq, items"


def _files(driver: sqlite3.Connection, where: str, *values: str) -> list[_File]:
    rows = driver.execute(f"SELECT {_COLUMNS} FROM rollout WHERE {where} ORDER BY segment_id", values).fetchall()
    return [_File(row) for row in rows]


def order_segments(tx: Tx) -> set[str]:
    """A thread that was taken back goes on in another file: its items come behind those of the files before, and what was taken back says
    so."""
    several = f"thread_id IN (SELECT thread_id FROM rollout GROUP BY thread_id HAVING count(*) > 1) AND thread_id IN ({FRESH})"
    threads: dict[str, list[_File]] = {}
    for file in _files(tx.driver, several):
        threads.setdefault(file.thread_id, []).append(file)
    return {
        thread_id for thread_id, files in threads.items() if _order(tx, thread_id, files) | _mark_taken_back(tx.driver, thread_id, files)
    }


def _order(tx: Tx, thread_id: str, files: list[_File]) -> bool:
    last, moved = 0, False
    for file in files:
        if file.first_seq is None:
            continue
        if file.first_seq < last:
            file.first_seq = to_the_end(tx, thread_id, file.first_seq, file.items)
            moved = True
        last = _last_seq(tx.driver, thread_id, file.first_seq, file.items)
    return _retitle(tx.driver, thread_id) or moved


def _retitle(driver: sqlite3.Connection, thread_id: str) -> bool:
    """A thread whose beginning came late is called by it, unless somebody named it; whether that changed anything."""
    row = driver.execute(
        "SELECT text FROM item WHERE thread_id = ? AND kind IN ('user_message', 'message_in') AND text != ? ORDER BY seq LIMIT 1",
        (thread_id, TOMBSTONE),
    ).fetchone()
    if row is None:
        return False
    title = title_of(row[0])
    unnamed = "kind = 'session' AND NOT EXISTS (SELECT 1 FROM history WHERE thread_id = thread.id AND name IS NOT NULL)"
    return driver.execute(f"UPDATE thread SET title = ? WHERE id = ? AND title != ? AND {unnamed}", (title, thread_id, title)).rowcount > 0


def _mark_taken_back(driver: sqlite3.Connection, thread_id: str, files: list[_File]) -> bool:
    changed = 0
    for file in files:
        if file.base_ordinal is not None and file.first_seq is not None:
            changed += driver.execute(
                "UPDATE item SET data = json_set(data, '$.reverted', json('true')) WHERE thread_id = ? AND seq < ? AND origin = 'import'"
                " AND json_extract(data, '$.ordinal') >= ? AND json_extract(data, '$.reverted') IS NULL",
                (thread_id, file.first_seq, file.base_ordinal),
            ).rowcount
    return changed > 0


def _last_seq(driver: sqlite3.Connection, thread_id: str, first: int, items: int) -> int:
    row = driver.execute(
        f"SELECT max(seq) FROM (SELECT seq FROM item WHERE {OF_FILE} ORDER BY seq LIMIT ?)", (thread_id, first, items)
    ).fetchone()
    return int(row[0] or first)


def stand_behind(tx: Tx) -> set[str]:
    """Forks and side chats whose beginning is there are told how much of it is theirs; their own items come behind it."""
    driver, changed = tx.driver, set[str]()
    files = _files(driver, f"base_segment IS NOT NULL AND ({_CONCERNED})")
    for file in files:  # it grows: what begins behind a thread that moves has to move too
        if _settle(tx, file):
            changed.add(file.thread_id)
            files += _files(driver, "base_segment IN (SELECT segment_id FROM rollout WHERE thread_id = ?)", file.thread_id)
    return changed


def _settle(tx: Tx, file: _File) -> bool:
    """Put one thread behind its beginning; whether that changed anything."""
    driver, thread_id = tx.driver, file.thread_id
    base, cut = _base_of(driver, file)
    if base is None or base.thread_id == thread_id or leads_to(base.thread_id, thread_id, lambda at: _behind(driver, at)[0]):
        return False
    seq = _seq_before(driver, base, cut)
    changed = _behind(driver, thread_id) != (base.thread_id, seq)
    if changed:
        driver.execute("UPDATE history SET base_thread_id = ?, base_seq = ? WHERE thread_id = ?", (base.thread_id, seq, thread_id))
    [first] = driver.execute(f"SELECT min(seq) FROM item WHERE {OF_FILE}", (thread_id, 0)).fetchone()
    if first is not None and first < _top(driver, thread_id):
        _whole_to_the_end(tx, thread_id)
        changed = True
    return changed


def _behind(driver: sqlite3.Connection, thread_id: str) -> tuple[str | None, int]:
    """What a thread begins behind, and up to which of its items."""
    row = driver.execute("SELECT base_thread_id, base_seq FROM history WHERE thread_id = ?", (thread_id,)).fetchone()
    return (None, 0) if row is None else (row[0], int(row[1] or 0))


_CONCERNED = (
    f"thread_id IN ({FRESH}) OR thread_id IN (SELECT thread_id FROM history WHERE base_thread_id IN ({FRESH}))"
    f" OR base_segment IN (SELECT segment_id FROM rollout WHERE thread_id IN ({FRESH}))"
)
"""Files whose thread, or what that begins behind, was written."""


def _base_of(driver: sqlite3.Connection, file: _File) -> tuple[_File | None, int]:
    """The file that this one begins behind, and up to which ordinal. One that itself begins later than that leads on to its own base."""
    cut, seen = int(file.base_ordinal or 0), {file.segment_id}
    base = _file(driver, file.base_segment)
    while base is not None and base.base_ordinal is not None and cut <= base.base_ordinal and base.segment_id not in seen:
        seen.add(base.segment_id)
        base = _file(driver, base.base_segment)
    return base, cut


def _file(driver: sqlite3.Connection, segment_id: str | None) -> _File | None:
    row = driver.execute(f"SELECT {_COLUMNS} FROM rollout WHERE segment_id = ?", (segment_id,)).fetchone()
    return None if row is None else _File(row)


def _seq_before(driver: sqlite3.Connection, base: _File, cut: int) -> int:
    """The last item of a file that stands before an ordinal; 0 where there is none."""
    row = driver.execute(
        f"SELECT max(seq) FROM (SELECT seq, data FROM item WHERE {OF_FILE} ORDER BY seq LIMIT ?) WHERE json_extract(data, '$.ordinal') < ?",
        (base.thread_id, base.first_seq or 0, base.items, cut),
    ).fetchone()
    return int(row[0] or 0)


def _top(driver: sqlite3.Connection, thread_id: str) -> int:
    """The highest number that stands before a thread's items, in what it begins behind and in what that does."""
    highest, at = 0, thread_id
    for _ in range(DEEPEST):
        base, seq = _behind(driver, at)
        if base is None:
            break
        highest, at = max(highest, seq), base
    return highest


def _whole_to_the_end(tx: Tx, thread_id: str) -> None:
    for file in _files(tx.driver, "thread_id = ?", thread_id):
        if file.first_seq is not None:
            to_the_end(tx, thread_id, file.first_seq, file.items)


def to_the_end(tx: Tx, thread_id: str, first: int, items: int) -> int:
    """Give a file's items the next numbers of the desk, in their order. The first of those."""
    driver = tx.driver
    rows = driver.execute(f"SELECT seq, text FROM item WHERE {OF_FILE} ORDER BY seq LIMIT ?", (thread_id, first, items)).fetchall()
    start = tx.take_seqs(len(rows))
    forget(driver, rows)
    moves = [(start + place, seq) for place, (seq, _) in enumerate(rows)]
    driver.executemany("UPDATE item SET seq = ? WHERE seq = ?", moves)
    driver.executemany("UPDATE history_link SET seq = ? WHERE seq = ?", moves)
    driver.executemany(
        "UPDATE history SET base_seq = ? WHERE base_thread_id = ? AND base_seq = ?", [(new, thread_id, old) for new, old in moves]
    )
    driver.execute("UPDATE rollout SET first_seq = ? WHERE thread_id = ? AND first_seq = ?", (start, thread_id, first))
    return start
