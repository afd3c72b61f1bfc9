"""What a person meets who opens the desk in a terminal."""

from __future__ import annotations

import pytest

from tests.terminal.conftest import User

READY = "workspace-write"
"""The footer says it once the engine is there."""
OFFLINE = "[offline stand-in]"


@pytest.fixture
def office(user: User) -> User:
    """An operator, and a reviewer with notes in its folder."""
    user.has("operator")
    (user.has("reviewer") / "notes.txt").write_text("all is well\n")
    return user


def test_the_first_prompt_on_an_empty_desk_makes_a_session_that_answers(user: User) -> None:
    desk = user.opens(user.folder("repo"))
    desk.until("Your first session, repo")
    desk.enter("what is here?")
    desk.until("Ready 1", "repo", "what is here?", OFFLINE)


@pytest.mark.row("S0-02")
@pytest.mark.row("S0-03")
@pytest.mark.row("S0-06")
def test_a_session_that_was_attached_by_keys_works_for_its_parent_and_all_of_it_is_there_tomorrow(office: User) -> None:
    desk = office.opens(office.folder("reviewer"))
    desk.until(READY)
    desk.press("C-x", "a")
    desk.until("Attach reviewer to", "itself")
    desk.press("Enter")
    desk.until("reviewer · attached to operator", "⇄ attached to operator")
    desk.press("C-x", "o")
    desk.until("Open in this pane", "~/work/reviewer  1")
    desk.type("operator")
    desk.until("Open in this pane", without=["~/work/reviewer  1"])
    desk.press("Enter")
    desk.until("⇄ reviewer attached")
    desk.enter("reviewer: read notes.txt")
    desk.until("⇢ reviewer", "✓ reviewer", "1 of 1 came back", "all is well")
    desk.press("C-d")
    assert desk.exit_status() == 0

    tomorrow = office.opens(office.folder("reviewer"))
    screen = tomorrow.until("⇠ operator", "read notes.txt", "all is well", "reviewer · attached to operator")
    assert screen.count("attached") > 2, "the sidebar has the child in its own place and under its parent"


@pytest.mark.row("S0-07")
@pytest.mark.row("S0-33")
def test_an_attached_session_is_prompted_directly(office: User) -> None:
    office.runs("attach", "reviewer", "operator")
    desk = office.opens(office.folder("reviewer"))
    desk.until(READY, "attached to operator")
    desk.enter("read notes.txt")
    desk.until("you", OFFLINE, "all is well", "reviewer · attached to operator", without=["⇠"])


@pytest.mark.row("S1-04")
def test_several_sessions_work_at_a_time_in_sight(office: User) -> None:
    for handle in ("operator", "reviewer"):
        office.runs("set", handle, "sandbox_mode", "danger-full-access")
        office.runs("set", handle, "approval_policy", "never")
        office.runs("send", handle, "run sleep 2")
    desk = office.opens(office.folder("operator"))
    desk.until("Working 2", "▶ 2 working")
    desk.until("Ready 2", OFFLINE, without=["Working"])


def test_a_terminal_that_shrinks_to_almost_nothing_and_grows_again_loses_nothing(office: User) -> None:
    desk = office.opens(office.folder("reviewer"))
    desk.until(READY)
    desk.type("a draft that is not sent")
    desk.until("a draft that is not sent")
    desk.resize(20, 5)
    desk.until("codex-desk", without=["Sessions"])
    desk.resize(120, 40)
    desk.until("Sessions", "Ready 2", "a draft that is not sent")


def test_ctrl_c_twice_leaves_an_idle_desk(office: User) -> None:
    desk = office.opens(office.folder("reviewer"))
    desk.until(READY)
    desk.press("C-c")
    desk.until("ctrl+c again quits")
    desk.press("C-c")
    assert desk.exit_status() == 0


def test_control_sequences_in_a_prompt_are_shown_and_not_obeyed(office: User) -> None:
    office.runs("send", "reviewer", "before \x1b]0;owned\x07 \x1b[2J \x1b[1;1H after")
    desk = office.opens(office.folder("reviewer"))
    desk.until("Ready 2", "before ␛]0;owned␇ ␛[2J ␛[1;1H after", OFFLINE)
    assert desk.title != "owned"


def test_two_desks_on_one_store_show_the_same(office: User) -> None:
    one, other = (office.opens(office.folder("reviewer")) for _ in range(2))
    one.until(READY)
    other.until(READY)
    other.enter("read notes.txt")
    for desk in (one, other):
        desk.until("read notes.txt", OFFLINE, "all is well")


def test_a_desk_that_was_killed_in_the_middle_of_a_turn_says_so_when_it_is_opened_again(office: User) -> None:
    office.runs("set", "reviewer", "sandbox_mode", "danger-full-access")
    office.runs("set", "reviewer", "approval_policy", "never")
    desk = office.opens(office.folder("reviewer"))
    desk.until("danger-full-access")
    desk.enter("run sleep 3")
    desk.until("Working 1", "sleep 3")
    desk.kill()
    again = office.opens(office.folder("reviewer"))
    again.until("the process that ran this turn ended", "run sleep 3", without=["Working"])
