"""What `doctor` says of a terminal."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from codex_desk.cli.terminal_check import Seen, look

GOOD = Seen("xterm-256color", 120, 40, "UTF-8", "true colour", mouse=True, copies=("OSC 52", "wl-copy"))


def test_a_good_terminal_is_told_in_one_line_and_nothing_is_amiss() -> None:
    assert GOOD.words() == "xterm-256color, 120×40, UTF-8, true colour, mouse for the desk, copies by OSC 52, wl-copy"
    assert list(GOOD.mends()) == []


@pytest.mark.parametrize(
    ("seen", "mend"),
    [
        (replace(GOOD, term="dumb"), "does not open"),
        (replace(GOOD, term=""), "set TERM"),
        (replace(GOOD, term="linux"), "--plain"),
        (replace(GOOD, encoding="ISO-8859-1"), "UTF-8 locale"),
        (replace(GOOD, rows=14), "make the window larger"),
        (replace(GOOD, inside="tmux", tells_focus=False), "focus-events on"),
    ],
)
def test_what_is_amiss_comes_with_what_to_do(seen: Seen, mend: str) -> None:
    [said] = seen.mends()
    assert mend in said


def test_it_is_read_from_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[tui]\nmouse = false\n")
    for name in ("tmux", "xsel"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho off\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    env = {"TERM": "tmux-256color", "TMUX": "x", "DISPLAY": ":0", "PATH": str(tmp_path), "CODEX_DESK_HOME": str(tmp_path)}
    seen = look(env)
    assert seen.copies == ("OSC 52 through tmux", "tmux load-buffer", "xsel")
    assert (seen.inside, seen.colours, seen.mouse) == ("tmux", "256 colours", False)
