from __future__ import annotations

import pytest

from codex_desk.tui.grammar import Call, Grammar, UsageError

ATTACH = Grammar("CHILD PARENT [--move] [--rights R] [--wake W] [--allow-interrupt]")
SEND = Grammar("THREAD TEXT [--from THREAD] [--delivery C] [--steer] [--replace]")


def test_positionals_flags_and_options() -> None:
    call = ATTACH.parse("reviewer operator --move --rights own")
    assert call == Call({"child": "reviewer", "parent": "operator", "rights": "own"}, frozenset({"move"}))


def test_what_is_missing_is_absent() -> None:
    assert ATTACH.parse("") == Call()
    assert ATTACH.parse("reviewer") == Call({"child": "reviewer"})


def test_options_may_come_first() -> None:
    assert ATTACH.parse("--move reviewer operator").values == {"child": "reviewer", "parent": "operator"}


@pytest.mark.parametrize("line", ["a b c", "a b --nonsense", "a b --rights", "a 'b"])
def test_what_it_does_not_take_is_said(line: str) -> None:
    with pytest.raises(UsageError):
        ATTACH.parse(line)


def test_text_is_the_rest_of_the_line_verbatim() -> None:
    assert SEND.parse("reviewer don't  touch --steer it").values["text"] == "don't  touch --steer it"


def test_a_quoted_text_is_one_word_and_options_may_follow() -> None:
    call = SEND.parse('reviewer "look at it" --from operator --steer')
    assert call == Call({"thread": "reviewer", "text": "look at it", "from": "operator"}, frozenset({"steer"}))


def test_text_keeps_its_lines() -> None:
    assert SEND.parse("reviewer one\n two").values["text"] == "one\n two"


def test_a_repeated_positional_takes_all() -> None:
    assert Grammar("MESSAGE… [--any] [--timeout S]").parse("#1 2 --any --timeout 5") == Call(
        {"timeout": "5"}, frozenset({"any"}), ("#1", "2")
    )


def test_a_command_without_arguments_takes_none() -> None:
    with pytest.raises(UsageError, match="takes nothing"):
        Grammar("").parse("x")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", ("CHILD", "")),
        ("rev", ("CHILD", "rev")),
        ("rev ", ("PARENT", "")),
        ("rev op ", ("", "")),
        ("--mo", ("--", "--mo")),
        ("--move rev", ("CHILD", "rev")),
        ("rev --rights ", ("--rights", "")),
        ("rev --rights own op", ("PARENT", "op")),
    ],
)
def test_what_the_last_word_of_an_unfinished_line_stands_for(line: str, expected: tuple[str, str]) -> None:
    assert ATTACH.expects(line) == expected


def test_prose_a_list_and_nothing_expect_what_they_take() -> None:
    assert SEND.expects("reviewer look at it") == ("", "it")
    assert Grammar("MESSAGE… [--any]").expects("#1 #2 #") == ("MESSAGE", "#")
    assert Grammar("").expects("x") == ("", "x")
