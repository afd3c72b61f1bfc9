"""A turn's beginning and end, and what the human does to a running one. One turn at a time in a thread; each has one start and one end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, ClassVar, Literal

from codex_desk.engine import approvals, board_notices, boards, budgets, envelope, folding, loops, mailbox, releasing, shelling, waking
from codex_desk.engine.errors import Refusal
from codex_desk.engine.identity import SYSTEM, By, new_id
from codex_desk.engine.journal import Action, End, Tx
from codex_desk.engine.states import MessageEvent
from codex_desk.frozen import frozen
from codex_desk.rights import Rights
from codex_desk.runtimes.asked import SHOWN
from codex_desk.runtimes.base import Compaction, ItemDraft, Usage
from codex_desk.store.tables import Approval, Item, Message, Thread, Turn, Wait
from codex_desk.store.words import MessageKind, Origin

Ending = Literal["completed", "failed", "interrupted"]

ASIDE = frozenset({"compact", "summary"})
"""Kinds of messages whose turn is a model call beside the conversation: nothing is said in the thread."""

HOST_LEFT = "host left"
"""Why a turn ended that was still running when the process that ran it went away in order."""


@frozen
class Claimed:
    """A turn that has begun: what its runner needs to know."""

    turn_id: str
    thread_id: str
    message_id: int
    kind: MessageKind
    input: str
    origin: Origin
    rights: Rights
    host_id: str
    fence: int
    notes: tuple[str, ...] = ()
    """What the model reads before the input: what the human did here by hand."""
    back_to: str | None = None
    """The runtime's own id of the turn before which its history goes back first."""


@frozen
class Interrupt(Action):
    """End the running turn; until the human prompts or resumes, nothing else starts one here."""

    thread: str
    chain: bool = False
    """Everything that the prompt behind it caused as well: all turns of it end, and what is queued is held until it is resumed."""
    verb: ClassVar[str] = "interrupt"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> str:
        thread = tx.thread(self.thread)
        if thread.archived_at is not None:
            raise Refusal("archived", f"{thread.handle} is archived and runs nothing")
        if self.chain:
            releasing.stop(tx, thread.id)
            thread = tx.thread(thread.id)
        turn = mailbox.running_turn(tx, thread.id)
        if turn is not None and turn.stop_reason is None:
            tx.update(turn, stop_reason="by the user")
        tx.update(thread, held=True)
        return thread.id


@frozen
class Resume(Action):
    """Give the hand back: what waits may run again, edges that a budget held are released, and a folder that was replaced is accepted."""

    thread: str
    folder: tuple[int, int] | None = None
    """Device and inode of the cwd as it is now; the human has seen that it is another folder."""
    verb: ClassVar[str] = "resume"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> str:
        thread = tx.thread(self.thread)
        if thread.archived_at is not None:
            raise Refusal("archived", f"{thread.handle} is archived; unarchive it first")
        changes: dict[str, Any] = {"held": False}
        if self.folder is not None:
            changes |= {"cwd_device": self.folder[0], "cwd_inode": self.folder[1]}
        if thread.status in ("needs_human", "error"):
            changes |= {"status": "idle", "reason": None}
        tx.update(thread, **changes)
        releasing.let_go(tx, thread.id)
        return thread.id


@frozen
class Compact(Action):
    """Ask for the thread's history to be compacted; it takes its place in the queue like a prompt. Returns the message's number."""

    thread: str
    verb: ClassVar[str] = "compact"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> int:
        thread = tx.thread(self.thread)
        if thread.archived_at is not None:
            raise Refusal("archived", f"{thread.handle} is archived; unarchive it first")
        message = tx.insert(
            Message(to_id=thread.id, kind="compact", origin=by.origin, body="compact", chain_id=new_id(), created_at=tx.now)
        )
        tx.update(thread)
        return message.id or 0


