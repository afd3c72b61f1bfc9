"""The app-server as a process of this desk: started, watched, and gone when we are, however we went."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from codex_desk.runtimes.codex.debug import DebugLog
from codex_desk.runtimes.codex.errors import ConnectionLost
from codex_desk.runtimes.codex.transport import PipeTransport, SocketTransport, Transport

LONGEST_SOCKET = 100
"""Bytes of a unix socket's path that every system takes."""

READY_S = 120.0
"""Seconds for it to come up: the first start of a new version looks through every session's file, some 1000 in a second."""
END_S = 5.0

GUARD = """\
exec 3<&0
(trap '' TERM INT HUP; cat <&3; kill -TERM 0; sleep 3; kill -KILL 0) >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-
"""
"""A server on a socket outlives whoever started it. Beside it, in its process group, something waits for the end of the pipe that we hold open, and
ends the group then: also after we were killed."""

HIDDEN = ("TMUX", "TMUX_PANE", "STY", "ZELLIJ", "ZELLIJ_SESSION_NAME")
"""Variables that lead an agent's command to the user's other terminals."""


class Server:
    """A running app-server, and one transport to it."""

    def __init__(self, process: asyncio.subprocess.Process, transport: Transport, socket: Path | None, last_words: deque[str]) -> None:
        self._process = process
        self.transport = transport
        self.socket = socket
        """Where other clients may join it; None where it listens to us alone."""
        self._last_words = last_words

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ending(self) -> str:
        """How the process ended, in words; asked after its connection broke. One that does not end is ended."""
        try:
            async with asyncio.timeout(1.0):
                code = await self._process.wait()
        except TimeoutError:
            return "it closed the connection"
        words = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        said = next((line for line in reversed(self._last_words) if line.strip()), "")
        return f"{words}: {said[:200]}" if said and code not in (0, -signal.SIGKILL, -signal.SIGTERM) else words

    async def stop(self) -> None:
        """Let it end by itself, and see to it that it does."""
        await self.transport.close()
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(END_S):
                await self._process.wait()
        except TimeoutError:
            pass
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
            if self.socket is not None:
                self.socket.unlink(missing_ok=True)


async def start_server(program: Path, socket: Path | None, env: Mapping[str, str], debug: DebugLog) -> Server:
    """Start an app-server on `socket` (mode 0600, made by it), or on its standard streams where that is None or too long a path, or where it would not
    come up on it: not every file system takes one.

    Raises `ConnectionLost` where it does not come up, `OSError` where it cannot be started.
    """
    environment = agent_environment(env)
    if socket is not None and len(os.fsencode(socket)) <= LONGEST_SOCKET:
        try:
            return await _on_socket(program, socket, environment, debug)
        except ConnectionLost as error:
            debug.line(f"not on a socket: {error}")
    return await _on_streams(program, environment, debug)


async def _on_socket(program: Path, socket: Path, environment: Mapping[str, str], debug: DebugLog) -> Server:
    with suppress(FileNotFoundError):
        os.unlink(socket)  # noqa: PTH108 - one call, as quick as any
    process = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", GUARD, "codex-desk", str(program), "app-server", "--listen", f"unix://{socket}"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environment),
        start_new_session=True,
    )
    last_words: deque[str] = deque(maxlen=20)
    server = Server(process, _Nothing(), socket, last_words)
    _listen(process.stderr, last_words, debug)
    try:
        server.transport = await _connect(process, socket)
    except BaseException as error:
        how = await server.ending() if isinstance(error, ConnectionLost) else ""
        await server.stop()
        if isinstance(error, ConnectionLost):
            raise ConnectionLost(f"{program} app-server did not start ({how})") from None
        raise
    return server


def agent_environment(env: Mapping[str, str]) -> dict[str, str]:
    """What Codex is started with. Whatever it runs that is not told otherwise acts as an agent of no thread: everything is refused to it."""
    return {name: value for name, value in env.items() if name not in HIDDEN} | {"CODEX_DESK_THREAD": "codex"}


async def _on_streams(program: Path, environment: Mapping[str, str], debug: DebugLog) -> Server:
    process = await asyncio.create_subprocess_exec(
        *(str(program), "app-server"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environment),
        start_new_session=True,
    )
    last_words: deque[str] = deque(maxlen=20)
    _listen(process.stderr, last_words, debug)
    assert process.stdout is not None and process.stdin is not None
    return Server(process, PipeTransport(process.stdout, process.stdin), None, last_words)


async def _connect(process: asyncio.subprocess.Process, socket: Path) -> Transport:
    """A connection as soon as the server takes one."""
    ended = asyncio.ensure_future(process.wait())
    try:
        async with asyncio.timeout(READY_S):
            while not ended.done():
                try:
                    return await SocketTransport.open(socket)
                except OSError:
                    await asyncio.wait([ended], timeout=0.01)
    except TimeoutError:
        raise ConnectionLost(f"it did not answer within {READY_S:g} s") from None
    finally:
        ended.cancel()
    raise ConnectionLost("it ended")


def _listen(stream: asyncio.StreamReader | None, last_words: deque[str], debug: DebugLog) -> None:
    """Keep the last of what it says on stderr; without a reader it would block."""

    async def read() -> None:
        assert stream is not None
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # longer than the reader's limit: it has been dropped
                continue
            if not line:
                return
            text = line.decode("utf-8", "replace").rstrip()
            last_words.append(text)
            debug.line(f"stderr {text}")

    task = asyncio.create_task(read(), name="codex stderr")
    _LISTENING.add(task)
    task.add_done_callback(_LISTENING.discard)


_LISTENING: set[asyncio.Task[None]] = set()
"""asyncio keeps no hold of a task by itself."""


class _Nothing:
    """The transport of a server that nobody has reached yet."""

    async def send(self, line: str) -> None:
        raise ConnectionLost("there is no connection yet")

    async def lines(self):  # type: ignore[no-untyped-def]
        return
        yield ""

    async def close(self) -> None:
        return
