"""From what a model asks of `spawn_agent` to the subagent: its role, settings, rights, folder and worktree, worked out before the transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from codex_desk.config import ANY_ROLE, ConfigError, Profile, Role, Settings
from codex_desk.engine import unfinished, worktrees
from codex_desk.engine.agents import Limits, SpawnAgent, Spawned, StopAgent, Worktree, WorktreeEnded
from codex_desk.engine.consent import Consent
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import TurnChanged
from codex_desk.engine.hub import Hub
from codex_desk.engine.identity import By
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.links import CloseAgent
from codex_desk.engine.reading import Reader
from codex_desk.engine.sessions import Folder
from codex_desk.engine.surroundings import Surroundings, look_at, rights_of
from codex_desk.frozen import frozen
from codex_desk.rights import Rights
from codex_desk.runtimes.base import ApprovalRequest, RuntimeFailure
from codex_desk.store.tables import Subagent, Thread, Turn
from codex_desk.text import one_line
from codex_desk.tools import desk as tools

RUNTIMES = ("native", "offline")
"""Those on which the desk itself spawns; others have a tool of their own for that."""

STOP_WITHIN_S = 30.0
"""After which a subagent that was told to stop, and has not, is left to be closed later."""

_CHOICE = ("model", "model_provider", "model_reasoning_effort", "model_context_window")
"""What a profile that was asked for by name decides before a role does."""


@frozen
class Offer:
    """What a thread may spawn now."""

    may_spawn: bool = False
    roles: tuple[tuple[str, str], ...] = ()
    """Name and description of each that it may use; those that are built in come last."""
    delegates: bool = False
    """Somebody defined one of them: there is whom to delegate to."""


@frozen
class Plan:
    """The settings of a subagent, as far as they follow from settings alone."""

    runtime: str
    settings: Mapping[str, Any]
    effective: Settings
    """What they come to, with all layers below them."""
    role: Role | None
    notes: tuple[str, ...] = field(default_factory=tuple)


class Spawner:
    """Spawning and closing for the turns of one thread."""

    def __init__(self, host_id: str, ledger: Ledger, reader: Reader, hub: Hub, surroundings: Surroundings) -> None:
        self._host_id = host_id
        self._ledger = ledger
        self._reader = reader
        self._hub = hub
        self._surroundings = surroundings

    def offer(self, thread: Thread, settings: Settings) -> Offer:
        """Reads the role files: called outside of the loop."""
        limits = settings.agents
        if thread.runtime not in RUNTIMES or limits.max_threads < 1 or self._depth(thread) > limits.max_depth:
            return Offer()
        try:
            roles = self._surroundings.roles(Path(thread.project)).offered(settings.multi_agent.agents)
        except ConfigError:  # spawning will say it
            roles = ()
        return Offer(True, tuple((role.name, role.description) for role in roles), any(role.file is not None for role in roles))

    async def spawn(self, asked: tools.SpawnAgent, by: By, consent: Consent) -> dict[str, Any]:
        """Make the subagent, and give the result of `spawn_agent`. Refusals: those of `SpawnAgent`, unknown_role, bad_value, no_provider, no_folder,
        outside, no_git, no_worktree."""
        [action] = await self.prepare((asked,), by, consent)
        worktree: Worktree | None = None
        if asked.worktree:
            made, worktree = await self._in_a_worktree(action, by)
        else:
            made = await self._ledger.do(action, by)
        result: dict[str, Any] = {"agent_id": made.thread_id, "name": made.name}
        if worktree is not None:
            result["worktree"] = {"path": worktree.path, "branch": worktree.branch}
        if action.notes:
            result["notes"] = list(action.notes)
        return result

    async def prepare(self, wanted: Sequence[tools.SpawnAgent], by: By, consent: Consent) -> list[SpawnAgent]:
        """What is to be done to make these subagents of the acting turn; the human is asked on the way where one needs it. Nothing is made yet."""
        parent = self._reader.row_of(Thread, by.thread_id or "")
        mine = Rights.from_json(self._reader.row_of(Turn, by.turn_id).rights)
        actions: list[SpawnAgent] = []
        for asked, (plan, theirs, folder, inside) in zip(
            wanted, await asyncio.to_thread(self._prepared, parent, wanted, mine), strict=True
        ):
            if asked.worktree and not inside:
                raise Refusal("outside", "a worktree is made of a repository that you may write in; leave out cwd or worktree")
            if not inside:
                await _ask_outside(folder.cwd, parent, mine, consent)
            settings, notes = _bounded(plan, theirs, parent, mine, read_only=not inside)
            actions.append(
                SpawnAgent(
                    parent=parent.id,
                    task=asked.message,
                    name=asked.task_name or (plan.role.name if plan.role else "") or "agent",
                    runtime=plan.runtime,
                    settings=settings,
                    folder=folder,
                    limits=Limits(theirs.agents.max_threads, theirs.agents.max_depth),
                    role=plan.role.name if plan.role else None,
                    fork=asked.fork_turns,
                    notes=(*plan.notes, *notes),
                )
            )
        return actions

    async def _in_a_worktree(self, action: SpawnAgent, by: By) -> tuple[Spawned, Worktree]:
        """Make it in a git worktree of its own; whatever comes in between, one without a subagent does not stay."""
        worktree = await worktrees.plan(action.folder.cwd, _label(action.name))
        begun: str = await self._ledger.do(unfinished.Begin(self._host_id, action.parent, worktree))
        try:
            inner = await worktrees.add(worktree, action.folder.cwd)
            return await self._ledger.do(replace(action, folder=look_at(inner), worktree=worktree, begun=begun), by), worktree
        except BaseException:
            await asyncio.shield(self._take_back(worktree, begun, action.parent))
            raise

    async def _take_back(self, worktree: Worktree, begun: str, parent: str) -> None:
        if await self._ledger.do(unfinished.TakeBack(begun, parent)):
            await worktrees.discard(worktree)

    async def close(self, child: str, by: By) -> dict[str, Any]:
        """Close a child: a subagent that works is stopped first, and a worktree in which nothing is left to keep is removed."""
        thread = self._reader.thread(child)
        if thread.relation != "spawned" or thread.external_id is not None:
            return await self._ledger.do(CloseAgent(child), by)
        running: list[str] = await self._ledger.do(StopAgent(child), by)
        marks = ",".join("?" * len(running))
        still = f"SELECT 1 FROM turn WHERE state = 'running' AND thread_id IN ({marks})"
        try:
            await self._hub.until(
                lambda: None if self._reader.rows(still, running) else True, lambda event: isinstance(event, TurnChanged), STOP_WITHIN_S
            )
        except TimeoutError:
            raise Refusal("running", f"{thread.handle} was told to stop and has not ended its turn yet; close it again later") from None
        below = [row["id"] for row in self._reader.rows(BELOW, (child,))]
        await self._ledger.do(CloseAgent(child), by)
        kept = [told for each in below if (told := await retire(self._ledger, self._reader, each)) is not None]
        return {"previous_status": thread.status, **({"worktree": kept[-1]} if kept else {})}

    def _depth(self, thread: Thread) -> int:
        """How deep a subagent of this thread would be."""
        depth = 1
        while thread.spawned_by is not None:
            thread, depth = self._reader.row_of(Thread, thread.spawned_by), depth + 1
        return depth

    def _prepared(self, parent: Thread, wanted: Sequence[tools.SpawnAgent], mine: Rights) -> list[tuple[Plan, Settings, Folder, bool]]:
        """All that is looked up on disk for each: the plan, its parent's settings, its folder, and whether that is within its parent's."""
        found: list[tuple[Plan, Settings, Folder, bool]] = []
        for asked in wanted:
            plan, theirs = self._plan(parent, asked)
            found.append((plan, theirs, *self._folder(parent, theirs, asked.cwd, mine)))
        return found

    def _plan(self, parent: Thread, asked: tools.SpawnAgent) -> tuple[Plan, Settings]:
        """The subagent's settings, and those of its parent."""
        try:
            theirs = self._surroundings.of(parent, parent.settings).settings
            allowed = theirs.multi_agent.agents
            role = self._role(asked.agent_type, allowed, Path(parent.project))
            own = inherited(parent.settings, role, asked)
            effective = self._surroundings.of(parent, own).settings
            runtime = effective.runtime if "runtime" in own and own["runtime"] != "auto" else parent.runtime
            own.pop("runtime", None)
            if runtime not in RUNTIMES:
                raise Refusal(
                    "bad_value",
                    f"a subagent of the desk runs on {' or '.join(RUNTIMES)}, not on {runtime}; the user can give the role a `runtime`",
                )
            if runtime == "native":
                self._surroundings.endpoint(effective)
        except ConfigError as error:
            raise Refusal("bad_value", f"the subagent's settings cannot be used: {error}") from error
        except RuntimeFailure as failure:
            raise Refusal("no_provider", str(failure)) from failure
        if runtime == "native":  # what is set is what is used, whatever changes below it later
            own |= {"model": effective.model, "model_provider": effective.model_provider}
        return Plan(runtime, own, effective, role, tuple(str(warning) for warning in role.warnings) if role else ()), theirs

    def _role(self, name: str | None, allowed: Sequence[str], project: Path) -> Role | None:
        if ANY_ROLE not in allowed and (name or "default") not in allowed:
            names = ", ".join(allowed) or "none"
            raise Refusal("role_not_allowed", f"you may spawn only these roles (agents): {names}. Name one of them in agent_type")
        return None if name is None else self._surroundings.role(name, project)

    def _folder(self, parent: Thread, settings: Settings, cwd: str | None, mine: Rights) -> tuple[Folder, bool]:
        """Where it works, and whether that lies within what its parent may write."""
        folder = look_at(Path(parent.cwd, cwd) if cwd else Path(parent.cwd))
        if mine.mode == "danger-full-access":
            return folder, True
        return folder, any(folder.cwd.is_relative_to(root) for root in _roots(parent, settings))


