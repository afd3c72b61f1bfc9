"""The site behind `serve`: one page, what it is drawn with, and a websocket, all of it behind a token. Each websocket has a desk in a process of its own.

What comes in is checked in this order, for every path: the name that this machine was called by, so that no name on the internet can be pointed here; the
page that asks, so that no other page can; the token. The token is in each address instead of a cookie: a browser sends the cookies of 127.0.0.1 to every
port there, also to a server that an agent started.
"""

from __future__ import annotations

import asyncio
import hmac
import html
import json
import logging
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template
from weakref import WeakSet

import textual_serve
from aiohttp import WSCloseCode, WSMsgType, web
from aiohttp.typedefs import Handler
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

LOG = logging.getLogger(__name__)

PAGE = Path(__file__).with_name("serve.html")
STATIC = Path(textual_serve.__file__).parent / "static"
HOSTS = frozenset({"127.0.0.1", "localhost"})
"""What this machine may be called; any port, so that one that ssh forwards works too."""
LARGEST_MESSAGE = 32 * 1024 * 1024
"""Bytes; a paste comes as one message."""
LARGEST_SIDE = 2000
"""Columns or rows of a terminal at most."""
LEAVE_S = 10.0
"""A desk that was left and has not ended by then is killed."""
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing is loaded from anywhere else. xterm.js writes styles of its own into the page."""


class Visitor(AppService):
    """One visitor's desk: when its process ends, so does the connection."""

    async def run(self) -> None:
        try:
            await super().run()
        finally:
            await self.remote_close()

    async def leave(self) -> None:
        """End the desk as `^d` does; one that does not end in time is killed."""
        process = self._process  # AppService has no public way to it
        if process is None:
            return
        try:
            async with asyncio.timeout(LEAVE_S):
                await self.stop()
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


class Site:
    """Serves `command`, a shell's line that begins a desk."""

    def __init__(self, command: str, say: Callable[[str], None]) -> None:
        """`say` tells the person who serves what goes on."""
        self._command = command
        self._say = say
        self._token = secrets.token_urlsafe(32)
        self._downloads = DownloadManager()
        self._sockets: WeakSet[web.WebSocketResponse] = WeakSet()
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=LEAVE_S + 2)
        self._port = 0

    @property
    def url(self) -> str:
        """The address of the page, the token in it."""
        return f"http://127.0.0.1:{self._port}/?token={self._token}"

    async def open(self, host: str, port: int) -> int:
        """Listen; gives the port, which for 0 is a free one. Raises `OSError`."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._port = int(self._runner.addresses[0][1])
        return self._port

    async def close(self) -> None:
        """Leave every desk, and listen no more."""
        await self._runner.cleanup()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/ws/{token}", self._websocket),
                web.static("/static", STATIC),
            ]
        )
        app.on_shutdown.append(self._hang_up)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        refused = self._why_not(request)
        if refused is not None:
            return web.Response(status=403, text=f"{refused}\n", headers=HEADERS)
        try:
            response = await handler(request)
        except web.HTTPException as error:
            error.headers.update(HEADERS)
            raise
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    def _why_not(self, request: web.Request) -> str | None:
        """Why a request is refused, None where it is let in."""
        if request.host.partition(":")[0] not in HOSTS:
            return "codex-desk answers to 127.0.0.1 and localhost only"
        if request.headers.get("Origin", f"http://{request.host}") != f"http://{request.host}":
            return "another page asks for this: open the address that codex-desk serve printed"
        given = request.match_info.get("token") or request.query.get("token", "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode()):
            return "the token is missing or wrong: open the whole address that codex-desk serve printed"
        return None

    async def _page(self, request: web.Request) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        text = Template(PAGE.read_text("utf-8")).substitute(
            host=html.escape(request.host), token=html.escape(self._token), nonce=html.escape(nonce)
        )
        policy = POLICY.format(nonce=nonce, host=request.host)
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def _websocket(self, request: web.Request) -> web.WebSocketResponse:
        """A desk for as long as the page is open."""
        socket = web.WebSocketResponse(heartbeat=15, max_msg_size=LARGEST_MESSAGE)
        await socket.prepare(request)
        self._sockets.add(socket)

        async def close() -> None:
            await socket.close()

        visitor = Visitor(
            self._command,
            write_bytes=socket.send_bytes,
            write_str=socket.send_str,
            close=close,
            download_manager=self._downloads,
        )
        try:
            await visitor.start(*_size(request.query))
            self._say("a page was opened")
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await _pass_on(message.data, visitor, socket)
        finally:
            await visitor.leave()
            self._say("a page was closed")
        return socket

    async def _hang_up(self, _: web.Application) -> None:
        await asyncio.gather(*(socket.close(code=WSCloseCode.GOING_AWAY) for socket in set(self._sockets)))


async def _pass_on(text: str, visitor: Visitor, socket: web.WebSocketResponse) -> None:
    """Tell a desk what its page said; anything else than what textual-serve's page says is passed over."""
    try:
        said = json.loads(text)
    except ValueError:
        return
    match said:
        case ["stdin", str(keys)]:
            await visitor.send_bytes(keys.encode("utf-8", "replace"))
        case ["resize", dict(size)]:
            await visitor.set_terminal_size(*_size(size))
        case ["ping", str(sent)]:
            await socket.send_json(["pong", sent])
        case ["blur"]:
            await visitor.blur()
        case ["focus"]:
            await visitor.focus()


def _size(told: Mapping[str, object]) -> tuple[int, int]:
    """Columns and rows, as far as what was told makes sense."""
    return _side(told.get("width"), 80), _side(told.get("height"), 24)


def _side(told: object, otherwise: int) -> int:
    number = int(told) if isinstance(told, int) or (isinstance(told, str) and told.isascii() and told.isdigit()) else otherwise
    return max(1, min(LARGEST_SIDE, number))
