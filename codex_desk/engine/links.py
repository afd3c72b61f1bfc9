"""Attachments: attach, move, detach, and what archiving and unarchiving do to them.

An attachment is a relation and nothing else: no verb here touches a child's folder, instructions, handle, history, runtime or settings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar

from codex_desk.engine import forest, mailbox
from codex_desk.engine.errors import Refusal
from codex_desk.engine.identity import By, new_id
from codex_desk.engine.journal import Action, End, Tx
from codex_desk.engine.views import EdgeRights, Origin, Wake
from codex_desk.frozen import frozen
from codex_desk.store.tables import Attachment, Thread


@frozen
class Attach(Action):
    """Attach `child` to `parent`; a setting that is None keeps its value, or its default (`lesser`, `answers`, no interrupt)."""

    child: str
    parent: str
    move: bool = False
    rights: EdgeRights | None = None
    wake: Wake | None = None
    interrupt: bool | None = None
    verb: ClassVar[str] = "attach"

    def subject(self) -> str:
        return self.child

    def perform(self, tx: Tx, by: By) -> str:
        """Returns the attachment's id. Refusals: self, archived, not_a_session, already_attached, has_parent, cycle, too_deep, bad_value."""
        if self.rights not in (None, "lesser", "own"):
            raise Refusal("bad_value", f"rights is lesser or own, not {self.rights}")
        if self.wake not in (None, "answers", "never"):
            raise Refusal("bad_value", f"wake is answers or never, not {self.wake}")
        child, parent = tx.thread(self.child), tx.thread(self.parent)
        refuse_ends(child, parent)
        live = tx.find(Attachment, "ended_at IS NULL")
        old = next((edge for edge in live if edge.child_id == child.id), None)
        if old is not None and old.parent_id == parent.id:
            return self._change(tx, by, old)
        refuse_place({edge.child_id: edge.parent_id for edge in live}, child.id, parent.id, tx.rules.max_attach_depth, tx.name)
        if old is not None and not self.move:
            raise Refusal(
                "has_parent",
                f"{child.handle} is attached to {tx.name(old.parent_id)}; to take it from there, attach with move (--move), or detach it first",
            )
        if old is not None:
            _end(tx, old, "moved")
        edge = tx.insert(
            Attachment(
                id=new_id(),
                parent_id=parent.id,
                child_id=child.id,
                rights=self.rights or "lesser",
                wake=self.wake or "answers",
                interrupt=bool(self.interrupt),
                created_at=tx.now,
            )
        )
        terms = _terms(edge)
        if old is None:
            tx.crossing(
                "attached",
                by.origin,
                End(child.id, f"attached to {parent.handle} ({terms})"),
                End(parent.id, f"{child.handle} attached ({terms})"),
            )
        else:
            self._tell_move(tx, by.origin, old.parent_id, terms)
        _show_again(tx, child, parent)
        return edge.id

    def _change(self, tx: Tx, by: By, edge: Attachment) -> str:
        given = {"rights": self.rights, "wake": self.wake, "interrupt": self.interrupt}
        changes = {name: value for name, value in given.items() if value is not None}
        if not changes:
            raise Refusal(
                "already_attached", f"{tx.name(self.child)} is already attached to {tx.name(self.parent)}; give a setting to change it"
            )
        tx.update(edge, **changes)
        terms = _terms(edge)
        tx.crossing(
            "attached",
            by.origin,
            End(self.child, f"attachment to {tx.name(self.parent)} changed ({terms})"),
            End(self.parent, f"attachment of {tx.name(self.child)} changed ({terms})"),
        )
        _show_again(tx, tx.thread(self.child), tx.thread(self.parent))
        return edge.id

    def _tell_move(self, tx: Tx, origin: Origin, old_parent: str, terms: str) -> None:
        child, new, old = tx.name(self.child), tx.name(self.parent), tx.name(old_parent)
        tx.crossing(
            "moved",
            origin,
            End(self.child, f"moved from {old} to {new} ({terms})"),
            End(self.parent, f"{child} moved here from {old} ({terms})"),
        )
        line = f"{child} moved to {new}"
        tx.item(old_parent, "notice", line, origin, data={"event": "moved", "peer": child, "peer_id": self.child})
        tx.audit("moved", origin, old_parent, line, self.child)
        _show_again(tx, tx.thread(old_parent))


