"""Which items of a long thread are on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from codex_desk.engine.views import ItemView

HIGH = 300
"""Most items at once."""
LOW = 240
"""What is left after the oldest were let go, so that this does not happen with every item."""
PAGE = 40
"""Most items shown at first, and with every step back."""


@dataclass(slots=True)
class Window:
    """A run of consecutive items of a thread. What was read but is not shown yet waits in `reserve`, older than all of `items`."""

    items: list[ItemView] = field(default_factory=list)
    reserve: list[ItemView] = field(default_factory=list)
    later: bool = False
    """Newer items exist that are not here."""
    _unread: bool = False

    @property
    def earlier(self) -> bool:
        """Older items exist that are not shown."""
        return bool(self.reserve) or self._unread

    def show(self, items: Sequence[ItemView], unread: bool) -> None:
        """Begin again with the newest items; `unread`: the store holds older ones. None is shown before `page_back`."""
        self.items, self.reserve = [], list(items)
        self.later, self._unread = False, unread

    def append(self, item: ItemView, *, following: bool) -> int | None:
        """Add the newest item and say how many of the oldest go. None: it has no place, because the reader is elsewhere and the window full."""
        newest = self.items or self.reserve
        if self.later or (newest and item.seq <= newest[-1].seq):
            return None
        if len(self.items) >= HIGH and not following:
            self.later = True
            return None
        self.items.append(item)
        if len(self.items) <= HIGH:
            return 0
        dropped = len(self.items) - LOW
        # What goes is read again when it is wanted: a reserve must join up with what is shown.
        del self.items[:dropped]
        self.reserve, self._unread = [], True
        return dropped

    def stock(self, items: Sequence[ItemView], unread: bool) -> None:
        """Older items arrived from the store."""
        oldest = next((item.seq for item in (*self.reserve[:1], *self.items[:1])), None)
        self.reserve[:0] = [item for item in items if oldest is None or item.seq < oldest]
        self._unread = unread

    def page_back(self, count: int = PAGE) -> tuple[list[ItemView], int]:
        """Show the next older items of the reserve: those, and how many of the newest go to make room."""
        start = max(0, len(self.reserve) - count)
        page = self.reserve[start:]
        del self.reserve[start:]
        self.items[:0] = page
        dropped = max(0, len(self.items) - HIGH)
        if dropped:
            del self.items[-dropped:]
            self.later = True
        return page, dropped

    def change(self, item: ItemView) -> int | None:
        """Put a changed item in its place; where that is, None if it is not shown."""
        for items in (self.items, self.reserve):
            for index, known in enumerate(items):
                if known.seq == item.seq:
                    items[index] = item
                    return index if items is self.items else None
        return None
