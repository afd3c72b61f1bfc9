from __future__ import annotations

import pytest

from codex_desk.tui.model.keys import EscapeFilter, Leader, Verdict

PASS = Verdict(deliver=True)
DROP = Verdict()
HOLD = Verdict(hold=True)


def test_an_escape_is_held_until_silence_proves_it() -> None:
    keys = EscapeFilter()
    assert keys.key("escape", "\x1b", 0.0) == HOLD
    assert keys.silence()


@pytest.mark.parametrize("tail", ["[A", "OA", "[1;5C", "[3~"])
def test_a_split_sequence_is_dropped_whole(tail: str) -> None:
    keys = EscapeFilter()
    keys.key("escape", "\x1b", 0.0)
    assert [keys.key(letter, letter, 0.01) for letter in tail] == [DROP] * len(tail)
    assert not keys.silence()
    assert keys.key("a", "a", 0.02) == PASS


def test_another_key_lets_the_escape_go_first() -> None:
    keys = EscapeFilter()
    keys.key("escape", "\x1b", 0.0)
    assert keys.key("a", "a", 0.05) == Verdict(escape_first=True, deliver=True)


def test_two_escapes_are_two() -> None:
    keys = EscapeFilter()
    keys.key("escape", "\x1b", 0.0)
    assert keys.key("escape", "\x1b", 0.05) == Verdict(escape_first=True, hold=True)
    assert keys.silence()


def test_a_bracket_typed_later_is_a_bracket() -> None:
    keys = EscapeFilter()
    keys.key("escape", "\x1b", 0.0)
    keys.silence()
    assert keys.key("left_square_bracket", "[", 0.3) == PASS


def test_a_tail_that_never_comes_eats_nothing_later() -> None:
    keys = EscapeFilter()
    keys.key("escape", "\x1b", 0.0)
    keys.key("left_square_bracket", "[", 0.05)
    assert keys.key("A", "A", 1.0) == PASS


def test_other_keys_pass() -> None:
    assert EscapeFilter().key("up", None, 0.0) == PASS


def test_the_leader_names_the_command_of_the_next_key_and_ends() -> None:
    leader = Leader({"a": "attach"})
    leader.start()
    assert leader.pending
    assert leader.press("a") == "attach"
    assert not leader.pending


def test_a_key_without_meaning_ends_the_leader_too() -> None:
    leader = Leader({"a": "attach"})
    leader.start()
    assert leader.press("q") is None
    assert not leader.pending
