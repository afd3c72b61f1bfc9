"""The app-server of this process: started on first use, and again after a crash, but not over and over."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from codex_desk.frozen import frozen
from codex_desk.runtimes.base import RuntimeUnavailable
from codex_desk.runtimes.codex.client import Client, Params, Request
from codex_desk.runtimes.codex.debug import DebugLog
from codex_desk.runtimes.codex.errors import CodexError, ConnectionLost
from codex_desk.runtimes.codex.server import Server, start_server
from codex_desk.runtimes.codex.transport import SocketTransport, Transport
from codex_desk.runtimes.outside import Program

LOG = logging.getLogger(__name__)

ENOUGH_CRASHES = 4
WITHIN_S = 60.0
"""So many ends of the app-server within so long a time, and nobody starts it again before the time is over."""


@frozen
class Place:
    """Where the app-server is found. `socket` is where the server of this process listens; `join` another process's server, which is asked
    instead of starting one where it answers."""

    find: Callable[[], Program]
    socket: Path | None
    join: Path | None
    env: Mapping[str, str]


@frozen
class Ears:
    """Who hears what the app-server says."""

    heard: Callable[[str, Params], None]
    asked: Callable[[Request], None]
    lost: Callable[[str], None]


class CodexProcess:
    def __init__(self, place: Place, ears: Ears, debug: DebugLog) -> None:
        self._place = place
        self._ears = ears
        self._debug = debug
        self._server: Server | None = None
        self._client: Client | None = None
        self._starting = asyncio.Lock()
        self._ends: deque[float] = deque(maxlen=ENOUGH_CRASHES)
        self._last_words: asyncio.Future[str] | None = None
        self._closing = False
        self.generation = 0
        """How often it was started."""

    @property
    def is_up(self) -> bool:
        return self._client is not None and not self._client.lost.done()

    @property
    def running(self) -> Client | None:
        return self._client if self.is_up else None

    @property
    def socket(self) -> Path | None:
        """Where a stock Codex can join (`codex --remote unix://…`); None while nothing listens there."""
        return self._server.socket if self._server is not None and self.is_up else None

    @property
    def pid(self) -> int | None:
        """The process group of the app-server; None while none runs."""
        return self._server.pid if self._server is not None and self.is_up else None

    async def client(self) -> Client:
        """The connection, made if there is none. Raises `RuntimeUnavailable`."""
        async with self._starting:
            if self._closing:
                raise RuntimeUnavailable("the desk is closing")
            if self._client is not None and not self._client.lost.done():
                return self._client
            recent = [end for end in self._ends if time.monotonic() - end < WITHIN_S]
            if len(recent) >= ENOUGH_CRASHES:
                raise RuntimeUnavailable(f"Codex ended {len(recent)} times within a minute ({await self.last_words()}); try again later")
            return await self._start()

    async def _start(self) -> Client:
        if self._server is not None:
            await self._server.stop()
            self._server = None
        try:
            client = Client(await self._transport(), self._debug, self._ears.heard, self._ears.asked)
            await client.start()
        except (ConnectionLost, CodexError, OSError) as error:
            self._ends.append(time.monotonic())
            how = await self._put_down()
            self._last_words = asyncio.get_running_loop().create_future()
            self._last_words.set_result(f"{error}{how}")
            raise RuntimeUnavailable(f"Codex could not be started: {error}{how}") from error
        self._client = client
        self.generation += 1
        self._last_words = None
        client.lost.add_done_callback(lambda lost: self._lost(client, lost.result()))
        return client

    async def _put_down(self) -> str:
        """Stop what was started; how it ended, as an appendix."""
        server, self._server = self._server, None
        if server is None:
            return ""
        how = f" ({await server.ending()})"
        await server.stop()
        return how

    async def _transport(self) -> Transport:
        place = self._place
        if place.join is not None:
            try:
                return await SocketTransport.open(place.join)
            except (OSError, ConnectionLost) as error:
                LOG.info("the open desk's Codex does not answer: %s", error)
        program = await asyncio.to_thread(place.find)
        if program.path is None or program.trouble is not None:
            raise RuntimeUnavailable(program.trouble or "Codex was not found")
        self._server = await start_server(program.path, place.socket, place.env, self._debug)
        return self._server.transport

    def _lost(self, client: Client, why: str) -> None:
        if self._closing or client is not self._client:
            return
        self._ends.append(time.monotonic())
        LOG.warning("the connection to Codex is lost: %s", why)
        if self._server is not None:
            self._last_words = asyncio.ensure_future(self._server.ending())
        self._ears.lost(why)

    async def last_words(self) -> str:
        """How the app-server ended last, in words."""
        return "it closed the connection" if self._last_words is None else await asyncio.shield(self._last_words)

    def leave(self) -> None:
        """It is not started again from now on, and its end is no loss."""
        self._closing = True

    async def close(self) -> None:
        self.leave()
        async with self._starting:
            if self._client is not None:
                await self._client.close()
            if self._server is not None:
                await self._server.stop()
