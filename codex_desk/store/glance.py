"""A first look into the store with the standard library's sqlite3 alone, read-only: what the first frame and shell completion need before anything
heavier is imported. The queries are shared with the full read models."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

LIMIT = 200

THREAD_COLUMNS = """
    t.id, t.handle, t.project, t.title, t.kind, t.cwd, t.runtime, coalesce(
        json_extract(t.settings, '$.model'),
        (SELECT json_extract(u.settings, '$.model') FROM turn u WHERE u.thread_id = t.id ORDER BY u.started_at DESC LIMIT 1),
        (SELECT h.model FROM history h WHERE h.thread_id = t.id)
    ) AS model, t.status, t.reason,
    t.created_at, t.last_activity_at, t.archived_at, t.external_id, t.forked_from, t.side_chat_of, t.last_line, t.context_tokens, t.held, t.spawned_by,
    a.parent_id AS attached_to, a.rights, a.wake, a.interrupt,
    (SELECT handle FROM thread p WHERE p.id = coalesce(a.parent_id, t.spawned_by)) AS parent,
    (SELECT count(*) FROM message m WHERE m.to_id = t.id AND m.state IN ('queued', 'held')) AS queued,
    CASE WHEN a.id IS NULL THEN (
        SELECT p.handle FROM attachment e JOIN thread p ON p.id = e.parent_id
        WHERE e.child_id = t.id AND e.ended_at IS NOT NULL ORDER BY e.ended_at DESC LIMIT 1
    ) END AS last_parent,
    CASE WHEN a.id IS NULL THEN (
        SELECT e.end_reason FROM attachment e WHERE e.child_id = t.id AND e.ended_at IS NOT NULL ORDER BY e.ended_at DESC LIMIT 1
    ) END AS last_end
"""
THREAD_FROM = "FROM thread t LEFT JOIN attachment a ON a.child_id = t.id AND a.ended_at IS NULL"
LIVE_SESSIONS = "t.archived_at IS NULL AND t.kind = 'session' AND t.status != 'history'"

ITEM_COLUMNS = "seq, thread_id, turn_id, kind, origin, text, data, at"


class Glance:
    """An open read-only look at a store; `rows` are mappings by column name. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=0.2)
        self._connection.row_factory = sqlite3.Row

    def __enter__(self) -> Glance:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def threads(self) -> Sequence[sqlite3.Row]:
        """The most recently active live sessions, at most `LIMIT`."""
        return self._rows(f"SELECT {THREAD_COLUMNS} {THREAD_FROM} WHERE {LIVE_SESSIONS} ORDER BY t.last_activity_at DESC LIMIT {LIMIT}")

    def handles(self) -> Sequence[sqlite3.Row]:
        """Handle and title of the same sessions, in the same order, and nothing that would have to be looked for."""
        return self._rows(f"SELECT t.handle, t.title FROM thread t WHERE {LIVE_SESSIONS} ORDER BY t.last_activity_at DESC LIMIT {LIMIT}")

    def automations(self) -> Sequence[sqlite3.Row]:
        """Handle and schedule of automations that were not removed."""
        return self._rows(f"SELECT handle, schedule FROM automation WHERE removed_at IS NULL ORDER BY handle LIMIT {LIMIT}")

    def meta(self, key: str) -> str | None:
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def tail(self, thread_id: str, limit: int) -> Sequence[sqlite3.Row]:
        """The newest items of a thread, oldest first."""
        newest = self._rows(f"SELECT {ITEM_COLUMNS} FROM item WHERE thread_id = ? ORDER BY seq DESC LIMIT ?", (thread_id, limit))
        return newest[::-1]

    def _rows(self, statement: str, values: Iterable[Any] = ()) -> list[sqlite3.Row]:
        return self._connection.execute(statement, tuple(values)).fetchall()
