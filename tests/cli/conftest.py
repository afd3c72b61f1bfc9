"""One door for the command line's tests: run a command in-process on a home of its own, and read what it gave."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
from click.testing import CliRunner

from codex_desk.cli.app import cli
from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Attach
from codex_desk.engine.sessions import New
from codex_desk.store.database import Database
from tests.model_server import model_server
from tests.trust.conftest import found_sandbox, the_machines_sandbox
from tests.warm import Warm, command_line, script

__all__ = ["found_sandbox", "model_server", "the_machines_sandbox"]


@dataclass(frozen=True, slots=True)
class Ran:
    exit: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON objects of stdout, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def json(self) -> dict[str, Any]:
        [only] = self.lines
        return only

    @property
    def refusal(self) -> str:
        """The code of `{"error": …}`."""
        assert self.exit == 1, self
        return self.json["error"]["code"]


Run = Callable[..., Ran]


@dataclass(frozen=True, slots=True)
class Running:
    """A command line in a process of its own, for what only a process has: signals, pipes, a host beside others."""

    process: subprocess.Popen[str] | Warm

    def line(self) -> str:
        """The next line of stdout, as soon as it is written."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def until(self, words: str) -> str:
        """The first line of stdout that holds `words`."""
        while line := self.line():
            if words in line:
                return line
        raise AssertionError(f"it ended without {words!r}: {self.end()}")

    def error_line(self) -> str:
        """The next line of stderr, as soon as it is written."""
        assert self.process.stderr is not None
        return self.process.stderr.readline()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> Ran:
        """What else it gave, once it has ended."""
        out = self.process.stdout.read() if self.process.stdout else ""
        err = self.process.stderr.read() if self.process.stderr else ""
        return Ran(self.process.wait(timeout=60), out, err)


Start = Callable[..., Running]


@pytest.fixture(scope="session")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store as the first start makes it, to begin with a copy of: making one costs more than most tests."""
    folder = tmp_path_factory.mktemp("new")
    Database.open(folder / "desk.db", folder).close()
    return folder / "desk.db"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The desk's home; sessions there run offline unless a test says otherwise."""
    place = tmp_path / "home"
    monkeypatch.setenv("CODEX_DESK_HOME", str(place))
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "codex"))
    monkeypatch.setenv("CODEX_DESK_RUNTIME", "offline")
    monkeypatch.delenv("CODEX_DESK_THREAD", raising=False)
    return place


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the commands are run in."""
    place = tmp_path / "repo"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def newcomer(home: Path, folder: Path) -> Run:
    """`newcomer("list", "--json")` runs the command line where there is no home yet; an error that nobody foresaw fails the test."""

    def run(*args: str, stdin: str | None = None, env: Mapping[str, str] | None = None) -> Ran:
        result = CliRunner().invoke(cli, args, input=stdin, env=env, catch_exceptions=False)
        return Ran(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def desk(newcomer: Run, home: Path, new_store: Path) -> Run:
    """The command line on a desk that was opened before."""
    home.mkdir(mode=0o700)
    shutil.copy(new_store, home)
    return newcomer


@pytest.fixture
def office(desk: Run, home: Path, folder: Path) -> Run:
    """A desk with an operator, and a reviewer and an implementor attached to it."""

    async def furnish() -> None:
        async with Desk.open(home) as opened:
            operator, *children = [await opened.do(New(handle, folder)) for handle in ("operator", "reviewer", "implementor")]
            for child in children:
                await opened.do(Attach(child.id, operator.id))

    asyncio.run(furnish())
    return desk


@pytest.fixture
def start(home: Path, folder: Path) -> Iterator[Start]:
    """`start("exec", "run sleep 60")` runs the command line beside the test; what still runs at the end is killed. Where stdout is something else
    than a pipe it is a fresh Python, whose own end that concerns."""
    started: list[Running] = []

    def run(*args: str, code: str | None = None, stdout: IO[str] | None = None) -> Running:
        match code, stdout:
            case None, None:
                process = Warm(command_line, *args)
            case None, _:
                command = [sys.executable, "-m", "codex_desk", *args]
                process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.PIPE, text=True, encoding="utf-8"
                )
            case _:
                process = Warm(script, code)
        started.append(Running(process))
        return started[-1]

    yield run
    for each in started:
        with each.process as process:
            if process.poll() is None:
                process.kill()


OPEN_DESK = """
import asyncio, sys
from codex_desk.engine.desk import Desk

async def main():
    async with Desk.open(host="desk"):
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@pytest.fixture
def opened(start: Start) -> Running:
    """A desk that is open in another process."""
    running = start(code=OPEN_DESK)
    assert running.line() == "open\n"
    return running
