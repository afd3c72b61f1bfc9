"""The desk tools for agents that take tools from nobody but an MCP server: one on loopback, with a token for each thread and load.

Nothing here imports `mcp` at module level: with starlette and uvicorn it costs a second, and few desks need it.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from codex_desk.frozen import frozen
from codex_desk.runtimes.base import ToolSpec

if TYPE_CHECKING:
    import uvicorn
    from mcp.server.lowlevel import Server

LARGEST_BODY = 1 << 20
"""Bytes of a request."""

STARTS_S = 20.0

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@frozen
class Call:
    """A tool call as it came in."""

    name: str
    arguments: Mapping[str, Any]
    meta: Mapping[str, Any]
    """What the client says about the call; its word, to be checked."""


@frozen
class Said:
    text: str
    ok: bool = True


Answer = Callable[[Call], Awaitable[Said]]


@frozen
class Key:
    """What one thread is given for one load; never written to a log or a file of ours."""

    url: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


class McpDoor:
    """Starts with the first key, and closes with the last user of it."""

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        self._tools = tools
        self._threads: dict[str, Answer] = {}
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._host = ""

    async def key(self, answer: Answer) -> Key:
        """A new key; calls that come with it go to `answer`."""
        async with self._starting:
            if self._server is None:
                await self._start()
        token = secrets.token_urlsafe(32)
        self._threads[token] = answer
        return Key(f"http://{self._host}/mcp", token)

    def forget(self, key: Key) -> None:
        """The key opens nothing any more."""
        self._threads.pop(key.token, None)

    async def close(self) -> None:
        self._threads.clear()
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
            self._server = self._serving = None

    async def _start(self) -> None:
        server = await asyncio.to_thread(self._made)
        listening = socket.create_server(("127.0.0.1", 0))
        self._host = f"127.0.0.1:{listening.getsockname()[1]}"
        self._server = server
        self._serving = asyncio.create_task(server.serve(sockets=[listening]), name="mcp door")
        async with asyncio.timeout(STARTS_S):
            while not server.started and not self._serving.done():  # noqa: ASYNC110 - uvicorn has nothing to wait for
                await asyncio.sleep(0.005)
        if self._serving.done():
            self._server = None
            self._serving.result()
            raise OSError("the server for the desk tools ended as it started")

    def _made(self) -> uvicorn.Server:
        """Imports the whole stack: called in a thread."""
        import uvicorn

        class Quiet(uvicorn.Server):
            """Signals are the desk's."""

            @contextmanager
            def capture_signals(self) -> Iterator[None]:
                yield

        inside = _tool_server(self._tools, self._answer)
        # The answer to a call is one JSON document; nothing is kept between requests, so that a token is all there is to a session.
        app = inside.streamable_http_app(json_response=True, stateless_http=True, max_request_body_size=LARGEST_BODY)
        config = uvicorn.Config(
            self._guarded(app),
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            ws="none",
            timeout_graceful_shutdown=1,
        )
        return Quiet(config)

    def _guarded(self, app: App) -> App:
        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            refusal = self._refusal(scope)
            if refusal is None:
                await app(scope, receive, send)
                return
            headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": refusal, "headers": headers})
            await send({"type": "http.response.body", "body": b""})

        return guarded

    def _refusal(self, scope: Scope) -> int | None:
        """The status for a request that does not come in; None for one that does."""
        headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name in headers and name in (b"host", b"authorization", b"content-length"):
                return 400
            headers[name] = value
        if headers.get(b"host") != self._host.encode() or b"origin" in headers:
            return 403
        if self._answer_for(headers.get(b"authorization", b"")) is None:
            return 401
        length = headers.get(b"content-length", b"0")
        return None if length.isdigit() and int(length) <= LARGEST_BODY else 413

    def _answer_for(self, authorization: bytes) -> Answer | None:
        """Whose key this is; every key is compared, each in constant time."""
        kind, _, token = authorization.partition(b" ")
        found = None
        for known, answer in self._threads.items():
            if hmac.compare_digest(known.encode(), token):
                found = answer
        return found if kind.lower() == b"bearer" else None

    async def _answer(self, authorization: str, call: Call) -> Said:
        answer = self._answer_for(authorization.encode("utf-8", "replace"))
        if answer is None:  # it was forgotten while the request was read
            return Said("this thread is no longer loaded", False)
        return await answer(call)


def _tool_server(tools: Sequence[ToolSpec], answer: Callable[[str, Call], Awaitable[Said]]) -> Server[Any]:
    import mcp_types as types
    from mcp.server.lowlevel import Server

    # Without these, Codex asks the user about every call, or refuses it where it may not ask.
    harmless = types.ToolAnnotations(destructive_hint=False, open_world_hint=False)
    listed = [
        types.Tool(name=tool.name, description=tool.description, input_schema=dict(tool.parameters), annotations=harmless) for tool in tools
    ]

    async def list_tools(context: Any, params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=listed)

    async def call_tool(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        authorization = context.request.headers.get("authorization", "") if context.request is not None else ""
        said = await answer(authorization, Call(params.name, params.arguments or {}, dict(context.meta or {})))
        return types.CallToolResult(content=[types.TextContent(type="text", text=said.text)], is_error=not said.ok)

    return Server("desk", on_list_tools=list_tools, on_call_tool=call_tool)
