"""What a runtime reports about its threads that the engine did not cause: subagents of its own, turns begun elsewhere, new names, a past."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from codex_desk.engine import budgets, mailbox
from codex_desk.engine.identity import By, new_id
from codex_desk.engine.journal import Action, End, Tx
from codex_desk.engine.sessions import HANDLE
from codex_desk.engine.turns import Claimed
from codex_desk.frozen import frozen
from codex_desk.rights import Rights
from codex_desk.runtimes.outside import Facts, PastItem, ReportedTurn, Spawned
from codex_desk.store.tables import Message, RuntimeState, Thread, Turn
from codex_desk.text import one_line

LONGEST_HANDLE = 40
EXCERPT = mailbox.EXCERPT


@frozen
class Keep(Action):
    """Remember what a runtime knows of a thread. Its settings become the thread's own."""

    thread: str
    facts: Facts
    verb: ClassVar[str] = "keep"

    def perform(self, tx: Tx, by: By) -> bool:
        """Returns whether anything about the thread itself changed."""
        thread, facts = tx.thread(self.thread), self.facts
        state = tx.get(RuntimeState, thread.id)
        if state is None:
            tx.insert(RuntimeState(thread_id=thread.id, content=dict(facts.state)))
        elif state.content != facts.state:
            tx.update(state, content=dict(facts.state))
        settings = {**thread.settings, **facts.settings}
        if thread.external_id == facts.external_id and thread.settings == settings:
            return False
        tx.update(thread, external_id=facts.external_id, settings=settings)
        return True


@frozen
class KeepState(Action):
    """Remember something for a runtime alone."""

    thread: str
    state: Mapping[str, Any]
    verb: ClassVar[str] = "keep"

    def perform(self, tx: Tx, by: By) -> None:
        row = tx.get(RuntimeState, self.thread)
        if row is None:
            tx.insert(RuntimeState(thread_id=self.thread, content=dict(self.state)))
        else:
            tx.update(row, content=dict(self.state))


@frozen
class CatchUp(Action):
    """Put what was done elsewhere into a thread's transcript; what it has already is left out. Returns how many items that were."""

    thread: str
    items: Sequence[PastItem]
    verb: ClassVar[str] = "catch_up"

    def perform(self, tx: Tx, by: By) -> int:
        return write_past(tx, tx.thread(self.thread), self.items)


def write_past(tx: Tx, thread: Thread, items: Sequence[PastItem]) -> int:
    """Those of the items that the thread does not have yet, at the times when they were. Returns how many."""
    rows = tx.connection.exec_driver_sql("SELECT json_extract(data, '$.key') FROM item WHERE thread_id = ?", (thread.id,))
    known = {row[0] for row in rows}
    fresh = [item for item in items if item.key not in known]
    for item in fresh:
        data = {**item.draft.data, "key": item.key}
        tx.item(thread.id, item.draft.kind, item.draft.text, "import", turn_id=item.turn, data=data, at=item.at)
    if fresh:
        tx.update(thread, last_activity_at=max(thread.last_activity_at, fresh[-1].at))
    return len(fresh)


@frozen
class Spawn(Action):
    """Record a subagent that a thread made with its runtime's own tools. Returns its id; None where its parent is not on the desk."""

    child: Spawned
    verb: ClassVar[str] = "spawn"

    def perform(self, tx: Tx, by: By) -> str | None:
        child = self.child
        known = tx.first(Thread, "external_id = ?", child.external_id)
        if known is not None and known.status != "history":
            return known.id if known.kind == "subagent" else None
        parent = tx.first(Thread, "external_id = ? AND status != 'history'", child.parent)
        if parent is None:
            return None
        handle = free_name(tx, child.name, parent.project)
        runs_on = {"model": child.model, "model_provider": child.provider}  # what it really runs on, whatever its role's file asks for
        values: dict[str, Any] = {
            "handle": handle,
            "project": parent.project,
            "title": " · ".join(filter(None, (child.name, child.nickname, child.role))),
            "kind": "subagent",
            "status": "idle",
            "cwd": child.cwd,
            "cwd_device": parent.cwd_device,
            "cwd_inode": parent.cwd_inode,
            "runtime": parent.runtime,
            "settings": {**parent.settings, **{key: value for key, value in runs_on.items() if value is not None}},
            "spawned_by": parent.id,
            "last_activity_at": tx.now,
        }
        if known is None:
            thread = tx.insert(Thread(id=new_id(), external_id=child.external_id, created_at=tx.now, **values))
        else:  # its past was imported, and now it lives
            thread = tx.update(known, **values)
        turn = mailbox.running_turn(tx, parent.id)
        task = f": {one_line(child.task, EXCERPT)}" if child.task else ""
        role = f" as {child.role}" if child.role else ""
        tx.crossing(
            "spawned",
            "agent",
            End(parent.id, f"spawned {handle}{role}{task}", turn_id=turn.id if turn is not None else None),
            End(thread.id, f"spawned by {parent.handle}{role}{task}"),
        )
        tx.update(parent)
        return thread.id


