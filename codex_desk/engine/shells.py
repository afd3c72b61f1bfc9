"""Running the commands that the human types in a thread's folder.

They run in the process where they were typed, with the human's own rights and no sandbox, also while a turn runs, here or in another process: a
command writes no step of a turn, so it needs no lease.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import Live, ShellChanged
from codex_desk.engine.hub import Hub
from codex_desk.engine.identity import By, new_id
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.shelling import Ran, RecordShell, StartShell
from codex_desk.engine.views import ShellRun
from codex_desk.runtimes.base import Delta
from codex_desk.store.errors import StoreError
from codex_desk.text import one_line
from codex_desk.tools import processes
from codex_desk.tools.environment import human_environment, search_path, secrets_of
from codex_desk.tools.output import HeadTail, LiveText
from codex_desk.tools.processes import Finished
from codex_desk.tools.scrub import Scrubber

LOG = logging.getLogger(__name__)

LONGEST_S = 3600.0
KEPT = 200_000
"""Characters of live output that a pane gets when it opens in the middle."""
STOPPED = 130
"""The exit code of a command that was stopped, as shells have it."""


class Shells:
    """The commands that run now in this process: one at a time in a thread."""

    def __init__(self, ledger: Ledger, hub: Hub, home: Path, env: Mapping[str, str]) -> None:
        self._ledger = ledger
        self._hub = hub
        self._home = home
        self._env = env
        self._running: dict[str, _Running] = {}

    def running(self, thread_id: str) -> ShellRun | None:
        one = self._running.get(thread_id)
        return None if one is None else one.view()

    async def start(self, thread_id: str, command: str, by: By, trouble: Callable[[], str | None]) -> ShellRun:
        """Begin a command; its end comes as an item. `trouble` says why the folder cannot be used. Refusals: archived, busy, no_folder."""
        if thread_id in self._running:
            raise Refusal("busy", f"{one_line(self._running[thread_id].command, 60)} still runs here: Esc stops it")
        one = self._running[thread_id] = _Running(thread_id, command, self._hub, Scrubber(secrets_of(self._env)))
        try:
            cwd = await self._ledger.do(StartShell(thread_id), by)
            if (why := trouble()) is not None:
                raise Refusal("no_folder", why)
        except BaseException:
            del self._running[thread_id]
            raise
        env = human_environment(self._home, self._env)
        argv = [_shell(env), "-c", command]
        one.work = asyncio.ensure_future(processes.run(argv, cwd=cwd, env=env, timeout=LONGEST_S, output=one.take))
        one.task = asyncio.create_task(self._see_to_end(one, one.work, cwd, by), name=f"shell in {thread_id}")
        self._hub.publish((ShellChanged(thread_id, True), Live(thread_id, "", Delta("tool", one.key, f"$ {one_line(one.command, 400)}"))))
        return one.view()

    def stop(self, thread_id: str) -> bool:
        """End a thread's command with everything that it has started; whether there was one."""
        one = self._running.get(thread_id)
        if one is None or one.work is None:
            return False
        one.work.cancel()
        return True

    async def close(self) -> None:
        """Stop all of them; each is on record when this returns."""
        running = list(self._running.values())
        for one in running:
            self.stop(one.thread_id)
        await asyncio.gather(*(one.task for one in running if one.task is not None), return_exceptions=True)

    async def _see_to_end(self, one: _Running, work: asyncio.Future[Finished], cwd: Path, by: By) -> None:
        began = asyncio.get_running_loop().time()
        exit_code, note = await _ended(work)
        one.take(b"", final=True)
        spent = round((asyncio.get_running_loop().time() - began) * 1000)
        trouble = await self._record(one, Ran(one.command, str(cwd), exit_code, spent, one.kept.text(), note), by)
        del self._running[one.thread_id]
        self._hub.publish((ShellChanged(one.thread_id, False, trouble),))

    async def _record(self, one: _Running, ran: Ran, by: By) -> str:
        try:
            await self._ledger.do(RecordShell(one.thread_id, one.key, ran), by)
        except (Refusal, StoreError) as error:
            LOG.error("the end of a command could not be written: %s", error)
            return f"{one_line(ran.command, 60)} ended with {ran.exit_code}; that could not be put on record: {error}"
        return ""


class _Running:
    """One command, and what it has printed."""

    def __init__(self, thread_id: str, command: str, hub: Hub, scrubber: Scrubber) -> None:
        self.thread_id = thread_id
        self.command = scrubber.text(command)
        """As it may be shown."""
        self.key = f"shell-{new_id()}"
        self.work: asyncio.Future[Finished] | None = None
        self.task: asyncio.Task[None] | None = None
        self.kept = HeadTail()
        self._started_at = datetime.now(UTC)
        self._hub = hub
        self._scrubber = scrubber
        self._live = LiveText(self._show)
        self._shown = ""

    def take(self, data: bytes, *, final: bool = False) -> None:
        shown = self._scrubber.feed(data, final=final)
        self.kept.feed(shown)
        self._live.feed(shown, final=final)

    def view(self) -> ShellRun:
        return ShellRun(self.thread_id, self.command, self.key, self._started_at, self._shown)

    def _show(self, text: str) -> None:
        self._shown = (self._shown + text)[-KEPT:]
        self._hub.publish((Live(self.thread_id, "", Delta("output", self.key, text)),))


async def _ended(work: asyncio.Future[Finished]) -> tuple[int, str]:
    """(exit code, what it does not say) of a command, however it ends."""
    try:
        finished = await work
    except asyncio.CancelledError:
        if not work.cancelled():
            work.cancel()
        return STOPPED, "stopped by the user"
    except OSError as error:
        return 126, f"it could not be started: {error.strerror or error}"
    return finished.exit_code, f"ended after {LONGEST_S:g} s" if finished.timed_out else ""


def _shell(env: Mapping[str, str]) -> str:
    """The user's own shell, without its start-up files: what they set could be secrets again."""
    own = env.get("SHELL", "")
    if own.startswith("/") and os.access(own, os.X_OK):
        return own
    return shutil.which("bash", path=search_path(env)) or "/bin/sh"
