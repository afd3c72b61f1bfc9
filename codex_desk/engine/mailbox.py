"""Messages: sending, editing, removing; what happens to them when an edge ends. A prompt is a message whose sender is null."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, ClassVar, Literal

from codex_desk.engine import budgets, loops
from codex_desk.engine.errors import Refusal
from codex_desk.engine.identity import By, new_id
from codex_desk.engine.journal import Action, End, Tx
from codex_desk.engine.states import MessageEvent, next_state
from codex_desk.engine.views import Delivery, Origin
from codex_desk.frozen import frozen
from codex_desk.rights import Rights
from codex_desk.store.tables import Attachment, Message, Thread, Turn
from codex_desk.text import one_line

OPEN = ("queued", "held")
DELIVERIES: tuple[Delivery, ...] = ("after_turn", "next_step", "interrupt")
EXCERPT = 300
"""Characters of a body that stand in a line about it; the body itself is on the message."""


@frozen
class Send(Action):
    """A prompt to `to`, or with `sender` (`send --from`) the human speaking along that session's edge."""

    to: str
    text: str
    sender: str | None = None
    delivery: Delivery = "after_turn"
    verb: ClassVar[str] = "prompt"

    def subject(self) -> str:
        return self.to

    def perform(self, tx: Tx, by: By) -> int:
        """Returns the message's number. Refusals: archived, no_edge, bad_value."""
        _refuse_text(self.text, self.delivery)
        target = _reachable(tx, self.to)
        if self.sender is None:
            return self._prompt(tx, target)
        sender = tx.thread(self.sender)
        edge, kind = edge_between(tx, sender.id, target.id)
        ceiling = None if edge is not None and edge.rights == "own" else tx.own_rights(sender)
        message = Message(
            to_id=target.id,
            from_id=sender.id,
            kind=kind,
            origin="human",
            chain_id=new_id(),
            edge_id=edge.id if edge else None,
            quiet=True,
            hops=0,
        )
        return _post(tx, message, self, target, ceiling, sender, f"the user for {sender.handle}")

    def _prompt(self, tx: Tx, target: Thread) -> int:
        if target.held:
            tx.update(target, held=False)
        message = Message(to_id=target.id, kind="prompt", origin="human", chain_id=new_id())
        return _post(tx, message, self, target, None, None, "the user")


@frozen
class Ask(Action):
    """An agent sends a message to its child."""

    to: str
    text: str
    delivery: Delivery = "after_turn"
    line: Mapping[str, Any] = field(default_factory=dict)
    """What the sender's line about it says beside what every such line says."""
    verb: ClassVar[str] = "ask"

    def subject(self) -> str:
        return self.to

    def perform(self, tx: Tx, by: By) -> int:
        return _from_agent(tx, by, self, "ask")


@frozen
class Report(Action):
    """An agent reports to its parent."""

    to: str
    text: str
    delivery: Delivery = "after_turn"
    verb: ClassVar[str] = "report"

    def subject(self) -> str:
        return self.to

    def perform(self, tx: Tx, by: By) -> int:
        return _from_agent(tx, by, self, "report")


@frozen
class Edit(Action):
    """The human changes the body of a message that waits; what an agent wrote is kept beside it, and both sides get a line."""

    message: int
    text: str
    verb: ClassVar[str] = "edit"

    def perform(self, tx: Tx, by: By) -> int:
        message = waiting(tx, self.message)
        _refuse_text(self.text, "after_turn")
        original = message.original if message.original is not None else message.body
        tx.update(message, body=self.text, original=original)
        if message.from_id is not None:
            line = f"#{message.id} edited by the user: {one_line(self.text, EXCERPT)}"
            tx.crossing("edited", by.origin, End(message.from_id, line), End(message.to_id, line), data={"message": message.id})
        else:
            tx.audit("edited", by.origin, message.to_id, f"#{message.id} edited by the user")
        tx.update(tx.thread(message.to_id))
        return message.id or 0


@frozen
class Remove(Action):
    """The human takes a message out of a queue."""

    message: int
    verb: ClassVar[str] = "remove"

    def perform(self, tx: Tx, by: By) -> int:
        message = waiting(tx, self.message)
        settle(tx, message, "cancel", by.origin, "removed by the user")
        return message.id or 0


def waiting(tx: Tx, number: int) -> Message:
    """A message that still waits, or a refusal."""
    message = tx.get(Message, number)
    if message is None:
        raise Refusal("unknown_message", f"there is no message #{number}")
    if message.state not in OPEN:
        raise Refusal("too_late", f"#{number} is {message.state}; only what waits can be changed")
    if message.turn_id is not None:
        raise Refusal("too_late", f"#{number} has been handed to the running turn")
    return message


