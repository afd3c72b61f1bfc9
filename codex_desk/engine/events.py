"""What subscribers hear: one stream, in commit order. Only `Live` is not durable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codex_desk.frozen import frozen

if TYPE_CHECKING:  # the first frame needs the events, and neither of these
    from codex_desk.engine.views import ItemView
    from codex_desk.runtimes.base import Delta


@frozen
class ItemAdded:
    item: ItemView


@frozen
class ItemChanged:
    """An item's body was redacted."""

    item: ItemView


@frozen
class ThreadChanged:
    """Read the thread again: its row, its relation or its queue changed."""

    thread_id: str


@frozen
class TurnChanged:
    thread_id: str
    turn_id: str
    state: str
    """running, completed, interrupted, failed."""


@frozen
class MessageChanged:
    message_id: int
    to_id: str
    sender_id: str | None
    state: str


@frozen
class ApprovalChanged:
    approval_id: str
    thread_id: str
    state: str


@frozen
class HistoryChanged:
    """Imported threads are new or have changed: read them again. Their lines are not told one by one; an import brings a hundred thousand."""

    thread_ids: tuple[str, ...]


@frozen
class BoardChanged:
    """Something was written on a board, or it was opened or closed."""

    board_id: str


@frozen
class AutomationChanged:
    """An automation or one of its runs is new or has changed."""

    automation_id: str


@frozen
class Audited:
    """A row was added to the audit; `Desk.audit(after=seq - 1)` reads it and what came behind it."""

    seq: int


@frozen
class Live:
    """A delta of a turn that this process runs, or of a command that the human runs in it (`turn_id` is then empty)."""

    thread_id: str
    turn_id: str
    delta: Delta


@frozen
class ShellChanged:
    """A command that the human typed began or ended in this process."""

    thread_id: str
    running: bool
    trouble: str = ""
    """Why its end is not on record, for people; empty where it is."""


Event = (
    ItemAdded
    | ItemChanged
    | ThreadChanged
    | TurnChanged
    | MessageChanged
    | ApprovalChanged
    | HistoryChanged
    | BoardChanged
    | AutomationChanged
    | Audited
    | Live
    | ShellChanged
)
