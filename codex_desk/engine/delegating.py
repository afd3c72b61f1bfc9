"""Delegated runs: a task for an agent of a role, waited for or detached, one or a batch, and follow-ups to what it did.

Nothing of it has rows of its own. A conversation is a subagent that was made with a role, a run is a message along its spawn edge, and whether its answer
has reached the parent stands on that message: so a run that ends unheard wakes its parent as any other answer does, and one that was joined does not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from codex_desk.engine import mailbox
from codex_desk.engine.agents import SpawnAgents, Spawned
from codex_desk.engine.asking import Waiting
from codex_desk.engine.consent import Consent
from codex_desk.engine.errors import Refusal
from codex_desk.engine.identity import By
from codex_desk.engine.journal import Action, Tx
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.reading import Reader
from codex_desk.engine.spawning import BELOW, Spawner
from codex_desk.engine.views import FINAL_STATES, MessageView, ThreadView
from codex_desk.engine.waiting import MAX_TIMEOUT_MS
from codex_desk.frozen import frozen
from codex_desk.store.tables import Message
from codex_desk.text import one_line
from codex_desk.tools.delegation import Context, DelegateAgent, DelegateSessions, Task
from codex_desk.tools.desk import SpawnAgent

TASK = 200
"""Characters of a task, and of what an agent did last, in a list."""

CONVERSATIONS = """SELECT t.id, s.role FROM thread t JOIN subagent s ON s.thread_id = t.id
    WHERE t.spawned_by = ? AND t.archived_at IS NULL AND s.role IS NOT NULL ORDER BY t.created_at, t.id"""
AT_WORK = """SELECT 1 FROM turn WHERE thread_id = ? AND state = 'running'
    UNION SELECT 1 FROM message WHERE to_id = ? AND state IN ('queued', 'held')"""
RUNS = "SELECT id FROM message WHERE from_id = ? AND to_id = ? AND kind = 'ask' AND origin = 'agent' ORDER BY id"


@frozen
class Delegated:
    """What a call of `delegate_agent` gives, and the threads that it made."""

    result: Mapping[str, Any]
    made: tuple[str, ...] = ()


@frozen
class Drop(Action):
    """What came of a conversation's runs, and its parent never asked for, is announced to nobody any more: the conversation is dismissed."""

    target: str
    verb: ClassVar[str] = "close_agent"

    def subject(self) -> str:
        return self.target

    def perform(self, tx: Tx, by: By) -> None:
        for message in tx.find(Message, "to_id = ? AND from_id = ? AND returned_at IS NULL", self.target, by.thread_id):
            if message.state in FINAL_STATES:
                tx.update(message, quiet=True)


