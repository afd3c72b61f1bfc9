"""Copying: what is written to the terminal, which programs get the text, and what the person is told."""

from __future__ import annotations

import asyncio
import base64
import re
import stat
import time
from pathlib import Path

import pytest
from textual.app import App

from codex_desk.tui.terminal import clipboard


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that alone is searched for programs."""
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


def put_program(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


async def copied(folder: Path, text: str = "a", **env: str) -> str:
    """What is said of a copy in an application without a terminal."""
    app = App[None]()
    async with app.run_test():
        return await clipboard.copy(app, text, {"PATH": str(folder), **env})


def text_of(sequence: str) -> str:
    found = re.fullmatch(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", sequence)
    assert found is not None
    return base64.b64decode(found[1]).decode()


def test_the_sequence_carries_the_text() -> None:
    assert [text_of(one) for one in clipboard.sequences("héllo", {})] == ["héllo"]


def test_in_tmux_it_is_also_wrapped_with_its_escapes_doubled() -> None:
    assert clipboard.sequences("x", {"TMUX": "/tmp/x,1,0"}) == ["\x1b]52;c;eA==\x07", "\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\"]


def test_in_screen_it_goes_through_in_pieces_that_screen_passes_on() -> None:
    [wrapped] = clipboard.sequences("é" * 1000, {"STY": "1.tty"})
    pieces = wrapped.removeprefix("\x1bP").removesuffix("\x1b\\").split("\x1b\\\x1bP")
    assert max(map(len, pieces)) <= 250
    assert text_of("".join(pieces)) == "é" * 1000


async def test_a_program_gets_the_text_made_safe_and_is_named(folder: Path) -> None:
    put_program(folder, "xsel", f"/bin/cat > {folder}/taken")
    assert await copied(folder, "a\x1b[31m", DISPLAY=":0") == "copied by xsel"
    assert (folder / "taken").read_text() == "a␛[31m"


async def test_a_program_whose_display_is_not_there_is_not_asked(folder: Path) -> None:
    put_program(folder, "xsel", "exit 0")
    assert (await copied(folder)).startswith("not copied")


async def test_a_program_that_fails_is_passed_over(folder: Path) -> None:
    put_program(folder, "xclip", "exit 1")
    put_program(folder, "xsel", "exit 0")
    assert await copied(folder, DISPLAY=":0") == "copied by xsel"


async def test_a_program_that_hangs_holds_up_nothing_and_is_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard, "TIMEOUT_S", 0.2)
    put_program(folder, "wl-copy", "exec /bin/sleep 30")
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    start = time.monotonic()
    beating = asyncio.create_task(beat())
    assert (await copied(folder, WAYLAND_DISPLAY="wayland-0")).startswith("not copied")
    beating.cancel()
    assert time.monotonic() - start < 5
    assert beats > 5


async def test_windows_gets_its_own_encoding(folder: Path) -> None:
    put_program(folder, "clip.exe", f"/bin/cat > {folder}/taken")
    assert await copied(folder, "ä€", WSL_DISTRO_NAME="Debian") == "copied by clip.exe"
    assert (folder / "taken").read_bytes().decode("utf-16") == "ä€"


async def test_tmux_keeps_it_beside_the_system(folder: Path) -> None:
    put_program(folder, "tmux", f"/bin/cat > {folder}/taken; echo $* > {folder}/words")
    put_program(folder, "xsel", "exit 0")
    assert await copied(folder, TMUX="x", DISPLAY=":0") == "copied by tmux load-buffer and xsel"
    assert (folder / "words").read_text() == "load-buffer -w -\n"


async def test_much_text_is_said_to_be_much(folder: Path) -> None:
    put_program(folder, "xsel", "/bin/cat > /dev/null")
    assert await copied(folder, "x" * 200_000, DISPLAY=":0") == "copied by xsel: 200 kB are more than many terminals take"


def test_what_only_a_terminal_got_is_no_promise_when_it_is_much() -> None:
    assert clipboard._said("OSC 52", [], 200_000).startswith("sent by OSC 52, but 200 kB are more than many terminals take")