@frozen
class Claim(Action):
    """Take the next message of a thread's queue and begin its turn. Returns None where there is nothing to begin now."""

    thread: str
    host_id: str
    own: Rights
    settings: Mapping[str, Any]
    """What the turn will run with: runtime, model, provider, sandbox tier."""
    alive: frozenset[str]
    """Hosts that live; a lease of any other is free."""
    instructions_hash: str = ""
    instructions: tuple[str, ...] = ()
    """The hash of the instructions that its model will read, and the files that they come from."""
    up_to: int | None = None
    """A one-shot host runs the queue up to this message and no further."""
    human_only: bool = False
    """A human is typing in this thread's composer."""
    verb: ClassVar[str] = "claim"

    def perform(self, tx: Tx, by: By) -> Claimed | None:
        thread = tx.thread(self.thread)
        if thread.archived_at is not None or mailbox.running_turn(tx, thread.id) is not None:
            return None
        message = self._next(tx, thread)
        while message is not None and (trip := budgets.starting(tx, message)) is not None:
            mailbox.hold_back(tx, message, trip)
            message = self._next(tx, thread)
        if message is None:
            return None
        lease = tx.lease(thread.id)
        if lease.host_id != self.host_id:
            if lease.host_id in self.alive:
                return None
            tx.set_lease(lease, self.host_id, lease.fence + 1)
        ceiling = None if message.rights is None else Rights.from_json(message.rights)
        rights = self.own if ceiling is None else self.own.lesser(ceiling)
        turn = tx.insert(
            Turn(
                id=new_id(),
                thread_id=thread.id,
                origin=message.origin,
                message_id=message.id or 0,
                chain_id=message.chain_id,
                hops=message.hops,
                host_id=self.host_id,
                fence=lease.fence,
                rights=rights.to_json(),
                settings=dict(self.settings),
                instructions_hash=self.instructions_hash,
                instructions=list(self.instructions),
                started_at=tx.now,
            )
        )
        budgets.charge_turn(tx, turn)
        tx.update(message, state=mailbox.next_state(message.state, "claim"), turn_id=turn.id, started_at=tx.now)
        tx.update(thread, status="running", reason=None)
        text = _begin(tx, thread, message, turn)
        notes, taken = (), folding.Taken()
        if message.kind == "compact":
            folding.reached(tx, thread, turn.id)
        if message.kind not in ASIDE:
            taken = folding.take(tx, thread, turn.id)
            told = (*shelling.take_notes(tx, thread.id, turn.id), *board_notices.take(tx, thread.id, turn.id, message.id or 0))
            notes = (*told, *taken.notes)
            boards.status(tx, thread.id, turn.id, f"started on #{message.id}")
        number, host = message.id or 0, self.host_id
        return Claimed(turn.id, thread.id, number, message.kind, text, message.origin, rights, host, lease.fence, notes, taken.back_to)

    def _next(self, tx: Tx, thread: Thread) -> Message | None:
        bound = 1 << 62 if self.up_to is None else self.up_to
        whose = " AND origin = 'human'" if self.human_only else ""
        whose += " AND kind = 'summary'" if thread.held else ""  # it reads, and goes on with nothing
        clause = f"to_id = ? AND state = 'queued' AND (id <= ? OR delivery = 'interrupt'){whose} ORDER BY delivery != 'interrupt', id"
        return tx.first(Message, clause, thread.id, bound)


@frozen
class Finish(Action):
    """End a running turn and the message that caused it; what was meant for a later step of it becomes a turn of its own."""

    claimed: Claimed
    state: Ending
    answer: str | None = None
    reason: str | None = None
    usage: Usage = field(default_factory=Usage)
    verb: ClassVar[str] = "finish"

    def perform(self, tx: Tx, by: By) -> None:
        tx.check_fence(self.claimed.thread_id, self.claimed.host_id, self.claimed.fence)
        turn = tx.get(Turn, self.claimed.turn_id)
        if turn is None or turn.state != "running":
            return
        tx.update(turn, input_tokens=self.usage.input_tokens, output_tokens=self.usage.output_tokens)
        if self.usage.context_tokens:  # before a fold that waited for the end adds to it
            tx.update(tx.thread(turn.thread_id), context_tokens=self.usage.context_tokens)
        budgets.charge_tokens(tx, turn)
        end_turn(tx, turn, self.state, self.reason, self.answer)
        thread = tx.thread(turn.thread_id)
        changes: dict[str, Any] = {"last_activity_at": tx.now}
        if self.answer and self.claimed.kind not in ASIDE:
            tx.show_last(thread.id, self.answer)
        tx.update(thread, **changes)
        if tx.first(Message, "to_id = ? AND state = 'queued'", turn.thread_id) is None:
            lease = tx.lease(turn.thread_id)
            tx.set_lease(lease, None, lease.fence)


def end_turn(tx: Tx, turn: Turn, state: Ending, reason: str | None, answer: str | None = None) -> None:
    """The end of a turn, whoever ends it: its host, or the process that finds it dead."""
    tx.update(turn, state=state, reason=reason, ended_at=tx.now)
    for wait in tx.find(Wait, "turn_id = ?", turn.id):
        tx.delete(wait)
    for approval in tx.find(Approval, "turn_id = ? AND state = 'pending' AND kind != 'budget'", turn.id):
        approvals.close(tx, approval, "expired", "system", reason="the turn ended")
    for late in tx.find(Message, "to_id = ? AND state = 'queued' AND delivery = 'next_step'", turn.thread_id):
        tx.update(late, delivery="after_turn", turn_id=None)
    thread = tx.thread(turn.thread_id)
    failed = state == "failed" or (state == "interrupted" and reason == "process ended")
    rest = "finished" if thread.kind == "subagent" else "idle"
    tx.update(thread, status="error" if failed else rest, reason=reason if failed else None)
    mailbox.show_held(tx, thread)
    message = tx.get(Message, turn.message_id)
    if message is not None and message.state == "running":
        event, told = _ending(state, reason, answer, message.kind)
        mailbox.settle(tx, message, event, SYSTEM.origin, told, answer=answer)
        if message.kind not in ASIDE:
            boards.status(tx, thread.id, turn.id, f"{message.state} #{message.id}{f': {told}' if told else ''}")
        waking.answer_came(tx, message)
    waking.turn_ended(tx, turn)
    folding.turn_ended(tx, turn.thread_id)
    releasing.ended(tx, turn.chain_id)