def edge_between(tx: Tx, sender: str, target: str) -> tuple[Attachment | None, Literal["ask", "report"]]:
    """The live edge along which `sender` may write to `target`, and what a message along it is: `ask` or `report`. The edge is None where the
    relation is that of a spawn."""
    ways: tuple[tuple[str, str, Literal["ask", "report"]], ...] = ((sender, target, "ask"), (target, sender, "report"))
    for parent, child, kind in ways:
        edge = tx.first(Attachment, "child_id = ? AND parent_id = ? AND ended_at IS NULL", child, parent)
        if edge is not None:
            return edge, kind
        if tx.thread(child).spawned_by == parent:
            return None, kind
    raise Refusal(
        "no_edge",
        f"{tx.name(sender)} and {tx.name(target)} are not attached to each other; a message passes only along an attachment. The user can attach one to the other",
    )


def settle(tx: Tx, message: Message, event: MessageEvent, origin: Origin, reason: str | None, *, answer: str | None = None) -> None:
    """Bring a message to an end, with a line on both sides."""
    state, was_held = next_state(message.state, event), message.state == "held"
    tx.update(message, state=state, reason=reason, answer=answer, answered_at=tx.now)
    if was_held:
        _show_unheld(tx, message)
        budgets.removed(tx, message)
    elif message.origin == "agent" and state not in ("delivered", "cancelled"):
        loops.answered(tx, message, answer or f"{state}: {reason}")
    told = f"#{message.id} {state}"
    if state == "answered" and message.started_at is not None:
        told += f" in {spell(int((tx.now - message.started_at).total_seconds()))}"
    if reason:
        told += f": {reason}"
    data = {"message": message.id, "state": state}
    tx.update(tx.thread(message.to_id))
    if message.origin == "automation":
        from codex_desk.engine.occurrence_ends import message_ended  # most desks have no automation

        message_ended(tx, message)
    if message.from_id is None:
        tx.audit(state, origin, message.to_id, told)
        if state not in ("answered", "delivered"):
            body = f" ({one_line(message.body, EXCERPT)})" if state in ("cancelled", "expired") else ""
            tx.item(message.to_id, "notice", told + body, origin, turn_id=message.turn_id, data={"event": state, **data})
        return
    sender, target = tx.name(message.from_id), tx.name(message.to_id)
    excerpt = f" — {one_line(answer, EXCERPT)}" if answer else ""
    tx.crossing(
        state,
        origin,
        End(message.from_id, f"{target}: {told}{excerpt}"),
        End(message.to_id, f"{told} (asked by {sender})", turn_id=message.turn_id),
        data=data,
    )


def hold_back(tx: Tx, message: Message, trip: budgets.Trip) -> None:
    """Do with a message what a brake says."""
    if trip.refused:
        settle(tx, message, "cancel", "system", trip.reason)
    else:
        hold(tx, message, trip.reason, needs=trip.reason != budgets.STOPPED)


def hold(tx: Tx, message: Message, reason: str, *, needs: bool = True) -> None:
    """Keep a message back for the human; the receiver `needs` them then, unless they know."""
    tx.update(message, state=next_state(message.state, "hold"), reason=reason)
    line = f"#{message.id} held: {reason}"
    other = message.from_id if message.from_id is not None else None
    here = End(message.to_id, line)
    tx.crossing("held", "system", here, None if other is None else End(other, line), data={"message": message.id})
    target = tx.thread(message.to_id)
    if needs:
        tx.update(target, reason=line, status="needs_human" if target.status in ("idle", "error", "finished") else target.status)
    else:
        tx.update(target)


def show_held(tx: Tx, thread: Thread) -> None:
    """A thread that came to rest needs the human again for what is held in its queue."""
    held = tx.first(Message, "to_id = ? AND state = 'held' AND reason != ? ORDER BY id", thread.id, budgets.STOPPED)
    if held is not None and thread.status in ("idle", "finished"):
        tx.update(thread, status="needs_human", reason=f"#{held.id} held: {held.reason}")


def release(tx: Tx, message: Message) -> None:
    """Let a held message wait for its turn again, with a line on both sides."""
    tx.update(message, state=next_state(message.state, "release"), reason=None)
    for each in filter(None, (message.to_id, message.from_id)):
        tx.item(each, "notice", f"#{message.id} goes on", "human", data={"event": "released", "message": message.id})
    _show_unheld(tx, message)


def _show_unheld(tx: Tx, message: Message) -> None:
    """A thread that needed the human for a held message needs them no more, or for the next one that is held."""
    thread = tx.thread(message.to_id)
    if not (thread.reason or "").startswith(f"#{message.id} held"):
        return
    other = tx.first(Message, "to_id = ? AND state = 'held' ORDER BY id", thread.id)
    if other is not None:
        tx.update(thread, reason=f"#{other.id} held: {other.reason}")
    elif thread.status == "needs_human":
        tx.update(thread, reason=None, status="finished" if thread.kind == "subagent" else "idle")
    else:
        tx.update(thread, reason=None)