@frozen
class Closed(Action):
    """A subagent was closed by its parent: it is archived, as one that is closed here."""

    external_id: str
    verb: ClassVar[str] = "closed"

    def perform(self, tx: Tx, by: By) -> str | None:
        thread = tx.first(Thread, "external_id = ? AND kind = 'subagent' AND archived_at IS NULL", self.external_id)
        if thread is None:
            return None
        mailbox.cancel_waiting(tx, thread.id, "closed")
        tx.update(thread, archived_at=tx.now, archived_with=None, status="archived", reason=None, held=False)
        parent = thread.spawned_by
        end = None if parent is None else End(parent, f"closed {thread.handle}")
        tx.crossing("closed", "agent", End(thread.id, "closed by its parent"), end)
        return thread.id


@frozen
class Began(Action):
    """A turn that the engine did not begin: it takes its place in the thread as any other, with a message that is running from its start.
    Returns None where the thread is not on the desk, is busy, or belongs to another process now."""

    turn: ReportedTurn
    host_id: str
    own: Rights
    alive: frozenset[str]
    verb: ClassVar[str] = "began"

    def perform(self, tx: Tx, by: By) -> Claimed | None:
        report = self.turn
        thread = tx.first(Thread, "external_id = ? AND status != 'history' AND archived_at IS NULL", report.thread)
        if thread is None or mailbox.running_turn(tx, thread.id) is not None:
            return None
        lease = tx.lease(thread.id)
        if lease.host_id != self.host_id:
            if lease.host_id in self.alive:
                return None
            tx.set_lease(lease, self.host_id, lease.fence + 1)
        asking = mailbox.running_turn(tx, thread.spawned_by) if report.by == "parent" and thread.spawned_by is not None else None
        rights = self.own if asking is None else self.own.lesser(Rights.from_json(asking.rights))
        message = tx.insert(self._message(tx, thread, asking))
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
                settings={"runtime": thread.runtime, "model": thread.settings.get("model"), "external_id": report.external_id},
                started_at=tx.now,
            )
        )
        trip = budgets.starting(tx, message)
        budgets.charge_turn(tx, turn)
        if trip is not None:  # it runs already, past our queue
            tx.update(turn, stop_reason=trip.reason)
        tx.update(message, turn_id=turn.id)
        tx.update(thread, status="running", reason=None)
        self._lines(tx, thread, message, turn)
        return Claimed(turn.id, thread.id, message.id or 0, message.kind, report.text, message.origin, rights, self.host_id, lease.fence)

    def _message(self, tx: Tx, thread: Thread, asking: Turn | None) -> Message:
        """What stands for the words that began it. Its answer is its asker's own affair: nobody is woken by it."""
        report = self.turn
        from_parent = report.by == "parent" and thread.spawned_by is not None
        return Message(
            to_id=thread.id,
            from_id=thread.spawned_by if from_parent else None,
            kind="ask" if from_parent else "prompt",
            origin="agent" if from_parent or report.by == "agent" else "human" if report.by == "user" else "system",
            state="running",
            body=report.text,
            asking_turn_id=asking.id if asking is not None else None,
            chain_id=asking.chain_id if asking is not None else new_id(),
            hops=asking.hops + 1 if asking is not None else 0,
            rights=asking.rights if asking is not None else None,
            quiet=True,
            created_at=tx.now,
            started_at=tx.now,
        )

    def _lines(self, tx: Tx, thread: Thread, message: Message, turn: Turn) -> None:
        number, report = message.id or 0, self.turn
        match report.by:
            case "parent" if message.from_id is not None:
                told = report.text or "(the task is sealed: the runtime does not show what it was told)"
                tx.crossing(
                    "sent",
                    "agent",
                    End(message.from_id, f"#{number} to {thread.handle}: {one_line(told, EXCERPT)}", turn_id=message.asking_turn_id),
                    End(thread.id, told, "message_in", turn.id, f"#{number} from {tx.name(message.from_id)}: {one_line(told, EXCERPT)}"),
                    data={"message": number, "quiet": True, "author": tx.name(message.from_id)},
                )
            case "agent":
                told = f"#{number} another agent prompted this session by {thread.runtime}'s own tools, past its attachments; it is stopped"
                tx.crossing("held", "agent", End(thread.id, told, turn_id=turn.id), None, data={"message": number})
                tx.item(thread.id, "message_in", report.text, "agent", turn_id=turn.id, data={"message": number, "author": "another agent"})
            case "user":
                tx.audit("started", "human", thread.id, f"#{number} prompted in another program")
                tx.item(thread.id, "user_message", report.text, "human", turn_id=turn.id, data={"message": number, "elsewhere": True})
            case _:
                told = f"#{number} {thread.runtime} began a turn by itself" + (f": {one_line(report.text, EXCERPT)}" if report.text else "")
                tx.crossing("started", "system", End(thread.id, told, turn_id=turn.id), None, data={"message": number})


