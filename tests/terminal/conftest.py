"""A desk under a person's hands: folders, sessions made by the command line, and the program in a terminal."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from codex_desk.cli.app import cli
from tests.terminal.tmux import Server, Terminal

ROOT = Path(__file__).parents[2]
WIDE = (120, 40)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with an empty home and a terminal."""

    root: Path
    tmux: Server

    @property
    def env(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.root),
            "CODEX_HOME": str(self.root / "codex"),
            "CODEX_DESK_HOME": str(self.root / "desk"),
            "CODEX_DESK_RUNTIME": "offline",
            "TERM": "tmux-256color",
            "LANG": "C.UTF-8",
        }

    def folder(self, name: str) -> Path:
        folder = self.root / "work" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def runs(self, *words: str) -> str:
        """Run the command line; gives what it prints."""
        done = CliRunner().invoke(cli, words, env=self.env, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    def has(self, handle: str) -> Path:
        """Make a session at home in a folder of its name; gives the folder."""
        folder = self.folder(handle)
        self.runs("new", handle, "--cwd", str(folder))
        return folder

    def opens(self, folder: Path, size: tuple[int, int] = WIDE, **env: str) -> Terminal:
        """Open the desk in a folder."""
        return self.tmux.open([sys.executable, "-m", "codex_desk", str(folder)], self.env | env, folder, size)

    def shell(self, folder: Path) -> Terminal:
        """A shell in a folder; `$DESK` opens the desk there."""
        env = self.env | {"PS1": "shell$ ", "DESK": f"{sys.executable} -m codex_desk"}
        return self.tmux.open(["bash", "--norc", "--noprofile", "-i"], env, folder, WIDE)


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    if shutil.which("tmux") is None:
        if os.environ.get("CODEX_DESK_CI") == "1":
            pytest.fail("tmux is not installed")
        pytest.skip("tmux is not installed")
    sockets = Path(tempfile.mkdtemp(prefix="tmux-"))  # a socket's path has to be short
    tmux = Server(sockets / "socket")
    try:
        yield User(tmp_path, tmux)
    finally:
        tmux.stop()
        shutil.rmtree(sockets)
