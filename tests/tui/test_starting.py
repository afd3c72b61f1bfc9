from __future__ import annotations

import pytest

from codex_desk.tui.starting import AT_LATEST_S, ENOUGH, RESTED_S, is_due


@pytest.mark.parametrize(
    ("collections", "since_last", "since_key", "busy", "due"),
    [
        (ENOUGH - 1, 10 * AT_LATEST_S, 10 * AT_LATEST_S, False, False),
        (ENOUGH, 60.0, RESTED_S, False, True),
        (ENOUGH, 60.0, RESTED_S - 1, False, False),
        (ENOUGH, 60.0, 3600.0, True, False),
        (ENOUGH, AT_LATEST_S, 0.0, True, True),
    ],
)
def test_all_objects_are_looked_through_where_it_is_worth_it_and_keeps_nobody_waiting(
    collections: int, since_last: float, since_key: float, busy: bool, due: bool
) -> None:
    assert is_due(collections, since_last, since_key, busy=busy) is due
