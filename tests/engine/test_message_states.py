from __future__ import annotations

import itertools
from typing import get_args

import pytest

from codex_desk.engine.errors import Refusal
from codex_desk.engine.states import MessageEvent, next_state
from codex_desk.engine.views import FINAL_STATES, MessageState

# The whole of semantics.md §2.4: from where to where, by what.
WAYS: dict[tuple[str, str], str] = {
    ("queued", "claim"): "running",
    ("queued", "hold"): "held",
    ("queued", "deliver"): "delivered",
    ("queued", "cancel"): "cancelled",
    ("queued", "expire"): "expired",
    ("held", "release"): "queued",
    ("held", "cancel"): "cancelled",
    ("held", "expire"): "expired",
    ("running", "answer"): "answered",
    ("running", "fail"): "failed",
    ("running", "interrupt"): "interrupted",
}
EVERY = list(itertools.product(get_args(MessageState), get_args(MessageEvent)))


@pytest.mark.parametrize(("state", "event"), [pair for pair in EVERY if pair in WAYS])
def test_each_way_leads_where_the_rule_says(state: MessageState, event: MessageEvent) -> None:
    assert next_state(state, event) == WAYS[state, event]


@pytest.mark.parametrize(("state", "event"), [pair for pair in EVERY if pair not in WAYS])
def test_every_other_way_is_refused_and_says_the_state(state: MessageState, event: MessageEvent) -> None:
    with pytest.raises(Refusal, match=state) as caught:
        next_state(state, event)
    assert caught.value.code == "too_late"


def test_no_way_leads_out_of_a_final_state() -> None:
    assert {state for state, _ in WAYS}.isdisjoint(FINAL_STATES)
    assert set(get_args(MessageState)) - FINAL_STATES == {"queued", "held", "running"}
