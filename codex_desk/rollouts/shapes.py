"""What reading a rollout gives: items, what is changed in items that were given before, facts about the thread, and an account of every
line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from codex_desk.rollouts.crossing import crosses

Fate = Literal["item", "copy", "bookkeeping", "context", "inherited", "unknown"]
"""What became of a line. item: it made or completed one; copy: it says again what another line said; bookkeeping: counts and settings;
context: what Codex itself told the model; inherited: a copy of the parent's history in a child's file; unknown: not understood, and kept as
it is."""


@dataclass(slots=True)
class Draft:
    """An item of a thread's transcript. `index` is its place among the items of its file."""

    index: int
    kind: str
    text: str
    data: dict[str, Any]
    turn_id: str | None
    at: str
    """UTC, as the store writes a moment."""


@crosses
@dataclass(slots=True)
class Patch:
    """What a later line changes in an item. `data` is laid over the item's; what it does not name stays."""

    kind: str | None = None
    text: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


@crosses
@dataclass(frozen=True, slots=True)
class Spawn:
    """Whom a call made: a thread, or, where the file never says its id, an agent's path below the caller."""

    agent_id: str | None = None
    path: str | None = None


@crosses
@dataclass(frozen=True, slots=True)
class RawLine:
    """A line that was not understood, as it stands in the file."""

    offset: int
    what: str
    """The type that it names, `broken` for no JSON, `too long`."""
    line: bytes


@crosses
@dataclass(frozen=True, slots=True)
class Facts:
    """Who the thread is, from the first `session_meta` of its file."""

    thread_id: str
    created_at: str | None = None
    cwd: str = ""
    cli_version: str = ""
    originator: str = ""
    source: str = ""
    """cli, exec, vscode …; for a subagent `spawn`, `review` or what it was made for."""
    subagent: bool = False
    parent_id: str | None = None
    nickname: str | None = None
    role: str | None = None
    agent_path: str | None = None
    forked_from: str | None = None
    side_chat: bool = False
    base_segment: str | None = None
    """The file that this one begins behind, and the ordinal that it does not reach."""
    base_ordinal: int | None = None
    branch: str | None = None
    dynamic_tools: bool = False
    own_instructions: bool = False
    """Base instructions that are not its model's own, as far as the file says."""


@crosses
@dataclass(slots=True)
class Summary:
    """What the lines just read say of the thread as a whole; None where they say nothing new."""

    model: str | None = None
    name: str | None = None
    title: str | None = None
    last_line: str | None = None
    last_at: str | None = None
    outcome: str | None = None
    """How its last turn ended: completed, errored, interrupted; running once another began."""
    answer: str | None = None


@dataclass(slots=True)
class Chunk:
    """What a stretch of a file gave. Adding stretches up gives what the whole gives, wherever it was cut."""

    facts: Facts | None = None
    summary: Summary = field(default_factory=Summary)
    items: list[Draft] = field(default_factory=list)
    patches: dict[int, Patch] = field(default_factory=dict)
    """By the index of items that earlier chunks gave."""
    spawns: dict[int, Spawn] = field(default_factory=dict)
    """By the index of the call that spawned: whom it made, as far as these lines say."""
    raw: list[RawLine] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)
    repaired: int = 0
    """Lines with bytes that are no UTF-8; they were read with a mark in their place."""
    sealed: int = 0
    """Tasks and messages that only their provider can read."""