BELOW = """WITH RECURSIVE below(id) AS (SELECT ? UNION SELECT t.id FROM thread t JOIN below b ON t.spawned_by = b.id WHERE t.archived_at IS NULL)
    SELECT id FROM below"""
"""A thread and the living subagents below it."""


def inherited(parent: Mapping[str, Any], role: Role | None, asked: tools.SpawnAgent) -> dict[str, Any]:
    """The own settings of a subagent: its parent's, then the role's, then what was asked for. The parent's instructions are its own, and a role that
    says nothing of the roles it may use may use all."""
    own = {key: value for key, value in parent.items() if key != "developer_instructions"}
    added = dict(role.settings) if role is not None else {}
    if role is not None:
        own.pop("multi_agent.agents", None)
    if asked.profile is not None or "profile" in added:
        own = {key: value for key, value in own.items() if key not in Profile.model_fields}
    if asked.profile is not None:
        added = {key: value for key, value in added.items() if key not in _CHOICE} | {"profile": asked.profile}
    own |= added
    if asked.model is not None:
        own["model"] = asked.model
    if asked.reasoning_effort is not None:
        own["model_reasoning_effort"] = asked.reasoning_effort
    return own


async def retire(ledger: Ledger, reader: Reader, thread_id: str) -> str | None:
    """Remove the worktree of a closed subagent where nothing would be lost, and put it on record; what became of it, None where there is none."""
    row = reader.row("SELECT 1 FROM subagent WHERE thread_id = ? AND worktree IS NOT NULL AND worktree_gone = 0", (thread_id,))
    kept = reader.row_of(Subagent, thread_id).worktree if row is not None else None
    if kept is None:
        return None
    removed, told = await worktrees.remove(Worktree(kept["path"], kept["repository"], kept["branch"]))
    await ledger.do(WorktreeEnded(thread_id, told, removed))
    return told


