"""What the human does about a chain that was held: give it as much again, give it no more, stop all of it, or let it go on."""

from __future__ import annotations

from typing import ClassVar

from codex_desk.engine import budgets, loops, mailbox
from codex_desk.engine.identity import By
from codex_desk.engine.journal import Action, End, Tx
from codex_desk.engine.limits import LIMITS
from codex_desk.frozen import frozen
from codex_desk.store.budget_tables import ChainUse
from codex_desk.store.tables import Approval, Attachment, Message, Turn, moment_text

NO_MORE = "you gave no more for this"
NOBODY = "nobody to ask"


def decide(tx: Tx, approval: Approval, approve: bool) -> None:
    """Carry out the human's answer to an offer of as much again."""
    turn = tx.get(Turn, approval.turn_id)
    row = None if turn is None else tx.get(ChainUse, turn.chain_id)
    if row is None:
        return
    brakes = set(approval.offers or ())
    tx.update(row, asked={brake: name for brake, name in row.asked.items() if name != approval.id})
    if approve:
        grant(tx, row, brakes)
    elif any(trip["limit"] in brakes for trip in row.trips):
        _give_no_more(tx, row)


@frozen
class NobodyToAsk(Action):
    """Nobody answered what a held chain offers, and no screen is open: what it holds ends, as an approval would that nobody answers."""

    approval: str
    verb: ClassVar[str] = "expire"

    def perform(self, tx: Tx, by: By) -> None:
        pending = tx.first(Approval, "id = ? AND state = 'pending' AND kind = 'budget'", self.approval)
        turn = None if pending is None else tx.get(Turn, pending.turn_id)
        row = None if turn is None else tx.get(ChainUse, turn.chain_id)
        if pending is not None and row is not None and any(trip["limit"] in (pending.offers or ()) for trip in row.trips):
            _give_no_more(tx, row, NOBODY, asked=False)


def grant(tx: Tx, row: ChainUse, brakes: set[str]) -> None:
    """As much again of these limits; what they held goes on."""
    again = {name: row.granted.get(name, 0) + 1 for name in LIMITS if name in brakes}
    freed = [trip for trip in row.trips if trip["limit"] in brakes]
    tx.update(row, granted={**row.granted, **again}, trips=[trip for trip in row.trips if trip not in freed])
    loops.forget_talk(tx, row.chain_id)
    still = {(trip["edge"], trip["child"]) for trip in row.trips}
    for edge, child in {(trip["edge"], trip["child"]) for trip in freed} - still:
        _free(tx, edge, child)
    if freed and not row.trips and row.stopped is None:
        _go_on(tx, row.chain_id)


def let_go(tx: Tx, thread_id: str) -> None:
    """What resuming a thread does beside giving the hand back: edges that are held at it go free, each chain that was held there gets as much again of
    what it had used up, and one that was stopped goes on."""
    chains = {row[0] for row in tx.rows(HELD_AT, (thread_id, thread_id))}
    current = chain_of(tx, thread_id)
    if current is not None:
        chains.add(current)
    for chain_id in sorted(chains):
        row = tx.get(ChainUse, chain_id)
        if row is None:
            continue
        if row.stopped is not None:
            _start_again(tx, row)
        brakes = {str(trip["limit"]) for trip in row.trips}
        for brake in brakes & row.asked.keys():
            pending = tx.first(Approval, "id = ? AND state = 'pending'", row.asked[brake])
            if pending is not None:
                tx.update(pending, state="approved", scope="once", reason="resumed", decided_at=tx.now)
                tx.audit("approval_given", "human", pending.thread_id, f"{pending.id} approved: resumed")
        if brakes:
            tx.update(row, asked={brake: name for brake, name in row.asked.items() if brake not in brakes})
            grant(tx, row, brakes)
    held = "(child_id = ? OR parent_id = ?) AND ended_at IS NULL AND held_reason IS NOT NULL"
    for edge in tx.find(Attachment, held, thread_id, thread_id):
        _free(tx, edge.id, None)
    for child in tx.rows(
        "SELECT h.thread_id FROM spawn_hold h JOIN thread t ON t.id = h.thread_id WHERE ? IN (t.id, t.spawned_by)", (thread_id,)
    ):
        _free(tx, None, child[0])
    for message in tx.find(Message, "to_id = ? AND state = 'held' ORDER BY id", thread_id):
        mailbox.release(tx, message)
    for message in tx.find(Message, "from_id = ? AND state = 'held' ORDER BY id", thread_id):
        mailbox.release(tx, message)


HELD_AT = """SELECT chain_id FROM message WHERE to_id = ? AND state = 'held' UNION SELECT chain_id FROM message WHERE from_id = ? AND state = 'held'"""


