"""While you were away: when the human was last here, and who did what for whom since then."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, ClassVar, Literal

from codex_desk.engine.identity import By
from codex_desk.engine.journal import Action, Tx
from codex_desk.engine.reading import Reader
from codex_desk.engine.rows import moment
from codex_desk.engine.sessions import SetMeta
from codex_desk.engine.standing import Asked, asked
from codex_desk.frozen import frozen
from codex_desk.store.tables import moment_text

LAST_SEEN = "last_seen"
AWAY_SINCE = "away_since"
EXCERPT = 400
"""Characters of an answer or a reason."""
MOST = 200
"""Of each kind of line that is told one by one."""


@frozen
class Seen:
    """The human was here: when, and the next number of the desk then."""

    at: datetime
    seq: int


@frozen
class NoteSeen(Action):
    """The human is here. `returned`: they were away until now, and what happened since they were last here is what `away` tells from now on."""

    returned: bool = False
    verb: ClassVar[str] = "note"

    def perform(self, tx: Tx, by: By) -> None:
        if self.returned:
            tx.connection.exec_driver_sql(
                "INSERT INTO meta (key, value) SELECT ?, value FROM meta WHERE key = ? ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (AWAY_SINCE, LAST_SEEN),
            )
        here = json.dumps({"at": moment_text(tx.now), "seq": tx.next_seq})
        SetMeta(LAST_SEEN, here).perform(tx, by)


@frozen
class Work:
    """What one thread did: its turns that ended."""

    thread_id: str
    thread: str
    answered: int
    failed: int
    interrupted: int
    askers: tuple[str, ...]
    """Who asked for it: `human` or what else began it, else a handle; each once, in the order they asked."""
    tokens: int
    """Read and written."""
    last_words: str
    """The start of its last answer, or why the last turn had none."""
    at: datetime
    seq: int | None
    """Where its last turn ends in the transcript."""

    @property
    def turns(self) -> int:
        return self.answered + self.failed + self.interrupted


@frozen
class Passed:
    """A message between two threads that came to its end."""

    number: int
    sender: str
    to: str
    to_id: str
    state: str
    told: str
    """The start of the answer, or the reason."""
    seconds: int | None
    """From its start to its end."""
    at: datetime
    seq: int | None
    """Its line in the receiver's transcript."""


@frozen
class Lapsed:
    """An approval that ended without a yes."""

    id: str
    thread_id: str
    thread: str
    state: Literal["denied", "expired"]
    text: str
    reason: str | None
    at: datetime


@frozen
class Away:
    """What happened since `since`; None where nobody was here before."""

    since: datetime | None
    work: Sequence[Work] = ()
    """The latest first."""
    passed: Sequence[Passed] = ()
    """In the order in which they ended."""
    lapsed: Sequence[Lapsed] = ()
    needs: Sequence[Asked] = ()
    """What waits for the human now, threads whose last turn failed included."""
    running: int = 0
    """Turns that run now."""
    tokens: int = field(default=0)

    @property
    def happened(self) -> bool:
        """Whether there is anything to tell of the time away. What waits is told anyway."""
        return bool(self.work or self.passed or self.lapsed)


def last_seen(reader: Reader) -> Seen | None:
    """When the human was here last."""
    return _seen(reader.meta(LAST_SEEN))


def away(reader: Reader, since: Seen | None = None) -> Away:
    """What happened since then, and what waits; None: since the human was last here before they came back."""
    seen = _seen(reader.meta(AWAY_SINCE)) if since is None else since
    needs = _needs(reader)
    row = reader.row("SELECT count(*) AS number FROM turn WHERE state = 'running'")
    running = 0 if row is None else int(row["number"])
    if seen is None:
        return Away(None, needs=needs, running=running)
    work = _work(reader, seen)
    return Away(seen.at, work, _passed(reader, seen), _lapsed(reader, seen), needs, running, sum(each.tokens for each in work))


def _seen(text: str | None) -> Seen | None:
    try:
        found = json.loads(text or "")
        return Seen(moment(found["at"]), int(found["seq"]))
    except (ValueError, TypeError, KeyError):
        return None


