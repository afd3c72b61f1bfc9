"""Budgets in the store: what a chain uses is charged to its one row, in the transaction that uses it, and what passes a limit is held there and then.

A chain is everything that one prompt of the human's, or one occurrence, causes. What it used is a sum over its turns, kept as it grows, so that no check
reads what happened before. The arithmetic is in `limits`; what the human does about a chain that was held is in `releasing`.
"""

from __future__ import annotations

from typing import Any

from codex_desk.engine import inbox, limits, loops
from codex_desk.engine.errors import Refusal
from codex_desk.engine.journal import Tx
from codex_desk.engine.limits import Brake, LimitName, Limits, Use
from codex_desk.frozen import frozen
from codex_desk.store.budget_tables import ChainUse, SpawnHold
from codex_desk.store.tables import Approval, Attachment, Message, Turn, moment_text

STOPPED = "you stopped all of what this belongs to; /resume lets it go on"
"""Why messages of a chain wait that the human has stopped."""


@frozen
class Trip:
    """Something that is held, and why. `brake` is None where the human did it, or where the edge was held before."""

    brake: Brake | None
    reason: str
    refused: bool = False
    """The human gave no more: it does not wait, but ends."""


# --- charging -------------------------------------------------------------------------------------------------------------------------------


def charge_turn(tx: Tx, turn: Turn) -> None:
    """A turn of the chain begins; the first one begins its bill."""
    row = tx.get(ChainUse, turn.chain_id)
    if row is None:
        row = tx.insert(
            ChainUse(
                chain_id=turn.chain_id,
                thread_id=turn.thread_id,
                message_id=turn.message_id,
                origin=turn.origin,
                began_at=tx.now,
                hops=turn.hops,
                turns=1,
                granted={},
                offered={},
                asked={},
                trips=[],
            )
        )
    else:
        tx.update(row, turns=row.turns + 1)
    _offer(tx, row, turn.id)


def charge_tokens(tx: Tx, turn: Turn) -> None:
    """A turn of the chain ended, and its tokens are known."""
    if not turn.input_tokens and not turn.output_tokens:
        return
    row = tx.get(ChainUse, turn.chain_id)
    if row is not None:
        tx.update(row, input_tokens=row.input_tokens + turn.input_tokens, output_tokens=row.output_tokens + turn.output_tokens)
        _offer(tx, row, turn.id)


# --- checking -------------------------------------------------------------------------------------------------------------------------------


def sending(tx: Tx, message: Message, edge: Attachment | None, child_id: str) -> Trip | None:
    """An agent has sent a message; whether it is held, and with it its edge: that to `child_id` where `edge` is none."""
    row = tx.get(ChainUse, message.chain_id)
    held = edge.held_reason if edge is not None else _spawn_hold(tx, child_id)
    if row is None:  # it began before there were budgets, and was never charged
        return None if held is None else Trip(None, held)
    if message.hops > row.hops:
        tx.update(row, hops=message.hops)
    if row.stopped is not None:
        return Trip(None, STOPPED)
    if held is not None:
        return Trip(None, held)
    turn_id = message.asking_turn_id or ""
    found = _over(tx, row, ("hops", "tokens", "time"), hops=message.hops) or _loop(tx, message)
    if found is None:
        _offer(tx, row, turn_id)
    else:
        hold_edge(tx, row, found, edge, child_id, turn_id)
    return found


def starting(tx: Tx, message: Message) -> Trip | None:
    """A turn is about to begin on this message; whether it is held instead, and with it its edge."""
    if message.origin == "human":  # it begins a chain
        return None
    row = tx.get(ChainUse, message.chain_id)
    if row is None or row.message_id == message.id:
        return None
    if row.stopped is not None:
        return Trip(None, STOPPED)
    found = _over(tx, row, ("turns", "tokens", "time"), turns=row.turns + 1)
    if found is not None and not found.refused:
        edge = tx.get(Attachment, message.edge_id) if message.edge_id is not None else None
        child = None if message.from_id is None or edge is not None else child_of(tx, message)
        hold_edge(tx, row, found, edge, child, message.asking_turn_id or _last_turn(tx, row.chain_id))
    return found


