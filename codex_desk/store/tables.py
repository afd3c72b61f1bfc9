"""The tables. One class per table; what a column means stands beside it where its name does not say it.

Times are UTC, kept as ISO 8601 text so that they sort and can be read in any SQLite shell. `changed` is the desk-wide number of the transaction
step that last touched the row: other processes look for rows above the number they have seen.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, Index, LargeBinary, MetaData, String, Text, text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from codex_desk.store import words

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

METADATA = MetaData(naming_convention=NAMING)


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime as ISO 8601 text of fixed width; SQLite's own type would drop the zone."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else moment_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


def moment_text(moment: datetime) -> str:
    """The stored form of a time: `2026-11-20T09:12:00.000000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Row(SQLModel):
    """Base of every table."""

    metadata = METADATA
    model_config = {"defer_build": True}
    # Validators would be a third of the time that this module takes to import, and pydantic never validates a row.


def _moment(*, nullable: bool = False, index: bool = False) -> Any:
    return Field(default=None, sa_column=Column(Moment, nullable=nullable, index=index))


def _json(*, nullable: bool = False) -> Any:
    return Field(default=None if nullable else {}, sa_column=Column(JSON, nullable=nullable))


def _thread(*, nullable: bool = False, index: bool = False) -> Any:
    return Field(default=None, sa_column=Column(String, ForeignKey("thread.id"), nullable=nullable, index=index))


class Thread(Row, table=True):
    __table_args__ = (
        Index("uq_thread_project_handle", "project", "handle", unique=True, sqlite_where=text("handle IS NOT NULL")),
        Index("ix_thread_external_id", "external_id", sqlite_where=text("external_id IS NOT NULL")),
        Index("ix_thread_living", "last_activity_at", sqlite_where=text("archived_at IS NULL AND status != 'history'")),
        Index("ix_thread_side_chat_of", "side_chat_of", sqlite_where=text("side_chat_of IS NOT NULL")),
    )

    id: str = Field(primary_key=True)
    handle: str | None = None
    project: str
    title: str = ""
    kind: words.ThreadKind = Field(default="session", sa_type=String)
    cwd: str
    cwd_device: int
    cwd_inode: int
    """The folder's device and inode when the session was made: a folder put in its place is noticed."""
    runtime: str
    settings: dict[str, Any] = _json()
    """The thread's own settings, dotted keys as in `config`."""
    status: words.ThreadStatus = Field(default="idle", sa_type=String)
    reason: str | None = None
    """Why it needs the human, or what went wrong."""
    created_at: datetime = _moment()
    last_activity_at: datetime = _moment(index=True)
    archived_at: datetime | None = _moment(nullable=True)
    archived_with: str | None = None
    """The parent whose archiving archived this subagent."""
    spawned_by: str | None = _thread(nullable=True, index=True)
    external_id: str | None = None
    forked_from: str | None = None
    side_chat_of: str | None = None
    held: bool = False
    """A human interrupted it: nothing but the human starts a turn here."""
    last_line: str = ""
    context_tokens: int = 0
    changed: int = Field(default=0, index=True)


class RuntimeState(Row, table=True):
    """What a runtime that keeps a thread outside of the store wants to find again; opaque to everybody else."""

    __tablename__ = "runtime_state"  # pyright: ignore[reportAssignmentType] (as SQLModel documents it)

    thread_id: str = Field(sa_column=Column(String, ForeignKey("thread.id"), primary_key=True))
    content: dict[str, Any] = _json()


class Subagent(Row, table=True):
    """What a subagent was made with, beside what every thread has."""

    thread_id: str = Field(sa_column=Column(String, ForeignKey("thread.id"), primary_key=True))
    role: str | None = None
    worktree: dict[str, Any] | None = _json(nullable=True)
    """The git worktree that was made for it: path, repository, branch."""
    worktree_gone: bool = False
    """It was removed."""


class Turn(Row, table=True):
    id: str = Field(primary_key=True)
    thread_id: str = _thread()
    state: words.TurnState = Field(default="running", sa_type=String)
    reason: str | None = None
    origin: words.Origin = Field(sa_type=String)
    message_id: int = Field(foreign_key="message.id")
    """The message that this turn answers."""
    chain_id: str
    hops: int = 0
    host_id: str
    fence: int
    rights: dict[str, Any] = _json()
    settings: dict[str, Any] = _json()
    """Runtime, model, provider and sandbox tier that it really ran with."""
    instructions_hash: str | None = None
    instructions: list[str] | None = _json(nullable=True)
    """The instruction files, in the order they were given."""
    input_tokens: int = 0
    output_tokens: int = 0
    stop_reason: str | None = None
    """Set when somebody asks for the turn to end; its owner ends it."""
    started_at: datetime = _moment()
    ended_at: datetime | None = _moment(nullable=True)
    changed: int = Field(default=0, index=True)

    __table_args__ = (
        Index("uq_turn_running", "thread_id", unique=True, sqlite_where=text("state = 'running'")),
        Index("ix_turn_thread_started", "thread_id", "started_at"),
        Index("ix_turn_chain", "chain_id"),
    )


class Item(Row, table=True):
    __table_args__ = (Index("ix_item_thread_seq", "thread_id", "seq"),)

    seq: int = Field(primary_key=True)
    thread_id: str = _thread()
    turn_id: str | None = None
    kind: str
    origin: str
    text: str = Field(default="", sa_column=Column(Text, nullable=False))
    data: dict[str, Any] = _json()
    at: datetime = _moment()


class Attachment(Row, table=True):
    __table_args__ = (
        Index("uq_attachment_child_live", "child_id", unique=True, sqlite_where=text("ended_at IS NULL")),
        Index("ix_attachment_parent_live", "parent_id", sqlite_where=text("ended_at IS NULL")),
        Index("ix_attachment_child_ended", "child_id", "ended_at"),
    )

    id: str = Field(primary_key=True)
    parent_id: str = _thread()
    child_id: str = _thread()
    rights: words.EdgeRights = Field(default="lesser", sa_type=String)
    wake: words.Wake = Field(default="answers", sa_type=String)
    interrupt: bool = False
    created_at: datetime = _moment()
    ended_at: datetime | None = _moment(nullable=True)
    end_reason: str | None = None
    held_reason: str | None = None
    """A tripped budget holds the edge: messages along it wait for the human."""


class Message(Row, table=True):
    __table_args__ = (
        Index("ix_message_to_state", "to_id", "state", "id"),
        Index("ix_message_edge_open", "edge_id", "id", sqlite_where=text("state IN ('queued', 'held', 'running')")),
        Index("ix_message_chain_open", "chain_id", sqlite_where=text("state IN ('queued', 'held', 'running')")),
        Index("ix_message_asking_turn", "asking_turn_id"),
        Index("ix_message_pair", "from_id", "to_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    to_id: str = _thread()
    from_id: str | None = _thread(nullable=True)
    kind: words.MessageKind = Field(default="prompt", sa_type=String)
    origin: words.Origin = Field(sa_type=String)
    delivery: words.Delivery = Field(default="after_turn", sa_type=String)
    state: words.MessageState = Field(default="queued", sa_type=String)
    body: str = Field(default="", sa_column=Column(Text, nullable=False))
    original: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    edge_id: str | None = Field(default=None, foreign_key="attachment.id")
    asking_turn_id: str | None = None
    rights: dict[str, Any] | None = _json(nullable=True)
    """The ceiling of the turn it causes; null for none."""
    chain_id: str
    hops: int = 0
    turn_id: str | None = None
    answer: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    reason: str | None = None
    created_at: datetime = _moment()
    started_at: datetime | None = _moment(nullable=True)
    answered_at: datetime | None = _moment(nullable=True)
    returned_at: datetime | None = _moment(nullable=True)
    """When a wait or a wake gave its end to the sender."""
    quiet: bool = False
    """Its answer wakes nobody: the edge ended while it ran."""
    out_seq: int | None = None
    in_seq: int | None = None
    """The lines in the sender's and in the receiver's transcript."""
    changed: int = Field(default=0, index=True)


class Wait(Row, table=True):
    """Somebody waits; the row lives as long as the wait."""

    id: str = Field(primary_key=True)
    thread_id: str = _thread(index=True)
    turn_id: str
    messages: list[int] = _json()
    mode: str
    since: datetime = _moment()
    deadline: datetime = _moment()


class Wake(Row, table=True):
    """Answers came after the turn that asked had ended; one wake for all of them."""

    turn_id: str = Field(primary_key=True)
    thread_id: str = _thread(index=True)
    due_at: datetime = _moment()


class Approval(Row, table=True):
    __table_args__ = (Index("ix_approval_pending", "turn_id", sqlite_where=text("state = 'pending'")),)

    number: int = Field(primary_key=True)
    """Desk-wide, never used again."""
    id: str = Field(unique=True)
    thread_id: str = _thread(index=True)
    turn_id: str
    kind: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    cwd: str
    why: str
    command: list[str] | None = _json(nullable=True)
    """The arguments of one simple command; null where no rule can stand for it."""
    chain: list[str] = _json()
    state: str = "pending"
    scope: str | None = None
    reason: str | None = None
    offers: list[str] | None = _json(nullable=True)
    """What may be said beside yes once and no: `thread`, which the runtime itself remembers, and `answer`, words of the human's own."""
    answer: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    asked_at: datetime = _moment()
    decided_at: datetime | None = _moment(nullable=True)
    changed: int = Field(default=0, index=True)


class Grant(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    scope: str
    thread_id: str | None = _thread(nullable=True)
    folder: str | None = None
    kind: str = "command"
    prefix: list[str] = _json()
    created_at: datetime = _moment()
    revoked_at: datetime | None = _moment(nullable=True)


class Segment(Row, table=True):
    """A chunk of the history that the model reads; `live` ones in order of `id` are the history."""

    __table_args__ = (Index("ix_segment_thread_live", "thread_id", "live", "id"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True)
    thread_id: str = _thread()
    turn_id: str | None = None
    kind: str = "turn"
    live: bool = True
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    made_at: datetime = _moment()


class Host(Row, table=True):
    """A process that runs turns; it lives as long as it holds the lock on its file under `run/`."""

    id: str = Field(primary_key=True)
    kind: str
    pid: int
    started_at: datetime = _moment()


class Lease(Row, table=True):
    """Which host runs a thread; the fence rises each time it changes hands."""

    thread_id: str = Field(sa_column=Column(String, ForeignKey("thread.id"), primary_key=True))
    host_id: str | None = None
    fence: int = 0


class AuditEvent(Row, table=True):
    """One end of one event. Append-only by trigger; the text lives beside it, so that it can be redacted without breaking the chain."""

    __tablename__ = "audit_event"  # pyright: ignore[reportAssignmentType] (as SQLModel documents it)

    seq: int = Field(primary_key=True)
    kind: str
    origin: str
    thread_id: str = _thread(index=True)
    peer_id: str | None = _thread(nullable=True)
    at: str
    body_hash: str
    prev: str
    hash: str


class AuditBody(Row, table=True):
    __tablename__ = "audit_body"  # pyright: ignore[reportAssignmentType] (as SQLModel documents it)

    seq: int = Field(sa_column=Column(ForeignKey("audit_event.seq"), primary_key=True))
    text: str = Field(sa_column=Column(Text, nullable=False))
    redacted: bool = False


class Head(Row, table=True):
    """One row: the next number of the desk, and the head of the audit chain."""

    id: int = Field(primary_key=True)
    next_seq: int
    audit_hash: str
    audit_count: int


class TrustedFolder(Row, table=True):
    __tablename__ = "trusted_folder"  # pyright: ignore[reportAssignmentType] (as SQLModel documents it)

    path: str = Field(primary_key=True)
    trusted_at: datetime = _moment()


class Meta(Row, table=True):
    """Small facts of the desk, such as the thread that was last open."""

    key: str = Field(primary_key=True)
    value: str = Field(sa_column=Column(Text, nullable=False))