def _work(reader: Reader, seen: Seen) -> list[Work]:
    rows = reader.rows(
        "SELECT u.thread_id, CASE WHEN u.state = 'completed' AND m.state = 'failed' THEN 'failed' ELSE u.state END AS state, u.input_tokens + u.output_tokens AS tokens, u.ended_at, u.id, m.origin,"
        f" coalesce(t.handle, nullif(t.title, ''), t.id) AS thread, f.handle AS asker, substr(coalesce(m.answer, u.reason, m.reason, ''), 1, {EXCERPT}) AS told"
        " FROM turn u JOIN thread t ON t.id = u.thread_id JOIN message m ON m.id = u.message_id LEFT JOIN thread f ON f.id = m.from_id"
        " WHERE u.changed >= ? AND u.ended_at > ? ORDER BY u.ended_at",
        (seen.seq, moment_text(seen.at)),
    )
    by_thread: dict[str, list[Any]] = {}
    for row in rows:
        by_thread.setdefault(row["thread_id"], []).append(row)
    found = [_of_thread(reader, thread_id, turns) for thread_id, turns in by_thread.items()]
    return sorted(found, key=lambda each: each.at, reverse=True)


def _of_thread(reader: Reader, thread_id: str, turns: list[Any]) -> Work:
    states = [row["state"] for row in turns]
    last = turns[-1]
    end = reader.row(
        "SELECT max(seq) AS seq FROM item WHERE thread_id = ? AND turn_id = ? AND kind = 'agent_message'", (thread_id, last["id"])
    )
    return Work(
        thread_id,
        last["thread"],
        states.count("completed"),
        states.count("failed"),
        states.count("interrupted"),
        tuple(dict.fromkeys(row["asker"] or row["origin"] for row in turns)),
        sum(row["tokens"] for row in turns),
        last["told"],
        moment(last["ended_at"]),
        None if end is None else end["seq"],
    )


def _passed(reader: Reader, seen: Seen) -> list[Passed]:
    rows = reader.rows(
        f"SELECT m.id, m.to_id, m.state, m.in_seq, m.started_at, m.answered_at, substr(coalesce(m.answer, m.reason, ''), 1, {EXCERPT}) AS told,"
        " f.handle AS sender, t.handle AS target"
        " FROM message m JOIN thread f ON f.id = m.from_id JOIN thread t ON t.id = m.to_id"
        " WHERE m.changed >= ? AND m.answered_at > ? ORDER BY m.answered_at DESC, m.id DESC LIMIT ?",
        (seen.seq, moment_text(seen.at), MOST),
    )
    return [
        Passed(
            row["id"],
            row["sender"] or "",
            row["target"] or "",
            row["to_id"],
            row["state"],
            row["told"],
            None if row["started_at"] is None else int((moment(row["answered_at"]) - moment(row["started_at"])).total_seconds()),
            moment(row["answered_at"]),
            row["in_seq"],
        )
        for row in reversed(rows)
    ]


def _lapsed(reader: Reader, seen: Seen) -> list[Lapsed]:
    rows = reader.rows(
        f"SELECT a.id, a.thread_id, a.state, substr(a.text, 1, {EXCERPT}) AS text, a.reason, a.decided_at, t.handle AS thread"
        " FROM approval a JOIN thread t ON t.id = a.thread_id"
        " WHERE a.changed >= ? AND a.decided_at > ? AND a.state IN ('denied', 'expired') ORDER BY a.decided_at DESC LIMIT ?",
        (seen.seq, moment_text(seen.at), MOST),
    )
    return [
        Lapsed(row["id"], row["thread_id"], row["thread"] or "", row["state"], row["text"], row["reason"], moment(row["decided_at"]))
        for row in reversed(rows)
    ]


def _needs(reader: Reader) -> list[Asked]:
    failed = reader.rows(
        "SELECT id, coalesce(handle, nullif(title, ''), id) AS name, reason, last_activity_at FROM thread"
        " WHERE archived_at IS NULL AND status = 'error' ORDER BY last_activity_at DESC LIMIT ?",
        (MOST,),
    )
    return [
        *asked(reader),
        *(Asked(row["id"], row["name"], row["reason"] or "", moment(row["last_activity_at"]), error=True) for row in failed),
    ]
