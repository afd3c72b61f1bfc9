"""The items of a rollout as rows, and how far its file was read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from pydantic_core import to_json

from codex_desk.engine.chain import TOMBSTONE, bodies_of, wash
from codex_desk.engine.history_order import OF_FILE, to_the_end
from codex_desk.engine.history_report import HistoryReport
from codex_desk.engine.journal import INSERT_ITEM, Tx
from codex_desk.engine.searching import forget
from codex_desk.rollouts.folder import Found
from codex_desk.rollouts.linking import counted
from codex_desk.rollouts.parser import lay_over
from codex_desk.rollouts.reading import Piece, Row
from codex_desk.rollouts.shapes import Patch

INSERT_THREAD = (
    "INSERT INTO thread (id, handle, project, title, kind, cwd, cwd_device, cwd_inode, runtime, settings, status, created_at, last_activity_at,"
    " external_id, forked_from, side_chat_of, held, last_line, context_tokens, changed)"
    " VALUES (?, NULL, ?, ?, ?, ?, 0, 0, 'codex', '{}', 'history', ?, ?, ?, ?, ?, 0, ?, 0, ?)"
)
INSERT_HISTORY = (
    "INSERT INTO history (thread_id, name, model, cli_version, originator, source, nickname, role, agent_path, branch, archived, parent_id, outcome,"
    " answer, dynamic_tools, own_instructions, fresh) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)"
)
UPSERT_ROLLOUT = (
    "INSERT INTO rollout (segment_id, thread_id, path, device, inode, size, mtime_ns, offset, head, tail, state, items, first_seq, base_segment,"
    " base_ordinal, unknown, sealed, problem) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (segment_id) DO UPDATE SET thread_id = excluded.thread_id, path = excluded.path, device = excluded.device, inode = excluded.inode,"
    " size = excluded.size, mtime_ns = excluded.mtime_ns, offset = excluded.offset, head = excluded.head, tail = excluded.tail, state = excluded.state,"
    " items = excluded.items, first_seq = excluded.first_seq, base_segment = coalesce(excluded.base_segment, base_segment),"
    " base_ordinal = coalesce(excluded.base_ordinal, base_ordinal), unknown = excluded.unknown, sealed = excluded.sealed, problem = excluded.problem"
)
INSERT_LINE = "INSERT INTO rollout_line (rollout_id, offset, what, line) VALUES ((SELECT id FROM rollout WHERE segment_id = ?), ?, ?, ?)"
UPSERT_LINK = (
    "INSERT INTO history_link (seq, thread_id, kind, peer_id, path, linked) VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT (seq) DO UPDATE SET"
    " linked = linked AND coalesce(excluded.peer_id, peer_id) IS peer_id, peer_id = coalesce(excluded.peer_id, peer_id),"
    " path = coalesce(excluded.path, path)"
)


class Batch:
    """Rows that nothing has to be known of before they are written: many at a time, in the order in which they need one another."""

    ORDER = (INSERT_THREAD, INSERT_HISTORY, INSERT_ITEM, UPSERT_LINK, UPSERT_ROLLOUT, INSERT_LINE)

    def __init__(self, driver: sqlite3.Connection) -> None:
        self.driver = driver
        self._rows: dict[str, list[tuple[Any, ...]]] = {statement: [] for statement in self.ORDER}

    def add(self, statement: str, *rows: tuple[Any, ...]) -> None:
        self._rows[statement] += rows

    def write(self) -> None:
        for statement, rows in self._rows.items():
            if rows:
                self.driver.executemany(statement, rows)
                rows.clear()


class Before:
    """What a file had given when it was last read."""

    def __init__(self, row: Sequence[Any]) -> None:
        self.rollout_id, self.thread_id, self.items, self.first_seq, self.unknown, self.sealed = row

    @classmethod
    def of(cls, driver: sqlite3.Connection, segment_id: str) -> Before | None:
        question = "SELECT id, thread_id, items, first_seq, unknown, sealed FROM rollout WHERE segment_id = ?"
        row = driver.execute(question, (segment_id,)).fetchone()
        return None if row is None else cls(row)


def keep_file(batch: Batch, piece: Piece, found: Found, thread_id: str | None, before: Before | None, placed: Placed) -> None:
    """How far the file was read, and what was not understood of it."""
    stamp, fresh = piece.stamp, before is None or piece.again
    assert stamp is not None
    unknown = "{}" if before is None or piece.again else before.unknown
    if piece.raw:
        unknown = json.dumps(counted([json.loads(unknown), *({line.what: 1} for line in piece.raw)]), ensure_ascii=False)
    facts = piece.facts
    values = (
        *(piece.task.segment_id, thread_id, found.path, stamp.device, stamp.inode, stamp.size, stamp.mtime_ns),
        *(piece.offset, piece.edges.head, piece.edges.tail, piece.state, placed.items, placed.first_seq),
        *((facts.base_segment, facts.base_ordinal) if facts is not None else (None, None)),
        unknown,
        piece.sealed + (0 if fresh or before is None else before.sealed),
        piece.problem,
    )
    batch.add(UPSERT_ROLLOUT, values)
    if piece.again and before is not None:
        batch.driver.execute("DELETE FROM rollout_line WHERE rollout_id = ?", (before.rollout_id,))
    batch.add(INSERT_LINE, *((piece.task.segment_id, line.offset, line.what, line.line) for line in piece.raw))


# --- items --------------------------------------------------------------------------------------------------------------------------------


class Placed:
    """The items of one piece, put behind or in the place of those that its file gave before."""

    def __init__(self, tx: Tx, batch: Batch, thread_id: str, before: Before | None, piece: Piece, report: HistoryReport) -> None:
        self._tx = tx
        self._batch = batch
        self._driver = tx.driver
        self._thread_id = thread_id
        self._piece = piece
        self._report = report
        self.items = before.items if before is not None else 0
        self.first_seq: int | None = before.first_seq if before is not None else None
        self._rows: Sequence[Row] = piece.items
        self._from = piece.first
        """Index of the first of `_rows`."""
        self._put = 0
        """Seq of the first of `_rows` once they are written."""
        self._secrets: list[Row] = []
        """Items that somebody redacted, as the file still has them."""

    def write(self) -> None:
        if self._piece.again and self.items:
            self._replace()
        self._append()
        for index, patch in self._piece.patches.items():
            self._patch(index, patch)
        self._link()
        if self._secrets:
            self._batch.write()
        for row in self._secrets:
            for body in bodies_of(row[1], json.loads(row[2])):
                wash(self._driver.execute, body)

    def _append(self) -> None:
        if not self._rows:
            return
        if self.items and self.first_seq is not None and self._is_followed():
            self._batch.write()
            self.first_seq = to_the_end(self._tx, self._thread_id, self.first_seq, self.items)
        first = self._tx.take_seqs(len(self._rows))
        self._put = first
        if self.first_seq is None:
            self.first_seq = first
        thread_id = self._thread_id
        rows = [
            (seq, thread_id, turn_id, kind, "import", text, data, at)
            for seq, (kind, text, data, turn_id, at) in enumerate(self._rows, first)
        ]
        self._batch.add(INSERT_ITEM, *rows)
        self.items += len(rows)
        self._report.items_new += len(rows)

    def _is_followed(self) -> bool:
        """Whether items of another file of the thread stand behind those of this one; a file's items are kept together."""
        row = self._driver.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM item WHERE {OF_FILE} LIMIT ?)", (self._thread_id, self.first_seq, self.items + 1)
        ).fetchone()
        return int(row[0]) > self.items

    def _seq(self, index: int) -> int | None:
        """Where the item with this index stands."""
        if 0 <= index - self._from < len(self._rows):
            return self._put + index - self._from
        row = self._driver.execute(
            f"SELECT seq FROM item WHERE {OF_FILE} ORDER BY seq LIMIT 1 OFFSET ?", (self._thread_id, self.first_seq or 0, index)
        ).fetchone()
        return None if row is None else int(row[0])

    def _patch(self, index: int, patch: Patch) -> None:
        seq = self._seq(index)
        row = self._driver.execute("SELECT kind, text, data FROM item WHERE seq = ?", (seq,)).fetchone()
        if seq is None or row is None or row[1] == TOMBSTONE:
            return  # what was redacted stays so
        data = json.loads(row[2])
        lay_over(data, patch.data)
        text = row[1] if patch.text is None else patch.text
        self._change(seq, patch.kind or row[0], row[1], text, to_json(data, inf_nan_mode="null").decode())

    def _change(self, seq: int, kind: str, before: str, text: str, data: str) -> None:
        if text != before:
            forget(self._driver, [(seq, before)], again=[(seq, text)])
        self._driver.execute("UPDATE item SET kind = ?, text = ?, data = ? WHERE seq = ?", (kind, text, data, seq))
        self._report.items_changed += 1

    def _replace(self) -> None:
        """The file is not what it was. Items that it still gives stay where they are; from the first other one on they are made anew."""
        old = self._driver.execute(
            f"SELECT seq, kind, text, data, at FROM item WHERE {OF_FILE} ORDER BY seq LIMIT ?",
            (self._thread_id, self.first_seq or 0, self.items),
        ).fetchall()
        self._driver.executemany("DELETE FROM history_link WHERE seq = ?", [(row[0],) for row in old])
        kept = 0
        for before, row in zip(old, self._rows, strict=False):
            kind, text, data, _, _ = row
            if before[1] != kind or (before[2] not in (text, TOMBSTONE)):
                break
            kept += 1
            if before[2] == TOMBSTONE:
                self._secrets.append(row)
            elif json.loads(before[3]) != json.loads(data):
                self._change(before[0], kind, text, text, data)
        gone = old[kept:]
        forget(self._driver, [(row[0], row[2]) for row in gone])
        self._driver.executemany("DELETE FROM item WHERE seq = ?", [(row[0],) for row in gone])
        self._report.items_removed += len(gone)
        hidden = {(row[1], row[4]) for row in gone if row[2] == TOMBSTONE}
        fresh = self._rows[kept:]
        self._secrets += [row for row in fresh if (row[0], row[4]) in hidden]
        self._rows = [_hidden(row) if (row[0], row[4]) in hidden else row for row in fresh]
        self.items = kept
        self._from = kept
        if not kept:
            self.first_seq = None

    def _link(self) -> None:
        """Note which items name other threads."""
        piece, links = self._piece, list[tuple[Any, ...]]()
        for index, spawn in piece.spawns.items():
            links.append((self._seq(index), self._thread_id, "spawn", spawn.agent_id, spawn.path))
        for index, (_, peer_id) in piece.keys.items():
            links.append((self._seq(index), self._thread_id, "message", peer_id, None))
        for index, patch in piece.patches.items():
            if isinstance(peer_id := patch.data.get("peer_id"), str):
                links.append((self._seq(index), self._thread_id, "message", peer_id, None))
        self._batch.add(UPSERT_LINK, *(link for link in links if link[0] is not None))


def _hidden(row: Row) -> Row:
    kind, _, _, turn_id, at = row
    return kind, TOMBSTONE, "{}", turn_id, at
