"""The one inbox: what agents may not do without the human, asked, answered and remembered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from codex_desk.engine import inbox, releasing
from codex_desk.engine.errors import Refusal
from codex_desk.engine.identity import By
from codex_desk.engine.journal import Action, Tx
from codex_desk.frozen import frozen
from codex_desk.store.tables import Approval, Grant, Thread
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
        name = inbox.enter(tx, thread, self.turn, self.kind, self.text, self.cwd, self.why, self.command, self.offers)
        tx.update(thread, status="needs_human", reason=f"{name}: {one_line(self.text, 120)}")
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
        if row.kind == "budget":
            self._refuse_scope(row)
            close(tx, row, state, "human", scope="once")
            releasing.decide(tx, row, self.approve)
            return row.id
        if self.approve and self.scope != "once" and not (self.scope == "thread" and "thread" in offers):
            self._grant(tx, row)
        if self.answer is not None:
            tx.update(row, answer=self.answer)
        close(tx, row, state, "human", scope=self.scope)
        return row.id

    def _refuse_scope(self, row: Approval) -> None:
        if self.approve and self.scope != "once":
            raise Refusal("bad_value", f"{row.id} is given once, for one prompt and what it causes; a wider limit is a setting (budgets)")

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
    other = tx.first(Approval, "thread_id = ? AND state = 'pending' AND kind != 'budget' ORDER BY number", thread.id)
    if other is not None:
        tx.update(thread, reason=f"{other.id}: {one_line(other.text, 120)}")
    elif thread.status == "needs_human" and row.kind != "budget":
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
    above = {thread.id}  # and those that it is a subagent of, however deep
    parent = thread.spawned_by
    while parent is not None and parent not in above:
        above.add(parent)
        parent = tx.thread(parent).spawned_by
    for grant in tx.find(Grant, "revoked_at IS NULL ORDER BY id"):
        if list(command[: len(grant.prefix)]) != grant.prefix:
            continue
        if grant.scope == "folder" and grant.folder == cwd:
            return grant
        if grant.scope == "thread" and grant.thread_id == thread.id:
            return grant
        if grant.scope == "tree" and grant.thread_id in above:
            return grant
    return None