def stop(tx: Tx, thread_id: str) -> list[str]:
    """Stop all of the chain that a thread works in: turns that run are interrupted and their threads' hand is the human's, what is queued is held. Returns
    those threads; none where the thread is in no chain."""
    chain_id = chain_of(tx, thread_id)
    if chain_id is None:
        return []
    stopped: list[str] = []
    for turn in tx.find(Turn, "chain_id = ? AND state = 'running' ORDER BY started_at", chain_id):
        tx.update(turn, stop_reason="by the user, with its whole chain")
        tx.update(tx.thread(turn.thread_id), held=True)
        stopped.append(turn.thread_id)
    for message in tx.find(Message, "chain_id = ? AND state = 'queued' AND turn_id IS NULL ORDER BY id", chain_id):
        mailbox.hold(tx, message, budgets.STOPPED, needs=False)
    row = tx.get(ChainUse, chain_id)
    if row is not None:
        known = [] if row.stopped is None else row.stopped["threads"]
        tx.update(row, stopped={"reason": budgets.STOPPED, "at": moment_text(tx.now), "threads": [*known, *stopped]})
        names = ", ".join(tx.name(each) for each in stopped) or "nothing ran"
        tx.crossing("interrupted", "human", End(row.thread_id, f"all that #{row.message_id} caused is stopped by you: {names}"), None)
    return stopped


def chain_of(tx: Tx, thread_id: str) -> str | None:
    """The chain that a thread works in, or worked in last; of one that never did, the chain of what waits for it."""
    found = tx.rows(CHAIN_OF, (thread_id, thread_id))
    return None if not found else found[0][0]


CHAIN_OF = """SELECT * FROM (SELECT chain_id FROM turn WHERE thread_id = ? ORDER BY state = 'running' DESC, started_at DESC LIMIT 1)
    UNION ALL SELECT * FROM (SELECT chain_id FROM message WHERE to_id = ? AND state IN ('queued', 'held') ORDER BY id LIMIT 1) LIMIT 1"""
"""The chain of a thread; its id is given twice."""


def ended(tx: Tx, chain_id: str) -> None:
    """A turn of the chain ended: where nothing of it is left, what is still offered for it is withdrawn."""
    row = tx.get(ChainUse, chain_id)
    if row is None or not row.asked:
        return
    if tx.first(Message, "chain_id = ? AND state IN ('queued', 'held', 'running')", chain_id) is not None:
        return
    if tx.rows("SELECT 1 FROM wake w JOIN turn t ON t.id = w.turn_id WHERE t.chain_id = ?", (chain_id,)):
        return
    for brake in tuple(row.asked):
        budgets.withdraw(tx, row, brake, "it ended before it was needed")


def _give_no_more(tx: Tx, row: ChainUse, why: str = NO_MORE, *, asked: bool = True) -> None:
    """What is held in the chain ends, so that whoever waits for it learns of that; its edges are free for what the human asks next."""
    trips = row.trips
    tx.update(row, refused=True, trips=[])
    for message in tx.find(Message, "chain_id = ? AND state = 'held' ORDER BY id", row.chain_id):
        mailbox.settle(tx, message, "cancel" if asked else "expire", "human" if asked else "system", why)
    for edge, child in {(trip["edge"], trip["child"]) for trip in trips}:
        _free(tx, edge, child)
    for brake in tuple(row.asked):
        budgets.withdraw(tx, row, brake, why)


def _start_again(tx: Tx, row: ChainUse) -> None:
    """A chain that was stopped goes on: what waited is queued again, and the threads that were stopped with it are free."""
    threads = [] if row.stopped is None else row.stopped["threads"]
    tx.update(row, stopped=None)
    for thread_id in threads:
        thread = tx.thread(thread_id)
        if thread.held and thread.archived_at is None:
            tx.update(thread, held=False)
    if not row.trips:
        _go_on(tx, row.chain_id)


def _go_on(tx: Tx, chain_id: str) -> None:
    for message in tx.find(Message, "chain_id = ? AND state = 'held' ORDER BY id", chain_id):
        mailbox.release(tx, message)


def _free(tx: Tx, edge_id: str | None, child_id: str | None) -> None:
    """Let an edge go, with all that waits along it, whatever chain it belongs to."""
    budgets.free_edge(tx, edge_id, child_id)
    if edge_id is not None:
        waiting = tx.find(Message, "edge_id = ? AND state IN ('queued', 'held', 'running') ORDER BY id", edge_id)
    else:
        parent = None if child_id is None else tx.thread(child_id).spawned_by
        along = "edge_id IS NULL AND state = 'held' AND from_id = ? AND to_id = ? ORDER BY id"
        waiting = [*tx.find(Message, along, parent, child_id), *tx.find(Message, along, child_id, parent)]
    for message in waiting:
        if message.state == "held" and not _is_stopped(tx, message.chain_id):
            mailbox.release(tx, message)


def _is_stopped(tx: Tx, chain_id: str) -> bool:
    row = tx.get(ChainUse, chain_id)
    return row is not None and row.stopped is not None
