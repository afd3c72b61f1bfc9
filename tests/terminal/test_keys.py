"""What terminals really send for keys, byte by byte, through the driver of a running desk."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.terminal.conftest import User
from tests.terminal.tmux import LOOK_S, PATIENCE_S, Server, Terminal

EMPTY = "/ commands   @ files and agents   ! shell"
"""Stands in a composer that holds nothing."""
SPLIT_S = 0.06
"""Between the bytes of a key on a slow line."""
ESC = b"\x1b"


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    sockets = Path(tempfile.mkdtemp(prefix="tmux-"))  # a socket's path has to be short
    user = User(tmp_path_factory.mktemp("keys"), Server(sockets / "socket"))
    try:
        editor = user.root / "editor"
        editor.write_text('#!/bin/sh\nstty -a | grep -c -- -icanon > "$HOME/raw"\nprintf "edited\\n\\nby hand\\n" > "$1"\n')
        editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
        user.has("reviewer")
        user.runs("set", "reviewer", "sandbox_mode", "danger-full-access")
        user.runs("set", "reviewer", "approval_policy", "never")
        user.has("asker")
        yield user
    finally:
        user.tmux.stop()
        shutil.rmtree(sockets)


@pytest.fixture(scope="module")
def running(person: User) -> Terminal:
    return opened(person)


def opened(person: User) -> Terminal:
    desk = person.opens(person.folder("reviewer"), EDITOR=str(person.root / "editor"))
    desk.until("danger-full-access", "reviewer")
    return desk


@pytest.fixture
def desk(running: Terminal) -> Terminal:
    """The desk of this module, with nothing in its composer."""
    if EMPTY not in running.screen:
        running.press("C-u", "C-c")
    running.until(EMPTY)
    return running


def draft(desk: Terminal) -> list[str]:
    """The lines in the composer."""
    rows = desk.screen.splitlines()
    first = next((index for index, row in enumerate(rows) if " › " in row), None)
    if first is None:
        return ["no composer"]
    lines = [rows[first].partition("› ")[2].strip()]
    for row in rows[first + 1 :]:
        if "▀" in row or "▄" in row:
            break
        lines.append(row[rows[first].index("›") + 2 :].strip())
    return lines


def holds(desk: Terminal, *lines: str) -> None:
    """Wait until the composer holds exactly these lines."""
    end = time.monotonic() + PATIENCE_S
    while (found := draft(desk)) != list(lines):
        assert time.monotonic() < end, f"waited in vain for {lines}; the composer holds {found}:\n{desk.screen}"
        time.sleep(LOOK_S)


@pytest.fixture
def working(desk: Terminal, person: User) -> Iterator[Terminal]:
    """The same while a turn runs in its thread."""
    person.runs("send", "reviewer", "run sleep 60")
    desk.until("Working 1")
    yield desk
    person.runs("interrupt", "reviewer")
    desk.until("Ready 2")
    person.runs("resume", "reviewer")


def test_an_arrow_key_split_by_a_slow_line_stops_nothing_and_an_escape_that_stands_alone_asks_and_stops(working: Terminal) -> None:
    working.send(b"one")
    working.send(ESC, SPLIT_S, b"[D", ESC, SPLIT_S, b"O", SPLIT_S, b"D", b"\x1b[1;", SPLIT_S, b"5D", b"x")
    holds(working, "xone")
    working.until("Working 1", without=["esc again stops"])
    working.send(ESC)
    working.until("esc again stops")
    working.send(b"!")
    working.until(without=["esc again stops"])
    working.send(ESC)
    working.until("esc again stops")
    working.send(ESC)
    working.until("Ready 2", without=["Working"])
    holds(working, "x!one")


def test_the_editing_keys_edit(desk: Terminal) -> None:
    for _keys, sent, left in (
        ("Alt+Backspace", b"\x1b\x7f", "one two"),
        ("^w", b"\x17", "one two"),
        ("^a ^k", b"\x01\x0b", EMPTY),
        ("^w ^y ^y", b"\x17\x19\x19", "one two threethree"),
        ("Alt+b twice, Alt+d", b"\x1bb\x1bb\x1bd", "one  three"),
        ("^w ^_", b"\x17\x1f", "one two three"),
        ("^b twice, ^d, x, ^e, y", b"\x02\x02\x04x\x05y", "one two thrxey"),
        ("Ctrl+Left twice, Ctrl+Right, x", b"\x1b[1;5D\x1b[1;5D\x1b[1;5Cx", "one twox three"),
        ("^u", b"\x15", EMPTY),
    ):
        desk.send(b"\x05\x15one two three" + sent)
        holds(desk, left)


def test_a_line_is_broken_however_a_terminal_writes_that(desk: Terminal) -> None:
    ways = (b"\x0a", b"\x1b\r", b"\x1b[13;2u", b"\x1b[27;2;13~", b"\x1b[13;28;13;1;16;1_", b"\\\r")
    for letter, way in zip("abcdef", ways, strict=True):
        desk.send(letter.encode(), way)
    holds(desk, *"abcdef", "")  # what follows a return at once, in the same breath, would be pasted lines
    desk.send(b"g")
    holds(desk, *"abcdefg")


def test_reports_and_keys_that_nobody_knows_are_not_typed(desk: Terminal) -> None:
    desk.send(
        b"a",
        b"\x1b[O\x1b[I",
        b"\x1b[?62;22c",
        b"\x1b[16;42;0;0;0;1_",
        b"\x1b[99z",
        b"\x1b[1;5",
        0.6,
        b"b",
        b"\x1b[66;48;98;1;0;1_",
        b"\xc3",
        SPLIT_S,
        b"\xa9",
    )
    holds(desk, "abbé")


def test_ctrl_enter_sends_as_enter_does(desk: Terminal) -> None:
    desk.send(b"/nosuch", b"\x1b[27;5;13~")
    desk.until("there is no command /nosuch")
    holds(desk, "/nosuch")


def test_a_paste_of_five_megabytes_is_put_in_at_once_and_waits_whole(working: Terminal, person: User) -> None:
    text = "0123456789 lorem ipsum\n" * 220_000
    start = time.monotonic()
    working.paste(text)
    working.until("[pasted 220,001 lines, 5.1 MB]")
    assert time.monotonic() - start < 5
    working.send(b" and more\t")
    working.until("queued 1")
    number, body = queued(person)
    assert body == f"{text} and more"
    working.send(b"\x1b[1;3A")
    working.until("Enter edit")
    working.send(b"\x1b[3~")
    working.until(f"#{number} cancelled", EMPTY, without=["queued"])


def queued(person: User) -> tuple[int, str]:
    """The message that waits, once it is on record: its number and its text."""
    return stored(person, "SELECT id, body FROM message WHERE state = 'queued'")


def stored(person: User, question: str) -> tuple[Any, ...]:
    """The first row that answers a question to the store, once there is one."""
    end = time.monotonic() + PATIENCE_S
    with sqlite3.connect(f"file:{person.root}/desk/desk.db?mode=ro", uri=True) as store:
        while (found := store.execute(question).fetchone()) is None:
            assert time.monotonic() < end, f"nothing answers {question}"
            time.sleep(LOOK_S)
    return found


def test_control_codes_in_a_paste_are_text_and_so_is_the_mark_of_its_end(desk: Terminal) -> None:
    desk.send(b"\x1b[200~one \x1b[201~ two\r\x1b[31mthree\x1b[201~")
    holds(desk, "one ␛[201~ two", "␛[31mthree")


def test_lines_that_come_at_once_without_brackets_are_a_paste_and_are_not_sent(desk: Terminal) -> None:
    desk.send(b"first line\rsecond line\r")
    holds(desk, "first line", "second line", "")


def test_enter_queues_and_says_so_where_another_turn_began_meanwhile(desk: Terminal, person: User) -> None:
    desk.send(b"written before")
    person.runs("send", "reviewer", "run sleep 60")
    desk.until("Working 1")
    desk.send(b"\r")
    desk.until("queued: another turn began while you wrote", "queued 1", EMPTY)
    desk.send(b"steers it\r")
    desk.until("steers the running turn")
    desk.send(b"\x1b[1;3A")
    desk.until("Enter edit")
    desk.send(b"x")
    desk.until("queued 1")
    desk.send(b"x")
    desk.until(EMPTY, without=["queued"])
    desk.send(ESC)
    desk.until("Ready 2")
    person.runs("resume", "reviewer")


def test_a_key_typed_as_an_approval_appears_answers_nothing(desk: Terminal, person: User) -> None:
    folder = person.folder("asker")
    (folder / "asks.sh").write_text("echo once >> ran\necho permission denied\nfalse\n")
    desk.enter("/open asker")
    desk.until("asker  ", EMPTY, without=["/open"])
    desk.enter("run sh asks.sh")
    desk.until("F6 to come here and answer")
    before = ran(folder)
    desk.send(b"y")
    holds(desk, "y")
    desk.send(b"\x1b[17~")
    desk.until("y allow once")
    desk.send(b"hey")
    desk.until("too quick to be meant")
    desk.send(b"\r", 0.6)
    assert ran(folder) == before
    desk.send(b"y")
    desk.until("allowed once", "Ready 2")
    assert ran(folder) == before + 1
    desk.send(b"\x15")
    desk.enter("/open reviewer")
    desk.until("danger-full-access", EMPTY)


def ran(folder: Path) -> int:
    """How often the command was run."""
    file = folder / "ran"
    return len(file.read_text().splitlines()) if file.exists() else 0


def test_the_editor_opens_on_the_draft_and_gives_the_terminal_back(desk: Terminal, person: User) -> None:
    desk.send(b"draft", b"\x07")
    holds(desk, "edited", "", "by hand")
    assert (person.root / "raw").read_text() == "0\n", "the editor had a terminal in its usual mode"
    desk.send(b"\x15\x15x")
    desk.until("Sessions", "x")


def test_a_command_of_the_humans_runs_in_sight_and_escape_stops_it(desk: Terminal) -> None:
    desk.send(b"!echo one; sleep 60")
    desk.until("!echo one", "your own command")
    desk.send(b"\r")
    desk.until("$ echo one; sleep 60", "your command runs", EMPTY)
    desk.send(ESC)
    desk.until("exit 130", without=["your command runs"])
    desk.send(b"!\r")
    desk.until("! and a command")


def test_the_leader_says_what_can_follow_once_somebody_hesitates(desk: Terminal) -> None:
    desk.send(b"\x18")
    desk.until("Who waits for whom", "Split: another pane")
    desk.send(b"\x1b")
    desk.until(without=["Who waits for whom"])


def test_what_was_typed_is_there_after_the_desk_was_killed(desk: Terminal, person: User) -> None:
    desk.send(b"half a thought")
    stored(person, "SELECT 1 FROM meta WHERE key LIKE 'draft:%' AND value = 'half a thought'")
    desk.kill()
    again = opened(person)
    holds(again, "half a thought")
    again.kill()
