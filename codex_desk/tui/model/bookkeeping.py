"""Which lines of a transcript only keep the books."""

from __future__ import annotations

from codex_desk.engine.views import ItemView
from codex_desk.runtimes.base import Delta

KEPT = frozenset({"started", "returned"})
"""Events that another line tells as well: who was sent, woken or answered."""


MAKERS = ("delegate_agent", "spawn_agent")


def makes_agents(delta: Delta) -> bool:
    """Whether what comes is a call that makes subagents: while it runs, the lines of those tell of it."""
    return delta.kind == "tool" and delta.text.startswith(MAKERS)


def is_bookkeeping(item: ItemView) -> bool:
    """Whether a line is left out of what is read; the audit and `show` have it."""
    if item.kind == "tool_call":
        return item.data.get("told") is True  # a call that made subagents: the line that gave each its task tells of it
    return item.kind == "notice" and (item.data.get("quiet") is True or item.data.get("event") in KEPT)
