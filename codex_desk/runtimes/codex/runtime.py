"""Codex as a runtime: one app-server for the desk, and everything it says brought to the thread it is about."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from codex_desk.runtimes.base import RuntimeFailure, RuntimeThread, RuntimeUnavailable, ThreadSpec, ToolSpec
from codex_desk.runtimes.codex import loading, past, wire
from codex_desk.runtimes.codex.aside import Copy
from codex_desk.runtimes.codex.client import Client, Params, Request
from codex_desk.runtimes.codex.debug import DebugLog
from codex_desk.runtimes.codex.errors import CodexError, ConnectionLost
from codex_desk.runtimes.codex.lane import Heard, Lane
from codex_desk.runtimes.codex.memory import Carry, Memory
from codex_desk.runtimes.codex.process import CodexProcess, Ears, Place
from codex_desk.runtimes.codex.sentences import WRITTEN_ELSEWHERE
from codex_desk.runtimes.codex.standing import OPENAI, SIGN_IN, complaint_of, differences, is_signed_out, standby_of
from codex_desk.runtimes.codex.subagents import Subagents
from codex_desk.runtimes.codex.thread import CodexThread
from codex_desk.runtimes.codex.turning import Lost
from codex_desk.runtimes.codex.words import refused
from codex_desk.runtimes.mcp_door import McpDoor
from codex_desk.runtimes.outside import OutsideHost, OutsideRuntime, OutsideSession, Past, Standby, Standing

LOG = logging.getLogger(__name__)

T = TypeVar("T")

OF_NO_THREAD = frozenset(
    {
        "remoteControl/status/changed",
        "account/updated",
        "app/list/updated",
        "skills/changed",
        "mcpServer/startupStatus/updated",
        "configWarning",
    }
)
"""Notifications that say nothing about a thread, and that nobody here needs."""


MOST_EARLY = 100
"""Threads for which what failed is held until it is known whose they are."""


class CodexRuntime(OutsideRuntime):
    """`codex_home` is Codex's own folder, only read."""

    def __init__(self, place: Place, *, debug: Path, codex_home: Path) -> None:
        self._place = place
        self._codex_home = codex_home
        self.debug = DebugLog(debug)
        self.process = CodexProcess(place, Ears(self._heard, self._asked, self._lost), self.debug)
        self._desk: OutsideHost | None = None
        self._threads: dict[str, CodexThread] = {}
        self._lanes: dict[str, Lane] = {}
        self._early: dict[str, list[Heard]] = {}
        """What failed in threads whose opening has not been answered yet: nobody knows them so far."""
        self._subagents = Subagents(self)
        self._door: McpDoor | None = None
        self.complaint = ""
        """What Codex has against its own settings, in its words; empty where they are in order."""
        self._tasks: set[asyncio.Task[Any]] = set()

    # --- the engine's side ------------------------------------------------------------------------------------------------------------------

    def meet(self, host: OutsideHost) -> None:
        self._desk = host

    @property
    def desk(self) -> OutsideHost:
        if self._desk is None:
            raise RuntimeError("a runtime meets its desk before anything else")
        return self._desk

    async def open(self, thread: ThreadSpec) -> RuntimeThread:
        known = self._threads.get(thread.id)
        if known is None:
            known = self._threads[thread.id] = CodexThread(self, thread)
        return known

    def adopt_lane(self, thread: CodexThread) -> Lane:
        """The lane of a thread that has been loaded."""
        lane = self._lanes[thread.external_id] = self.lane_for(thread)
        for heard in self._early.pop(thread.external_id, ()):
            lane.take(heard)
        if self.complaint:
            lane.take(Heard("warning", {"message": self.complaint}))
        return lane

    def copy_lane(self, copy: Copy) -> Lane:
        """The lane of a session's copy, for one question."""
        lane = self._lanes[copy.external_id] = self.lane_for(copy)
        self._early.pop(copy.external_id, None)
        return lane

    def lane_for(self, owner: Any) -> Lane:
        return Lane(owner, self.desk, lambda: self.process.running, self.debug)

    def has_lane(self, external_id: str) -> bool:
        return external_id in self._lanes

    def put_lane(self, external_id: str, lane: Lane) -> None:
        self._lanes[external_id] = lane

    def drop_lane(self, external_id: str) -> None:
        self._lanes.pop(external_id, None)

    async def let_go(self, thread: CodexThread) -> None:
        self._threads.pop(thread.spec.id, None)
        self._lanes.pop(thread.external_id, None)

    def door(self, tools: Sequence[ToolSpec]) -> McpDoor:
        if self._door is None:
            self._door = McpDoor(tools)
        return self._door

    async def agents_used(self, parent: str, item: wire.AgentCall | wire.AgentActivity) -> None:
        """An agent used Codex's own tools, which reach any thread of this process, whoever's it is."""
        if isinstance(item, wire.AgentCall) and item.tool == "resumeAgent":
            for thread in self._threads.values():
                if thread.external_id in item.receiver_thread_ids:
                    thread.taken = True
        await self._subagents.used(parent, item)

    # --- its process ------------------------------------------------------------------------------------------------------------------------

    async def client(self) -> Client:
        """The connection, made if there is none. Raises `RuntimeUnavailable`."""
        return await self.process.client()

    @property
    def is_up(self) -> bool:
        return self.process.is_up

    @property
    def running_client(self) -> Client | None:
        return self.process.running

    def _lost(self, why: str) -> None:
        for lane in self._lanes.values():
            lane.take(Lost(why))
        self._subagents.forget()
        self._early.clear()
        self.complaint = ""

    async def close(self) -> None:
        self.process.leave()
        for thread in list(self._threads.values()):
            await thread.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for lane in self._lanes.values():
            await lane.close()
        await self.process.close()
        if self._door is not None:
            await self._door.close()

    # --- what it says -----------------------------------------------------------------------------------------------------------------------

    def _heard(self, method: str, params: Params) -> None:
        external_id = _thread_of(params)
        if external_id is None:
            if method == "configWarning":
                self.complaint = self.complaint or complaint_of(params)
            if method not in OF_NO_THREAD:
                self.debug.unknown(method, params)
            return
        for other, words in slipped_in(method, params):
            if other in self._lanes:
                self._lanes[other].slipped(words)
        lane = self._lanes.get(external_id)
        if lane is not None:
            lane.take(Heard(method, params))
        elif method == "mcpServer/startupStatus/updated" and params.get("status") == "failed":
            self._early.setdefault(external_id, []).append(Heard(method, params))
            if len(self._early) > MOST_EARLY:
                del self._early[next(iter(self._early))]
        elif method.startswith(("turn/", "item/")):
            self._subagents.hear(external_id, Heard(method, params))

    def _asked(self, request: Request) -> None:
        external_id = _thread_of(request.params)
        lane = self._lanes.get(external_id or "")
        if lane is not None:
            lane.take(request)
        elif external_id is not None:
            self._subagents.hear(external_id, request)
        elif (client := self.process.running) is not None:
            self.spawn(client.refuse(request, f"codex-desk does not answer {request.method}"))

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something beside, for as long as the runtime lives."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- questions about its sessions -------------------------------------------------------------------------------------------------------

    async def sessions(self, *, archived: bool = False) -> Sequence[OutsideSession]:
        client = await self.client()
        return await _asking(past.list_sessions(client, archived=archived))

    async def session(self, external_id: str) -> OutsideSession | None:
        thread = await self._read(external_id)
        if thread is None:
            return None
        archived = "/archived_sessions/" in (thread.path or "")
        return past.session_of(thread, archived=archived)

    async def oddities(self, external_id: str) -> Sequence[str]:
        lines = await self._first_lines(external_id)
        return loading.odd_things(lines)

    async def first_state(self, session: OutsideSession, handle: str, last_turn: str | None) -> Mapping[str, Any]:
        lines = await self._first_lines(session.external_id)
        carry: Carry = "dynamic" if loading.carries_desk_tools(lines) else "mcp"
        return Memory(carry=carry, seen=last_turn, shown={"name": handle, "theirs": session.name, "attachment": None}).to_json()

    async def past(self, external_id: str, known_turns: frozenset[str], since: str | None) -> Past:
        client = await self.client()
        return await _asking(past.past_of(client, external_id, known_turns, since))

    async def newest_turn(self, external_id: str) -> str | None:
        """The newest turn of a thread; None for one without turns. Raises `CodexError`, `ConnectionLost`."""
        async for turn in past.turns_backwards(await self.client(), external_id):
            return str(turn["id"])
        return None

    async def refresh(self, spec: ThreadSpec) -> None:
        if spec.external_id is None or spec.external_id in self._lanes:  # what is loaded tells by itself
            return
        memory = Memory.from_json(spec.state)
        past = await self.past(spec.external_id, self.desk.known_turns(spec.id), memory.seen)
        if past.items:
            await self.desk.catch_up(spec.id, past.items)
        thread = await self._read(spec.external_id)
        shown = memory.shown
        if thread is not None and thread.name not in (None, shown.get("theirs")):
            shown = {**shown, "name": await self.desk.renamed(spec.external_id, thread.name or ""), "theirs": thread.name}
        after = replace(memory, seen=past.last_turn or memory.seen, shown=shown)
        if after != memory:
            await self.desk.keep_state(spec.id, after.to_json())

    async def descendants(self, external_id: str) -> Sequence[OutsideSession]:
        client = await self.client()
        return await _asking(past.list_descendants(client, external_id))

    async def archive(self, external_id: str, *, undo: bool = False) -> None:
        client = await self.client()
        try:
            await client.call("thread/unarchive" if undo else "thread/archive", {"threadId": external_id})
        except CodexError as error:
            if error.is_missing or error.is_so_already:  # one that never had a turn is not kept
                return
            raise RuntimeFailure(WRITTEN_ELSEWHERE if error.is_active_writer else refused(error)) from error
        except ConnectionLost as error:
            raise RuntimeUnavailable(f"Codex ended ({error})") from error

    async def beside(self, spec: ThreadSpec) -> Sequence[str]:
        thread = await self.open(spec)
        assert isinstance(thread, CodexThread)
        await thread.ready(spec)  # with our tools; what the other program loads first would go without them
        program, socket = await asyncio.to_thread(self._place.find), self.process.socket
        if socket is None or program.path is None:
            raise RuntimeUnavailable("Codex listens to this desk alone here, so that its own screen cannot join")
        return (str(program.path), "resume", "--remote", f"unix://{socket}", thread.external_id)

    async def standby(self) -> Standby:
        client = await self.client()
        answer = await _asking(client.call("account/read", {}))
        return replace(standby_of(client.agent, answer), complaint=self.complaint)

    async def refuse_signed_out(self, client: Client, provider: str | None) -> None:
        """Raises `RuntimeUnavailable` where a turn with this provider would find no account, `ConnectionLost`."""
        if provider not in (None, OPENAI):
            return
        try:
            answer = await client.call("account/read", {})
        except CodexError as error:  # then the turn tells
            LOG.info("whether Codex is signed in cannot be seen: %s", error)
            return
        if is_signed_out(answer, provider, self._place.env):
            raise RuntimeUnavailable(f"Codex: {self.complaint}; {SIGN_IN}" if self.complaint else SIGN_IN)

    async def show(self, standing: Standing) -> Mapping[str, Any] | None:
        memory = Memory.from_json(standing.state)
        calls, shown = differences(standing, memory.shown)
        if not calls:
            return None
        client = await self.client()
        for method, params in calls:
            await _asking(client.call(method, params))
        state = {**standing.state, "shown": shown}
        for thread in self._threads.values():
            if thread.external_id == standing.external_id:
                thread.memory = Memory.from_json({**thread.memory.to_json(), "shown": shown})
                state = thread.memory.to_json()
        return state

    async def _first_lines(self, external_id: str) -> Sequence[bytes]:
        thread = await self._read(external_id)
        return () if thread is None else await asyncio.to_thread(past.first_lines, thread.path, self._codex_home, external_id)

    async def _read(self, external_id: str) -> wire.Thread | None:
        client = await self.client()
        try:
            answer = await client.call("thread/read", {"threadId": external_id})
        except CodexError as error:
            LOG.info("a thread cannot be read: %s", error)
            return None
        except ConnectionLost as error:
            raise RuntimeUnavailable(f"Codex ended ({error})") from error
        return wire.read(wire.Thread, answer.get("thread"))


def _thread_of(params: Params) -> str | None:
    """The thread that a message is about; None for one about nothing of the kind."""
    match params:
        case {"threadId": str(external_id)} | {"thread": {"id": str(external_id)}}:
            return external_id
    return None


def slipped_in(method: str, params: Params) -> list[tuple[str, str]]:
    """Threads that an agent is about to prompt by Codex's own `send_input`, each with the words. Such a prompt looks like the user's."""
    match params.get("item"):
        case {"type": "collabAgentToolCall", "tool": "sendInput", "prompt": str(words), "receiverThreadIds": [*others]} if (
            method == "item/started"
        ):
            return [(other, words) for other in others if isinstance(other, str)]
    return []


async def _asking(work: Coroutine[Any, Any, T]) -> T:
    """A question's answer, with Codex's refusals in words."""
    try:
        return await work
    except CodexError as error:
        raise RuntimeFailure(WRITTEN_ELSEWHERE if error.is_active_writer else refused(error)) from error
    except ConnectionLost as error:
        raise RuntimeUnavailable(f"Codex ended ({error})") from error
    except wire.Misunderstood as error:
        raise RuntimeFailure(f"what Codex answered is of a shape that this version does not know: {error}") from error
