"""Imported history as people go through it: pages of threads, by project and by words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from codex_desk.engine.reading import Reader
from codex_desk.engine.rows import moment, thread_view
from codex_desk.engine.searching import matching
from codex_desk.engine.views import ThreadView, stamp
from codex_desk.frozen import frozen
from codex_desk.store.glance import THREAD_COLUMNS, THREAD_FROM
from codex_desk.store.tables import moment_text
from codex_desk.text import well_formed

PAGE = 100


@frozen
class PastThread:
    """An imported thread that is nobody's child, as a row of a list."""

    thread: ThreadView
    children: int = 0
    """Agents that it spawned and side chats of it, as far as they are there; `past_children` gives them."""
    put_away: bool = False
    """Codex has archived it."""
    version: str = ""
    """Of the Codex that wrote it."""
    branch: str | None = None


@frozen
class PastPage:
    """A stretch of a list, the latest activity first."""

    threads: tuple[PastThread, ...] = ()
    total: int = 0
    """Threads of the whole list."""
    more: bool = False
    """The list goes on: ask with `after` the last of these."""


@frozen
class PastProject:
    """A project that history tells of."""

    project: str
    threads: int
    last_activity_at: datetime

    def to_json(self) -> dict[str, Any]:
        return {"project": self.project, "threads": self.threads, "last_activity_at": stamp(self.last_activity_at)}


_HOLDS_SIDE_CHATS = "kind = 'session' AND side_chat_of IS NULL"
"""What side chats stand under: no other one, and no agent, so that nothing can stand under itself."""

_OWN = (
    "t.status = 'history' AND t.spawned_by IS NULL"
    f" AND (t.side_chat_of IS NULL OR NOT EXISTS (SELECT 1 FROM thread WHERE id = t.side_chat_of AND {_HOLDS_SIDE_CHATS}))"
)
"""Whatever stands in the list itself: what has a parent that is there stands under that one."""

_BELOW = (
    "SELECT id FROM thread WHERE spawned_by = ? UNION"
    f" SELECT id FROM thread WHERE side_chat_of = ? AND EXISTS (SELECT 1 FROM thread WHERE id = ? AND {_HOLDS_SIDE_CHATS})"
)

_WORDS = "coalesce(t.title, '') || ' ' || coalesce(h.name, '') || ' ' || t.cwd || ' ' || coalesce(h.branch, '') || ' ' || t.id"
_LAST = "t.last_activity_at DESC, t.id DESC"


def projects(reader: Reader, query: str = "", *, said: bool = False) -> list[PastProject]:
    """The projects of the threads that pass, with how many each has, the latest activity first."""
    where, values = _passing(query, None, said)
    rows = reader.rows(
        f"SELECT t.project, count(*), max(t.last_activity_at) AS last FROM thread t JOIN history h ON h.thread_id = t.id WHERE {where}"
        " GROUP BY t.project ORDER BY last DESC, t.project",
        values,
    )
    return [PastProject(project, number, moment(last)) for project, number, last in rows]


def page(
    reader: Reader, query: str = "", *, project: str | None = None, said: bool = False, after: PastThread | None = None, limit: int = PAGE
) -> PastPage:
    """Threads in whose title, name, folder, branch or id every word of the query stands; with `said` also those in whose transcripts they do."""
    where, values = _passing(query, project, said)
    joined = "JOIN history h ON h.thread_id = t.id"
    total = reader.row(f"SELECT count(*) FROM thread t {joined} WHERE {where}", values)
    if after is not None:
        where, values = (
            f"{where} AND (t.last_activity_at, t.id) < (?, ?)",
            [*values, moment_text(after.thread.last_activity_at), after.thread.id],
        )
    rows = reader.rows(
        f"SELECT {THREAD_COLUMNS}, h.archived, h.cli_version, h.branch {THREAD_FROM} {joined} WHERE {where} ORDER BY {_LAST} LIMIT ?",
        (*values, limit + 1),
    )
    return PastPage(tuple(_past(reader, row) for row in rows[:limit]), int(total[0]) if total is not None else 0, len(rows) > limit)


def children(reader: Reader, thread_id: str) -> list[ThreadView]:
    """The agents that a thread spawned and the side chats of it, in the order in which they were made; history or not."""
    rows = reader.rows(
        f"SELECT {THREAD_COLUMNS} {THREAD_FROM} WHERE t.id IN ({_BELOW}) ORDER BY t.created_at, t.id", (thread_id, thread_id, thread_id)
    )
    return [thread_view(row) for row in rows]


def _past(reader: Reader, row: Sequence[Any]) -> PastThread:
    *columns, put_away, version, branch = row
    thread = thread_view(columns)
    number = reader.row(f"SELECT count(*) FROM ({_BELOW})", (thread.id, thread.id, thread.id))
    return PastThread(thread, int(number[0]) if number is not None else 0, bool(put_away), version, branch)


def _passing(query: str, project: str | None, said: bool) -> tuple[str, list[Any]]:
    clauses, values = [_OWN], list[Any]()
    if project is not None:
        clauses.append("t.project = ?")
        values.append(project)
    query = well_formed(query)
    words = query.split()
    if words:
        named = " AND ".join([f"instr(lower({_WORDS}), lower(?)) > 0"] * len(words))
        match = matching(query) if said else None
        if match is None:
            clauses.append(f"({named})")
            values += words
        else:
            told = "SELECT i.thread_id FROM item_text x JOIN item i ON i.seq = x.rowid WHERE item_text MATCH ?"
            clauses.append(f"({named} OR t.id IN ({told}))")
            values += [*words, match]
    return " AND ".join(clauses), values
