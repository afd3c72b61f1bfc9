"""Waiting for answers, and the wait-for graph that refuses a wait which could never end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from codex_desk.engine import mailbox
from codex_desk.engine.errors import Refusal
from codex_desk.engine.identity import By, new_id
from codex_desk.engine.journal import Action, End, Tx
from codex_desk.engine.views import FINAL_STATES
from codex_desk.frozen import frozen
from codex_desk.store.tables import Message, Wait

Mode = Literal["any", "all"]

DEFAULT_TIMEOUT_MS = 300_000
MAX_TIMEOUT_MS = 3_600_000


@frozen
class Node:
    """A thread that waits: the threads that its awaited messages are with, one for each message that is not final."""

    mode: Mode
    targets: tuple[str, ...]


def deadlock(graph: Mapping[str, Node], origin: str, wait: Node) -> list[str] | None:
    """The cycle that `wait`, made by `origin`, would close, as a path from `origin` to `origin`; None where it closes none.

    A wait for `all` leads back if any of its targets does; a wait for `any` only if every one does. A thread that does not wait will finish by
    itself, so no path goes on from it."""
    way = {origin: origin}
    """Each thread that cannot go on before `origin` does, with the next one on its way there."""
    grown = True
    while grown:
        grown = False
        for thread, node in graph.items():
            if thread not in way and (following := _stuck(node, way)) is not None:
                way[thread] = following
                grown = True
    step = _stuck(wait, way)
    if step is None:
        return None
    path = [origin, step]
    while path[-1] != origin:
        path.append(way[path[-1]])
    return path


def _stuck(wait: Node, way: Mapping[str, str]) -> str | None:
    """The first target that keeps this wait from ending; None where it can end."""
    back = [target for target in wait.targets if target in way]
    return back[0] if back and (wait.mode == "all" or len(back) == len(wait.targets)) else None


@frozen
class Started:
    """A wait that has begun."""

    wait_id: str
    messages: tuple[int, ...]
    since: datetime


@frozen
class StartWait(Action):
    """Begin to wait for messages. A target is a message's number, or a thread id that stands for the caller's messages to it which no wait has
    returned yet (if there is none, the last one). Refusals: no_messages, unknown_message, would_deadlock."""

    thread: str
    targets: tuple[int | str, ...]
    mode: Mode
    timeout_ms: int
    verb: ClassVar[str] = "wait"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> Started:
        numbers: list[int] = []
        for target in self.targets:
            numbers += [self._own(tx, target)] if isinstance(target, int) else self._to(tx, target)
        numbers = list(dict.fromkeys(numbers))
        messages = [message for number in numbers if (message := tx.get(Message, number)) is not None]
        unfinished = tuple(message.to_id for message in messages if message.state not in FINAL_STATES)
        answered = len(unfinished) < len(messages) if self.mode == "any" else not unfinished
        if not answered:
            path = deadlock(graph_of(tx), self.thread, Node(self.mode, unfinished))
            if path is not None:
                raise Refusal(
                    "would_deadlock",
                    "this wait could never end: " + " → ".join(tx.name(each) for each in path) + ". End your turn instead; you are woken",
                )
        wait = tx.insert(
            Wait(
                id=new_id(),
                thread_id=self.thread,
                turn_id=by.turn_id or "",
                messages=numbers,
                mode=self.mode,
                since=tx.now,
                deadline=tx.now + timedelta(milliseconds=self.timeout_ms),
            )
        )
        tx.update(tx.thread(self.thread), status="waiting")
        return Started(wait.id, tuple(numbers), wait.since)

    def _own(self, tx: Tx, number: int) -> int:
        message = tx.get(Message, number) if 0 < number < 1 << 63 else None
        if message is None or message.from_id != self.thread:
            raise Refusal("unknown_message", f"you sent no message #{number}")
        return number

    def _to(self, tx: Tx, target: str) -> list[int]:
        sent = tx.find(Message, "from_id = ? AND to_id = ? AND origin = 'agent' ORDER BY id", self.thread, target)
        if not sent:
            raise Refusal("no_messages", f"you never sent {tx.name(target)} a message; send one, then wait for it")
        fresh = [message for message in sent if message.returned_at is None and message.state != "delivered"]
        return [message.id or 0 for message in (fresh or sent[-1:])]


@frozen
class RefuseWait(Action):
    """Put a refused wait on record."""

    thread: str
    why: str
    verb: ClassVar[str] = "wait"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> None:
        tx.crossing("wait_refused", by.origin, End(self.thread, self.why, turn_id=by.turn_id), None)


@frozen
class EndWait(Action):
    """End a wait, and record which of its messages it returned to the sender; a report among them ends as delivered."""

    wait: str
    thread: str
    returned: Sequence[int]
    verb: ClassVar[str] = "wait"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> None:
        wait = tx.get(Wait, self.wait)
        if wait is None:
            return
        tx.delete(wait)
        thread = tx.thread(self.thread)
        if thread.status == "waiting":
            tx.update(thread, status="running")
        for number in self.returned:
            message = tx.get(Message, number)
            if message is None or message.returned_at is not None or message.from_id is None:
                continue
            tx.update(message, returned_at=tx.now)
            tx.crossing(
                "returned",
                by.origin,
                End(message.from_id, f"#{number} returned to {tx.name(message.from_id)}", turn_id=by.turn_id),
                End(message.to_id, f"#{number} returned to {tx.name(message.from_id)}"),
                data={"message": number, "quiet": True},
            )


@frozen
class TakeReports(Action):
    """Hand the reports that came from these children to their parent's wait; each ends as delivered. Returns number, sender, body."""

    thread: str
    children: frozenset[str]
    verb: ClassVar[str] = "wait"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> list[tuple[int, str, str]]:
        taken: list[tuple[int, str, str]] = []
        for message in tx.find(Message, "to_id = ? AND kind = 'report' AND state = 'queued' ORDER BY id", self.thread):
            if message.from_id in self.children:
                tx.update(message, returned_at=tx.now, turn_id=by.turn_id)
                mailbox.settle(tx, message, "deliver", by.origin, None)
                taken.append((message.id or 0, message.from_id, message.body))
        return taken


def graph_of(tx: Tx) -> dict[str, Node]:
    """The wait-for graph as it stands: one node for each thread that waits."""
    graph: dict[str, Node] = {}
    for wait in tx.find(Wait, "1"):
        messages = [message for number in wait.messages if (message := tx.get(Message, number)) is not None]
        unfinished = tuple(message.to_id for message in messages if message.state not in FINAL_STATES)
        if wait.mode == "any" and len(unfinished) < len(messages):
            continue  # it is about to return
        if unfinished:
            graph[wait.thread_id] = Node("any" if wait.mode == "any" else "all", unfinished)
    return graph
