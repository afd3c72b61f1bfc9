"""Read models of boards. `EntryView.to_json` is the contract that scripts and tools read."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from codex_desk.engine.views import Origin, stamp
from codex_desk.frozen import frozen

Kind = Literal["status", "finding", "note", "handoff", "decision", "claim"]
KINDS: tuple[Kind, ...] = ("status", "finding", "note", "handoff", "decision", "claim")
POSTED: tuple[Kind, ...] = ("status", "finding", "note", "handoff")
"""What is posted as it is; a decision and a claim have rules of their own."""

BoardKind = Literal["message_bus", "files", "hybrid"]
Visibility = Literal["workflow", "project", "session"]
WritePolicy = Literal["append-only", "parent-mediated"]
Role = Literal["parent", "child", "project"]
"""What a thread is to a board: its owner, one of its children, or another thread of the project where the board is the project's."""


@frozen
class BoardView:
    id: str
    parent_id: str
    parent: str
    project: str
    kind: BoardKind
    visibility: Visibility
    write_policy: WritePolicy
    path: str | None
    opened_at: datetime
    closed_at: datetime | None

    @property
    def live(self) -> bool:
        return self.closed_at is None

    @property
    def mirrored(self) -> bool:
        """Whether it is written out as Markdown too."""
        return self.kind != "message_bus"


@frozen
class EntryView:
    id: int
    board_id: str
    kind: Kind
    author: str
    author_id: str
    origin: Origin
    text: str
    at: datetime
    position: int
    """Where it stands for its reader, in the desk's one order: at its own number, or at its promotion's."""
    to: str | None = None
    refers_to: int | None = None
    invalidates: int | None = None
    supersedes: int | None = None
    paths: tuple[str, ...] = ()
    cites: tuple[int, ...] = ()
    promoted_at: datetime | None = None
    invalidated_by: int | None = None
    """The latest entry that invalidates it."""
    superseded_by: int | None = None

    @property
    def name(self) -> str:
        """How people and texts name it."""
        return f"e{self.id}"

    @property
    def stands(self) -> bool:
        return self.invalidated_by is None and self.superseded_by is None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "author": self.author,
            "origin": self.origin,
            "text": self.text,
            "at": stamp(self.at),
            "to": self.to,
            "refers_to": self.refers_to,
            "invalidates": self.invalidates,
            "supersedes": self.supersedes,
            "paths": list(self.paths),
            "cites": list(self.cites),
            "promoted_at": stamp(self.promoted_at),
            "invalidated_by": self.invalidated_by,
            "superseded_by": self.superseded_by,
        }


@frozen
class Conflict:
    """Another agent's claim that stands on the same path, or on one above or below it."""

    entry: int
    author: str
    path: str
    claimed: str

    def to_json(self) -> dict[str, Any]:
        return {"entry": self.entry, "author": self.author, "path": self.path, "claimed": self.claimed}