def waking(tx: Tx, asking: Turn, answer: Message) -> Trip | None:
    """The sender of messages is about to be woken by their answers, of which this is one; whether the wake is held, and with it the edge that the
    answer came along."""
    row = tx.get(ChainUse, asking.chain_id)
    if row is None:
        return None
    tx.update(row, wakes=row.wakes + 1, hops=max(row.hops, asking.hops + 1))
    if row.stopped is not None:
        return Trip(None, STOPPED)
    found = _over(tx, row, ("wakes", "hops", "tokens", "time"), hops=asking.hops + 1)
    if found is None:
        _offer(tx, row, asking.id)
    if found is None or found.refused:
        return found
    edge = tx.get(Attachment, answer.edge_id) if answer.edge_id is not None else None
    hold_edge(tx, row, found, edge, None if edge is not None else child_of(tx, answer), asking.id)
    return found


def refuse_spent(tx: Tx, turn: Turn) -> None:
    """Refuse to send anything more in a chain for which the human gave no more."""
    row = tx.get(ChainUse, turn.chain_id)
    if row is not None and row.refused:
        raise Refusal("budget", "the user gave no more for this; end your turn with what you have, and say what is left to do")


def child_of(tx: Tx, message: Message) -> str | None:
    """The subagent at the end of the spawn edge that a message came along."""
    if message.from_id is None:
        return None
    return message.to_id if tx.thread(message.to_id).spawned_by == message.from_id else message.from_id


def _loop(tx: Tx, message: Message) -> Trip | None:
    found = loops.looping(tx, message)
    return None if found is None else Trip(*found)


# --- holding --------------------------------------------------------------------------------------------------------------------------------


def hold_edge(tx: Tx, row: ChainUse, trip: Trip, edge: Attachment | None, child_id: str | None, turn_id: str) -> None:
    """Hold an edge until the human lets it go, and ask them."""
    if edge is not None and edge.ended_at is None:
        tx.update(edge, held_reason=trip.reason)
    elif child_id is not None and _spawn_hold(tx, child_id) is None:
        tx.insert(SpawnHold(thread_id=child_id, reason=trip.reason))
    entry: dict[str, Any] = {
        "limit": trip.brake,
        "reason": trip.reason,
        "edge": None if edge is None else edge.id,
        "child": None if edge is not None else child_id,
        "at": moment_text(tx.now),
    }
    known = any(each["limit"] == trip.brake for each in row.trips)
    tx.update(row, trips=[*row.trips, entry])
    if trip.brake is not None and not known:
        _ask(tx, row, trip.brake, f"{_gives(trip.brake)}? held: {trip.reason}", "until then what they send waits", turn_id)


def free_edge(tx: Tx, edge_id: str | None, child_id: str | None) -> None:
    """An edge holds nothing back any more."""
    edge = None if edge_id is None else tx.get(Attachment, edge_id)
    if edge is not None:
        tx.update(edge, held_reason=None)
    hold = None if child_id is None else tx.get(SpawnHold, child_id)
    if hold is not None:
        tx.delete(hold)


def removed(tx: Tx, message: Message) -> None:
    """The human took a held message away: an edge along which nothing is held any more goes free, and its offer is settled."""
    row = tx.get(ChainUse, message.chain_id)
    child = None if message.edge_id is not None or message.from_id is None else child_of(tx, message)
    if row is None or (message.edge_id is None and child is None) or _still_held(tx, message, child):
        return
    of_edge = [trip for trip in row.trips if (trip["edge"], trip["child"]) == (message.edge_id, child)]
    if not of_edge:
        return
    tx.update(row, trips=[trip for trip in row.trips if trip not in of_edge])
    free_edge(tx, message.edge_id, child)
    for brake in {trip["limit"] for trip in of_edge} - {trip["limit"] for trip in row.trips}:
        withdraw(tx, row, brake, "what was held is removed")


