"""A session of the desk whose turns run in Codex."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from codex_desk.runtimes.base import Aside, Compaction, RuntimeFailure, RuntimeUnavailable, ThreadSpec, TurnHost, TurnInput, TurnOutcome
from codex_desk.runtimes.codex import loading, wire
from codex_desk.runtimes.codex.aside import ask_aside
from codex_desk.runtimes.codex.client import Client, Params
from codex_desk.runtimes.codex.errors import CodexError, ConnectionLost
from codex_desk.runtimes.codex.items import COMPACTED
from codex_desk.runtimes.codex.lane import Lane
from codex_desk.runtimes.codex.memory import Memory
from codex_desk.runtimes.codex.policies import Policies, policies_for
from codex_desk.runtimes.codex.sending import Sending
from codex_desk.runtimes.codex.sentences import WRITTEN_ELSEWHERE
from codex_desk.runtimes.codex.turning import Lost
from codex_desk.runtimes.codex.words import refused
from codex_desk.runtimes.mcp_door import Call, Key, Said
from codex_desk.runtimes.outside import OutsideThread
from codex_desk.text import one_line

if TYPE_CHECKING:
    from codex_desk.runtimes.codex.runtime import CodexRuntime

LOG = logging.getLogger(__name__)

ARCHIVED_THERE = (
    "this session was archived in Codex, by another program: `codex unarchive {}` brings it back there, then go on with `codex-desk resume`"
)

LEAVE_S = 5.0
"""How long a host that goes away waits for Codex to stop."""


class CodexThread(OutsideThread):
    """Loaded before its first turn, and again after a crash. Everything it hears goes through its lane."""

    reported_by: Literal["user"] = "user"

    def __init__(self, runtime: CodexRuntime, spec: ThreadSpec) -> None:
        self._runtime = runtime
        self.spec = spec
        self.external_id = ""
        self.memory = Memory()
        self.lane: Lane | None = None
        self._key: Key | None = None
        self._generation = 0
        """The life of the app-server in which it was loaded last; 0 for never."""
        self._interrupting = False
        self.taken = False
        """Whether another agent has loaded it with Codex's own tools."""

    @property
    def cwd(self) -> str:
        return str(self.spec.cwd)

    # --- loading ----------------------------------------------------------------------------------------------------------------------------

    @property
    def is_ready(self) -> bool:
        loaded = self._generation == self._runtime.process.generation and self.lane is not None and not self.taken
        return loaded and self._runtime.process.is_up

    async def ready(self, spec: ThreadSpec) -> None:
        self.spec = spec
        if self.lane is None:
            self.external_id = spec.external_id or ""
            self.memory = Memory.from_json(spec.state)
        client = await self._runtime.client()
        if not self.is_ready:
            try:
                await self._runtime.refuse_signed_out(client, loading.provider_of(spec, self.memory))
                await self._load(client)
            except CodexError as error:
                raise RuntimeUnavailable(self._why_not(error)) from error
            except ConnectionLost as error:
                raise RuntimeUnavailable(f"Codex ended while it opened this session ({error}); try again") from error

    async def reopen(self) -> Client:
        """Load it again after Codex died, for a turn that was under way. Raises `RuntimeUnavailable`, `CodexError`, `ConnectionLost`."""
        client = await self._runtime.client()
        await self._load(client, look_back=False)
        return client

    async def _load(self, client: Client, *, look_back: bool = True) -> None:
        generation, before = self._runtime.process.generation, self.memory
        fresh = not self.external_id
        if self.external_id:
            loaded = await self._resume(client)
        elif self.spec.continues is not None:
            self.memory = replace(self.memory, carry="mcp")
            params = loading.fork_params(self.spec, self.spec.continues, await self._new_key())
            loaded = wire.read(wire.Loaded, await client.call("thread/fork", params))
        else:
            self.memory = replace(self.memory, carry="dynamic")
            loaded = wire.read(wire.Loaded, await client.call("thread/start", loading.start_params(self.spec)))
        trouble = loading.misplaced(loaded, self.spec.cwd)
        if trouble is not None and not fresh:
            await self._put_out(client)
            loaded = await self._resume(client)
            trouble = loading.misplaced(loaded, self.spec.cwd)
        if trouble is not None:
            await client.call("thread/unsubscribe", {"threadId": loaded.thread.id})
            raise RuntimeUnavailable(trouble)
        self.external_id = loaded.thread.id
        self.memory = loading.learned(self.memory, loaded)
        if self.lane is None:
            self.lane = self._runtime.adopt_lane(self)
        if fresh:
            self.memory = replace(self.memory, shown={"name": self.spec.handle, "theirs": self.spec.handle, "attachment": None})
        await self._runtime.desk.keep(self.spec.id, loading.facts(self.external_id, before, self.memory))
        if fresh:
            await client.call("thread/name/set", {"threadId": self.external_id, "name": self.spec.handle})
            newest = await self._runtime.newest_turn(self.external_id) if self.spec.continues is not None else None
            await self.remember(replace(self.memory, seen=newest))
        elif look_back:
            await self._named(loaded.thread.name)
            await self.catch_up()
        if self.memory.lent is not None:
            await self._give_back(client)
        self._generation = generation

    async def _put_out(self, client: Client) -> None:
        """Another agent's `resume_agent` has loaded it, in its own folder and with its own tools, and Codex gives nobody what is loaded already.
        Archiving is what unloads a thread; nothing of it is lost by that and the way back."""
        for method in ("thread/archive", "thread/unarchive"):
            await client.call(method, {"threadId": self.external_id})
        self.taken = False

    async def _resume(self, client: Client) -> wire.Loaded:
        if self.taken:
            await self._put_out(client)
        key = await self._new_key() if self.memory.carry == "mcp" else None
        params = loading.resume_params(self.spec, self.external_id, self.memory, key)
        return wire.read(wire.Loaded, await client.call("thread/resume", params))

    async def _new_key(self) -> Key:
        if self._key is not None:
            self._runtime.door(self.spec.tools).forget(self._key)
        self._key = await self._runtime.door(self.spec.tools).key(self._called)
        return self._key

    def _why_not(self, error: CodexError) -> str:
        if error.is_active_writer:
            return WRITTEN_ELSEWHERE
        if error.is_archived:
            return ARCHIVED_THERE.format(self.external_id)
        if error.is_missing:
            return f"Codex no longer has this session ({one_line(error.message, 200)}); what the desk has of it can be read"
        return refused(error)

    async def catch_up(self) -> None:
        """Put what was done elsewhere into the transcript."""
        desk, thread_id = self._runtime.desk, self.spec.id
        past = await self._runtime.past(self.external_id, desk.known_turns(thread_id), self.memory.seen)
        if past.items:
            await desk.catch_up(thread_id, past.items)
        if past.last_turn != self.memory.seen:
            await self.remember(replace(self.memory, seen=past.last_turn))

    async def remember(self, memory: Memory) -> None:
        if memory == self.memory:
            return
        before, self.memory = self.memory, memory
        if memory.reported == before.reported:
            await self._runtime.desk.keep_state(self.spec.id, memory.to_json())
        else:
            await self._runtime.desk.keep(self.spec.id, loading.facts(self.external_id, before, memory))

    # --- turns ------------------------------------------------------------------------------------------------------------------------------

    async def run_turn(self, turn: TurnInput, host: TurnHost) -> TurnOutcome:
        self._interrupting = False
        work = asyncio.create_task(self._run(turn, host))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await self._leave(work)
            raise

    async def _leave(self, work: asyncio.Task[TurnOutcome]) -> None:
        """The host goes away: Codex stops, and what it had done is committed before we go."""
        try:
            async with asyncio.timeout(LEAVE_S):
                await self.interrupt()
                await asyncio.wait([work])
        except TimeoutError:
            LOG.warning("Codex did not stop a turn within %g s", LEAVE_S)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    async def _run(self, turn: TurnInput, host: TurnHost) -> TurnOutcome:
        sending = Sending(self, turn, host)
        try:
            return await sending.run()
        finally:
            await self._restore(turn)

    async def interrupt(self) -> None:
        self._interrupting = True
        if self.lane is not None and self.lane.turn is not None:
            await self.lane.interrupt(self.lane.turn)

    @property
    def is_interrupted(self) -> bool:
        return self._interrupting

    async def compact(self, turn: TurnInput) -> Compaction:
        """Codex's own compaction; its history is not ours, so that none is returned."""
        client, lane = self._runtime.running_client, self.lane
        if client is None or lane is None:
            raise RuntimeFailure("Codex is not running")
        live = lane.begin(None)
        try:
            await client.call("thread/compact/start", {"threadId": self.external_id})
            ending = await asyncio.shield(live.ended)  # given up, it is still to be interrupted
        except CodexError as error:
            raise RuntimeFailure(refused(error)) from error
        except ConnectionLost as error:
            raise RuntimeFailure(f"Codex ended ({error})") from error
        except asyncio.CancelledError:
            await asyncio.shield(lane.interrupt(live))
            raise
        finally:
            lane.over(live)
        if not isinstance(ending, TurnOutcome) or ending.state != "completed":
            raise RuntimeFailure(ending.why if isinstance(ending, Lost) else ending.reason or "Codex did not compact its context")
        return Compaction(COMPACTED, b"", ending.usage)

    async def aside(self, turn: TurnInput) -> Aside:
        """Of a copy of it as it stands, which Codex keeps in memory alone."""
        client = self._runtime.running_client
        if client is None:
            raise RuntimeFailure("Codex is not running")
        return await ask_aside(client, self.external_id, self.cwd, turn.input, self._runtime.copy_lane, self._runtime.drop_lane)

    async def went_back(self) -> None:
        """Its history was cut: what is looked at next begins behind the turn that is the newest now."""
        await self.remember(replace(self.memory, seen=await self._runtime.newest_turn(self.external_id)))

    async def policies(self, turn: TurnInput) -> Policies:
        """What this turn is sent with; that it is not the thread's own is remembered before, so that a crash leaves no doubt about it."""
        own = self.own_policies(turn)
        wanted = policies_for(turn.rights, self.memory.own or own, turn.writable_roots)
        if wanted != own and self.memory.lent != wanted:
            await self.remember(replace(self.memory, lent=wanted))
        return wanted

    def own_policies(self, turn: TurnInput) -> Policies:
        known = self.memory.own or policies_for(turn.own or turn.rights, Policies("on-request", {"type": "readOnly"}), turn.writable_roots)
        return policies_for(turn.own, known, turn.writable_roots) if turn.own is not None else known

    async def _restore(self, turn: TurnInput) -> None:
        """Codex keeps a turn's policies for later ones, also for those of other programs: the thread's own are given back at once."""
        if self.memory.lent is None:
            return
        client = self._runtime.running_client
        if client is not None:
            await self._give_back(client, self.own_policies(turn))

    async def _give_back(self, client: Client, own: Policies | None = None) -> None:
        own = own or self.memory.own
        if own is None:
            return
        try:
            await client.call("thread/settings/update", {"threadId": self.external_id, **own.params()})
        except (CodexError, ConnectionLost) as error:
            LOG.warning("a thread's own rights were not given back yet: %s", error)  # the next load does it
            return
        await self.remember(replace(self.memory, lent=None, own=own))

    # --- what the lane tells ----------------------------------------------------------------------------------------------------------------

    async def told(self, method: str, params: Params) -> None:
        match method:
            case "thread/settings/updated":
                await self._settings_changed(params)
            case "thread/name/updated" if isinstance(name := params.get("threadName"), str):
                await self._named(name)
            case "thread/closed" | "thread/archived" | "thread/deleted":
                self._generation = 0
            case "thread/status/changed" if params.get("status", {}).get("type") == "notLoaded":
                self._generation = 0
                if self.lane is not None:
                    await self.lane.unloaded("its thread was closed")

    async def _named(self, name: str | None) -> None:
        """Its name in Codex, which somebody may have changed there."""
        if name is None or name == self.memory.shown.get("theirs"):
            return
        handle = await self._runtime.desk.renamed(self.external_id, name)
        await self.remember(replace(self.memory, shown={**self.memory.shown, "name": handle, "theirs": name}))

    async def _settings_changed(self, params: Params) -> None:
        """Somebody changed the thread's settings in another program. What we sent ourselves comes back here too, and is not that."""
        match params.get("threadSettings"):
            case {"approvalPolicy": str() | dict() as approval, "sandboxPolicy": dict() as sandbox, "model": str(model)} as settings:
                policies = Policies(approval, sandbox)
            case _:
                return
        if self.memory.lent is not None or (self.lane is not None and self.lane.turn is not None and self.lane.turn.ours):
            return
        effort = settings.get("effort")
        provider = str(settings.get("modelProvider") or self.memory.reported.get("model_provider"))
        memory = replace(self.memory, own=policies)
        reported = loading.settings_reported(memory, model, provider, effort if isinstance(effort, str) else None)
        await self.remember(replace(memory, reported=reported))

    async def agents_used(self, item: wire.AgentCall | wire.AgentActivity) -> None:
        await self._runtime.agents_used(self.external_id, item)

    async def _called(self, call: Call) -> Said:
        """A desk tool came by the MCP server."""
        if call.meta.get("threadId") != self.external_id or self.lane is None:
            # Its subagents inherit the server with its key; they are not the thread.
            refusal = {
                "error": {"code": "no_edge", "message": "only the session itself works with the desk; a subagent's answer goes to it"}
            }
            return Said(json.dumps(refusal), False)
        result = await self.lane.answers.call_tool(str(call.meta.get("callId")), call.name, call.arguments)
        return Said(result.text, result.ok)

    @property
    def runtime(self) -> CodexRuntime:
        return self._runtime

    async def close(self) -> None:
        if self._key is not None:
            self._runtime.door(self.spec.tools).forget(self._key)
            self._key = None
        self._generation = 0
        await self._runtime.let_go(self)
        if self.lane is not None:
            await self.lane.close()
            self.lane = None