@frozen
class Detach(Action):
    """End the child's attachment and nothing else."""

    child: str
    verb: ClassVar[str] = "detach"

    def subject(self) -> str:
        return self.child

    def perform(self, tx: Tx, by: By) -> str:
        """Returns the id of the attachment that ended."""
        edge = tx.first(Attachment, "child_id = ? AND ended_at IS NULL", self.child)
        if edge is None:
            raise Refusal("not_attached", f"{tx.name(self.child)} is not attached to anything")
        _detach(tx, edge, "detached", by.origin)
        return edge.id


@frozen
class Archive(Action):
    """Archive a session that runs no turn. Its subagents go with it; attachments at either end are ended, and the other sessions live on."""

    thread: str
    verb: ClassVar[str] = "archive"

    def subject(self) -> str:
        return self.thread

    def must_rest(self, tx: Tx) -> Sequence[str]:
        """The threads whose turns have to end first."""
        return [self.thread, *(each.id for each in subagents(tx, self.thread))]

    def stop_turns(self, tx: Tx) -> None:
        """Ask the running turns to end."""
        for thread_id in self.must_rest(tx):
            if (turn := mailbox.running_turn(tx, thread_id)) is not None:
                tx.update(turn, stop_reason="archived")

    def perform(self, tx: Tx, by: By) -> str:
        thread = tx.thread(self.thread)
        if thread.archived_at is not None:
            raise Refusal("archived", f"{thread.handle} is already archived")
        if any(mailbox.running_turn(tx, each) is not None for each in self.must_rest(tx)):
            raise Refusal("running", f"{thread.handle} is running a turn; it is archived once that has ended")
        for edge in tx.find(Attachment, "child_id = ? AND ended_at IS NULL", thread.id):
            _detach(tx, edge, "child_archived", by.origin)
        for edge in tx.find(Attachment, "parent_id = ? AND ended_at IS NULL ORDER BY created_at", thread.id):
            _detach(tx, edge, "parent_archived", by.origin)
        for each in subagents(tx, thread.id):
            _archive(tx, each, by.origin, thread)
        _archive(tx, thread, by.origin, None)
        return thread.id


@frozen
class Unarchive(Action):
    """Bring a session back, with the subagents archived with it; with `reattach`, to the parent it was taken from by archiving."""

    thread: str
    reattach: bool = False
    verb: ClassVar[str] = "unarchive"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> str:
        thread = tx.thread(self.thread)
        if thread.archived_at is None:
            raise Refusal("not_archived", f"{thread.handle} is not archived")
        ended_at = thread.archived_at
        for each in (thread, *tx.find(Thread, "archived_with = ?", thread.id)):
            tx.update(
                each, archived_at=None, archived_with=None, status="idle" if each.kind == "session" else "finished", last_activity_at=tx.now
            )
            tx.crossing("unarchived", by.origin, End(each.id, "unarchived"), None)
        if self.reattach:
            self._reattach(tx, by, ended_at)
        return thread.id

    def _reattach(self, tx: Tx, by: By, ended_at: datetime) -> None:
        """The relations that this archiving ended, as far as they can be had again; one that cannot is named in the transcript."""
        own = tx.find(Attachment, "child_id = ? AND end_reason = 'child_archived'", self.thread)
        below = tx.find(Attachment, "parent_id = ? AND end_reason = 'parent_archived'", self.thread)
        for edge in (*own, *below):
            if edge.ended_at != ended_at:
                continue  # an earlier archiving ended it
            try:
                Attach(edge.child_id, edge.parent_id, rights=edge.rights, wake=edge.wake, interrupt=edge.interrupt).perform(tx, by)
            except Refusal as refusal:
                tx.item(self.thread, "notice", f"not attached again: {refusal.message}", "system", data={"event": "attached"})


