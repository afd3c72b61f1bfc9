"""How the desk treats the terminal that it is in: suspended, ended from outside, and while nobody looks."""

from __future__ import annotations

import signal

from tests.terminal.conftest import User

READY = "workspace-write"
FOCUS_OUT = b"\x1b[O"


def test_a_shell_gets_its_terminal_back_while_the_desk_is_suspended_and_when_it_is_ended_from_outside(user: User) -> None:
    user.has("reviewer")
    shell = user.shell(user.folder("reviewer"))
    shell.until("shell$")
    shell.enter("$DESK")
    shell.until(READY)
    assert not shell.is_given_back
    shell.press("C-z")
    shell.until("Stopped")
    shell.until_true(lambda: shell.is_given_back)
    shell.enter("fg")
    shell.until(READY, "Sessions")
    shell.send(FOCUS_OUT)
    user.runs("send", "reviewer", "what is here?")
    shell.until_true(lambda: shell.title == "✓ reviewer · codex-desk reviewer")
    shell.signal(signal.SIGTERM)
    shell.until("shell$", without=["Sessions"])
    shell.until_true(lambda: shell.is_given_back)
    shell.enter("echo left: $?")
    shell.until("left: 130")
    assert "codex-desk" not in shell.title


def test_a_desk_whose_terminal_is_closed_ends_in_order(user: User) -> None:
    user.has("reviewer")
    desk = user.opens(user.folder("reviewer"))
    desk.until(READY)
    desk.signal(signal.SIGHUP)
    assert desk.exit_status() == 130
