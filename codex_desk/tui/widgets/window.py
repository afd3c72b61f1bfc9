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
"""Most items shown at first, and with every step further."""
KEPT = 600
"""Most items that are kept beside those shown; others are read from the store again."""


@dataclass(slots=True)
class Window:
    """A run of consecutive items of a thread. What was read but is not shown waits on both sides: `reserve` is older than all of `items`, `ahead`
    newer."""

    items: list[ItemView] = field(default_factory=list)
    reserve: list[ItemView] = field(default_factory=list)
    ahead: list[ItemView] = field(default_factory=list)
    _unread_before: bool = False
    _unread_after: bool = False

    @property
    def earlier(self) -> bool:
        """Older items exist that are not shown."""
        return bool(self.reserve) or self._unread_before

    @property
    def later(self) -> bool:
        """Newer items exist that are not shown."""
        return bool(self.ahead) or self._unread_after

    def show(self, items: Sequence[ItemView], earlier: bool, *, later: bool = False, at: int | None = None) -> None:
        """Begin again; `earlier` and `later`: the store holds older and newer ones. None is shown before a page is taken: `page_back` begins with the
        newest, or with `at`, a seq, with those before it, and `page_forward` with it."""
        self.items = []
        self.reserve = [item for item in items if at is None or item.seq < at]
        self.ahead = [item for item in items if at is not None and item.seq >= at]
        self._unread_before, self._unread_after = earlier, later

    def append(self, item: ItemView, *, following: bool) -> int | None:
        """Add the newest item and say how many of the oldest go. None: it is not shown, because the reader is elsewhere."""
        newest = self.ahead or self.items or self.reserve
        if newest and item.seq <= newest[-1].seq:
            return None
        if self._unread_after:
            return None
        if self.ahead or (len(self.items) >= HIGH and not following):
            self.ahead.append(item)
            self._keep()
            return None
        self.items.append(item)
        if len(self.items) <= HIGH:
            return 0
        dropped = len(self.items) - LOW
        self.reserve.extend(self.items[:dropped])
        del self.items[:dropped]
        self._keep()
        return dropped

    def stock(self, items: Sequence[ItemView], unread: bool) -> None:
        """Older items arrived from the store; `unread`: it holds still older ones."""
        oldest = next((item.seq for item in (*self.reserve[:1], *self.items[:1], *self.ahead[:1])), None)
        self.reserve[:0] = [item for item in items if oldest is None or item.seq < oldest]
        self._unread_before = unread

    def stock_later(self, items: Sequence[ItemView], unread: bool) -> None:
        """Newer items arrived from the store; `unread`: it holds still newer ones."""
        newest = next((item.seq for item in (*self.ahead[-1:], *self.items[-1:], *self.reserve[-1:])), None)
        self.ahead.extend(item for item in items if newest is None or item.seq > newest)
        self._unread_after = unread

    def page_back(self, count: int = PAGE) -> tuple[list[ItemView], int]:
        """Show the next older items of the reserve: those, and how many of the newest go to make room."""
        start = max(0, len(self.reserve) - count)
        page = self.reserve[start:]
        del self.reserve[start:]
        self.items[:0] = page
        dropped = max(0, len(self.items) - HIGH)
        if dropped:
            self.ahead[:0] = self.items[-dropped:]
            del self.items[-dropped:]
            self._keep()
        return page, dropped

    def page_forward(self, count: int = PAGE) -> tuple[list[ItemView], int]:
        """Show the next newer items: those, and how many of the oldest go to make room."""
        page = self.ahead[:count]
        del self.ahead[:count]
        self.items.extend(page)
        dropped = max(0, len(self.items) - HIGH)
        if dropped:
            self.reserve.extend(self.items[:dropped])
            del self.items[:dropped]
            self._keep()
        return page, dropped

    def change(self, item: ItemView) -> int | None:
        """Put a changed item in its place; where that is, None if it is not shown."""
        for items in (self.items, self.reserve, self.ahead):
            for index, known in enumerate(items):
                if known.seq == item.seq:
                    items[index] = item
                    return index if items is self.items else None
        return None

    def _keep(self) -> None:
        """Let go of what lies far from what is shown; what is kept always joins up with it."""
        if len(self.reserve) > KEPT:
            del self.reserve[: len(self.reserve) - KEPT]
            self._unread_before = True
        if len(self.ahead) > KEPT:
            del self.ahead[KEPT:]
            self._unread_after = True