@frozen
class CloseAgent(Action):
    """An agent closes a child. A subagent at rest is archived, with those below it. On an attached session it is refused, or made a detach by
    `close_agent_on_attached`; it never archives one. Refusals: attached_session, running, not_ours."""

    target: str
    verb: ClassVar[str] = "close_agent"

    def subject(self) -> str:
        return self.target

    def perform(self, tx: Tx, by: By) -> dict[str, object]:
        target = tx.thread(self.target)
        edge = tx.first(Attachment, "child_id = ? AND parent_id = ? AND ended_at IS NULL", target.id, by.thread_id)
        if edge is None:
            return self._close(tx, by, target)
        if tx.rules.close_agent_on_attached == "detach":
            _detach(tx, edge, "detached", by.origin)
            return {"previous_status": target.status, "detached": True}
        raise Refusal(
            "attached_session",
            f"{target.handle} is the user's own session, attached to you; you cannot close it. When you have no more work for it, simply stop sending; "
            "only the user can detach it.",
        )

    def _close(self, tx: Tx, by: By, target: Thread) -> dict[str, object]:
        if target.external_id is not None:
            raise Refusal("not_ours", f"{target.handle} was spawned with {target.runtime}'s own tools; close it with those")
        below = subagents(tx, target.id)
        if any(mailbox.running_turn(tx, each.id) is not None for each in (target, *below)):
            raise Refusal("running", f"{target.handle} is running a turn; it is closed once that has ended")
        previous = target.status
        for each in reversed(below):
            _archive(tx, each, by.origin, target)
        _archive(tx, target, by.origin, None)
        return {"previous_status": previous}


def refuse_ends(child: Thread, parent: Thread) -> None:
    """Refuse an attachment for what its ends are."""
    if child.id == parent.id:
        raise Refusal("self", f"{child.handle} cannot be attached to itself")
    for each in (child, parent):
        if each.archived_at is not None:
            raise Refusal("archived", f"{each.handle} is archived; unarchive it first")
        if each.status == "history":
            raise Refusal("not_a_session", f"{each.handle or each.title} is history; adopt it first")
        if each.kind != "session":
            raise Refusal("not_a_session", f"{each.handle} is a subagent; only top-level sessions are attached")


def refuse_place(parents: dict[str, str], child: str, parent: str, max_depth: int, name: Callable[[str], str]) -> None:
    """Refuse an attachment for where it would stand in the forest. `name` gives the handle of an id."""
    cycle = forest.cycle_path(parents, child, parent)
    if cycle is not None:
        raise Refusal("cycle", "would make a cycle: " + " → ".join(name(each) for each in cycle))
    depth = forest.depth_with(parents, child, parent)
    if depth > max_depth:
        raise Refusal("too_deep", f"would be {depth} attachments deep; at most {max_depth} are allowed (agents.max_attach_depth)")


def _terms(edge: Attachment) -> str:
    return f"rights {edge.rights}, wake {edge.wake}, interrupt {'yes' if edge.interrupt else 'no'}"


def _show_again(tx: Tx, *threads: Thread) -> None:
    """A changed relation shows on the threads' rows."""
    for thread in threads:
        tx.update(thread)


def _end(tx: Tx, edge: Attachment, reason: str) -> None:
    tx.update(edge, ended_at=tx.now, end_reason=reason)
    mailbox.cancel_across(tx, edge, "moved" if reason == "moved" else "detached")


def _detach(tx: Tx, edge: Attachment, reason: str, origin: Origin) -> None:
    _end(tx, edge, reason)
    child, parent = tx.thread(edge.child_id), tx.thread(edge.parent_id)
    why = {"child_archived": f" ({child.handle} is archived)", "parent_archived": f" ({parent.handle} is archived)"}.get(reason, "")
    below = f"was attached to {parent.handle}{why}" if why else f"detached from {parent.handle}"
    tx.crossing("detached", origin, End(child.id, below), End(parent.id, f"{child.handle} detached{why}"))
    _show_again(tx, child, parent)


def subagents(tx: Tx, thread_id: str) -> list[Thread]:
    """Every living subagent below a thread."""
    found: list[Thread] = []
    for each in tx.find(Thread, "spawned_by = ? AND archived_at IS NULL AND status != 'history'", thread_id):
        found += [each, *subagents(tx, each.id)]
    return found


def _archive(tx: Tx, thread: Thread, origin: Origin, parent: Thread | None) -> None:
    mailbox.cancel_waiting(tx, thread.id, "archived")
    tx.update(thread, archived_at=tx.now, archived_with=parent.id if parent else None, status="archived", reason=None, held=False)
    if thread.kind == "subagent" and parent is None and thread.spawned_by is not None:
        whom = "the user" if origin == "human" else tx.name(thread.spawned_by)
        tx.crossing(
            "closed",
            origin,
            End(thread.id, f"closed by {whom}"),
            End(thread.spawned_by, f"closed {thread.handle}" if origin != "human" else f"{thread.handle} closed by the user"),
        )
        return
    tx.crossing("archived", origin, End(thread.id, "archived" if parent is None else f"archived with {parent.handle}"), None)
