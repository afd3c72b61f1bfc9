"""What could be folded and what was: questions that actions ask inside a transaction and read models outside of one.

The cursor of an edge is the set of the human's requests that its standing folds hold. A set and not a number: a prompt that replaces a turn overtakes
others in the queue, and what still runs when somebody folds is for the next fold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from codex_desk.engine.errors import Refusal
from codex_desk.engine.fold_text import Exchange
from codex_desk.frozen import frozen
from codex_desk.store.words import FoldMode, FoldState

Rows = Callable[[str, Sequence[Any]], Sequence[Any]]
"""`Tx.rows` or `Reader.rows`: rows whose columns are read by position."""

MODES: tuple[FoldMode, ...] = ("qa", "summary", "replace", "none")
KEPT_HERE = frozenset({"offline", "native"})
"""Runtimes whose history is the store's own segments."""

LIVE_EDGE = "SELECT id, parent_id, created_at FROM attachment WHERE child_id = ? AND ended_at IS NULL"
OWN_CHILD = "SELECT spawned_by, created_at FROM thread WHERE id = ? AND spawned_by IS NOT NULL"
ASKED = """SELECT m.id, m.body, m.turn_id, a.answer, a.state, a.reason FROM message m
    JOIN turn t ON t.id = m.turn_id JOIN message a ON a.id = t.message_id
    WHERE m.to_id = ? AND m.from_id IS NULL AND m.origin = 'human' AND m.kind = 'prompt' AND m.created_at >= ? AND t.state != 'running'
    ORDER BY t.started_at, t.id, m.id"""
"""The human's own prompts and steers, each with the end of the turn that it ran in. Another session speaks in what `send --from` sent."""
PENDING = """SELECT count(*) FROM message m LEFT JOIN turn t ON t.id = m.turn_id
    WHERE m.to_id = ? AND m.from_id IS NULL AND m.origin = 'human' AND m.kind = 'prompt' AND m.created_at >= ?
    AND (t.state = 'running' OR m.state IN ('queued', 'held'))"""
FIRST_ANSWER = """SELECT min(answered_at) FROM message
    WHERE from_id = ? AND to_id = ? AND kind = 'ask' AND origin = 'agent' AND state = 'answered' AND answered_at >= ?"""
FOLDED = "SELECT messages, made_at FROM fold WHERE edge = ? AND state != 'undone'"


@frozen
class Edge:
    """Where a child belongs now."""

    key: str
    """The attachment's id; of a spawn edge the child's."""
    child_id: str
    parent_id: str
    since: str
    """When it began, as the store writes times."""


@frozen
class Open:
    """What of the human's work in a child has not been folded."""

    edge: Edge
    exchanges: tuple[Exchange, ...]
    last_fold: str | None
    """When the last standing fold of this edge was made, as the store writes times; None before the first."""

    @property
    def messages(self) -> tuple[int, ...]:
        return tuple(number for exchange in self.exchanges for number, _ in exchange.requests)


def edge_of(rows: Rows, child_id: str, name: str) -> Edge:
    """The edge to the child's parent. Refusals: no_parent."""
    for attached in rows(LIVE_EDGE, (child_id,)):
        return Edge(attached[0], child_id, attached[1], attached[2])
    for spawned in rows(OWN_CHILD, (child_id,)):
        return Edge(child_id, child_id, spawned[0], spawned[1])
    raise Refusal("no_parent", f"{name} is attached to nobody, so there is nowhere to fold to")


def what_is_open(rows: Rows, edge: Edge) -> Open:
    """The exchanges in the child that no standing fold of this edge holds, oldest first."""
    folded: set[int] = set()
    last: str | None = None
    for messages, made_at in rows(FOLDED, (edge.key,)):
        folded.update(json.loads(messages))
        last = max(last or "", made_at)
    found: dict[str, Exchange] = {}
    for number, body, turn_id, answer, state, reason in rows(ASKED, (edge.child_id, edge.since)):
        if number in folded:
            continue
        before = found[turn_id].requests if turn_id in found else ()
        found[turn_id] = Exchange(turn_id, (*before, (number, body)), answer, state, reason)
    return Open(edge, tuple(found.values()), last)


def still_runs(rows: Rows, edge: Edge) -> int:
    """How many of the human's requests in the child have not come to their end."""
    return int(rows(PENDING, (edge.child_id, edge.since))[0][0])


def first_answer(rows: Rows, edge: Edge, since: str) -> str | None:
    """When the child first answered its parent since then; None where it has not."""
    return rows(FIRST_ANSWER, (edge.parent_id, edge.child_id, since))[0][0]


@frozen
class FoldView:
    """A fold: as it would be, as it waits, as it stands, or as it was taken back."""

    child: str
    child_id: str
    parent: str
    parent_id: str
    mode: FoldMode
    text: str
    """Exactly what the parent gets, but for the lines around it that mark it as data."""
    tokens: int
    """An estimate of what it adds to the parent's context; less than nothing where the history goes back."""
    messages: tuple[int, ...] = ()
    """The human's requests that it holds."""
    turns: int = 0
    state: FoldState | None = None
    """None for one that is only looked at, and where there was nothing to fold."""
    item: int | None = None
    """The seq of its line in the parent."""
    before: int = 0
    """The parent's context as far as it is known."""
    running: int = 0
    """Requests that have not come to their end; they are for the next fold."""
    goes_back: bool = False
    """Whether the parent's history would go back."""
    sent: int | None = None
    """The number of the prompt with which the parent goes on."""
    note: str = ""
    """What it does to the parent's history, and what cannot be taken back, in words; empty where it only adds."""

    @property
    def after(self) -> int:
        return max(0, self.before + self.tokens)

    def to_json(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "tokens": self.tokens,
            "turns": self.turns,
            "item_id": None if self.item is None else f"item-{self.item}",
        }
