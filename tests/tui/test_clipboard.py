from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest
from textual.app import App

from codex_desk.tui import clipboard


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is searched for programs."""
    monkeypatch.setenv("PATH", f"{tmp_path}")
    for variable in ("WAYLAND_DISPLAY", "DISPLAY", "TMUX"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def put_program(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def test_the_sequence_carries_the_text() -> None:
    sequence = clipboard.osc52("héllo", tmux=False)
    assert base64.b64decode(sequence.removeprefix("\x1b]52;c;").removesuffix("\x07")).decode() == "héllo"


def test_tmux_passes_the_sequence_on_with_its_escapes_doubled() -> None:
    assert clipboard.osc52("x", tmux=True) == "\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\"


async def test_a_program_gets_the_text_made_safe_and_is_named(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    put_program(programs, "xsel", f"/bin/cat > {programs}/taken")
    app = App[None]()
    async with app.run_test():
        assert clipboard.copy(app, "a\x1b[31m") == "xsel"
    assert (programs / "taken").read_text() == "a␛[31m"


async def test_a_program_that_fails_is_passed_over(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    put_program(programs, "xclip", "exit 1")
    put_program(programs, "xsel", "exit 0")
    app = App[None]()
    async with app.run_test():
        assert clipboard.copy(app, "a") == "xsel"


async def test_without_a_terminal_or_program_nothing_is_claimed(programs: Path) -> None:
    app = App[None]()
    async with app.run_test():
        assert clipboard.copy(app, "a") == ""
