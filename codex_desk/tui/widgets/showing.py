"""What the drawing of an item depends on beside the item itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from codex_desk.engine.views import ItemView, MessageView, ThreadView
from codex_desk.frozen import frozen


@frozen
class Subagent:
    """A spawned thread as it is now."""

    thread: ThreadView
    since: datetime | None = None
    """When its running turn began, None without one."""
    items: Sequence[ItemView] = ()
    """Its newest ones in ascending order, where they are asked for."""
    earlier: bool = False
    """It has others before these."""


@frozen
class Showing:
    """`message` and `subagent`: what a line is about, as far as it is known."""

    opened: bool = False
    message: MessageView | None = None
    subagent: Subagent | None = None
    now: datetime | None = None


FOLDED = Showing()


class Beside(Protocol):
    """What a transcript asks about other threads."""

    def message(self, number: int) -> MessageView | None:
        """A message as it is now, None where nobody knows yet."""
        ...

    def subagent(self, thread_id: str, items: int) -> Subagent | None:
        """A subagent as it is now, with so many of its items."""
        ...

    def now(self) -> datetime: ...
