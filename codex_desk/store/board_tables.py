"""The tables of boards: the shared scopes of workflows. Their entries and what belongs to one are append-only, by trigger."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Text, text
from sqlmodel import Field

from codex_desk.store.tables import METADATA, Row, _json, _moment, _thread

EVERY_TABLE = METADATA
"""Those of the desk and these."""


class Board(Row, table=True):
    """The shared scope of one workflow: a parent's, from its first child until it is closed."""

    __table_args__ = (
        Index("uq_board_parent_live", "parent_id", unique=True, sqlite_where=text("closed_at IS NULL")),
        Index("ix_board_project_live", "project", sqlite_where=text("closed_at IS NULL AND visibility = 'project'")),
    )

    id: str = Field(primary_key=True)
    parent_id: str = _thread(index=True)
    project: str
    kind: str
    visibility: str
    write_policy: str
    path: str | None = None
    """Where its files go, in the project; null: under the desk's home."""
    opened_at: datetime = _moment()
    closed_at: datetime | None = _moment(nullable=True)
    changed: int = Field(default=0, index=True)


def _entry(*, nullable: bool = True) -> int | None:
    return Field(default=None, sa_column=Column(Integer, ForeignKey("board_entry.id"), nullable=nullable))


class BoardEntry(Row, table=True):
    """What somebody wrote on a board. Never changed but by redaction."""

    __tablename__ = "board_entry"  # pyright: ignore[reportAssignmentType] (as SQLModel documents it)
    __table_args__ = (
        Index("ix_board_entry_open", "board_id", "open", "id"),
        Index("ix_board_entry_board", "board_id", "id"),
        Index("ix_board_entry_author", "board_id", "thread_id", "id"),
        Index("ix_board_entry_invalidates", "invalidates", sqlite_where=text("invalidates IS NOT NULL")),
        Index("ix_board_entry_supersedes", "supersedes", sqlite_where=text("supersedes IS NOT NULL")),
    )

    id: int = Field(primary_key=True)
    """A number of the desk's one order."""
    board_id: str = Field(sa_column=Column(String, ForeignKey("board.id"), nullable=False))
    thread_id: str = _thread()
    """Whose entry it is; the human's own are the parent's, of origin `human`."""
    origin: str
    turn_id: str | None = None
    kind: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    to_id: str | None = _thread(nullable=True)
    refers_to: int | None = _entry()
    invalidates: int | None = _entry()
    supersedes: int | None = _entry()
    paths: list[str] | None = _json(nullable=True)
    """What a claim claims, as its author named it."""
    cites: list[int] | None = _json(nullable=True)
    """What a decision rests on."""
    open: bool = True
    """Whether every member sees it at once; else once it is promoted."""
    redacted: bool = False
    at: datetime = _moment()


class BoardCite(Row, table=True):
    """A decision cites an entry."""

    __tablename__ = "board_cite"  # pyright: ignore[reportAssignmentType] (as SQLModel documents it)
    __table_args__ = (Index("ix_board_cite_entry", "entry_id"),)

    id: int | None = Field(default=None, primary_key=True)
    decision_id: int | None = _entry(nullable=False)
    entry_id: int | None = _entry(nullable=False)


class BoardPath(Row, table=True):
    """A path that a claim claims: real and absolute, so that two agents' names for it are one."""

    __tablename__ = "board_path"  # pyright: ignore[reportAssignmentType] (as SQLModel documents it)
    __table_args__ = (Index("ix_board_path_path", "board_id", "path"),)

    id: int | None = Field(default=None, primary_key=True)
    board_id: str = Field(sa_column=Column(String, ForeignKey("board.id"), nullable=False))
    entry_id: int | None = _entry(nullable=False)
    path: str


class BoardPromotion(Row, table=True):
    """The parent promoted an entry, at this number of the desk's one order."""

    __tablename__ = "board_promotion"  # pyright: ignore[reportAssignmentType] (as SQLModel documents it)
    __table_args__ = (Index("ix_board_promotion_board", "board_id", "seq"),)

    seq: int = Field(primary_key=True)
    board_id: str = Field(sa_column=Column(String, ForeignKey("board.id"), nullable=False))
    entry_id: int = Field(sa_column=Column(Integer, ForeignKey("board_entry.id"), nullable=False, unique=True))
    origin: str
    at: datetime = _moment()


class BoardCursor(Row, table=True):
    """How far a thread has read a board. `id` is the board's and the thread's."""

    __tablename__ = "board_cursor"  # pyright: ignore[reportAssignmentType] (as SQLModel documents it)

    id: str = Field(primary_key=True)
    board_id: str = Field(sa_column=Column(String, ForeignKey("board.id"), nullable=False, index=True))
    thread_id: str = _thread()
    seq: int = 0


class BoardSeen(Row, table=True):
    """An entry that a thread read out of turn: by a filter, or by a cursor of its own."""

    __tablename__ = "board_seen"  # pyright: ignore[reportAssignmentType] (as SQLModel documents it)
    __table_args__ = (Index("uq_board_seen_entry_thread", "entry_id", "thread_id", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    entry_id: int | None = _entry(nullable=False)
    thread_id: str = _thread()


class BoardNotice(Row, table=True):
    """What a thread's next turn is told of a board before its input; it starts no turn."""

    __tablename__ = "board_notice"  # pyright: ignore[reportAssignmentType] (as SQLModel documents it)
    __table_args__ = (Index("ix_board_notice_thread", "thread_id"),)

    id: int | None = Field(default=None, primary_key=True)
    thread_id: str = _thread()
    what: str
    """invalidated, conflict, promoted, summary."""
    entry_id: int | None = _entry(nullable=False)
    """The entry that it is about; of a summary the last one to tell."""
    message_id: int | None = None
    """Only the turn of this message is told."""
    turn_id: str | None = None
    """The turn that was told; it goes once that turn has read."""