def cancel_across(tx: Tx, edge: Attachment, reason: str) -> None:
    """What an ending edge does: what waits along it is cancelled, what runs finishes without waking anybody."""
    for message in tx.find(Message, "edge_id = ? AND state IN ('queued', 'held', 'running') ORDER BY id", edge.id):
        if message.state == "running":
            tx.update(message, quiet=True)
        else:
            settle(tx, message, "cancel", "system", reason)


def cancel_waiting(tx: Tx, thread_id: str, reason: str) -> None:
    """Cancel all that waits in a thread's queue."""
    for message in tx.find(Message, "to_id = ? AND state IN ('queued', 'held') ORDER BY id", thread_id):
        settle(tx, message, "cancel", "system", reason)


def running_turn(tx: Tx, thread_id: str) -> Turn | None:
    return tx.first(Turn, "thread_id = ? AND state = 'running'", thread_id)


def spell(seconds: int) -> str:
    """A duration for people: `0:48`, `1:02:03`."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _from_agent(tx: Tx, by: By, action: Ask | Report, kind: Literal["ask", "report"]) -> int:
    _refuse_text(action.text, action.delivery)
    target = _reachable(tx, action.to)
    sender = tx.thread(by.thread_id or "")
    edge, _ = edge_between(tx, sender.id, target.id)
    turn = tx.get(Turn, by.turn_id) if by.turn_id else running_turn(tx, sender.id)
    if turn is None or turn.state != "running" or turn.thread_id != sender.id:
        raise Refusal("origin_agent", f"{sender.handle} runs no turn; an agent writes only from within one")
    budgets.refuse_spent(tx, turn)
    may_interrupt = kind == "ask" if edge is None else edge.interrupt  # a subagent is its parent's own
    if action.delivery == "interrupt" and not may_interrupt:
        raise Refusal(
            "no_interrupt",
            f"you may not interrupt {target.handle}; send with after_turn or next_step. The user can allow it on the attachment",
        )
    message = Message(
        to_id=target.id,
        from_id=sender.id,
        kind=kind,
        origin="agent",
        edge_id=edge.id if edge else None,
        asking_turn_id=turn.id,
        chain_id=turn.chain_id,
        hops=turn.hops + 1,
    )
    ceiling = None if edge is not None and edge.rights == "own" else Rights.from_json(turn.rights)
    number = _post(tx, message, action, target, ceiling, sender, sender.handle or sender.id, turn_id=turn.id)
    trip = budgets.sending(tx, message, edge, target.id if kind == "ask" else sender.id)
    if trip is not None:
        hold_back(tx, message, trip)
    return number


def _post(
    tx: Tx,
    message: Message,
    action: Send | Ask | Report,
    target: Thread,
    ceiling: Rights | None,
    sender: Thread | None,
    author: str,
    turn_id: str | None = None,
) -> int:
    """Queue a message, with its lines on both sides; sets the stop of a turn that it replaces."""
    running = running_turn(tx, target.id)
    message.body, message.created_at = action.text, tx.now
    message.delivery = _delivery(action.delivery, running, ceiling)
    message.rights = None if ceiling is None else ceiling.to_json()
    tx.insert(message)
    data = {"message": message.id, "delivery": message.delivery}
    excerpt = one_line(action.text, EXCERPT)
    if sender is None:
        tx.audit("sent", message.origin, target.id, f"#{message.id} prompt: {excerpt}")
        tx.update(tx.thread(target.id), last_activity_at=tx.now)
    else:
        out, into = tx.crossing(
            "sent",
            message.origin,
            End(
                sender.id,
                action.text,
                "message_out",
                turn_id,
                f"#{message.id} to {target.handle}: {excerpt}",
                data=action.line if isinstance(action, Ask) else {},
            ),
            End(target.id, action.text, "message_in", None, f"#{message.id} from {author}: {excerpt}"),
            data={**data, "author": author},
        )
        tx.update(message, out_seq=out, in_seq=into)
    if message.delivery == "interrupt" and running is not None:
        tx.update(running, stop_reason="replaced")
    return message.id or 0


def _delivery(wanted: Delivery, running: Turn | None, ceiling: Rights | None) -> Delivery:
    """What a wished delivery becomes: a step needs a turn that runs, with no wider rights than the message would get."""
    if running is None:
        return "after_turn"
    if wanted == "next_step" and ceiling is not None and not Rights.from_json(running.rights).within(ceiling):
        return "after_turn"
    return wanted


def _reachable(tx: Tx, thread_id: str) -> Thread:
    target = tx.thread(thread_id)
    if target.archived_at is not None:
        raise Refusal("archived", f"{target.handle} is archived; unarchive it first")
    if target.status == "history":
        raise Refusal("not_a_session", f"{target.title} is history; adopt it first")
    return target


def _refuse_text(text: str, delivery: str) -> None:
    if not text.strip():
        raise Refusal("bad_value", "there is nothing in the message")
    if delivery not in DELIVERIES:
        raise Refusal("bad_value", f"delivery is after_turn, next_step or interrupt, not {delivery}")
