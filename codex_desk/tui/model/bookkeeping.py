"""Which lines of a transcript only keep the books."""

from __future__ import annotations

from codex_desk.engine.views import ItemView

KEPT = frozenset({"started", "returned"})
"""Events that another line tells as well: who was sent, woken or answered."""


def is_bookkeeping(item: ItemView) -> bool:
    """Whether a line is left out of what is read; the audit and `show` have it."""
    return item.kind == "notice" and (item.data.get("quiet") is True or item.data.get("event") in KEPT)