@frozen
class Renamed(Action):
    """Somebody named the thread in another program: its title follows, and its handle where that was made of the old name and the new one is free."""

    external_id: str
    name: str
    verb: ClassVar[str] = "renamed"

    def perform(self, tx: Tx, by: By) -> str | None:
        """Returns the handle that it has now; None for a thread that is not on the desk."""
        thread = tx.first(Thread, "external_id = ? AND status != 'history'", self.external_id)
        if thread is None or thread.kind != "session":
            return None
        if self.name in (thread.title, thread.handle):
            return thread.handle
        changes: dict[str, Any] = {"title": one_line(self.name, EXCERPT)}
        wanted = slug(self.name)
        follows = thread.handle in (slug(thread.title), None) or not thread.title
        if follows and HANDLE.fullmatch(wanted) and tx.first(Thread, "project = ? AND handle = ?", thread.project, wanted) is None:
            changes["handle"] = wanted
        old = thread.handle
        tx.update(thread, **changes)
        told = f"named “{changes['title']}” in another program"
        if thread.handle != old:
            told += f"; its handle is {thread.handle} now, it was {old}"
        tx.crossing("renamed", "import", End(thread.id, told), None)
        return thread.handle


@frozen
class RanAs(Action):
    """What a running turn really is."""

    claimed: Claimed
    external_id: str | None = None
    rights: Rights | None = None
    verb: ClassVar[str] = "ran_as"

    def perform(self, tx: Tx, by: By) -> None:
        claimed = self.claimed
        tx.check_fence(claimed.thread_id, claimed.host_id, claimed.fence)
        turn = tx.get(Turn, claimed.turn_id)
        if turn is None:
            return
        changes: dict[str, Any] = {}
        if self.external_id is not None:
            changes["settings"] = {**turn.settings, "external_id": self.external_id}
        if self.rights is not None:
            changes["rights"] = Rights.from_json(turn.rights).lesser(self.rights).to_json()
        tx.update(turn, **changes)


def slug(text: str) -> str:
    """A handle made of any words; empty where nothing of them can stand in one."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    plain = plain.lstrip("0123456789-")[:LONGEST_HANDLE]
    if len(plain) == LONGEST_HANDLE and "-" in plain[24:]:
        plain = plain.rpartition("-")[0]  # cut between words
    return plain.strip("-")


def free_name(tx: Tx, name: str, project: str) -> str:
    """A handle for `name` that nobody has in this project: with a number behind it where it is taken."""
    base = slug(name) or "agent"
    number = 1
    while True:
        tail = "" if number == 1 else f"-{number}"
        handle = base[: LONGEST_HANDLE - len(tail)].rstrip("-") + tail
        if tx.first(Thread, "project = ? AND handle = ?", project, handle) is None:
            return handle
        number += 1
