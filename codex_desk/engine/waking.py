"""Waking a session whose turn had ended before the answers to its messages came: once for all of them, when all are in or 60 s after the first."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from codex_desk.engine import budgets, envelope, mailbox
from codex_desk.engine.identity import By
from codex_desk.engine.journal import Action, End, Tx
from codex_desk.engine.views import FINAL_STATES
from codex_desk.frozen import frozen
from codex_desk.store.tables import Attachment, Message, Thread, Turn, Wake

GATHER = timedelta(seconds=60)
"""How long a wake waits for further answers after the first."""

LARGE_TOKENS = 100_000
LONG_IDLE = timedelta(hours=1)
"""A sender larger and longer idle than this is not woken: the human is shown what the wake would cost."""


def answer_came(tx: Tx, message: Message) -> None:
    """Called when a message has come to its end: plan the wake of its sender, if that is due one."""
    if message.asking_turn_id is None or not _wakes(tx, message):
        return
    asking = tx.get(Turn, message.asking_turn_id)
    if asking is None or asking.state == "running":
        return
    _plan(tx, asking)


def turn_ended(tx: Tx, turn: Turn) -> None:
    """A turn ended: answers that came while it ran, and that no wait gave it, would never be heard by its sender. They count as come now."""
    if any(each.state in FINAL_STATES and _wakes(tx, each) for each in _asked(tx, turn.id)):
        _plan(tx, turn)


def _plan(tx: Tx, asking: Turn) -> None:
    open_ones = [each for each in _asked(tx, asking.id) if each.state not in FINAL_STATES]
    wake = tx.get(Wake, asking.id)
    due = tx.now if not open_ones else tx.now + GATHER
    if wake is None:
        tx.insert(Wake(turn_id=asking.id, thread_id=asking.thread_id, due_at=due))
    elif due < wake.due_at:
        tx.update(wake, due_at=due)
    tx.update(tx.thread(asking.thread_id))


def _asked(tx: Tx, turn_id: str) -> list[Message]:
    return tx.find(Message, "asking_turn_id = ? AND kind = 'ask' ORDER BY id", turn_id)


def _wakes(tx: Tx, message: Message) -> bool:
    if message.kind != "ask" or message.quiet or message.returned_at is not None or message.state == "delivered":
        return False
    if message.edge_id is None:
        return True
    edge = tx.get(Attachment, message.edge_id)
    return edge is not None and edge.ended_at is None and edge.wake == "answers"


@frozen
class FireWake(Action):
    """Send the wake that is due for the answers to one turn's messages. Returns the message's number, None where nobody is woken."""

    turn: str
    verb: ClassVar[str] = "wake"

    def perform(self, tx: Tx, by: By) -> int | None:
        wake, asking = tx.get(Wake, self.turn), tx.get(Turn, self.turn)
        if wake is None or asking is None or wake.due_at > tx.now:
            return None
        tx.delete(wake)
        answers = [each for each in _asked(tx, asking.id) if each.state in FINAL_STATES and _wakes(tx, each)]
        sender = tx.thread(asking.thread_id)
        if not answers or sender.archived_at is not None:
            return None
        numbers = ", ".join(f"#{each.id}" for each in answers)
        if sender.context_tokens > LARGE_TOKENS and _idle(tx, sender) > LONG_IDLE:
            why = f"answers came ({numbers}); waking {sender.handle} would read {sender.context_tokens:,} tokens again. Prompt it to go on"
            tx.update(sender, status="needs_human", reason=why)
            tx.crossing("held", "system", End(sender.id, why), None)
            return None
        for each in answers:
            tx.update(each, returned_at=tx.now)
        return self._send(tx, asking, sender, answers, numbers)

    def _send(self, tx: Tx, asking: Turn, sender: Thread, answers: list[Message], numbers: str) -> int:
        parts = [envelope.Part(f"#{each.id} to {tx.name(each.to_id)}: {_told(each)}", each.answer or each.reason or "") for each in answers]
        message = tx.insert(
            Message(
                to_id=sender.id,
                kind="wake",
                origin="system",
                body=envelope.from_desk(parts),
                rights=asking.rights,
                chain_id=asking.chain_id,
                hops=asking.hops + 1,
                created_at=tx.now,
            )
        )
        trip = budgets.waking(tx, asking, answers[0])
        if trip is not None:
            mailbox.hold_back(tx, message, trip)
        told = f"woken: {numbers} came back (#{message.id})"
        for each in answers:
            tx.crossing(
                "woken",
                "system",
                End(sender.id, told),
                End(each.to_id, f"{sender.handle} was woken by the end of #{each.id}", data={"aside": True}),
                data={"message": each.id},
            )
        tx.update(sender)
        return message.id or 0


def _idle(tx: Tx, thread: Thread) -> timedelta:
    """How long ago its last turn ended. Lines about other threads' doings, such as the answer at hand, are no activity of its own."""
    last = tx.first(Turn, "thread_id = ? AND ended_at IS NOT NULL ORDER BY ended_at DESC", thread.id)
    return timedelta(0) if last is None or last.ended_at is None else tx.now - last.ended_at


def _told(message: Message) -> str:
    return message.state if not message.reason else f"{message.state}: {message.reason}"
