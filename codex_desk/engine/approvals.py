"""The one inbox: what agents may not do without the human, asked, answered and remembered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from sqlalchemy import func, select

from codex_desk.engine.errors import Refusal
from codex_desk.engine.identity import By
from codex_desk.engine.journal import Action, Tx
from codex_desk.frozen import frozen
from codex_desk.store.tables import Approval, Grant, Message, Thread, Turn
from codex_desk.text import one_line

Scope = Literal["once", "thread", "tree", "folder"]
SCOPES: tuple[Scope, ...] = ("once", "thread", "tree", "folder")

NOBODY = "nobody to ask"
"""Why a request ended where no screen was open."""


@frozen
class Asked:
    """What became of a request: an id to wait for, or None where a grant already covers it."""

    id: str | None
    grant: int | None = None


@frozen
class Request(Action):
    """Put an action of a turn before the human, unless a grant covers it."""

    thread: str
    turn: str
    kind: Literal["command", "change", "permission", "question"]
    text: str
    cwd: str
    why: str
    command: tuple[str, ...] | None
    offers: tuple[str, ...] = ()
    """What may be said beside yes once and no (see `store.tables.Approval`)."""
    verb: ClassVar[str] = "request"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> Asked:
        thread = tx.thread(self.thread)
        grant = covering(tx, thread, self.cwd, self.command)
        if grant is not None:
            line = f"allowed by grant {grant.id}: {one_line(self.text)}"
            tx.audit("approval_given", "human", thread.id, line)
            tx.item(thread.id, "approval", line, "human", turn_id=self.turn, data={"state": "approved", "grant": grant.id})
            return Asked(None, grant.id)
        number = int(tx.connection.execute(select(func.coalesce(func.max(Approval.number), 0))).scalar_one()) + 1
        name = f"{thread.handle}-{number}" if thread.kind == "session" else f"sub-{tx.name(thread.spawned_by or thread.id)}-{number}"
        tx.insert(
            Approval(
                number=number,
                id=name,
                thread_id=thread.id,
                turn_id=self.turn,
                kind=self.kind,
                text=self.text,
                cwd=self.cwd,
                why=self.why,
                command=None if self.command is None else list(self.command),
                offers=list(self.offers) or None,
                chain=chain_of(tx, self.turn),
                asked_at=tx.now,
            )
        )
        tx.update(thread, status="needs_human", reason=f"{name}: {one_line(self.text, 120)}")
        tx.audit("approval_asked", "agent", thread.id, f"{name} asked: {one_line(self.text)} ({self.why})")
        tx.item(
            thread.id,
            "approval",
            f"{name} asked: {one_line(self.text)}",
            "agent",
            turn_id=self.turn,
            data={"approval": name, "state": "pending"},
        )
        return Asked(name)


@frozen
class Decide(Action):
    """The human answers. `tree` is this thread and its subagents; every scope but `once` needs one simple command to make a rule of, or a runtime
    that remembers a yes for the thread by itself. `answer`: the human's own words, where they are asked for."""

    approval: str
    approve: bool
    scope: Scope = "once"
    answer: str | None = None
    verb: ClassVar[str] = "decide"

    def perform(self, tx: Tx, by: By) -> str:
        row = tx.first(Approval, "id = ?", self.approval)
        if row is None:
            raise Refusal("unknown_approval", f"there is no approval {self.approval}")
        if row.state != "pending":
            raise Refusal("decided", f"{row.id} is already {row.state}")
        if self.scope not in SCOPES:
            raise Refusal("bad_value", f"scope is {', '.join(SCOPES)}, not {self.scope}")
        offers = row.offers or ()
        if self.answer is not None and "answer" not in offers:
            raise Refusal("bad_value", f"{row.id} is answered with yes or no")
        state = "approved" if self.approve else "denied"
        if self.approve and self.scope != "once" and not (self.scope == "thread" and "thread" in offers):
            self._grant(tx, row)
        if self.answer is not None:
            tx.update(row, answer=self.answer)
        close(tx, row, state, "human", scope=self.scope)
        return row.id

    def _grant(self, tx: Tx, row: Approval) -> None:
        if row.command is None:
            raise Refusal("bad_value", f"{row.id} is no single simple command, so no rule can stand for it; approve it once")
        thread = tx.thread(row.thread_id)
        tx.insert(
            Grant(
                scope=self.scope,
                thread_id=None if self.scope == "folder" else thread.id,
                folder=row.cwd if self.scope == "folder" else None,
                kind=row.kind,
                prefix=list(row.command),
                created_at=tx.now,
            )
        )


