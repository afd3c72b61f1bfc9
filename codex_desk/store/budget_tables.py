"""The tables of budgets: what a chain has used, what two agents say to each other in it, and which spawn edges are held."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, String
from sqlmodel import Field

from codex_desk.store import words
from codex_desk.store.tables import METADATA, Row, _json, _moment, _thread

EVERY_TABLE = METADATA
"""Those of the desk and these."""


class ChainUse(Row, table=True):
    """The bill of a chain: everything that one prompt of the human's, or one occurrence, caused. One row, so that no check looks at what it caused."""

    __tablename__ = "chain_use"  # pyright: ignore[reportAssignmentType] (as SQLModel documents it)

    chain_id: str = Field(primary_key=True)
    thread_id: str = _thread()
    """Where it began."""
    message_id: int = 0
    """The message that began it."""
    origin: words.Origin = Field(sa_type=String)
    began_at: datetime = _moment()
    """When its first turn did."""
    hops: int = 0
    wakes: int = 0
    turns: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    granted: dict[str, int] = _json()
    """How often the human granted as much again, by limit."""
    offered: dict[str, int] = _json()
    """The grants that a limit had when as much again was offered for it; it is offered once for each."""
    asked: dict[str, str] = _json()
    """What stands in the inbox, by limit: the approval's id."""
    trips: list[dict[str, Any]] = _json()
    """What holds an edge now: limit, reason, edge (an attachment's id) or child (of a spawn edge), at."""
    stopped: dict[str, Any] | None = _json(nullable=True)
    """The human stopped all of it: reason, at, threads (whose hand they took)."""
    refused: bool = False
    """The human gave no more: nothing is sent in it any more."""


class ChainTalk(Row, table=True):
    """What two agents say to each other in one chain (`engine.limits.Talk`). `id` is the chain's and theirs."""

    __tablename__ = "chain_talk"  # pyright: ignore[reportAssignmentType] (as SQLModel documents it)

    id: str = Field(primary_key=True)
    content: dict[str, Any] = _json()


class SpawnHold(Row, table=True):
    """The spawn edge to a subagent is held, as `attachment.held_reason` holds the other kind."""

    __tablename__ = "spawn_hold"  # pyright: ignore[reportAssignmentType] (as SQLModel documents it)

    thread_id: str = Field(sa_column=Column(String, ForeignKey("thread.id"), primary_key=True))
    reason: str = ""
