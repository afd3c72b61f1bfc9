"""One connection to an app-server: requests and their answers, notifications, and what the server asks of us."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from codex_desk import __version__
from codex_desk.frozen import frozen
from codex_desk.runtimes.codex.debug import DebugLog
from codex_desk.runtimes.codex.errors import CodexError, ConnectionLost
from codex_desk.runtimes.codex.transport import Transport
from codex_desk.text import well_formed

LOG = logging.getLogger(__name__)

LARGE = 1 << 20
"""Characters of a line above which reading it would hold everybody else up: it is parsed in a thread."""

ANSWER_S = 60.0
"""Seconds within which Codex answers anything; a turn's own life is told by notifications."""

CLIENT = {"name": "codex_desk", "title": "codex-desk", "version": __version__}

GARBAGE_LINES = 100
"""Lines that are no JSON after which what answers there is not taken for Codex any more."""

Params = Mapping[str, Any]


@frozen
class Request:
    """Something the server asks; it is answered by `Client.answer` or `Client.refuse`."""

    id: int | str
    method: str
    params: Params


class Client:
    """Reads from `start` on. `heard` and `asked` are called in the order in which things came, and do not block."""

    def __init__(
        self, transport: Transport, debug: DebugLog, heard: Callable[[str, Params], None], asked: Callable[[Request], None]
    ) -> None:
        self._transport = transport
        self._debug = debug
        self._heard = heard
        self._asked = asked
        self._open: dict[int, tuple[str, asyncio.Future[Any]]] = {}
        self._next = 0
        self._reading: asyncio.Task[None] | None = None
        self._garbage = 0
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Set to why, once the connection is no more."""
        self.agent = ""
        """How the server describes itself."""

    async def start(self) -> None:
        """Read, and shake hands. Raises `ConnectionLost`, `CodexError`."""
        self._reading = asyncio.create_task(self._read(), name="codex connection")
        capabilities = {"experimentalApi": True, "optOutNotificationMethods": ["account/rateLimits/updated", "thread/readState/changed"]}
        answer = await self.call("initialize", {"clientInfo": CLIENT, "capabilities": capabilities})
        self.agent = str(answer.get("userAgent", "")) if isinstance(answer, Mapping) else ""
        await self._send({"method": "initialized"})

    async def call(self, method: str, params: Params, timeout: float = ANSWER_S) -> Any:
        """Raises `CodexError` where Codex refuses, `ConnectionLost` where it does not answer any more."""
        if self.lost.done():
            raise ConnectionLost(self.lost.result())
        self._next += 1
        number, future = self._next, asyncio.get_running_loop().create_future()
        self._open[number] = (method, future)
        try:
            async with asyncio.timeout(timeout):
                await self._send({"id": number, "method": method, "params": params})
                return await future
        except TimeoutError:
            raise ConnectionLost(f"Codex did not answer {method} within {timeout:g} s") from None
        finally:
            self._open.pop(number, None)

    async def answer(self, request: Request, result: Params) -> None:
        """Answer what the server asked; where it is gone nobody waits for the answer."""
        await self._send_if_there({"id": request.id, "result": result})

    async def refuse(self, request: Request, message: str) -> None:
        await self._send_if_there({"id": request.id, "error": {"code": -32601, "message": message}})

    async def close(self) -> None:
        self._end("it was closed")
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._transport.close()

    async def _send_if_there(self, message: Params) -> None:
        try:
            await self._send(message)
        except ConnectionLost as error:
            LOG.info("an answer found no Codex: %s", error)

    async def _send(self, message: Params) -> None:
        await self._transport.send(well_formed(json.dumps(message, ensure_ascii=False)))

    async def _read(self) -> None:
        why = "Codex ended"
        try:
            async for line in self._transport.lines():
                self._take(await _parsed(line))
        except ConnectionLost as error:
            why = str(error)
        except Exception as error:
            LOG.exception("what Codex sent could not be handled")
            why = f"what Codex sent could not be handled: {type(error).__name__}"
        finally:
            self._end(why)

    def _end(self, why: str) -> None:
        if not self.lost.done():
            self.lost.set_result(why)
        for _, future in self._open.values():
            if not future.done():
                future.set_exception(ConnectionLost(why))
        self._open.clear()

    def _take(self, message: Any) -> None:
        match message:
            case {"method": str(method), "id": int() | str() as number}:
                self._asked(Request(number, method, _mapping(message.get("params"))))
            case {"method": str(method)}:
                self._heard(method, _mapping(message.get("params")))
            case {"id": int(number), "error": {"message": str(text)} as error}:
                method, future = self._open.get(number, ("", None))
                if future is not None and not future.done():
                    future.set_exception(CodexError(method, int(error.get("code", 0)), text))
            case {"id": int(number)} if "result" in message:
                _, future = self._open.get(number, ("", None))
                if future is not None and not future.done():
                    future.set_result(message["result"])
            case _:
                self._garbage += 1
                self._debug.line(f"no message: {str(message)[:200]!r}")
                if self._garbage > GARBAGE_LINES:
                    raise ConnectionLost("what answers there does not speak Codex's protocol")


async def _parsed(line: str | bytes) -> Any:
    """What a line says; a line that is no JSON is itself."""
    return await asyncio.to_thread(_loads, line) if len(line) > LARGE else _loads(line)


def _loads(line: str | bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return line


def _mapping(value: object) -> Params:
    return value if isinstance(value, Mapping) else {}
