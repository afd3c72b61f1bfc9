"""Codex's own subagents. No message announces one: the first sign is a notification about a thread that nobody knows."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Literal

from codex_desk.runtimes.codex import wire
from codex_desk.runtimes.codex.client import Params, Request
from codex_desk.runtimes.codex.errors import CodexError, ConnectionLost
from codex_desk.runtimes.codex.lane import Event, Lane
from codex_desk.runtimes.outside import Spawned

if TYPE_CHECKING:
    from codex_desk.runtimes.codex.runtime import CodexRuntime

LOG = logging.getLogger(__name__)

MOST_HELD = 10_000
"""Messages that are held for a thread until it is known whose it is."""

MOST_LANES = 50
"""Subagents that are listened to although nothing runs in them. One that is forgotten is looked up again when it says something."""


class Subagent:
    """A lane's owner; its turns are all begun by its parent, or by the user in another program."""

    reported_by: Literal["parent"] = "parent"

    def __init__(self, runtime: CodexRuntime, external_id: str, cwd: str) -> None:
        self._runtime = runtime
        self.external_id = external_id
        self.cwd = cwd

    async def told(self, method: str, params: Params) -> None:
        return

    async def agents_used(self, item: wire.AgentCall | wire.AgentActivity) -> None:
        await self._runtime.agents_used(self.external_id, item)


class Subagents:
    """Finds out whose a thread is, and records it; what came meanwhile is handed on in order."""

    def __init__(self, runtime: CodexRuntime) -> None:
        self._runtime = runtime
        self._held: dict[str, list[Event]] = {}
        self._meeting: dict[str, asyncio.Task[None]] = {}
        self._strangers: set[str] = set()
        """Threads that have nothing to do with the desk."""
        self._lanes: dict[str, Lane] = {}
        """Those of subagents, the oldest first."""

    def hear(self, external_id: str, event: Event) -> None:
        if external_id in self._strangers:
            if isinstance(event, Request) and (client := self._runtime.running_client) is not None:
                self._runtime.spawn(client.refuse(event, "this thread is not on the desk"))
            return
        held = self._held.setdefault(external_id, [])
        if len(held) < MOST_HELD:
            held.append(event)
        self._meet(external_id, "")

    def forget(self) -> None:
        """The app-server ended: what was held will not go on."""
        self._held.clear()
        self._strangers.clear()

    def _thin_out(self) -> None:
        for external_id in [known for known, lane in self._lanes.items() if lane.is_quiet][: max(0, len(self._lanes) - MOST_LANES)]:
            self._runtime.drop_lane(external_id)
            self._runtime.spawn(self._lanes.pop(external_id).close())

    async def used(self, parent: str, item: wire.AgentCall | wire.AgentActivity) -> None:
        """The parent used an agent tool: those it names are recorded before the call itself is."""
        match item:
            case wire.AgentCall(tool="spawnAgent"):
                for child in item.receiver_thread_ids:
                    await self._meet(child, item.prompt or "")
            case wire.AgentCall(tool="closeAgent", status="completed"):
                for child in item.receiver_thread_ids:
                    await self._runtime.desk.closed(child)
            case wire.AgentActivity(kind="started"):
                await self._meet(item.agent_thread_id, "")

    def _meet(self, external_id: str, task: str) -> asyncio.Future[None]:
        meeting = self._meeting.get(external_id)
        if meeting is None:
            meeting = self._meeting[external_id] = self._runtime.spawn(self._met(external_id, task))
            meeting.add_done_callback(lambda _: self._meeting.pop(external_id, None))
        return meeting

    async def _met(self, external_id: str, task: str) -> None:
        """Find out whether the thread is a subagent of one on the desk; what was held for it goes to its lane then."""
        if self._runtime.has_lane(external_id):
            return
        thread = await self._look(external_id)
        known = thread is not None and thread.parent_thread_id is not None and await self._record(thread, task)
        if not known or thread is None:
            self._strangers.add(external_id)
            for event in self._held.pop(external_id, ()):
                self.hear(external_id, event)
            return
        lane = self._runtime.lane_for(Subagent(self._runtime, external_id, thread.cwd))
        for event in self._held.pop(external_id, ()):
            lane.take(event)
        self._runtime.put_lane(external_id, lane)
        self._lanes[external_id] = lane
        self._thin_out()

    async def _look(self, external_id: str) -> wire.Thread | None:
        client = self._runtime.running_client
        if client is None:
            return None
        try:
            return wire.read(wire.Thread, (await client.call("thread/read", {"threadId": external_id})).get("thread"))
        except (CodexError, ConnectionLost, wire.Misunderstood) as error:
            LOG.info("a thread that Codex speaks of cannot be read: %s", error)
            return None

    async def _record(self, thread: wire.Thread, task: str) -> bool:
        parent = thread.parent_thread_id or ""
        called = (thread.agent_path or "").rpartition("/")[2]
        name = called or thread.agent_nickname or thread.agent_role or "subagent"
        nickname = thread.agent_nickname if called else None
        told, provider = task or thread.preview, thread.model_provider or None
        spawned = Spawned(thread.id, parent, name, thread.agent_role, told, thread.cwd, thread.model, provider, nickname)
        return await self._runtime.desk.spawned(spawned) is not None
