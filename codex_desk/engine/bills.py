"""The bill of a chain: who caused whom to do how much, what that takes of each limit, and what is held."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from codex_desk.engine import limits
from codex_desk.engine.limits import LIMITS, LimitName, Limits, Use
from codex_desk.engine.reading import Reader
from codex_desk.engine.releasing import CHAIN_OF
from codex_desk.engine.rows import maybe, moment
from codex_desk.engine.views import stamp
from codex_desk.frozen import frozen

EXCERPT = 200
NAME = "coalesce({0}.handle, nullif({0}.title, ''), {0}.id)"


@frozen
class Spent:
    """How much of a limit is used."""

    name: LimitName
    used: float
    """A count, or seconds of `time`."""
    limit: float
    granted: int = 0
    """How often the human gave as much again."""


@frozen
class Spender:
    """What one thread took, and where it stands: below whom first caused it to work."""

    thread_id: str
    thread: str
    status: str
    asked_by: str | None
    """The id of the thread that it stands below; None where the chain began."""
    depth: int
    last: bool
    """Whether it is the last one below the same thread."""
    turns: int
    input_tokens: int
    output_tokens: int
    seconds: int
    """Of its turns together."""
    running: bool = False
    held: bool = False
    """The human has its hand."""

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@frozen
class HeldMessage:
    """A message that waits for the human."""

    number: int
    sender: str
    """A handle, or what else sent it."""
    to: str
    to_id: str
    reason: str
    since: datetime


@frozen
class Bill:
    """A chain as it stands."""

    chain_id: str
    thread_id: str
    """Where it began."""
    thread: str
    message_id: int
    prompt: str
    """The start of what began it."""
    origin: str
    began_at: datetime
    spent: Sequence[Spent]
    spenders: Sequence[Spender]
    """As a tree, each after the one that it stands below."""
    held: Sequence[HeldMessage] = ()
    reasons: Sequence[str] = ()
    """Why edges of it are held."""
    stopped: str | None = None
    """Why it was stopped, where the human did that."""
    refused: bool = False
    """The human gave no more."""

    @property
    def running(self) -> int:
        return sum(each.running for each in self.spenders)

    @property
    def tokens(self) -> int:
        return sum(each.tokens for each in self.spenders)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.chain_id,
            "thread": self.thread,
            "message": self.message_id,
            "prompt": self.prompt,
            "origin": self.origin,
            "began_at": stamp(self.began_at),
            "limits": {each.name: {"used": int(each.used), "limit": int(each.limit), "granted": each.granted} for each in self.spent},
            "threads": [
                {
                    "thread": each.thread,
                    "asked_by": next((other.thread for other in self.spenders if other.thread_id == each.asked_by), None),
                    "status": each.status,
                    "turns": each.turns,
                    "input_tokens": each.input_tokens,
                    "output_tokens": each.output_tokens,
                    "seconds": each.seconds,
                }
                for each in self.spenders
            ],
            "held": [
                {"message": each.number, "from": each.sender, "to": each.to, "reason": each.reason, "since": stamp(each.since)}
                for each in self.held
            ],
            "reasons": list(self.reasons),
            "stopped": self.stopped,
            "refused": self.refused,
        }


def bill(reader: Reader, thread_id: str, allowed: Limits) -> Bill | None:
    """The bill of the chain that a thread works in, or worked in last; None for one that never did."""
    found = reader.row(CHAIN_OF, (thread_id, thread_id))
    row = None if found is None else reader.row("SELECT * FROM chain_use WHERE chain_id = ?", (found["chain_id"],))
    if row is None:
        return None
    now = datetime.now(UTC)
    chain_id = row["chain_id"]
    turns = reader.rows(
        f"SELECT u.thread_id, u.state, u.input_tokens, u.output_tokens, u.started_at, u.ended_at, m.from_id, {NAME.format('t')} AS thread, t.status, t.held"
        " FROM turn u JOIN message m ON m.id = u.message_id JOIN thread t ON t.id = u.thread_id WHERE u.chain_id = ? ORDER BY m.id",
        (chain_id,),
    )
    waiting = reader.rows(
        f"SELECT m.id, m.to_id AS thread_id, m.state, m.from_id, m.reason, m.created_at, m.origin, {NAME.format('t')} AS thread, t.status, t.held,"
        f" {NAME.format('f')} AS sender FROM message m JOIN thread t ON t.id = m.to_id LEFT JOIN thread f ON f.id = m.from_id"
        " WHERE m.chain_id = ? AND m.state IN ('queued', 'held') ORDER BY m.id",
        (chain_id,),
    )
    prompt = reader.row(f"SELECT substr(body, 1, {EXCERPT}) AS body FROM message WHERE id = ?", (row["message_id"],))
    root = reader.row(f"SELECT {NAME.format('t')} AS name FROM thread t WHERE t.id = ?", (row["thread_id"],))
    trips, stopped = json.loads(row["trips"]), json.loads(row["stopped"] or "null")
    return Bill(
        chain_id=chain_id,
        thread_id=row["thread_id"],
        thread="" if root is None else root["name"],
        message_id=row["message_id"],
        prompt="" if prompt is None else prompt["body"],
        origin=row["origin"],
        began_at=moment(row["began_at"]),
        spent=_spent(row, allowed, _until(turns, waiting, now)),
        spenders=tuple(_tree(row["thread_id"], turns, waiting, now)),
        held=tuple(
            HeldMessage(
                each["id"],
                each["sender"] or each["origin"],
                each["thread"],
                each["thread_id"],
                each["reason"] or "",
                moment(each["created_at"]),
            )
            for each in waiting
            if each["state"] == "held"
        ),
        reasons=tuple(dict.fromkeys(trip["reason"] for trip in trips)),
        stopped=None if stopped is None else stopped["reason"],
        refused=bool(row["refused"]),
    )


def _spent(row: Any, allowed: Limits, now: datetime) -> tuple[Spent, ...]:
    granted: dict[str, int] = json.loads(row["granted"])
    tokens = row["input_tokens"] + row["output_tokens"]
    use = Use(row["hops"], row["wakes"], row["turns"], tokens, limits.passed(now - moment(row["began_at"])))
    wide = allowed.again(granted)
    return tuple(Spent(name, use.of(name), wide.of(name), granted.get(name, 0)) for name in LIMITS)


def _until(turns: Sequence[Any], waiting: Sequence[Any], now: datetime) -> datetime:
    """When a chain came to rest; one that has not is looked at now."""
    ends = [maybe(each["ended_at"]) for each in turns]
    if waiting or not ends:
        return now
    return max((now if end is None else end) for end in ends)


def _tree(root: str, turns: Sequence[Any], waiting: Sequence[Any], now: datetime) -> Iterator[Spender]:
    """Each thread of the chain below the one that first caused it to work; what was begun in no other way, below where the chain began."""
    facts: dict[str, Any] = {}
    above: dict[str, str | None] = {}
    for each in (*turns, *waiting):
        thread_id = each["thread_id"]
        if thread_id not in facts:
            asked_by = each["from_id"] if each["from_id"] in facts else None
            above[thread_id] = asked_by or (root if thread_id != root and root in facts else None)
            facts[thread_id] = each
    below: dict[str | None, list[str]] = {}
    for thread_id, asked_by in above.items():
        below.setdefault(asked_by, []).append(thread_id)

    def walk(parent: str | None, depth: int) -> Iterator[Spender]:
        here = below.get(parent, [])
        for thread_id in here:
            mine = [each for each in turns if each["thread_id"] == thread_id]
            fact = facts[thread_id]
            yield Spender(
                thread_id,
                fact["thread"],
                fact["status"],
                parent,
                depth,
                thread_id == here[-1],
                len(mine),
                sum(each["input_tokens"] for each in mine),
                sum(each["output_tokens"] for each in mine),
                int(sum(((maybe(each["ended_at"]) or now) - moment(each["started_at"])).total_seconds() for each in mine)),
                any(each["state"] == "running" for each in mine),
                bool(fact["held"]),
            )
            yield from walk(thread_id, depth + 1)

    yield from walk(None, 0)
