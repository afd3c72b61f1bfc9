"""An entry of the inbox: its number, its name, and the chain of who asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import func, select

from codex_desk.engine.journal import Tx
from codex_desk.store.tables import Approval, Message, Thread, Turn, moment_text
from codex_desk.text import one_line

Kind = Literal["command", "change", "permission", "question", "budget"]


def enter(
    tx: Tx, thread: Thread, turn_id: str, kind: Kind, text: str, cwd: str, why: str, command: Sequence[str] | None, offers: Sequence[str]
) -> str:
    """Put something before the human, with its line in the thread that it is about. Returns its id: `<handle>-<n>`, `sub-<parent>-<n>` for a subagent."""
    number = int(tx.connection.execute(select(func.coalesce(func.max(Approval.number), 0))).scalar_one()) + 1
    name = f"{thread.handle}-{number}" if thread.kind == "session" else f"sub-{tx.name(thread.spawned_by or thread.id)}-{number}"
    tx.insert(
        Approval(
            number=number,
            id=name,
            thread_id=thread.id,
            turn_id=turn_id,
            kind=kind,
            text=text,
            cwd=cwd,
            why=why,
            command=None if command is None else list(command),
            offers=list(offers) or None,
            chain=chain_of(tx, turn_id),
            asked_at=tx.now,
        )
    )
    origin = "system" if kind == "budget" else "agent"
    tx.audit("approval_asked", origin, thread.id, f"{name} asked: {one_line(text)} ({why})")
    line = f"{name} asked: {one_line(text)}"
    in_turn = None if kind == "budget" else turn_id  # a budget's may be another thread's
    tx.item(thread.id, "approval", line, origin, turn_id=in_turn, data={"approval": name, "state": "pending"})
    return name


def chain_of(tx: Tx, turn_id: str) -> list[str]:
    """Who asked whom, down to this turn: `human` (or what else began it), then handles."""
    chain: list[str] = []
    turn = tx.get(Turn, turn_id)
    while turn is not None:
        message = tx.get(Message, turn.message_id)
        if message is not None and message.kind == "wake" and (before := _before(tx, turn)) is not None:
            turn = before  # it goes on with what it was asked for then
            continue
        chain.append(tx.name(turn.thread_id))
        if message is None:
            break
        if message.origin == "human" or message.asking_turn_id is None:
            if message.from_id is not None:
                chain.append(tx.name(message.from_id))
            chain.append(message.origin)
            break
        turn = tx.get(Turn, message.asking_turn_id)
    return chain[::-1]


def _before(tx: Tx, turn: Turn) -> Turn | None:
    """The turn that a woken thread had before, in the same chain."""
    earlier = "thread_id = ? AND chain_id = ? AND started_at < ? ORDER BY started_at DESC"
    return tx.first(Turn, earlier, turn.thread_id, turn.chain_id, moment_text(turn.started_at))
