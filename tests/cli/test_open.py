from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Run

DEADLINE_S = 60.0


class Terminal:
    """A real terminal, 120 by 40, with the command line in it."""

    def __init__(self, *args: str, term: str = "xterm-256color") -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        command = [sys.executable, "-m", "codex_desk", *args]
        env = {**os.environ, "TERM": term}
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True)
        os.close(theirs)
        self.shown = b""

    def until(self, words: bytes) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while words not in self.shown:
            assert self._read(deadline), f"it ended without {words!r}: {self.shown[-2000:]!r}"

    def press(self, key: bytes) -> None:
        os.write(self._ours, key)

    def end(self) -> int:
        """Its exit code, with all it still draws read away."""
        deadline = time.monotonic() + DEADLINE_S
        while self._read(deadline):
            pass
        return self.process.wait(timeout=DEADLINE_S)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            drawn = os.read(self._ours, 65536)
        except OSError:  # Linux's word for a terminal that nobody holds open any more.
            return False
        self.shown += drawn
        return bool(drawn)


@pytest.mark.usefixtures("home")
def test_a_folder_as_the_first_argument_opens_the_desk_there(tmp_path: Path) -> None:
    (tmp_path / "kingfisher").mkdir()
    terminal = Terminal(str(tmp_path / "kingfisher"))
    try:
        terminal.until(b"kingfisher")
        terminal.press(b"\x04")
        assert terminal.end() == 0
    finally:
        terminal.close()


@pytest.mark.usefixtures("home")
def test_the_demo_opens_its_office_and_says_where_it_stays(tmp_path: Path) -> None:
    terminal = Terminal("demo", "--dir", str(tmp_path / "office"))
    try:
        terminal.until(b"reviewer")
        terminal.press(b"\x04")
        assert terminal.end() == 0
        assert f"the office stays in {tmp_path / 'office'}".encode() in terminal.shown
    finally:
        terminal.close()


def test_without_a_terminal_the_desk_does_not_open(desk: Run, folder: Path) -> None:
    assert desk(str(folder), "--json").refusal == "no_terminal"
    assert desk("--json", "--plain").exit == 2


def test_without_a_word_what_is_refused_is_said_as_for_any_command(newcomer: Run) -> None:
    ran = subprocess.run([sys.executable, "-m", "codex_desk"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == newcomer().err
    assert ran.stderr.startswith("codex-desk: the desk needs a terminal")


def test_opening_the_desk_reads_no_command_line() -> None:
    code = "import sys, codex_desk.__main__, codex_desk.cli.opening; print('click' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


@pytest.mark.usefixtures("home")
def test_a_terminal_that_cannot_place_its_cursor_is_refused_with_what_works_there(tmp_path: Path) -> None:
    terminal = Terminal(str(tmp_path), term="dumb")
    try:
        assert terminal.end() == 1
        assert b"send --wait" in terminal.shown
    finally:
        terminal.close()


def test_a_file_is_no_folder_to_open_the_desk_in(desk: Run, folder: Path) -> None:
    (folder / "notes.txt").write_text("x")
    assert desk("notes.txt", "--json").refusal == "no_folder"