def _still_held(tx: Tx, message: Message, child: str | None) -> bool:
    if message.edge_id is not None:
        waiting = tx.find(Message, "edge_id = ? AND state IN ('queued', 'held', 'running')", message.edge_id)
        return any(each.state == "held" for each in waiting)
    parent = tx.thread(child).spawned_by if child is not None else None
    along = "edge_id IS NULL AND state = 'held' AND from_id = ? AND to_id = ?"
    return tx.first(Message, along, parent, child) is not None or tx.first(Message, along, child, parent) is not None


def _spawn_hold(tx: Tx, child_id: str) -> str | None:
    found = tx.get(SpawnHold, child_id)
    return None if found is None else found.reason


# --- as much again --------------------------------------------------------------------------------------------------------------------------


def _offer(tx: Tx, row: ChainUse, turn_id: str) -> None:
    """At 80 % of a limit, put as much again before the human, once for each grant."""
    use, allowed = _use(tx, row), _allowed(tx, row)
    for name in limits.near(use, allowed):
        level = row.granted.get(name, 0)
        if row.offered.get(name, -1) < level:
            tx.update(row, offered={**row.offered, name: level})
            text = f"{_gives(name)}? {limits.share(name, use, allowed)} are used"
            _ask(tx, row, name, text, f"at the limit ({limits.key(name)}) what they send waits for you", turn_id)


def _ask(tx: Tx, row: ChainUse, brake: Brake, text: str, otherwise: str, turn_id: str) -> None:
    """An entry of the inbox, in the thread where the chain began. The one that offered the same before the limit was reached goes."""
    known = row.asked.get(brake)
    pending = None if known is None else tx.first(Approval, "id = ? AND state = 'pending'", known)
    if pending is not None:
        tx.update(pending, state="expired", reason="it is used up now", decided_at=tx.now)
    root = tx.thread(row.thread_id)
    cause = "your prompt" if row.origin == "human" else f"{row.origin}'s message"
    why = f"for all that {cause} #{row.message_id} to {tx.name(root.id)} causes; {otherwise}"
    tx.update(row, asked={**row.asked, brake: inbox.enter(tx, root, turn_id, "budget", text, root.cwd, why, None, (brake,))})


def _gives(brake: Brake) -> str:
    return "let them go on" if brake in ("echo", "alternation") else f"as much again of {brake}"


def withdraw(tx: Tx, row: ChainUse, brake: str, reason: str) -> None:
    """Take an offer out of the inbox."""
    name = row.asked.get(brake)
    pending = None if name is None else tx.first(Approval, "id = ? AND state = 'pending'", name)
    if pending is not None:
        tx.update(pending, state="expired", reason=reason, decided_at=tx.now)
    tx.update(row, asked={each: entry for each, entry in row.asked.items() if each != brake})


# --- what is used ---------------------------------------------------------------------------------------------------------------------------


def _over(tx: Tx, row: ChainUse, names: tuple[LimitName, ...], *, hops: int | None = None, turns: int | None = None) -> Trip | None:
    use, allowed = _use(tx, row, hops=hops, turns=turns), _allowed(tx, row)
    name = limits.beyond(use, allowed, names)
    if name is None:
        return None
    return Trip(name, "you gave no more for this", True) if row.refused else Trip(name, limits.why(name, use, allowed))


def _use(tx: Tx, row: ChainUse, *, hops: int | None = None, turns: int | None = None) -> Use:
    return Use(
        row.hops if hops is None else hops,
        row.wakes,
        row.turns if turns is None else turns,
        row.input_tokens + row.output_tokens,
        limits.passed(tx.now - row.began_at),
    )


def _allowed(tx: Tx, row: ChainUse) -> Limits:
    return tx.rules.limits.again(row.granted)


def _last_turn(tx: Tx, chain_id: str) -> str:
    found = tx.first(Turn, "chain_id = ? ORDER BY started_at DESC", chain_id)
    return "" if found is None else found.id
