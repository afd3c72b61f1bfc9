"""What subscribers hear: one stream, in commit order. Only `Live` is not durable."""

from __future__ import annotations

from dataclasses import dataclass

from codex_desk.engine.views import ItemView
from codex_desk.runtimes.base import Delta


@dataclass(frozen=True, slots=True)
class ItemAdded:
    item: ItemView


@dataclass(frozen=True, slots=True)
class ItemChanged:
    """An item's body was redacted."""

    item: ItemView


@dataclass(frozen=True, slots=True)
class ThreadChanged:
    """Read the thread again: its row, its relation or its queue changed."""

    thread_id: str


@dataclass(frozen=True, slots=True)
class TurnChanged:
    thread_id: str
    turn_id: str
    state: str
    """running, completed, interrupted, failed."""


@dataclass(frozen=True, slots=True)
class MessageChanged:
    message_id: int
    to_id: str
    sender_id: str | None
    state: str


@dataclass(frozen=True, slots=True)
class ApprovalChanged:
    approval_id: str
    thread_id: str
    state: str


@dataclass(frozen=True, slots=True)
class HistoryChanged:
    """Imported threads are new or have changed: read them again. Their lines are not told one by one; an import brings a hundred thousand."""

    thread_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Audited:
    """A row was added to the audit; `Desk.audit(after=seq - 1)` reads it and what came behind it."""

    seq: int


@dataclass(frozen=True, slots=True)
class Live:
    """A delta of a turn that this process runs."""

    thread_id: str
    turn_id: str
    delta: Delta


Event = ItemAdded | ItemChanged | ThreadChanged | TurnChanged | MessageChanged | ApprovalChanged | HistoryChanged | Audited | Live
