from __future__ import annotations

import pytest

from codex_desk.tui.model.approval import ANSWER_KEYS, ApprovalGuard


def seen_guard() -> ApprovalGuard:
    guard = ApprovalGuard(0.0)
    guard.saw_end()
    return guard


def test_a_key_within_half_a_second_of_the_card_does_not_count() -> None:
    assert seen_guard().refusal("once", 0.49) is not None


def test_a_key_after_half_a_second_counts() -> None:
    assert seen_guard().refusal("once", 0.51) is None


def test_a_key_in_the_middle_of_typing_does_not_count() -> None:
    guard = seen_guard()
    guard.keystroke(10.0)
    assert guard.refusal("deny", 10.3) is not None


def test_a_key_that_did_not_count_is_a_keystroke_itself() -> None:
    guard = seen_guard()
    guard.refusal("once", 0.4)
    assert guard.refusal("once", 0.8) is not None
    assert guard.refusal("once", 1.4) is None


@pytest.mark.parametrize("answer", ["once", "thread", "tree", "folder"])
def test_nothing_is_allowed_before_all_of_it_was_seen(answer: str) -> None:
    assert ApprovalGuard(0.0).refusal(answer, 5.0) is not None  # type: ignore[arg-type]


def test_denying_does_not_need_all_of_it() -> None:
    assert ApprovalGuard(0.0).refusal("deny", 5.0) is None


def test_no_answer_is_on_enter() -> None:
    assert not {"enter", "\r", "\n"} & set(ANSWER_KEYS)
