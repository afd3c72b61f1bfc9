"""What a transcript asks about other threads: how a message stands, and what a subagent does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import Event, ItemAdded, Live, ThreadChanged
from codex_desk.engine.views import MessageView, ThreadView
from codex_desk.text import one_line
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.model.bookkeeping import is_bookkeeping
from codex_desk.tui.model.words import ASKING
from codex_desk.tui.widgets.showing import Subagent
from codex_desk.tui.widgets.waiting import WaitLine

LINE = 200
"""Characters of what a subagent did last."""


def waits_of(desk: DeskDoor, thread: ThreadView) -> tuple[list[WaitLine], datetime | None]:
    """Whom a thread waits for; and since when it works, None while it does not or asks the human."""
    live = desk.live(thread.id)
    lines = [
        WaitLine(tuple(desk.message(number).to for number in one.messages), one.since, one.deadline)
        for one in desk.waits()
        if one.thread_id == thread.id
    ]
    return lines, live.started_at if live and thread.status not in ASKING else None


class DeskBeside:
    """Answers from the desk (`showing.Beside`); before that is open it knows nothing."""

    def __init__(self, bridge: Bridge, now: Callable[[], datetime]) -> None:
        self._bridge = bridge
        self.now = now
        self._ended: dict[int, MessageView] = {}
        self._doing: dict[str, str] = {}
        """What each subagent that was asked about did last, as far as it was heard."""

    def message(self, number: int) -> MessageView | None:
        """A message as it is now, None where there is none, or no desk yet."""
        if number in self._ended:
            return self._ended[number]
        if self._bridge.desk is None:
            return None
        try:
            found = self._bridge.desk.message(number)
        except Refusal:
            return None
        if found.final:
            self._ended[number] = found
        return found

    def subagent(self, thread_id: str, items: int) -> Subagent | None:
        """A subagent as it is now, with so many of its items; None where there is none, or no desk yet."""
        desk = self._bridge.desk
        if desk is None:
            return None
        try:
            thread = self._bridge.thread(thread_id) or desk.thread(thread_id)
        except Refusal:
            return None
        doing = self._doing.setdefault(thread_id, "")
        live = desk.live(thread_id)
        read = desk.items(thread_id, limit=items + 1) if items else []
        view = replace(thread, last_line=doing) if doing and live else thread
        return Subagent(view, live.started_at if live else None, read[-items:] if items else (), len(read) > items > 0)

    def hear(self, event: Event) -> str | None:
        """The subagent that was asked about and does something else now."""
        match event:
            case ThreadChanged(thread_id) if thread_id in self._doing:
                return thread_id
            case ItemAdded(item) if item.thread_id in self._doing and not is_bookkeeping(item):
                self._doing[item.thread_id] = one_line(item.text, LINE)
                return item.thread_id
            case Live(thread_id, _, delta) if thread_id in self._doing and delta.kind == "tool":
                self._doing[thread_id] = one_line(delta.text, LINE)
                return thread_id
        return None
