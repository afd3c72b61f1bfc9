"""Full text over items. The index is filled behind the journal, in batches, so that writing never waits for it."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from codex_desk.engine.journal import Tx
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.reading import Reader
from codex_desk.engine.rows import item_view
from codex_desk.engine.views import ItemView
from codex_desk.frozen import frozen
from codex_desk.store.errors import StoreError

LOG = logging.getLogger(__name__)

EVERY_S = 2.0
"""How often what was written since is put into the index."""

BATCH = 500
MARK = "indexed_up_to"
READ = ("command", "output", "tool", "arguments", "result", "changes", "steps", "peer")
"""What of an item's data is there to be read."""
_EMPHASIS = str.maketrans("", "", "*_`~")


@frozen
class Found:
    """What a search gave, the newest first."""

    items: tuple[ItemView, ...] = ()
    threads: tuple[str, ...] = ()
    """For each item the handle of its thread, or what else it is called."""
    more: bool = False
    """There are others that were not given."""
    behind: int = 0
    """Items that the index does not hold yet, the newest ones: they were not looked at."""


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


async def keep_up(ledger: Ledger) -> None:
    """Fill the index behind the journal, until cancelled. Nothing is asked of the writer while nothing was written, here or elsewhere."""
    indexed = None
    while True:
        try:
            if (reached := ledger.next_seq) != indexed:
                await catch_up(ledger)
                indexed = reached
        except StoreError as error:
            LOG.warning("the index could not be filled: %s", error)
        await asyncio.sleep(EVERY_S)


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
    return list(find(reader, query, limit=limit).items)


def find(reader: Reader, query: str, *, threads: tuple[str, ...] = (), kinds: tuple[str, ...] = (), limit: int = 50) -> Found:
    """As `search`, in threads whose handles begin so and among items of these kinds only, as far as the index has come."""
    match = matching(query)
    if match is None:
        return Found(behind=behind(reader))
    clauses, values = "", [match]
    if threads:
        clauses += " AND (" + " OR ".join(["t.handle LIKE ?"] * len(threads)) + ")"
        values += [f"{re.sub('[%_]', '', each)}%" for each in threads]
    if kinds:
        clauses += f" AND i.kind IN ({','.join('?' * len(kinds))})"
        values += kinds
    rows = reader.rows(
        "SELECT i.seq, i.thread_id, i.turn_id, i.kind, i.origin, i.text, i.data, i.at, coalesce(t.handle, nullif(t.title, ''), t.id) AS thread"
        " FROM item_text x JOIN item i ON i.seq = x.rowid JOIN thread t ON t.id = i.thread_id"
        f" WHERE item_text MATCH ?{clauses} ORDER BY x.rowid DESC LIMIT ?",
        (*values, limit + 1),
    )
    shown = rows[:limit]
    return Found(tuple(map(item_view, shown)), tuple(row["thread"] for row in shown), len(rows) > limit, behind(reader))


def matching(query: str) -> str | None:
    """What the index is asked for every word of a query, the last one as far as it is typed; None where it has no word."""
    words = re.findall(r"\w+", query)
    return " ".join([*(f'"{word}"' for word in words[:-1]), f'"{words[-1]}"*']) if words else None


def holding(reader: Reader, thread_id: str, text: str) -> list[int]:
    """The items of one thread, by seq in ascending order, in which this text stands as it is, whatever the case and the marks of emphasis. All of
    the thread is looked at, indexed or not; a thread of 100 000 items takes half a second."""
    wanted = text.lower()
    if not wanted:
        return []
    return [
        seq
        for seq, told, data in _all(reader, thread_id)
        if _stands(wanted, told) or (_may_stand(wanted, data) and _stands_in(wanted, json.loads(data)))
    ]


def _all(reader: Reader, thread_id: str) -> Iterator[tuple[int, str, str]]:
    """Seq, text and data of every item of a thread, some at a time."""
    last = 0
    while rows := reader.rows(
        "SELECT seq, text, data FROM item WHERE thread_id = ? AND seq > ? ORDER BY seq LIMIT 1000", (thread_id, last)
    ):
        yield from map(tuple, rows)
        last = rows[-1][0]


def _stands(wanted: str, told: str) -> bool:
    told = told.lower()
    return wanted in told or wanted in told.translate(_EMPHASIS)


def _may_stand(wanted: str, data: str) -> bool:
    """Whether the JSON could hold it; that is known sooner than what it holds."""
    return json.dumps(wanted, ensure_ascii=False)[1:-1] in data.lower()


def _stands_in(wanted: str, data: Mapping[str, object]) -> bool:
    return any(wanted in one.lower() for key in READ for one in _texts(data.get(key)))


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for one in value.values():
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)


def behind(reader: Reader) -> int:
    """How many items are not in the index yet."""
    mark = reader.meta(MARK)
    row = reader.row("SELECT count(*) AS number FROM item WHERE seq > ?", (int(mark or 0),))
    return 0 if row is None else int(row["number"])
