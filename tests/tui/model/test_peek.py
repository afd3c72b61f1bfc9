"""The last lines of a thread."""

from __future__ import annotations

from codex_desk.tui.model.peek import peek_lines
from tests.tui.fakes import item

ITEMS = [
    item(1, "a", "user_message", "one\ntwo\nthree"),
    item(2, "a", "command", "make\ntest"),
    item(3, "a", "notice", "#1 returned to b", event="returned"),
    item(4, "a", "agent_message", "\n".join(f"line {number}" for number in range(10))),
]


def test_what_was_said_last_has_the_most_lines() -> None:
    assert peek_lines(ITEMS, "", 20) == [
        ("prompt", "… two"),
        ("", "three"),
        ("command", "make test"),
        ("answer", "… line 4"),
        *[("", f"line {number}") for number in range(5, 10)],
    ]


def test_what_is_being_written_stands_last() -> None:
    assert peek_lines(ITEMS, "so far", 4) == [("command", "make test"), ("answer", "… line 8"), ("", "line 9"), ("writing", "so far")]


def test_no_more_than_there_is_room_for_and_nothing_that_acts() -> None:
    lines = peek_lines([item(1, "a", "agent_message", "x\n" * 100_000 + "\x1b[31mend")], "", 5)
    assert len(lines) == 5 and "\x1b" not in lines[-1][1]
