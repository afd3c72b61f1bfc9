"""Full text over items. The index is filled behind the journal, in batches, so that writing never waits for it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from functools import partial

from codex_desk.engine.journal import Tx
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.reading import Reader
from codex_desk.engine.rows import item_view
from codex_desk.engine.views import ItemView

BATCH = 500
MARK = "indexed_up_to"


def index_batch(tx: Tx, size: int = BATCH) -> int:
    """Index the next items; returns how many there were."""
    run = tx.connection.exec_driver_sql
    row = run("SELECT value FROM meta WHERE key = ?", (MARK,)).first()
    done = int(row[0]) if row is not None else 0
    seqs = [each[0] for each in run("SELECT seq FROM item WHERE seq > ? ORDER BY seq LIMIT ?", (done, size))]
    if not seqs:
        return 0
    run("INSERT INTO item_text (rowid, text) SELECT seq, text FROM item WHERE seq > ? AND seq <= ?", (done, seqs[-1]))
    run("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (MARK, str(seqs[-1])))
    return len(seqs)


async def catch_up(ledger: Ledger, size: int = BATCH) -> None:
    """Index all that is not indexed yet."""
    while await ledger.run(partial(index_batch, size=size)):
        pass


def forget(driver: sqlite3.Connection, rows: Sequence[tuple[int, str]], again: Sequence[tuple[int, str]] = ()) -> None:
    """Take texts out of the index before their items change or go, by (seq, text as it stands); `again` are put in. What is not indexed yet is left
    to come."""
    found = driver.execute("SELECT value FROM meta WHERE key = ?", (MARK,)).fetchone()
    done = int(found[0]) if found is not None else 0
    driver.executemany("INSERT INTO item_text (item_text, rowid, text) VALUES ('delete', ?, ?)", [row for row in rows if row[0] <= done])
    driver.executemany("INSERT INTO item_text (rowid, text) VALUES (?, ?)", [row for row in again if row[0] <= done])


def search(reader: Reader, query: str, limit: int) -> list[ItemView]:
    """The newest items in which every word of the query stands. Words are data, not a query language."""
    words = re.findall(r"\w+", query)
    if not words:
        return []
    match = " ".join(f'"{word}"' for word in words[:-1]) + f' "{words[-1]}"*'
    rows = reader.rows(
        "SELECT i.seq, i.thread_id, i.turn_id, i.kind, i.origin, i.text, i.data, i.at FROM item_text x JOIN item i ON i.seq = x.rowid"
        " WHERE item_text MATCH ? ORDER BY x.rowid DESC LIMIT ?",
        (match, limit),
    )
    return [item_view(row) for row in rows]
