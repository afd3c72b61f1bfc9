"""One child process in a session of its own, whose whole group ends when the call ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from codex_desk.frozen import frozen

Sink = Callable[[bytes], None]

_LAST_WORDS = 0.25
"""Seconds that a child of the process may still write after the process has ended; a background one would hold the pipe for ever."""
_REAP = 2.0
"""Seconds for a killed group to be gone."""


@frozen
class Finished:
    exit_code: int
    """128 plus the signal's number for a process that a signal ended, as shells have it."""
    duration_ms: int
    timed_out: bool


async def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: float,
    output: Sink,
    errors: Sink | None = None,
) -> Finished:
    """Run a program to its end, without a terminal and without input.

    `output` gets bytes as they come, standard error among them unless `errors` is given. After `timeout` seconds, on cancellation, and when
    the process itself has ended, everything left of its process group is killed. Raises `OSError` where it cannot be started.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with contextlib.AsyncExitStack() as stack:
        drains: list[_Drain] = []
        writers: list[int] = []
        with contextlib.ExitStack() as spawning:
            for sink in (output, errors):
                if sink is not None:
                    writers.append(spawning.enter_context(_pipe_into(drain := _Drain(sink))))
                    stack.callback(await _connect(drain))
                    drains.append(drain)
            process = await _spawn(argv, cwd, env, writers[0], writers[-1])
        try:
            timed_out = not await _within(timeout, process.wait())
            if not timed_out:
                await _within(_LAST_WORDS, _all_closed(drains))
        finally:
            kill_group(process.pid)
        await _within(_LAST_WORDS, _all_closed(drains))
        await _within(_REAP, process.wait())
    return Finished(_exit_code(process.returncode), round((loop.time() - started) * 1000), timed_out)


def kill_group(leader: int) -> None:
    """Kill whatever is left of a process group."""
    # macOS answers EPERM for a group of zombies.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _exit_code(code: int | None) -> int:
    if code is None:  # killed, and stuck in the kernel
        return 128 + signal.SIGKILL
    return code if code >= 0 else 128 - code


class _Drain(asyncio.Protocol):
    """The reading end of a pipe."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.reader: BinaryIO | None = None
        self.closed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self._sink(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


@contextlib.contextmanager
def _pipe_into(drain: _Drain) -> Iterator[int]:
    """The writing end, closed here on leaving: only the child keeps it, so that its end is the pipe's end."""
    reader, writer = os.pipe()
    drain.reader = os.fdopen(reader, "rb", buffering=0)
    try:
        yield writer
    finally:
        os.close(writer)


async def _connect(drain: _Drain) -> Callable[[], None]:
    """Start reading; what it returns stops it."""
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: drain, drain.reader)
    return transport.close


async def _spawn(argv: Sequence[str], cwd: Path, env: Mapping[str, str], output: int, errors: int) -> asyncio.subprocess.Process:
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *argv,
            cwd=cwd,
            env=dict(env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        starting.add_done_callback(_kill_started)
        raise


def _kill_started(starting: asyncio.Future[asyncio.subprocess.Process]) -> None:
    if not starting.cancelled() and starting.exception() is None:
        kill_group(starting.result().pid)


async def _all_closed(drains: Sequence[_Drain]) -> None:
    for drain in drains:
        await drain.closed.wait()


async def _within(seconds: float, work: Coroutine[Any, Any, object]) -> bool:
    """Whether the work ended in time; it is cancelled otherwise."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        return False
    return True
