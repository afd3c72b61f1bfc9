"""Subagents: disposable threads that a turn spawns for one task each, with a history, a folder and settings of their own.

Only the final answer of one comes into its parent's context, as the answer to a message; everything that it is told and does stands in its own transcript.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, ClassVar, Literal

from codex_desk.engine import links, mailbox
from codex_desk.engine.errors import Refusal
from codex_desk.engine.identity import By, new_id
from codex_desk.engine.journal import Action, End, Tx
from codex_desk.engine.reported import free_name
from codex_desk.engine.sessions import Folder
from codex_desk.frozen import frozen
from codex_desk.store.tables import Attachment, Message, Meta, Segment, Subagent, Thread, Turn
from codex_desk.text import one_line

ForkTurns = Literal["none", "all"] | int
"""What of its parent's history a subagent begins with: nothing, everything, or so many of the latest turns."""

TITLE = 80
"""Characters of a task that name a subagent where its handle does not."""


@frozen
class Limits:
    """How many subagents one session may have, and how deep: of the settings of the thread that spawns."""

    threads: int
    depth: int


@frozen
class Spawned:
    """A subagent that was made, and the message that gave it its task."""

    thread_id: str
    name: str
    message_id: int


@frozen
class Worktree:
    """A git worktree that was made for a subagent."""

    path: str
    repository: str
    branch: str

    def to_json(self) -> dict[str, Any]:
        return {"path": self.path, "repository": self.repository, "branch": self.branch}


@frozen
class SpawnAgent(Action):
    """Make a subagent of the acting turn's thread and give it its task. Settings and folder are worked out before; they never hold wider rights than
    that turn has. Refusals: archived, origin_agent, too_deep, too_many."""

    parent: str
    task: str
    name: str
    runtime: str
    settings: Mapping[str, Any]
    folder: Folder
    limits: Limits
    role: str | None = None
    fork: ForkTurns = "none"
    worktree: Worktree | None = None
    begun: str | None = None
    """The key under which that worktree is on record as begun (see `unfinished`)."""
    detached: bool = False
    """Its parent did not mean to wait for it."""
    notes: Sequence[str] = field(default_factory=tuple)
    """What was asked for and not given, for both transcripts."""
    verb: ClassVar[str] = "spawn_agent"

    def subject(self) -> str:
        return self.parent

    def perform(self, tx: Tx, by: By) -> Spawned:
        parent = tx.thread(self.parent)
        turn = tx.get(Turn, by.turn_id) if by.turn_id else None
        if turn is None or turn.state != "running" or turn.thread_id != parent.id:
            raise Refusal("origin_agent", f"{parent.handle} runs no turn; an agent spawns only from within one")
        if parent.archived_at is not None:
            raise Refusal("archived", f"{parent.handle} is archived")
        refuse_beyond(tx, parent, self.limits)
        if self.begun is not None and (begun := tx.get(Meta, self.begun)) is not None:
            tx.delete(begun)
        child = tx.insert(
            Thread(
                id=new_id(),
                handle=free_name(tx, self.name, parent.project),
                project=parent.project,
                title=one_line(self.task, TITLE),
                kind="subagent",
                cwd=str(self.folder.cwd),
                cwd_device=self.folder.device,
                cwd_inode=self.folder.inode,
                runtime=self.runtime,
                settings=dict(self.settings),
                spawned_by=parent.id,
                created_at=tx.now,
                last_activity_at=tx.now,
            )
        )
        tx.insert(Subagent(thread_id=child.id, role=self.role, worktree=None if self.worktree is None else self.worktree.to_json()))
        self._fork(tx, parent, child)
        as_role = f" as {self.role}" if self.role else ""
        where = f", in the worktree {self.worktree.path}" if self.worktree else ""
        tx.crossing(
            "spawned",
            by.origin,
            End(parent.id, f"spawned {child.handle}{as_role}{where}", turn_id=turn.id, quiet=True),
            End(child.id, f"spawned by {parent.handle}{as_role}, on {_runs_on(child)}{where}"),
        )
        for note in self.notes:
            tx.item(child.id, "notice", note, "system", data={"event": "note"})
        line = {"subagent_thread_id": child.id, "role": self.role, "detached": self.detached}
        number = mailbox.Ask(child.id, self.task, line={key: said for key, said in line.items() if said}).perform(tx, by)
        return Spawned(child.id, child.handle or child.id, number)

    def _fork(self, tx: Tx, parent: Thread, child: Thread) -> None:
        if self.fork == "none":
            return
        segments = tx.find(Segment, "thread_id = ? AND live = 1 ORDER BY id", parent.id)
        kept = trimmed([segment.turn_id for segment in segments], self.fork)
        for segment in segments[kept:]:
            tx.segment(child.id, None, segment.content, segment.kind)
        told = "all of it" if kept == 0 else f"its last {self.fork} turns" if self.fork != 1 else "its last turn"
        line = f"begins with the history of {parent.handle}: {told}"
        tx.item(child.id, "notice", line, "system", data={"event": "created", "forked_from": parent.id})


@frozen
class SpawnAgents(Action):
    """Make several subagents of one thread, all or none of them. Returns what was made, in their order. Refusals: those of `SpawnAgent`."""

    agents: Sequence[SpawnAgent]
    verb: ClassVar[str] = "spawn_agent"

    def subject(self) -> str:
        return self.agents[0].parent

    def perform(self, tx: Tx, by: By) -> list[Spawned]:
        refuse_beyond(tx, tx.thread(self.subject()), self.agents[0].limits, len(self.agents))
        return [agent.perform(tx, by) for agent in self.agents]


