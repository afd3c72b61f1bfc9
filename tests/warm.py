"""Processes that start warm: copies of one that has imported what the desk imports, which takes a fresh Python longer than most of what tests look at.

They are processes in all that tests look at: killed, signalled and waited for by number, with pipes, an environment and a folder of their own. What
is about the start of Python itself, or about its end, needs a fresh one.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "codex_desk.cli.app",
        "codex_desk.cli.approvals",
        "codex_desk.cli.exec",
        "codex_desk.cli.send",
        "codex_desk.engine.desk",
        "codex_desk.runtimes.native.loop",
        "codex_desk.runtimes.offline.model",
    ]
)


class Warm:
    """What `subprocess.Popen` is for a fresh process, in text."""

    def __init__(self, call: Callable[..., object], *args: object, env: Mapping[str, str] | None = None) -> None:
        theirs, self.stdin = _pipe("w")
        out, self.stdout = _pipe("r")
        err, self.stderr = _pipe("r")
        self._process = CONTEXT.Process(target=_run, args=((theirs, out, err), dict(os.environ if env is None else env), call, args))
        self._process.start()
        for end in (theirs, out, err):
            end.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None  # it was started
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code; raises `TimeoutError`."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutError(f"process {self.pid} still runs after {timeout} s")
        return self._process.exitcode

    def communicate(self) -> tuple[str, str]:
        """What else it writes until it ends; the second of the two must fit into a pipe."""
        written = self.stdout.read(), self.stderr.read()
        self.wait()
        return written

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """As `Popen`: the pipes are closed, and its end is waited for."""
        for end in (self.stdin, self.stdout, self.stderr):
            end.close()
        self.wait()


def _pipe(ours: str) -> tuple[Connection, Any]:
    """A pipe: the end that is handed to the process, and ours."""
    reading, writing = os.pipe()
    mine, theirs = (reading, writing) if ours == "r" else (writing, reading)
    return Connection(theirs, readable=ours == "w", writable=ours == "r"), os.fdopen(mine, ours, encoding="utf-8")


def _run(
    ends: tuple[Connection, Connection, Connection], env: Mapping[str, str], call: Callable[..., object], args: tuple[object, ...]
) -> None:
    for number, end in enumerate(ends):
        os.dup2(end.fileno(), number)
        end.close()
    os.environ.clear()
    os.environ.update(env)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 (the process's own)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1)  # noqa: SIM115
    call(*args)


def command_line(*args: str) -> None:
    """`python -m codex_desk ARGS`."""
    import codex_desk.__main__ as program

    sys.argv = [str(program.__file__), *args]
    program.main()


def script(code: str) -> None:
    """`python -c CODE`."""
    exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
