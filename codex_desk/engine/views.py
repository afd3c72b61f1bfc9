"""Read models: what the desk shows of its rows. The `to_json` of each is the contract that scripts read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Literal

from codex_desk.frozen import frozen
from codex_desk.rights import Rights
from codex_desk.runtimes.codex.sentences import ELSEWHERE
from codex_desk.store.words import Delivery, EdgeRights, MessageState, Origin, ThreadKind, ThreadStatus, Wake

Relation = Literal["attached", "spawned"]

FINAL_STATES: frozenset[MessageState] = frozenset({"answered", "failed", "interrupted", "cancelled", "expired", "delivered"})


def stamp(moment: datetime | None) -> str | None:
    """UTC in ISO 8601, as every `…_at` in the contract."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


@frozen
class ThreadView:
    id: str
    handle: str | None
    project: str
    title: str
    kind: ThreadKind
    cwd: str
    runtime: str
    model: str | None
    status: ThreadStatus
    created_at: datetime
    last_activity_at: datetime
    parent: str | None = None
    parent_id: str | None = None
    relation: Relation | None = None
    external_id: str | None = None
    forked_from: str | None = None
    side_chat_of: str | None = None
    archived_at: datetime | None = None
    queued: int = 0
    # What the screen shows beside the contract.
    reason: str | None = None
    """Why it needs the human, or what went wrong."""
    last_line: str = ""
    """One line of the latest item, already safe to show."""
    was_attached_to: str | None = None
    """Handle of the parent whose archiving ended the attachment, until it is attached again."""
    rights: EdgeRights | None = None
    wake: Wake | None = None
    interrupt: bool | None = None
    """The three settings of the live attachment, None without one."""
    context_tokens: int = 0
    held: bool = False
    """The human has the hand: nothing else starts a turn here."""

    @property
    def live(self) -> bool:
        return self.archived_at is None and self.status != "history"

    @property
    def written_elsewhere(self) -> bool:
        """It waits for the human to close it in another program."""
        return self.status in ("needs_human", "error") and (self.reason or "").startswith(ELSEWHERE)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "handle": self.handle,
            "project": self.project,
            "title": self.title,
            "kind": self.kind,
            "cwd": self.cwd,
            "runtime": self.runtime,
            "model": self.model,
            "status": self.status,
            "parent": self.parent,
            "parent_id": self.parent_id,
            "relation": self.relation,
            "external_id": self.external_id,
            "forked_from": self.forked_from,
            "side_chat_of": self.side_chat_of,
            "created_at": stamp(self.created_at),
            "last_activity_at": stamp(self.last_activity_at),
            "archived_at": stamp(self.archived_at),
            "queued": self.queued,
        }


@frozen
class ItemView:
    seq: int
    thread_id: str
    kind: str
    text: str
    origin: Origin
    at: datetime
    turn_id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    """As `runtimes.base.ItemDraft.data`; for `message_out`, `message_in` and notices about a message: `message` (its number) and `peer` (the other
    thread's handle), `peer_id`, and `event` (the audit kind that wrote the line)."""

    @property
    def id(self) -> str:
        return f"item-{self.seq}"

    def to_json(self) -> dict[str, Any]:
        return {
            **self.data,
            "id": self.id,
            "seq": self.seq,
            "kind": self.kind,
            "turn_id": self.turn_id,
            "origin": self.origin,
            "text": self.text,
            "at": stamp(self.at),
        }


@frozen
class MessageView:
    id: int
    to: str
    to_id: str
    origin: Origin
    delivery: Delivery
    state: MessageState
    body: str
    created_at: datetime
    sender: str | None = None
    sender_id: str | None = None
    turn_id: str | None = None
    answer: str | None = None
    reason: str | None = None
    answered_at: datetime | None = None
    original: str | None = None
    """The body before the human edited it."""
    started_at: datetime | None = None
    """When the turn that answers it began; not in the contract."""

    @property
    def final(self) -> bool:
        return self.state in FINAL_STATES

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "from": self.sender,
            "to": self.to,
            "origin": self.origin,
            "delivery": self.delivery,
            "state": self.state,
            "body": self.body,
            "turn_id": self.turn_id,
            "answer": self.answer,
            "reason": self.reason,
            "created_at": stamp(self.created_at),
            "answered_at": stamp(self.answered_at),
        }