def _ending(state: Ending, reason: str | None, answer: str | None, kind: str) -> tuple[MessageEvent, str | None]:
    match state:
        case "interrupted":
            return "interrupt", reason
        case "failed":
            return "fail", reason
        case "completed" if answer or kind == "compact":
            return "answer", None
        case _:
            return "fail", "no answer"


def _begin(tx: Tx, thread: Thread, message: Message, turn: Turn) -> str:
    """Write the lines that a beginning turn has, and return what the model reads as its input."""
    number = message.id or 0
    if message.kind == "compact":
        tx.audit("started", "system", thread.id, f"#{number} compacting")
        return ""
    if message.kind == "summary":
        tx.audit("started", message.origin, thread.id, f"#{number} summing up what the user did here")
        return folding.summary_request(tx, thread)
    if message.kind == "wake":
        tx.crossing(
            "started",
            "system",
            End(thread.id, f"#{number} the desk wakes {thread.handle}", turn_id=turn.id),
            None,
            data={"message": number},
        )
        return message.body
    if message.from_id is None:
        tx.audit("started", message.origin, thread.id, f"#{number} started")
        if message.origin == "automation":
            return sealed(tx, message)
        told = SHOWN.get(message.body)
        data = {"message": number} if told is None else {"message": number, "event": "asked"}
        tx.item(thread.id, "user_message" if told is None else "notice", told or message.body, "human", turn_id=turn.id, data=data)
        return message.body
    tx.crossing(
        "started",
        message.origin,
        End(thread.id, f"#{number} from {tx.name(message.from_id)} started", turn_id=turn.id),
        End(message.from_id, f"{thread.handle} started #{number}"),
        data={"message": number, "quiet": True},
    )
    return sealed(tx, message)


def sealed(tx: Tx, message: Message) -> str:
    """The envelope of a message that another thread sent, or an automation."""
    if message.origin == "automation":
        from codex_desk.engine.occurrences import sealed as from_automation  # most desks have no automation

        return from_automation(tx, message)
    seal = envelope.from_user_for if message.origin == "human" else envelope.from_agent
    relation: envelope.Relation = "child" if message.kind == "report" else "parent"
    return seal(tx.name(message.from_id or ""), relation, message.id or 0, message.body)


@frozen
class Commit(Action):
    """A step of a running turn: its items and the chunk of history that goes with them."""

    claimed: Claimed
    items: Sequence[ItemDraft]
    history: bytes | None
    verb: ClassVar[str] = "commit"

    def perform(self, tx: Tx, by: By) -> None:
        claimed = self.claimed
        tx.check_fence(claimed.thread_id, claimed.host_id, claimed.fence)
        for item in self.items:
            tx.item(claimed.thread_id, item.kind, item.text, "agent", turn_id=claimed.turn_id, data=item.data, step=True)
            if item.kind == "file_change" and item.data.get("ok", True):
                loops.progressed(tx, claimed.turn_id)
        if self.history is not None:
            tx.segment(claimed.thread_id, claimed.turn_id, self.history)


@frozen
class ReplaceHistory(Action):
    """Put a compaction in place of the live history. The earlier segments stay in the store."""

    claimed: Claimed
    compaction: Compaction
    verb: ClassVar[str] = "compacted"

    def perform(self, tx: Tx, by: By) -> None:
        claimed = self.claimed
        tx.check_fence(claimed.thread_id, claimed.host_id, claimed.fence)
        tx.connection.exec_driver_sql("UPDATE segment SET live = 0 WHERE thread_id = ? AND live = 1", (claimed.thread_id,))
        tx.segment(claimed.thread_id, claimed.turn_id, self.compaction.history, "compaction")
        tx.item(claimed.thread_id, "compaction", self.compaction.summary, "system", turn_id=claimed.turn_id)


@frozen
class NeedsHuman(Action):
    """A thread that cannot run its next turn until the human has seen to something; what waits stays queued."""

    thread: str
    reason: str
    verb: ClassVar[str] = "needs_human"

    def perform(self, tx: Tx, by: By) -> None:
        thread = tx.thread(self.thread)
        if thread.status == "needs_human" and thread.reason == self.reason:
            return
        tx.update(thread, status="needs_human", reason=self.reason)
        if not self._stands_last(tx):  # tried again in vain: the transcript ends with it already
            tx.item(thread.id, "notice", self.reason, "system", data={"event": "needs_human"})

    def _stands_last(self, tx: Tx) -> bool:
        last = tx.find(Item, "thread_id = ? ORDER BY seq DESC LIMIT 1", self.thread)
        return any(each.kind == "notice" and each.text == self.reason and each.data.get("event") == "needs_human" for each in last)