def trimmed(turns: Sequence[str | None], wanted: ForkTurns) -> int:
    """The index of the first chunk of history that a fork keeps, from the turn that each chunk is of: those of the last `wanted` turns."""
    if wanted == "all":
        return 0
    if wanted == "none":
        return len(turns)
    last = list(dict.fromkeys(reversed(turns)))[:wanted]
    return next((index for index, turn in enumerate(turns) if turn in last), len(turns))


LIVING = """WITH RECURSIVE below(id) AS (
        SELECT id FROM thread WHERE spawned_by = ? AND archived_at IS NULL AND status != 'history'
        UNION ALL SELECT t.id FROM thread t JOIN below b ON t.spawned_by = b.id WHERE t.archived_at IS NULL AND t.status != 'history')
    SELECT count(*) FROM below"""
"""How many living subagents are below a thread."""


def refuse_beyond(tx: Tx, parent: Thread, limits: Limits, more: int = 1) -> None:
    """Refuse more subagents than a session may have, or one deeper than it may be."""
    above = [parent]
    while above[-1].spawned_by is not None:
        above.append(tx.thread(above[-1].spawned_by))
    if len(above) > limits.depth:
        raise Refusal(
            "too_deep",
            f"a subagent here would be {len(above)} deep; at most {limits.depth} is allowed (agents.max_depth). Do the work in this turn"
            + (", or report what is needed to your parent" if len(above) > 1 else ""),
        )
    [(count,)] = tx.rows(LIVING, (above[-1].id,))
    if count + more > limits.threads:
        living = links.subagents(tx, above[-1].id)
        done = [each.handle or each.id for each in living if each.status == "finished"]
        remedy = f"close_agent ends one that you need no more: {', '.join(done)}" if done else "wait for one of them, then close it"
        wanted = f", and {more} more were asked for at once" if more > 1 else ""
        raise Refusal(
            "too_many",
            f"{above[-1].handle} has {len(living)} subagents{wanted}; at most {limits.threads} are allowed (agents.max_threads). "
            + (remedy if living else "Ask for fewer at a time"),
        )


@frozen
class InterruptAgent(Action):
    """An agent ends the running turn of a child: of a subagent, or of an attached session where the edge allows it. What waits for it then runs.
    Refusals: no_interrupt."""

    target: str
    verb: ClassVar[str] = "interrupt_agent"

    def subject(self) -> str:
        return self.target

    def perform(self, tx: Tx, by: By) -> dict[str, object]:
        target = tx.thread(self.target)
        edge = tx.first(Attachment, "child_id = ? AND parent_id = ? AND ended_at IS NULL", target.id, by.thread_id)
        if edge is not None and not edge.interrupt:
            raise Refusal(
                "no_interrupt",
                f"{target.handle} is the user's own session, and you may not interrupt it. Send it a message, or wait; the user can allow it on the attachment",
            )
        turn = mailbox.running_turn(tx, target.id)
        if turn is not None and turn.stop_reason is None:
            tx.update(turn, stop_reason=f"by {tx.name(by.thread_id or '')}")  # the lines of its message's end say so in both transcripts
            message = tx.get(Message, turn.message_id)
            if message is not None and message.from_id == by.thread_id:
                tx.update(message, quiet=True)  # who stopped it knows
        return {"previous_status": target.status}


@frozen
class StopAgent(Action):
    """Have a subagent come to rest, with those below it, before it is closed: what waits for it is cancelled, what runs is asked to end.
    Returns the threads whose turns have yet to end."""

    target: str
    verb: ClassVar[str] = "close_agent"

    def subject(self) -> str:
        return self.target

    def perform(self, tx: Tx, by: By) -> list[str]:
        running: list[str] = []
        for each in (tx.thread(self.target), *links.subagents(tx, self.target)):
            for message in tx.find(Message, "to_id = ? AND from_id = ? AND state IN ('queued', 'held', 'running')", each.id, by.thread_id):
                tx.update(message, quiet=True)  # who closes it knows
            mailbox.cancel_waiting(tx, each.id, "closed")
            turn = mailbox.running_turn(tx, each.id)
            if turn is not None:
                running.append(each.id)
                if turn.stop_reason is None:
                    tx.update(turn, stop_reason="closed")
        return running


@frozen
class WorktreeEnded(Action):
    """Put on record what became of a closed subagent's worktree."""

    thread: str
    told: str
    removed: bool
    verb: ClassVar[str] = "worktree_ended"

    def perform(self, tx: Tx, by: By) -> None:
        thread, row = tx.thread(self.thread), tx.get(Subagent, self.thread)
        if row is not None and self.removed:
            tx.update(row, worktree_gone=True)
        for each in filter(None, (thread.id, thread.spawned_by)):
            tx.item(each, "notice", self.told, "system", data={"event": "note"})


def _runs_on(thread: Thread) -> str:
    """The model and provider that it was given, for people."""
    if thread.runtime == "offline":
        return thread.runtime
    model, provider = thread.settings.get("model"), thread.settings.get("model_provider")
    return " · ".join(str(part) for part in (thread.runtime, model, provider) if part)
