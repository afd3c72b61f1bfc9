"""The audit as people look through it: a page at a time, filtered by the store, and the line in a transcript that an event wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping

from codex_desk.engine.reading import AUDIT, Reader, audit_view
from codex_desk.engine.views import AuditView
from codex_desk.frozen import frozen

PAGE = 200
NEAR = 4
"""How far from an event's number its line's can be: one transaction writes both."""


@frozen
class AuditFilter:
    """Which events are wanted; what is empty asks for nothing. All that is given must hold."""

    thread_id: str | None = None
    """Only events of this thread."""
    threads: tuple[str, ...] = ()
    """Beginnings of handles; an event with one of them at either end."""
    kinds: tuple[str, ...] = ()
    """Beginnings of kinds: `approval` is all three of them."""
    origins: tuple[str, ...] = ()
    """Beginnings of origins."""
    words: tuple[str, ...] = ()
    """Each stands in the text, the kind or a handle. Case counts only outside ASCII."""


def audit_page(
    reader: Reader, wanted: AuditFilter, *, before: int | None = None, after: int | None = None, limit: int = PAGE
) -> list[AuditView]:
    """At most `limit` events in ascending order: the newest, the newest before a seq, or the first after one."""
    clauses, values = _clauses(wanted)
    if after is not None:
        clauses.append("e.seq > ?")
        values.append(after)
    if before is not None:
        clauses.append("e.seq < ?")
        values.append(before)
    where = " AND ".join(clauses) or "1"
    order = "e.seq" if after is not None else "e.seq DESC"
    rows = reader.rows(f"{AUDIT} WHERE {where} ORDER BY {order} LIMIT ?", [*values, limit])
    found = [audit_view(row) for row in rows]
    return found if after is not None else found[::-1]


def audit_kinds(reader: Reader) -> Mapping[str, int]:
    """How many events of each kind there are, the most frequent first."""
    rows = reader.rows("SELECT kind, count(*) AS number FROM audit_event GROUP BY kind ORDER BY number DESC, kind")
    return {row["kind"]: row["number"] for row in rows}


def line_of(reader: Reader, event: AuditView) -> int | None:
    """The seq of the item that was written with an event; else of the last one before it, else of the first one after; None in an empty thread."""
    near = reader.rows(
        "SELECT seq, data FROM item WHERE thread_id = ? AND seq BETWEEN ? AND ? ORDER BY abs(seq - ?), seq",
        (event.thread_id, event.seq - NEAR, event.seq + NEAR, event.seq),
    )
    for row in near:
        if json.loads(row["data"]).get("event") == event.kind:
            return int(row["seq"])
    if near:
        return int(near[0]["seq"])
    row = reader.row("SELECT max(seq) AS seq FROM item WHERE thread_id = ? AND seq < ?", (event.thread_id, event.seq))
    if row is not None and row["seq"] is not None:
        return int(row["seq"])
    row = reader.row("SELECT min(seq) AS seq FROM item WHERE thread_id = ?", (event.thread_id,))
    return None if row is None or row["seq"] is None else int(row["seq"])


def _clauses(wanted: AuditFilter) -> tuple[list[str], list[object]]:
    """SQL conditions and their values."""
    clauses: list[str] = []
    values: list[object] = []

    def any_of(condition: str, texts: tuple[str, ...], times: int, shape: str) -> None:
        if texts:
            clauses.append("(" + " OR ".join([condition] * len(texts)) + ")")
            values.extend(shape.format(_literal(text)) for text in texts for _ in range(times))

    if wanted.thread_id is not None:
        clauses.append("e.thread_id = ?")
        values.append(wanted.thread_id)
    like = "LIKE ? ESCAPE '\\'"
    any_of(f"t.handle {like} OR p.handle {like}", wanted.threads, 2, "{}%")
    any_of(f"e.kind {like}", wanted.kinds, 1, "{}%")
    any_of(f"e.origin {like}", wanted.origins, 1, "{}%")
    for word in wanted.words:
        any_of(f"b.text {like} OR e.kind {like} OR t.handle {like} OR p.handle {like}", (word,), 4, "%{}%")
    return clauses, values


def _literal(text: str) -> str:
    """The text as LIKE takes it for itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
