from __future__ import annotations

from dataclasses import replace

from codex_desk.tui.widgets import items, spoken
from codex_desk.tui.widgets.grouping import Frame, Run, kind_of
from codex_desk.tui.widgets.live import live_kind
from tests.tui.fakes import item


def frames(*kinds: str) -> list[Frame]:
    run, taken = Run(), []
    for number, kind in enumerate(kinds):
        frame, run = run.take(kind, f"item-{number}")
        taken.append(frame)
    return taken


def test_a_run_of_one_author_has_one_header() -> None:
    assert [frame.header for frame in frames("user_message", "reasoning", "tool_call", "agent_message", "user_message")] == [
        True,
        True,
        False,
        False,
        True,
    ]


def test_a_notice_interrupts_nobody() -> None:
    assert [frame.header for frame in frames("agent_message", "notice", "agent_message")] == [True, False, False]


def test_every_received_message_says_from_whom() -> None:
    assert [frame.header for frame in frames("message_in", "message_in", "agent_message")] == [True, True, True]


def test_one_row_items_stand_together_and_others_apart() -> None:
    assert [frame.gap for frame in frames("tool_call", "tool_call", "agent_message", "tool_call", "notice")] == [
        False,
        False,
        True,
        True,
        False,
    ]


def test_a_command_that_the_human_ran_is_theirs_from_its_first_line_on() -> None:
    theirs = replace(item(1, "operator", "command", "make"), origin="human")
    assert kind_of(theirs) == live_kind("tool", "shell-1") == live_kind("output", "shell-1")
    assert [frame.header for frame in frames("agent_message", kind_of(theirs), "command", "user_message", kind_of(theirs))] == [
        True,
        True,
        True,
        True,
        False,
    ]
    assert items.header(theirs, "operator").text.startswith("you")
    assert spoken.header(theirs, "operator").text.startswith("you at")
    assert live_kind("output", "call-1") == kind_of(item(1, "operator", "command", "make")) == "command"
