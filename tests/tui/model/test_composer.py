from __future__ import annotations

import pytest

from codex_desk.tui.model.composer import (
    Clear,
    ClosePopup,
    Complete,
    CompletePath,
    ComposerMachine,
    Copy,
    Interrupt,
    Newline,
    Nothing,
    Queue,
    Quit,
    Run,
    Say,
    Send,
    Shell,
    Steer,
    StopShell,
    is_command,
)


def machine(text: str = "", turn: str | None = None) -> ComposerMachine:
    """A machine whose draft began while this turn ran."""
    made = ComposerMachine()
    if text:
        made.changed(text, turn)
    return made


def test_enter_sends_on_an_idle_thread() -> None:
    assert machine("go").enter("go", popup=False, turn=None) == Send("go")


def test_enter_steers_the_turn_that_the_draft_was_written_for() -> None:
    assert machine("go", "t1").enter("go", popup=False, turn="t1") == Steer("go")


@pytest.mark.parametrize("began_under", [None, "t1"])
def test_enter_queues_and_says_so_if_another_turn_began_meanwhile(began_under: str | None) -> None:
    outcome = machine("go", began_under).enter("go", popup=False, turn="t2")
    assert isinstance(outcome, Queue)
    assert "another turn began" in outcome.notice


def test_a_draft_that_outlived_its_turn_is_sent() -> None:
    assert machine("go", "t1").enter("go", popup=False, turn=None) == Send("go")


def test_typing_on_does_not_move_a_draft_to_a_later_turn() -> None:
    writing = machine("g", "t1")
    writing.changed("go", "t2")
    assert isinstance(writing.enter("go", popup=False, turn="t2"), Queue)


def test_a_draft_begun_anew_belongs_to_the_turn_that_runs_then() -> None:
    writing = machine("g", "t1")
    writing.changed("", "t2")
    writing.changed("x", "t2")
    assert writing.enter("x", popup=False, turn="t2") == Steer("x")


def test_a_trailing_backslash_breaks_the_line() -> None:
    assert machine("a\\").enter("a\\", popup=False, turn=None) == Newline()


def test_enter_on_blank_does_nothing() -> None:
    assert machine(" ").enter(" \n", popup=False, turn=None) == Nothing()


def test_enter_in_the_popup_takes_its_choice_and_runs_it() -> None:
    assert machine("/at").enter("/at", popup=True, turn=None) == Complete(run=True)


def test_a_slash_line_is_run_while_a_turn_runs_too() -> None:
    assert machine("/detach", "t1").enter("/detach", popup=False, turn="t2") == Run("/detach")


@pytest.mark.parametrize(
    ("text", "command"),
    [("/help", True), ("/attach a b", True), ("/usr/bin is full", False), ("/", False), (" /help", False), ("/1", False)],
)
def test_what_counts_as_a_command(text: str, command: bool) -> None:
    assert is_command(text) is command


def test_tab_completes_in_the_popup() -> None:
    assert machine("@a").tab("@a", popup=True) == Complete()


def test_tab_queues_a_draft() -> None:
    assert machine("go").tab("go", popup=False) == Queue("go")


def test_tab_behind_a_word_that_nothing_completes_sends_nothing() -> None:
    assert isinstance(machine("see @nosuch").tab("see @nosuch", popup=False, asks=True), Say)


@pytest.mark.parametrize("text", ["", "  ", "/help"])
def test_tab_does_nothing_else(text: str) -> None:
    assert machine(text).tab(text, popup=False) == Nothing()


def test_escape_closes_the_popup_first() -> None:
    assert machine("/a", "t1").escape("/a", popup=True, turn="t1") == ClosePopup()


def test_escape_interrupts_when_nothing_is_written() -> None:
    assert machine().escape("", popup=False, turn="t1") == Interrupt()


def test_escape_with_a_draft_says_that_it_stops_and_then_stops() -> None:
    writing = machine("go", "t1")
    assert writing.escape("go", popup=False, turn="t1") == Say("esc again stops")
    assert writing.escape("go", popup=False, turn="t1") == Interrupt()


def test_typing_between_two_escapes_begins_again() -> None:
    writing = machine("go", "t1")
    writing.escape("go", popup=False, turn="t1")
    writing.changed("gone", "t1")
    assert writing.escape("gone", popup=False, turn="t1") == Say("esc again stops")


def test_escape_on_an_idle_thread_leaves_the_draft_alone() -> None:
    assert machine("go").escape("go", popup=False, turn=None) == Nothing()


def test_ctrl_c_copies_a_selection_then_clears_then_interrupts() -> None:
    writing = machine("go", "t1")
    assert writing.ctrl_c("go", selected=True, turn="t1", working=1) == Copy()
    assert writing.ctrl_c("go", selected=False, turn="t1", working=1) == Clear()
    assert writing.ctrl_c("", selected=False, turn="t1", working=1) == Interrupt()


def test_ctrl_c_twice_on_an_idle_desk_quits() -> None:
    writing = machine()
    assert isinstance(writing.ctrl_c("", selected=False, turn=None, working=0), Say)
    assert writing.ctrl_c("", selected=False, turn=None, working=0) == Quit()


def test_ctrl_c_never_quits_while_something_works() -> None:
    writing = machine()
    for _ in range(3):
        assert isinstance(writing.ctrl_c("", selected=False, turn=None, working=2), Say)


def test_a_draft_behind_an_exclamation_mark_is_for_the_humans_shell() -> None:
    assert machine("!ls").enter("! ls -l ", popup=False, turn=None) == Shell("ls -l")
    assert machine("!ls", "t1").enter("!ls", popup=False, turn="t2") == Shell("ls"), "whatever turn runs"
    assert machine(" !ls").enter(" !ls", popup=False, turn=None) == Send(" !ls")


@pytest.mark.parametrize("text", ["!", "!  "])
def test_an_exclamation_mark_alone_does_nothing_and_says_what_it_is_for(text: str) -> None:
    assert isinstance(machine(text).enter(text, popup=False, turn=None), Say)


def test_tab_in_a_shell_command_completes_a_file() -> None:
    assert machine("!cat a").tab("!cat a", popup=False) == CompletePath()
    assert machine("!cat a").tab("!cat a", popup=True) == Complete()


def test_escape_and_ctrl_c_stop_the_humans_own_command_before_the_turn() -> None:
    assert machine("", "t1").escape("", popup=False, turn="t1", shell=True) == StopShell()
    assert machine().escape("", popup=False, turn=None, shell=True) == StopShell()
    assert machine("", "t1").ctrl_c("", selected=False, turn="t1", working=1, shell=True) == StopShell()


def test_escape_with_a_draft_asks_once_more_before_it_stops_the_command() -> None:
    writing = machine("go")
    assert writing.escape("go", popup=False, turn=None, shell=True) == Say("esc again stops")
    assert writing.escape("go", popup=False, turn=None, shell=True) == StopShell()


def test_ctrl_c_takes_a_draft_away_before_it_stops_anything() -> None:
    assert machine("go", "t1").ctrl_c("go", selected=False, turn="t1", working=1, shell=True) == Clear()
