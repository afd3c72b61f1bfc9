"""The tables of Codex's history. They are written and read by plain statements; only who makes or migrates a store needs their declarations."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, LargeBinary, String, Text, text
from sqlmodel import Field

from codex_desk.store.tables import METADATA, Row

EVERY_TABLE = METADATA
"""Those of the desk and these."""


class History(Row, table=True):
    """What an imported thread was in Codex. Nothing here is a setting: it is read, and never acted on."""

    __table_args__ = (
        Index("ix_history_base", "base_thread_id", sqlite_where=text("base_thread_id IS NOT NULL")),
        Index("ix_history_fresh", "thread_id", sqlite_where=text("fresh = 1")),
    )

    thread_id: str = Field(sa_column=Column(String, ForeignKey("thread.id"), primary_key=True))
    name: str | None = None
    """What somebody called it in Codex."""
    model: str | None = None
    cli_version: str = ""
    originator: str = ""
    source: str = ""
    nickname: str | None = None
    role: str | None = None
    agent_path: str | None = None
    branch: str | None = None
    archived: bool = False
    """Codex has put its file away."""
    parent_id: str | None = None
    """The thread that spawned it, as its own file says; `thread.spawned_by` once that is there."""
    base_thread_id: str | None = None
    """What it began behind: that thread's items up to `base_seq` come first."""
    base_seq: int | None = None
    outcome: str | None = None
    """How its last turn ended: completed, errored, interrupted, running."""
    answer: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    dynamic_tools: bool = False
    own_instructions: bool = False
    """It carries tools of a client, or base instructions that are not its model's own: adopting it asks first."""
    fresh: bool = True
    """It was written since its relations were last looked at."""


class HistoryLink(Row, table=True):
    """An imported item that names another thread; `linked` once that thread is there."""

    __tablename__ = "history_link"  # pyright: ignore[reportAssignmentType] (as SQLModel documents it)
    __table_args__ = (
        Index("ix_history_link_open", "seq", sqlite_where=text("linked = 0")),
        Index("ix_history_link_peer", "peer_id"),
        Index("ix_history_link_thread", "thread_id"),
    )

    seq: int = Field(primary_key=True)
    thread_id: str = Field(sa_column=Column(String, ForeignKey("thread.id"), nullable=False))
    kind: str
    """spawn or message."""
    peer_id: str | None = None
    path: str | None = None
    """The agent's path, where the file does not say the thread's id."""
    linked: bool = False


class Rollout(Row, table=True):
    """A file of Codex's history, and how far it was read."""

    __table_args__ = (Index("ix_rollout_base", "base_segment", sqlite_where=text("base_segment IS NOT NULL")),)
    id: int | None = Field(default=None, primary_key=True)
    segment_id: str = Field(unique=True)
    """The last id in its name: a `history_base` points at it."""
    thread_id: str | None = Field(default=None, sa_column=Column(String, ForeignKey("thread.id"), nullable=True, index=True))
    path: str
    device: int
    inode: int
    size: int
    mtime_ns: int
    offset: int = 0
    """Bytes that were read, decompressed ones where it is compressed."""
    head: str = ""
    tail: str = ""
    """Digests of the first and of the last bytes before the offset: by them an append is told from a rewrite."""
    state: str = Field(default="", sa_column=Column(Text, nullable=False))
    """What the reader has to remember (`rollouts.state`)."""
    items: int = 0
    first_seq: int | None = None
    base_segment: str | None = None
    base_ordinal: int | None = None
    unknown: dict[str, int] = Field(default={}, sa_column=Column(JSON, nullable=False))
    """Lines that were not understood, by the type that they name."""
    sealed: int = 0
    problem: str | None = None
    """Why it could not be read."""


class RolloutLine(Row, table=True):
    """A line that was not understood, as it stands in its file."""

    __tablename__ = "rollout_line"  # pyright: ignore[reportAssignmentType] (as SQLModel documents it)

    id: int | None = Field(default=None, primary_key=True)
    rollout_id: int = Field(sa_column=Column(ForeignKey("rollout.id"), nullable=False, index=True))
    offset: int
    what: str
    line: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
