from __future__ import annotations

from codex_desk.tui.widgets.grouping import Frame, Run


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