@frozen
class AttachmentView:
    id: str
    parent: str
    child: str
    parent_id: str
    child_id: str
    rights: EdgeRights
    wake: Wake
    interrupt: bool
    created_at: datetime
    ended_at: datetime | None = None
    end_reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "parent": self.parent,
            "child": self.child,
            "rights": self.rights,
            "wake": self.wake,
            "interrupt": "yes" if self.interrupt else "no",
            "created_at": stamp(self.created_at),
            "ended_at": stamp(self.ended_at),
            "end_reason": self.end_reason,
        }


@frozen
class ApprovalView:
    id: str
    """`<handle>-<n>`; n is desk-wide and never used again."""
    thread: str
    thread_id: str
    turn_id: str
    kind: Literal["command", "change", "permission", "question", "message", "budget"]
    text: str
    """The whole command, change or question; for `budget`, what is used up and would be given again."""
    cwd: str
    why: str
    chain: tuple[str, ...]
    """Who asked whom: `human`, then handles."""
    state: Literal["pending", "approved", "denied", "expired"]
    asked_at: datetime
    scope: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    """Why it ended without an answer."""
    offers: tuple[str, ...] = ()
    """What may be said beside yes once and no: `thread`, `answer`."""
    answer: str | None = None
    """What the human answered in words."""
    simple: bool = False
    """Whether it is one simple command, of which a rule can be made; not in the contract."""

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "thread": self.thread,
            "turn_id": self.turn_id,
            "kind": self.kind,
            "text": self.text,
            "cwd": self.cwd,
            "why": self.why,
            "chain": list(self.chain),
            "state": self.state,
            "scope": self.scope,
            "asked_at": stamp(self.asked_at),
            "decided_at": stamp(self.decided_at),
        }


@frozen
class GrantView:
    id: int
    scope: Literal["thread", "tree", "folder"]
    prefix: tuple[str, ...]
    """The argument prefix of one simple command."""
    thread: str | None
    folder: str | None
    created_at: datetime
    thread_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "scope": self.scope,
            "prefix": list(self.prefix),
            "thread": self.thread,
            "folder": self.folder,
            "created_at": stamp(self.created_at),
        }


@frozen
class AuditView:
    seq: int
    kind: str
    origin: Origin
    thread: str
    thread_id: str
    peer: str | None
    text: str
    at: datetime
    hash: str

    def to_json(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "kind": self.kind,
            "origin": self.origin,
            "thread": self.thread,
            "peer": self.peer,
            "text": self.text,
            "at": stamp(self.at),
            "hash": self.hash,
        }


@frozen
class Used:
    """What a thread's turns took, all together."""

    turns: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


@frozen
class Candidate:
    """A row of the attach picker."""

    thread: ThreadView
    refused: str | None = None
    """Why this parent cannot be taken; None where it can."""
    narrows: str | None = None
    """What the child could not do for this parent under `rights = lesser`; None where nothing narrows."""
    moves_from: str | None = None
    """The parent that the child would be moved from."""


@frozen
class LiveTurn:
    """A running turn of this process as far as it has come; what a pane shows of it when it opens."""

    turn_id: str
    thread_id: str
    started_at: datetime
    origin: Origin
    message_id: int
    rights: Rights
    open_texts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Delta key → (kind, text so far), for items that are not committed yet."""


@frozen
class ShellRun:
    """A command that the human runs in a thread's folder now, in this process, as far as it has come."""

    thread_id: str
    command: str
    key: str
    """Of its deltas, and in the data of the item that will complete them."""
    started_at: datetime
    output: str = ""
