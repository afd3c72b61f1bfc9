from __future__ import annotations

from datetime import timedelta

import pytest

from codex_desk.tui.widgets.crossing import elapsed
from codex_desk.tui.widgets.waiting import WaitLine, drawn
from tests.tui.widgets.samples import START


@pytest.mark.parametrize(("seconds", "words"), [(-5, "0:00"), (0, "0:00"), (48, "0:48"), (72, "1:12"), (3723, "1:02:03")])
def test_time_is_told_in_minutes_and_seconds(seconds: int, words: str) -> None:
    assert elapsed(START, START + timedelta(seconds=seconds)) == words


def test_a_wait_names_all_it_is_for_and_its_end() -> None:
    wait = WaitLine(("reviewer", "auditor"), START, START + timedelta(minutes=5))
    assert drawn(wait, START + timedelta(seconds=9)).text == "waiting for reviewer, auditor  0:09 of 5:00"
