"""Who waits for whom now, and who waits for the human: what the wait-for graph looks like to a person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from codex_desk.engine.reading import Reader
from codex_desk.engine.rows import maybe, moment
from codex_desk.engine.views import FINAL_STATES
from codex_desk.frozen import frozen

EXCERPT = 200


@frozen
class Awaited:
    """A message that somebody waits for."""

    number: int
    thread_id: str
    thread: str
    """To whom it went."""
    state: str
    since: datetime
    """Of the state: when it was sent, started or answered."""
    behind: int | None = None
    """The number of the message right before it in the queue, for one that is queued behind another."""
    reason: str = ""
    """Why it is held."""

    @property
    def final(self) -> bool:
        return self.state in FINAL_STATES


@frozen
class Wait:
    """A thread that waits for messages."""

    thread_id: str
    thread: str
    mode: Literal["any", "all"]
    since: datetime
    deadline: datetime
    awaited: tuple[Awaited, ...]


@frozen
class Asked:
    """A thread that waits for the human."""

    thread_id: str
    thread: str
    text: str
    since: datetime
    approval: str | None = None
    """The id of what it asks for; None where it is something else that only the human can do."""
    error: bool = False
    """Its last turn failed: there is something to see to, and nothing that waits."""


@frozen
class Standing:
    """All that waits."""

    waits: Sequence[Wait] = ()
    asked: Sequence[Asked] = ()


def standing(reader: Reader) -> Standing:
    """The graph as it is: each wait with its messages, the oldest wait first; and each thread that needs the human."""
    rows = reader.rows(
        "SELECT w.thread_id, w.messages, w.mode, w.since, w.deadline, coalesce(t.handle, nullif(t.title, ''), t.id) AS thread"
        " FROM wait w JOIN thread t ON t.id = w.thread_id ORDER BY w.since, w.id"
    )
    waits = [
        Wait(
            row["thread_id"],
            row["thread"],
            "any" if row["mode"] == "any" else "all",
            moment(row["since"]),
            moment(row["deadline"]),
            _awaited(reader, json.loads(row["messages"])),
        )
        for row in rows
    ]
    return Standing(waits, asked(reader))


def _awaited(reader: Reader, numbers: Sequence[int]) -> tuple[Awaited, ...]:
    marks = ",".join("?" * len(numbers))
    rows = reader.rows(
        "SELECT m.id, m.to_id, m.state, m.reason, m.created_at, m.started_at, m.answered_at, coalesce(t.handle, nullif(t.title, ''), t.id) AS thread,"
        " (SELECT max(q.id) FROM message q WHERE q.to_id = m.to_id AND q.state IN ('queued', 'running') AND q.id < m.id) AS behind"
        f" FROM message m JOIN thread t ON t.id = m.to_id WHERE m.id IN ({marks}) ORDER BY m.id",
        numbers,
    )
    return tuple(_message(row) for row in rows)


def _message(row: Any) -> Awaited:
    state = row["state"]
    since = maybe(row["answered_at"]) if state in FINAL_STATES else maybe(row["started_at"]) if state == "running" else None
    behind = row["behind"] if state == "queued" else None
    reason = (row["reason"] or "") if state == "held" else ""
    return Awaited(row["id"], row["to_id"], row["thread"], state, since or moment(row["created_at"]), behind, reason)


def asked(reader: Reader) -> list[Asked]:
    """Every approval that is asked for, then every other live thread that nothing but the human brings on."""
    approvals = reader.rows(
        f"SELECT a.id, a.thread_id, substr(a.text, 1, {EXCERPT}) AS text, a.asked_at, coalesce(t.handle, nullif(t.title, ''), t.id) AS thread"
        " FROM approval a JOIN thread t ON t.id = a.thread_id WHERE a.state = 'pending' ORDER BY a.number"
    )
    found = [Asked(row["thread_id"], row["thread"], row["text"], moment(row["asked_at"]), row["id"]) for row in approvals]
    asking = {each.thread_id for each in found}
    others = reader.rows(
        "SELECT t.id, coalesce(t.handle, nullif(t.title, ''), t.id) AS thread, t.status, t.reason, t.held, t.last_activity_at,"
        " (SELECT min(m.created_at) FROM message m WHERE m.to_id = t.id AND m.state IN ('queued', 'held')) AS queued"
        " FROM thread t WHERE t.archived_at IS NULL AND (t.status = 'needs_human' OR t.held = 1) ORDER BY t.last_activity_at"
    )
    for row in others:
        if row["id"] in asking or (row["status"] != "needs_human" and row["queued"] is None):
            continue
        why = row["reason"] if row["status"] == "needs_human" else "you stopped it, and something is queued"
        found.append(Asked(row["id"], row["thread"], why or "", maybe(row["queued"]) or moment(row["last_activity_at"])))
    return found