@frozen
class Expire(Action):
    """Nobody could be asked, or nobody answered in time."""

    approval: str
    reason: str
    verb: ClassVar[str] = "expire"

    def perform(self, tx: Tx, by: By) -> None:
        row = tx.first(Approval, "id = ?", self.approval)
        if row is not None and row.state == "pending":
            close(tx, row, "expired", "system", reason=self.reason)


@frozen
class Revoke(Action):
    """Take a grant back."""

    grant: int
    verb: ClassVar[str] = "revoke"

    def perform(self, tx: Tx, by: By) -> int:
        row = tx.get(Grant, self.grant)
        if row is None or row.revoked_at is not None:
            raise Refusal("unknown_grant", f"there is no grant {self.grant} in force")
        tx.update(row, revoked_at=tx.now)
        return self.grant


def close(
    tx: Tx, row: Approval, state: str, origin: Literal["human", "system"], *, scope: str | None = None, reason: str | None = None
) -> None:
    """End a request, with its line in the thread that asked."""
    tx.update(row, state=state, scope=scope, reason=reason, decided_at=tx.now)
    thread = tx.thread(row.thread_id)
    others = tx.first(Approval, "thread_id = ? AND state = 'pending'", thread.id)
    if others is None and thread.status == "needs_human":
        tx.update(thread, status="running", reason=None)
    line = (
        f"{row.id} {state}"
        + (f" ({reason})" if reason else "")
        + (f", {scope}" if scope and scope != "once" and state == "approved" else "")
    )
    tx.audit("approval_given" if state == "approved" else "approval_refused", origin, thread.id, f"{line}: {one_line(row.text)}")
    tx.item(
        thread.id,
        "approval",
        f"{line}: {one_line(row.text)}",
        origin,
        turn_id=row.turn_id,
        data={"approval": row.id, "state": state, "scope": scope},
    )


def covering(tx: Tx, thread: Thread, cwd: str, command: Sequence[str] | None) -> Grant | None:
    """The grant that already allows this command in this thread, if there is one. A grant never reaches beyond its scope."""
    if command is None:
        return None
    for grant in tx.find(Grant, "revoked_at IS NULL ORDER BY id"):
        if list(command[: len(grant.prefix)]) != grant.prefix:
            continue
        if grant.scope == "folder" and grant.folder == cwd:
            return grant
        if grant.scope in ("thread", "tree") and grant.thread_id == thread.id:
            return grant
        if grant.scope == "tree" and grant.thread_id is not None and grant.thread_id == thread.spawned_by:
            return grant
    return None


def chain_of(tx: Tx, turn_id: str) -> list[str]:
    """Who asked whom, down to this turn: `human` (or what else began it), then handles."""
    chain: list[str] = []
    turn = tx.get(Turn, turn_id)
    while turn is not None:
        chain.append(tx.name(turn.thread_id))
        message = tx.get(Message, turn.message_id)
        if message is None:
            break
        if message.origin == "human" or message.asking_turn_id is None:
            if message.from_id is not None:
                chain.append(tx.name(message.from_id))
            chain.append(message.origin)
            break
        turn = tx.get(Turn, message.asking_turn_id)
    return chain[::-1]
