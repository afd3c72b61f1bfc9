from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from codex_desk.tools.processes import Finished, run

ENV = {"PATH": os.environ["PATH"]}


class Heard:
    """A sink that can be waited on."""

    def __init__(self) -> None:
        self.data = b""
        self._more = asyncio.Event()

    def __call__(self, data: bytes) -> None:
        self.data += data
        self._more.set()

    async def lines(self, count: int) -> list[str]:
        while self.data.count(b"\n") < count:
            self._more.clear()
            await self._more.wait()
        return self.data.decode().splitlines()


async def shell(text: str, cwd: Path, heard: Heard, timeout: float = 30) -> Finished:
    return await run(["/bin/sh", "-c", text], cwd=cwd, env=ENV, timeout=timeout, output=heard)


async def gone(pid: int) -> None:
    """Returns once the process is dead; a zombie that its new parent has not reaped counts."""
    async with asyncio.timeout(10):
        while _alive(pid):  # noqa: ASYNC110 (no event tells of the end of a process that is not our child)
            await asyncio.sleep(0.01)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        if sys.platform == "linux":
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
    return True


async def test_the_output_and_the_exit_code_come_back(tmp_path: Path) -> None:
    heard = Heard()
    finished = await shell("echo out; echo err >&2; exit 3", tmp_path, heard)
    assert (heard.data, finished.exit_code, finished.timed_out) == (b"out\nerr\n", 3, False)


async def test_errors_can_be_kept_apart(tmp_path: Path) -> None:
    out, err = Heard(), Heard()
    await run(["/bin/sh", "-c", "echo out; echo err >&2"], cwd=tmp_path, env=ENV, timeout=30, output=out, errors=err)
    assert (out.data, err.data) == (b"out\n", b"err\n")


async def test_a_signal_shows_as_shells_show_it(tmp_path: Path) -> None:
    assert (await shell("kill -TERM $$", tmp_path, Heard())).exit_code == 128 + 15


async def test_there_is_no_input_and_no_controlling_terminal(tmp_path: Path) -> None:
    heard = Heard()
    await shell("cat; (exec </dev/tty) 2>/dev/null || echo no terminal", tmp_path, heard)
    assert heard.data == b"no terminal\n"


async def test_a_session_of_its_own(tmp_path: Path) -> None:
    heard = Heard()
    await run([sys.executable, "-c", "import os; print(os.getsid(0) == os.getpid())"], cwd=tmp_path, env=ENV, timeout=30, output=heard)
    assert heard.data == b"True\n"


async def test_the_timeout_kills_the_whole_group(tmp_path: Path) -> None:
    heard = Heard()
    finished = await shell("sleep 600 & echo $!; echo $$; wait", tmp_path, heard, timeout=1.5)
    assert finished.timed_out
    for pid in await heard.lines(2):
        await gone(int(pid))


async def test_cancellation_kills_the_whole_group_and_raises(tmp_path: Path) -> None:
    heard = Heard()
    running = asyncio.create_task(shell("sleep 600 & echo $!; echo $$; wait", tmp_path, heard))
    pids = await heard.lines(2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    for pid in pids:
        await gone(int(pid))


async def test_cancellation_while_it_starts_leaves_nothing_behind(tmp_path: Path) -> None:
    heard, mark = Heard(), tmp_path / "mark"
    running = asyncio.create_task(shell(f"echo $$ > {mark}; exec sleep 600", tmp_path, heard))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    # Whatever was started is in the way of a pid of its own; give it the chance to say so, and see it dead.
    await asyncio.sleep(0.2)
    if mark.exists() and mark.read_text().strip():
        await gone(int(mark.read_text()))


async def test_a_background_process_that_holds_the_pipe_does_not_hang_the_call(tmp_path: Path) -> None:
    heard = Heard()
    async with asyncio.timeout(10):
        finished = await shell("sleep 600 & echo $!", tmp_path, heard)
    assert finished.exit_code == 0
    await gone(int(heard.data))


async def test_nor_does_one_in_a_session_of_its_own(tmp_path: Path) -> None:
    heard = Heard()
    hold = "import os, time; os.setsid(); print(os.getpid(), flush=True); time.sleep(5)"
    async with asyncio.timeout(4):
        await shell(f"{sys.executable} -c '{hold}' & while ! kill -0 $! ; do :; done; sleep 0.3", tmp_path, heard)
    os.kill(int(heard.data.split()[0]), 9)


async def test_a_program_that_is_not_there_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await run([str(tmp_path / "nothing")], cwd=tmp_path, env=ENV, timeout=5, output=Heard())
