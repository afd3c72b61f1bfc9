"""How subagents get on, read off the one stream of events: for whoever shows them where their parent is shown, and for scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import Event, ItemAdded, ThreadChanged, TurnChanged
from codex_desk.engine.reading import Reader
from codex_desk.engine.views import ItemView, ThreadView
from codex_desk.frozen import frozen
from codex_desk.text import one_line

What = Literal["spawned", "started", "progress", "completed", "failed", "interrupted", "closed"]

PROGRESS = frozenset({"agent_message", "reasoning", "tool_call", "command", "file_change", "plan"})
"""Kinds of items in which an agent's work shows."""
LINE = 200
"""Characters of what it did."""

_ENDS: Mapping[str, What] = {"running": "started", "completed": "completed", "failed": "failed", "interrupted": "interrupted"}


@frozen
class AgentChanged:
    """Something in a subagent's life: it was made, a turn of it began or ended, it did something, it was closed."""

    thread_id: str
    name: str
    parent_id: str
    what: What
    text: str = ""
    """What it did, what it answered, or why it ended."""

    def to_json(self) -> dict[str, Any]:
        return {"agent": self.name, "thread_id": self.thread_id, "parent_id": self.parent_id, "what": self.what, "text": self.text}


class Lifecycles:
    """Turns events into what they mean for subagents. One for each listener: it remembers who is a subagent, and whose end it has told."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[str, ThreadView | None] = {}
        self._closed: set[str] = set()
        self._turns: dict[str, tuple[str, str]] = {}
        """The turn of each that was told last, and its state: a turn's row changes more often than that."""

    def of(self, event: Event) -> AgentChanged | None:
        """What an event says of a subagent; None where it is about something else. Raises `StoreError`."""
        match event:
            case TurnChanged():
                return self._turn(event)
            case ItemAdded(item) if item.kind == "message_out" and isinstance(made := item.data.get("subagent_thread_id"), str):
                agent = self._agent(made)
                return None if agent is None else _changed(agent, "spawned", item.text)
            case ItemAdded(item) if item.kind in PROGRESS and item.turn_id is not None:
                return self._progress(item)
            case ThreadChanged(thread_id):
                return self._closing(thread_id)
        return None

    def _turn(self, event: TurnChanged) -> AgentChanged | None:
        agent, what = self._agent(event.thread_id), _ENDS.get(event.state)
        if agent is None or what is None or self._turns.get(agent.id) == (event.turn_id, event.state):
            return None
        self._turns[agent.id] = (event.turn_id, event.state)
        row = self._reader.row(
            "SELECT t.reason, m.answer, m.body FROM turn t JOIN message m ON m.id = t.message_id WHERE t.id = ?", (event.turn_id,)
        )
        told = "" if row is None else (row["body"] if what == "started" else row["reason"] or row["answer"]) or ""
        return _changed(agent, what, told)

    def _progress(self, item: ItemView) -> AgentChanged | None:
        agent = self._agent(item.thread_id)
        return None if agent is None else _changed(agent, "progress", item.text)

    def _closing(self, thread_id: str) -> AgentChanged | None:
        agent = self._agent(thread_id)
        if agent is None:
            return None
        archived = self._reader.thread(thread_id).archived_at is not None
        if not archived:
            self._closed.discard(thread_id)
            return None
        if thread_id in self._closed:
            return None
        self._closed.add(thread_id)
        return _changed(agent, "closed", "")

    def _agent(self, thread_id: str) -> ThreadView | None:
        """The thread, if it is a subagent: that never changes."""
        if thread_id not in self._known:
            try:
                thread = self._reader.thread(thread_id)
            except Refusal:
                return None
            self._known[thread_id] = thread if thread.kind == "subagent" and thread.parent_id is not None else None
        return self._known[thread_id]


def _changed(agent: ThreadView, what: What, text: str) -> AgentChanged:
    return AgentChanged(agent.id, agent.handle or agent.id, agent.parent_id or "", what, one_line(text, LINE))
