from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_desk.engine.limits import ALTERNATIONS, LIMITS, REMEMBERED, LimitName, Limits, Talk, Use, beyond, near, share, why, why_loop

SMALL = Limits(hops=8, wakes=25, turns=10, tokens=1000, seconds=7200)


def use_of(name: LimitName, amount: float) -> Use:
    return Use(**{"seconds" if name == "time" else name: amount})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "last", "first"), [("hops", 8, 9), ("wakes", 25, 26), ("turns", 10, 11), ("tokens", 999, 1000), ("time", 7199, 7200)]
)
def test_each_limit_lets_its_last_through_and_not_the_next(name: LimitName, last: int, first: int) -> None:
    assert beyond(use_of(name, last), SMALL) is None
    assert beyond(use_of(name, first), SMALL) == name


@pytest.mark.parametrize(
    ("name", "before", "at"), [("hops", 6, 7), ("turns", 7, 8), ("tokens", 799, 800), ("time", 5759, 5760), ("wakes", 19, 20)]
)
def test_as_much_again_is_offered_at_80_percent(name: LimitName, before: int, at: int) -> None:
    assert near(use_of(name, before), SMALL) == ()
    assert near(use_of(name, at), SMALL) == (name,)


def test_what_is_not_used_at_all_is_not_near_a_limit_of_nothing() -> None:
    assert near(Use(), Limits(wakes=0)) == ()


@given(st.sampled_from(LIMITS), st.integers(0, 5))
def test_as_much_again_is_the_limit_once_more_and_of_that_limit_alone(name: LimitName, times: int) -> None:
    more = SMALL.again({name: times})
    assert more.of(name) == SMALL.of(name) * (1 + times)
    assert all(more.of(other) == SMALL.of(other) for other in LIMITS if other != name)


def test_as_much_again_of_no_wakes_is_not_none_again() -> None:
    assert Limits(wakes=0).again({"wakes": 1}).wakes == 2


@pytest.mark.parametrize("name", LIMITS)
def test_a_reason_names_the_setting_and_a_share_both_figures(name: LimitName) -> None:
    use = use_of(name, 12_345)
    setting = "deadline_h" if name == "time" else name
    assert f"budgets.{setting}" in why(name, use, SMALL)
    assert ("2:00" if name == "time" else f"{SMALL.of(name):,}") in share(name, use, SMALL)


def said(*messages: tuple[str, str]) -> tuple[Talk, str]:
    talk = Talk()
    for number, (sender, body) in enumerate(messages, 1):
        talk = talk.heard(sender, body, number)
    return talk, messages[-1][1]


def test_the_third_same_body_between_two_is_an_echo_whoever_says_it() -> None:
    talk, body = said(("a", "ok"), ("b", "ok"))
    assert talk.loop(body) is None
    assert talk.heard("a", " ok\n", 3).loop("ok") == "echo"


def test_a_different_answer_in_between_is_progress_and_the_same_one_is_not() -> None:
    talk, body = said(("a", "run the tests"), ("a", "run the tests"))
    same = talk.answered("b", "3 failed").answered("b", "3 failed").heard("a", body, 3)
    other = talk.answered("b", "3 failed").answered("b", "1 failed").heard("a", body, 3)
    assert (same.loop(body), other.loop(body)) == ("echo", None)


def test_the_two_answer_each_for_themselves() -> None:
    talk, body = said(("a", "go on"), ("b", "well"), ("a", "go on"))
    for by, answer in (("b", "yes"), ("a", "no"), ("b", "yes"), ("a", "no")):
        talk = talk.answered(by, answer)
    assert talk.heard("a", body, 5).loop(body) == "echo"


def test_twelve_messages_to_and_fro_are_a_loop() -> None:
    turns = [("ab"[n % 2], f"point {n}") for n in range(ALTERNATIONS + 1)]
    before, body = said(*turns[:-1])
    assert before.loop(body) is None
    assert said(*turns)[0].loop(turns[-1][1]) == "alternation"


def test_many_messages_the_same_way_are_no_alternation() -> None:
    talk, body = said(*(("a", f"question {n}") for n in range(100)))
    assert talk.loop(body) is None
    assert len(talk.said) == REMEMBERED


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["x", "y", "z"])), min_size=1, max_size=40))
def test_what_is_counted_survives_being_written_down(messages: list[tuple[str, str]]) -> None:
    talk = Talk()
    for number, (sender, body) in enumerate(messages, 1):
        talk = Talk(**talk.heard(sender, body, number).to_json())  # type: ignore[arg-type]
    assert talk == said(*messages)[0]


def test_a_loop_is_told_in_words() -> None:
    assert "operator and reviewer" in why_loop("echo", "operator", "reviewer")
    assert "12 times" in why_loop("alternation", "operator", "reviewer")
