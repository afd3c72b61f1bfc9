"""An agent's view of its children while a turn runs: who they are, and waiting for their answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import ApprovalChanged, Event, MessageChanged, ThreadChanged
from codex_desk.engine.hub import Hub
from codex_desk.engine.identity import By
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.reading import Reader
from codex_desk.engine.rows import moment
from codex_desk.engine.views import FINAL_STATES, MessageView, ThreadView
from codex_desk.engine.waiting import EndWait, RefuseWait, Started, StartWait, TakeReports
from codex_desk.text import one_line

LOG = logging.getLogger(__name__)

Why = Literal["needs_human", "report", "interrupted_by_user", "answered"]


def agents(reader: Reader, thread_id: str) -> dict[str, Any]:
    """What `list_agents` says."""
    now = datetime.now(UTC)
    return {
        "agents": [
            {
                "name": child.handle,
                "relation": child.relation,
                "status": child.status,
                "task": one_line(_task(reader, child), 120),
                "idle_s": 0 if child.status in ("running", "waiting") else int((now - child.last_activity_at).total_seconds()),
                "queued": child.queued,
                "needs_human": child.reason if child.status == "needs_human" else None,
            }
            for child in reader.children(thread_id)
        ],
        "parent": reader.thread(thread_id).parent,
    }


def _task(reader: Reader, thread: ThreadView) -> str:
    row = reader.row(
        "SELECT m.body FROM turn t JOIN message m ON m.id = t.message_id WHERE t.thread_id = ? ORDER BY t.started_at DESC LIMIT 1",
        (thread.id,),
    )
    return str(row["body"]) if row is not None else ""


class Waiting:
    """The waits of one turn."""

    def __init__(self, ledger: Ledger, reader: Reader, hub: Hub, by: By) -> None:
        self._ledger = ledger
        self._reader = reader
        self._hub = hub
        self._by = by
        self._told: set[str] = set()
        """What needed the human and has been said to this turn: a second wait is not ended by it again."""

    async def wait(
        self, targets: tuple[int | str, ...], mode: Literal["any", "all"], timeout_ms: int, *, through_approvals: bool = False
    ) -> dict[str, Any]:
        """Wait, and give the result of `wait_agent`. Refusals: no_messages, unknown_message, would_deadlock.

        `through_approvals`: an approval that a target asks for is waited for as well; the human sees it where they see all of them."""
        thread_id = self._by.thread_id or ""
        try:
            started: Started = await self._ledger.do(StartWait(thread_id, targets, mode, timeout_ms), self._by)
        except Refusal as refusal:
            if refusal.code == "would_deadlock":
                await self._ledger.do(RefuseWait(thread_id, refusal.message), self._by)
            raise
        since = started.since
        why: Why | None = None
        try:
            children = frozenset(self._reader.message(number).to_id for number in started.messages)
            relevant = _about(frozenset(started.messages), children, thread_id)
            why = await self._hub.until(lambda: self._ready(started.messages, mode, since, through_approvals), relevant, timeout_ms / 1000)
        except TimeoutError:
            why = None
        except asyncio.CancelledError:
            await asyncio.shield(self._ledger.do(EndWait(started.wait_id, thread_id, ()), self._by))
            raise
        return await self._result(started, why, since)

    async def _result(self, started: Started, why: Why | None, since: datetime) -> dict[str, Any]:
        thread_id = self._by.thread_id or ""
        messages = [self._reader.message(number) for number in started.messages]
        children = frozenset(message.to_id for message in messages)
        reports: list[tuple[int, str, str]] = []
        if any(queued.sender_id in children for queued in self._reader.queue(thread_id)):
            reports = await self._ledger.do(TakeReports(thread_id, children), self._by)
        returned = [message.id for message in messages if message.state in FINAL_STATES]
        # The answers are durable as such; that they were returned is written while the model reads them, before anything that it does next. Should
        # this process end in between, the answers count as not returned, and wake their sender.
        self._ledger.submit(EndWait(started.wait_id, thread_id, returned), self._by).add_done_callback(_logged)
        results = [self._one(message, [body for _, sender, body in reports if sender == message.to_id]) for message in messages]
        return {"results": results, "timed_out": why is None, "reason": None if why == "answered" else why}

    def _ready(self, numbers: Sequence[int], mode: str, since: datetime, through_approvals: bool) -> Why | None:
        messages = [self._reader.message(number) for number in numbers]
        unfinished = [message for message in messages if message.state not in FINAL_STATES]
        if not unfinished or (mode == "any" and len(unfinished) < len(messages)):
            return "answered"
        for message in unfinished:
            need = self._reader.need_of(message)
            if need is not None and need not in self._told and not (through_approvals and self._asks(message.to_id)):
                self._told.add(need)
                return "needs_human"
        for queued in self._reader.queue(self._by.thread_id or ""):
            if queued.state == "queued" and queued.origin == "human" and queued.created_at >= since:
                return "interrupted_by_user"
            if queued.state == "queued" and queued.origin == "agent" and queued.sender_id in {message.to_id for message in messages}:
                return "report"
        return None

    def _asks(self, thread_id: str) -> bool:
        return self._reader.row("SELECT 1 FROM approval WHERE thread_id = ? AND state = 'pending'", (thread_id,)) is not None

    def _one(self, message: MessageView, reports: Sequence[str]) -> dict[str, Any]:
        thread = self._reader.thread(message.to_id)
        now = datetime.now(UTC)
        running = (
            self._reader.row("SELECT started_at FROM turn WHERE id = ? AND state = 'running'", (message.turn_id,))
            if message.turn_id
            else None
        )
        ahead = [each.id for each in self._reader.queue(thread.id)]
        behind = ahead[: ahead.index(message.id)] if message.id in ahead else []
        current = self._reader.row("SELECT message_id FROM turn WHERE thread_id = ? AND state = 'running'", (thread.id,))
        if message.state == "queued" and current is not None:
            behind = [current["message_id"], *behind]
        return {
            "message_id": message.id,
            "agent": message.to,
            "state": message.state,
            "answer": message.answer,
            "report": "\n\n".join(reports) or None,
            "reason": message.reason,
            "running_s": None if running is None else int((now - moment(running["started_at"])).total_seconds()),
            "last_activity_s": int((now - thread.last_activity_at).total_seconds()),
            "queued_behind": behind,
            "needs_human": None if message.final else self._reader.need_of(message),
        }


def _logged(ending: asyncio.Future[Any]) -> None:
    if not ending.cancelled() and (error := ending.exception()) is not None:
        LOG.warning("the end of a wait was not recorded: %s", error)


def _about(numbers: frozenset[int], children: frozenset[str], thread_id: str) -> Callable[[Event], bool]:
    """Whether an event can end a wait for these messages: it touches one of them, one of the threads they are with, or the waiting thread's queue."""

    def relevant(event: Event) -> bool:
        match event:
            case MessageChanged():
                return event.message_id in numbers or event.to_id == thread_id
            case ThreadChanged() | ApprovalChanged():
                return event.thread_id in children
            case _:
                return False

    return relevant
