from __future__ import annotations

import pytest

from codex_desk.tui.pacing import AT_ONCE_S, SHARE, Budget


def test_a_burst_is_painted_at_once_and_what_goes_on_takes_its_share() -> None:
    budget, now, spent = Budget(), 0.0, 0.0
    while now < 100.0:
        if budget.allows(now):
            budget.spent(0.04, now)
            spent += 0.04
            now += 0.04
        else:
            now += 0.016
    assert spent == pytest.approx(AT_ONCE_S + 100 * SHARE, rel=0.1)


def test_what_costs_less_than_its_share_is_never_put_off() -> None:
    budget = Budget()
    for frame in range(10_000):
        now = frame / 60
        assert budget.allows(now)
        budget.spent(SHARE / 60 * 0.9, now)


def test_time_pays_a_debt_off_and_saves_nothing_up() -> None:
    budget = Budget(share=0.5, at_once=0.1)
    budget.spent(1.0, 10.0)
    assert [budget.allows(at) for at in (10.0, 11.0, 11.9, 50.0)] == [False, False, True, True]
    budget.spent(0.2, 50.0)
    assert not budget.allows(50.0)