async def _ask_outside(folder: Path, parent: Thread, mine: Rights, consent: Consent) -> None:
    """A folder beyond the parent's own needs the human."""
    if not mine.may_escalate:
        raise Refusal(
            "outside", f"{folder} lies outside of what you may write, and approvals are refused here; choose a folder in {parent.cwd}"
        )
    why = f"{parent.handle} wants a subagent to read in a folder that is not its own"
    decision = await consent.ask(ApprovalRequest("permission", f"spawn a read-only subagent in {folder}", str(folder), why))
    if not decision.approved:
        raise Refusal("outside", f"no subagent was made in {folder}: {decision.reason}")


def _bounded(plan: Plan, theirs: Settings, parent: Thread, mine: Rights, *, read_only: bool) -> tuple[dict[str, Any], list[str]]:
    """The settings with rights no wider than those of the turn that spawns, and what was narrowed."""
    wanted = rights_of(plan.effective)
    given = wanted.lesser(mine)
    if read_only:
        given = given.lesser(Rights("read-only", True, True))
    notes = [f"narrowed to what its parent's turn may do: {given} (it was set to {wanted})"] if given != wanted and plan.role else []
    roots = [Path(root) for root in plan.effective.sandbox_workspace_write.writable_roots]
    if mine.mode != "danger-full-access":
        own = _roots(parent, theirs)
        beyond = [root for root in roots if not any(root.resolve().is_relative_to(each) for each in own)]
        notes += [f"not writable for it: {root}, which is beyond its parent's folders" for root in beyond]
        roots = [root for root in roots if root not in beyond]
    bounds = {
        "sandbox_mode": given.mode,
        "approval_policy": "on-request" if given.may_escalate else "never",
        "sandbox_workspace_write.network_access": given.network,
        "sandbox_workspace_write.writable_roots": [str(root) for root in roots],
    }
    return {**plan.settings, **bounds}, notes


def _roots(parent: Thread, settings: Settings) -> list[Path]:
    """The folders that a thread may write in where its mode lets it."""
    return [Path(parent.cwd), *(root.resolve() for root in settings.sandbox_workspace_write.writable_roots)]


def _label(name: str) -> str:
    """A name as a part of a path and of a branch."""
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in one_line(name, 30).lower()).strip("-") or "agent"
