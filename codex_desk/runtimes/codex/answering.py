"""What Codex asks of us in the middle of a turn: approvals, and calls of the desk tools. Each is answered in a task of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from codex_desk.runtimes.base import ToolResult
from codex_desk.runtimes.codex import approvals
from codex_desk.runtimes.codex.client import Client, Request
from codex_desk.runtimes.codex.items import DESK
from codex_desk.runtimes.codex.turning import LiveTurn

LOG = logging.getLogger(__name__)

NOT_HERE = ToolResult('{"error": {"code": "unknown_tool", "message": "this tool works only in a turn of this thread on its desk"}}', False)
STOPPED = ToolResult('{"error": {"code": "interrupted", "message": "the turn was stopped"}}', False)


class Answers:
    """The open questions of one thread. `turn` gives the turn that runs."""

    def __init__(self, client: Callable[[], Client | None], turn: Callable[[], LiveTurn | None], cwd: Callable[[], str]) -> None:
        self._client = client
        self._turn = turn
        self._cwd = cwd
        self._open: dict[int | str, asyncio.Task[None]] = {}
        self._calls: set[asyncio.Task[ToolResult]] = set()

    def take(self, request: Request) -> None:
        """Answer a request as soon as there is an answer."""
        work = self._tool if request.method == "item/tool/call" else self._approval
        self._open[request.id] = asyncio.create_task(self._answer(request, work), name=f"codex {request.method}")

    def resolved(self, request_id: object) -> None:
        """It was answered, by us or by another program that has the thread open: nobody need be asked any more."""
        if isinstance(request_id, int | str) and (task := self._open.get(request_id)) is not None:
            task.cancel()

    def drop(self) -> None:
        """The turn is over: nobody waits for an answer any more."""
        for task in (*self._open.values(), *self._calls):
            task.cancel()

    async def close(self) -> None:
        tasks = [*self._open.values(), *self._calls]
        self.drop()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def call_tool(self, call_id: str, tool: str, arguments: object) -> ToolResult:
        """A desk tool that came another way than as a request; given up with its turn."""
        call = asyncio.create_task(self._called(call_id, DESK, tool, arguments))
        self._calls.add(call)
        try:
            result = await call
        except asyncio.CancelledError:
            if not call.cancelled():  # it is whoever asked who gave it up
                call.cancel()
                raise
            return STOPPED
        finally:
            self._calls.discard(call)
        await self._record(call_id, result)
        return result

    async def _answer(self, request: Request, work: Callable[[Client, Request], Awaitable[None]]) -> None:
        client = self._client()
        if client is None:
            return
        try:
            await work(client, request)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            LOG.warning("%s could not be answered: %s", request.method, error)
            await client.refuse(request, "the desk could not answer it")
        finally:
            self._open.pop(request.id, None)

    async def _approval(self, client: Client, request: Request) -> None:
        turn = self._turn()
        item = turn.item(str(request.params.get("itemId"))) if turn is not None else None
        wanted = approvals.request_of(request.method, request.params, item, self._cwd())
        if wanted is None or turn is None or turn.host is None or turn.by_agent:
            await client.answer(request, approvals.withdrawn(request.method))
            return
        decision = await turn.host.approve(wanted)
        await client.answer(request, approvals.answer_of(request.method, request.params, decision))

    async def _tool(self, client: Client, request: Request) -> None:
        params = request.params
        call_id = str(params.get("callId"))
        result = await self._called(call_id, str(params.get("namespace") or ""), str(params.get("tool")), params.get("arguments"))
        # Codex goes on with the answer while the call is being recorded; both are one commit apart at most.
        answer = client.answer(request, {"contentItems": [{"type": "inputText", "text": result.text}], "success": result.ok})
        await asyncio.gather(answer, self._record(call_id, result))

    async def _called(self, call_id: str, namespace: str, tool: str, arguments: object) -> ToolResult:
        turn = self._turn()
        if turn is None or turn.host is None or turn.by_agent or namespace != DESK:
            return NOT_HERE
        return await turn.host.call_tool(call_id, tool, arguments if isinstance(arguments, dict) else {})

    async def _record(self, call_id: str, result: ToolResult) -> None:
        turn = self._turn()
        if turn is not None:
            await turn.commit(call_id, result.item)


class Beside:
    """Small works that nobody waits for, kept from being forgotten by the loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