class Delegator:
    """Delegation for one turn."""

    def __init__(
        self, ledger: Ledger, reader: Reader, spawner: Spawner, waits: Waiting, post: Callable[[mailbox.Ask, By], Awaitable[int]], by: By
    ) -> None:
        self._ledger = ledger
        self._reader = reader
        self._spawner = spawner
        self._waits = waits
        self._post = post
        self._by = by

    async def delegate(self, asked: DelegateAgent, consent: Consent) -> Delegated:
        """Perform `delegate_agent`. Refusals: those of spawning, unknown_conversation, bad_value."""
        detached = asked.mode == "detached"
        if asked.conversation_id is not None:
            number = await self._follow_up(asked, asked.conversation_id)
            return Delegated(await self._ended([number], detached))
        tasks = asked.batch or [Task(agent_id=asked.agent_id or "", prompt=asked.prompt or "", context=asked.context)]
        try:
            made = await self._begin(tasks, asked.profile, detached, consent)
        except Refusal as refusal:
            if asked.batch is None:
                raise
            raise Refusal(refusal.code, f"none of the {len(tasks)} tasks was delegated: {refusal.message}") from refusal
        result = await self._ended([each.message_id for each, _ in made], detached)
        notes = {each.thread_id: notes for each, notes in made if notes}
        for run in result.get("runs", [result]):
            if run["conversation_id"] in notes:
                run["notes"] = list(notes[run["conversation_id"]])
        return Delegated(result, tuple(each.thread_id for each, _ in made))

    async def sessions(self, asked: DelegateSessions) -> dict[str, Any]:
        """Perform `delegate_sessions`. Refusals: unknown_conversation, running, and those of waiting and of closing."""
        match asked.operation:
            case "list":
                return self._list(asked.cursor or 0, asked.limit)
            case "messages":
                return self._messages(self._conversation(asked.conversation_id or ""), asked.cursor or 0, asked.limit)
            case "join":
                child = self._conversation(asked.conversation_id or "")
                rows = await self._waits.wait((child.id,), "all", MAX_TIMEOUT_MS, through_approvals=True)
                return self._together([row["message_id"] for row in rows["results"]], rows)
            case "dismiss":
                return await self._dismiss(self._conversation(asked.conversation_id or ""))

    # --- beginning ----------------------------------------------------------------------------------------------------------------------------

    async def _begin(
        self, tasks: Sequence[Task], profile: str | None, detached: bool, consent: Consent
    ) -> list[tuple[Spawned, tuple[str, ...]]]:
        """Make an agent for each task, all or none; with what each was refused of what its role asks for."""
        wanted = [
            SpawnAgent(
                message=told(task.prompt, task.context),
                agent_type=task.agent_id,
                profile=profile,
                cwd=task.context.working_directory if task.context else None,
            )
            for task in tasks
        ]
        actions = [replace(action, detached=detached) for action in await self._spawner.prepare(wanted, self._by, consent)]
        made: list[Spawned] = await self._ledger.do(SpawnAgents(tuple(actions)), self._by)
        return [(each, tuple(action.notes)) for each, action in zip(made, actions, strict=True)]

    async def _follow_up(self, asked: DelegateAgent, conversation: str) -> int:
        child = self._conversation(conversation)
        role = self._role(child.id)
        if asked.agent_id is not None and asked.agent_id != role:
            raise Refusal("bad_value", f"{conversation} is a conversation with {role}, not with {asked.agent_id}; leave out one of them")
        return await self._post(mailbox.Ask(child.id, told(asked.prompt or "", asked.context)), self._by)

    # --- results ------------------------------------------------------------------------------------------------------------------------------

    async def _ended(self, numbers: Sequence[int], detached: bool) -> dict[str, Any]:
        """The result for these runs: at once where they are detached, else once all are over, or need the user."""
        if detached:
            runs = [self._run(number) | {"status": "detached"} for number in numbers]
            return runs[0] if len(runs) == 1 else {"status": "detached", "runs": runs}
        rows = await self._waits.wait(tuple(numbers), "all", MAX_TIMEOUT_MS, through_approvals=True)
        return self._together(numbers, rows)

    def _together(self, numbers: Sequence[int], waited: Mapping[str, Any]) -> dict[str, Any]:
        """One run as it stands, or several with what they come to together."""
        rows = {row["message_id"]: row for row in waited["results"]}
        runs = [self._run(number, rows.get(number, {})) for number in numbers]
        if waited["reason"] == "interrupted_by_user":
            for run in runs:
                if run["status"] in ("running", "queued"):
                    run["reason"] = "the user wrote to you meanwhile; it goes on, join it later"
        if len(runs) == 1:
            return runs[0]
        states = {run["status"] for run in runs}
        return {"status": states.pop() if len(states) == 1 else "partial", "runs": runs}

    def _run(self, number: int, waited: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A run as `tools.md` gives it, with what keeps it and what its agent reported meanwhile, where there is any."""
        message, waited = self._reader.message(number), waited or {}
        need = None if message.final else self._reader.need_of(message)
        run = {
            "status": "needs_human" if need else status_of(message),
            "agent_id": self._role(message.to_id),
            "run_id": number,
            "conversation_id": message.to_id,
            "summary": (message.answer or message.reason) if message.final else None,
            "duration_ms": duration_ms(message, datetime.now(UTC)),
        }
        extra = {"reason": need, "report": waited.get("report")}
        return run | {name: said for name, said in extra.items() if said}

    # --- what there is --------------------------------------------------------------------------------------------------------------------------

    def _list(self, cursor: int, limit: int) -> dict[str, Any]:
        rows = self._reader.rows(CONVERSATIONS, (self._by.thread_id,))
        page = rows[cursor : cursor + limit]
        more = cursor + limit if len(rows) > cursor + limit else None
        return {"sessions": [self._session(row["id"]) for row in page], "cursor": more}

    def _session(self, thread_id: str) -> dict[str, Any]:
        """A conversation by its last run: how that stands, what was asked, what its agent did last."""
        child, number = self._reader.thread(thread_id), self._last_run(thread_id)
        message = self._reader.message(number)
        run = self._run(number)
        del run["summary"]
        returned = self._reader.row("SELECT returned_at FROM message WHERE id = ?", (number,))
        last = one_line(child.last_line, TASK) if not message.final else None
        seen = {"joined": bool(returned and returned["returned_at"])}
        return run | {"name": child.handle, "task": one_line(message.body, TASK), "last": last, **seen}

    def _messages(self, child: ThreadView, cursor: int, limit: int) -> dict[str, Any]:
        """What was asked in a conversation, by whom, and answered: the user's own prompts there too."""
        rows = self._reader.rows(
            "SELECT id FROM message WHERE to_id = ? AND kind IN ('ask', 'prompt') AND id > ? ORDER BY id LIMIT ?",
            (child.id, cursor, limit + 1),
        )
        views = [self._reader.message(row["id"]) for row in rows[:limit]]
        messages = [
            {
                "run_id": view.id,
                "from": "user" if view.origin == "human" else view.sender,
                "prompt": view.body,
                "status": status_of(view),
                "summary": (view.answer or view.reason) if view.final else None,
                "at": view.created_at.isoformat(),
            }
            for view in views
        ]
        more = views[-1].id if len(rows) > limit else None
        return {"conversation_id": child.id, "agent_id": self._role(child.id), "messages": messages, "cursor": more}

    async def _dismiss(self, child: ThreadView) -> dict[str, Any]:
        below = [row["id"] for row in self._reader.rows(BELOW, (child.id,))]
        if any(self._reader.row(AT_WORK, (each, each)) is not None for each in below):
            raise Refusal(
                "running",
                f"{child.handle} is not done ({child.status}): join it, or stop it with interrupt_agent; close_agent ends it at once",
            )
        session = self._session(child.id)
        await self._ledger.do(Drop(child.id), self._by)
        closed = await self._spawner.close(child.id, self._by)
        kept = {"worktree": closed["worktree"]} if "worktree" in closed else {}
        names = ("status", "agent_id", "run_id", "conversation_id", "joined")
        return {name: session[name] for name in names} | {"dismissed": True} | kept

    def _conversation(self, wanted: str) -> ThreadView:
        """The conversation that a model names, by its id or its agent's name."""
        known = [self._reader.thread(row["id"]) for row in self._reader.rows(CONVERSATIONS, (self._by.thread_id,))]
        for child in known:
            if wanted.removeprefix("@") in (child.id, child.handle):
                return child
        names = ", ".join(f"{child.id} ({child.handle})" for child in known) or "none"
        raise Refusal(
            "unknown_conversation",
            f"there is no conversation {wanted} of yours; there are: {names}. A dismissed one is over: delegate anew",
        )

    def _last_run(self, thread_id: str) -> int:
        return self._reader.rows(RUNS, (self._by.thread_id, thread_id))[-1]["id"]

    def _role(self, thread_id: str) -> str | None:
        row = self._reader.row("SELECT role FROM subagent WHERE thread_id = ?", (thread_id,))
        return None if row is None else row["role"]


def told(prompt: str, context: Context | None) -> str:
    """The task as the agent reads it, and as it stands in both transcripts."""
    hints = [hint.strip() for hint in (context.hints if context else []) if hint.strip()]
    return prompt if not hints else prompt.rstrip() + "\n\nHints:\n" + "\n".join(f"- {hint}" for hint in hints)


def status_of(message: MessageView) -> str:
    """How a run stands, by its message."""
    return "completed" if message.state == "answered" else message.state


def duration_ms(message: MessageView, now: datetime) -> int:
    """How long its turn has run, or ran."""
    if message.started_at is None:
        return 0
    return max(0, int(((message.answered_at or now) - message.started_at).total_seconds() * 1000))
