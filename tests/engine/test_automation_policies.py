"""What becomes of a planned run: the decisions by themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from codex_desk.engine.automation_policies import KEPT, Earlier, Go, Plan, Settle, Taken, Target, Terms, Wait, decide, plan, read_catch_up
from codex_desk.engine.errors import Refusal
from codex_desk.engine.schedules import read_schedule

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
FREE, RUNNING, QUEUED = Target("operator"), Target("operator", running=True), Target("operator", queued=True)
NONE, SENT, WAITING = Earlier(), Earlier(sent=NOW), Earlier(sent=NOW, waiting=NOW)
LATE = Earlier(waiting=NOW, caught_up=True)


@pytest.mark.parametrize(
    ("overlap", "busy", "late", "target", "earlier", "expected"),
    [
        ("skip", "queue_one", False, FREE, NONE, Go()),
        ("skip", "queue_one", False, RUNNING, NONE, Go()),
        ("skip", "skip", False, RUNNING, NONE, "skipped_busy"),
        ("skip", "skip", False, QUEUED, NONE, "skipped_busy"),
        ("skip", "next_step", False, RUNNING, NONE, Go("next_step")),
        ("skip", "next_step", False, QUEUED, NONE, Go()),
        ("skip", "queue_one", False, replace(FREE, held=True), NONE, "skipped_busy"),
        ("skip", "queue_one", False, replace(FREE, gone="it is archived"), NONE, "failed"),
        ("skip", "queue_one", False, RUNNING, SENT, "skipped_overlap"),
        ("buffer_one", "queue_one", False, RUNNING, SENT, Wait()),
        ("buffer_one", "queue_one", False, RUNNING, WAITING, "skipped_overlap"),
        ("cancel_other", "skip", False, RUNNING, SENT, Go(cancel_earlier=True)),
        ("skip", "queue_one", True, RUNNING, SENT, Wait()),
        ("skip", "queue_one", False, FREE, LATE, Wait()),
    ],
)
def test_whether_a_run_may_begin(overlap: str, busy: str, late: bool, target: Target, earlier: Earlier, expected: object) -> None:
    found = decide(overlap, busy, late, target, earlier)
    assert (found.outcome if isinstance(found, Settle) else found) == expected


def planned(text: str, minutes: float, **more: object) -> Plan:
    """The plan of a schedule made `minutes` ago that nobody looked at since."""
    made = NOW - timedelta(minutes=minutes)
    schedule = read_schedule(text, "UTC", made)
    terms = Terms(schedule, read_catch_up("latest_once"), None, None, False, schedule.count)
    first = schedule.next(made)
    assert first is not None
    return plan(replace(terms, **more), first, NOW, Taken())  # type: ignore[arg-type]


def test_a_run_shortly_after_its_time_is_on_time_and_the_earlier_ones_were_missed() -> None:
    assert [(run.outcome, run.late) for run in planned("every 15m", 47).runs] == [
        ("missed_offline", False),
        ("missed_offline", False),
        (None, False),
    ]


def test_each_time_of_a_year_is_in_exactly_one_run_or_stretch_and_rows_stay_few() -> None:
    minutely = planned("every 1m", 365 * 24 * 60)
    assert len(minutely.runs) == KEPT + 1
    assert minutely.runs[0].times is None  # nobody counted half a million
    hourly = planned("every 1h", 365 * 24 * 60)
    assert (len(hourly.runs), sum(run.times or 0 for run in hourly.runs)) == (KEPT + 1, 365 * 24)
    assert hourly.next == NOW + timedelta(hours=1)


@pytest.mark.parametrize("minutes", [25, 35, 10_000])
def test_a_count_is_exact_however_long_nobody_looked(minutes: int) -> None:
    found = planned("RRULE:FREQ=MINUTELY;INTERVAL=10;COUNT=3", minutes)
    assert len(found.runs) == min(3, minutes // 10)
    assert (found.next is None) == (found.remaining == 0) == (minutes > 30)


def test_times_that_are_written_down_already_are_passed_over_and_split_a_stretch() -> None:
    made = NOW - timedelta(days=60)
    schedule = read_schedule("every 1h", "UTC", made)
    terms = Terms(schedule, read_catch_up("skip"), None, None, False, None)
    middle = (made + timedelta(days=10), made + timedelta(days=11))
    found = plan(terms, made + timedelta(hours=1), NOW, Taken((middle,)))
    assert sum(run.times or 0 for run in found.runs) == 60 * 24 - 25
    assert [run.times for run in found.runs[:2]] == [10 * 24 - 1, 49 * 24 - KEPT]


def test_what_expires_says_so_at_the_time_at_which_it_would_have_run() -> None:
    found = planned("every 1d", 40 * 24 * 60, until=NOW - timedelta(days=10), until_told=False)
    assert (found.runs[-1].outcome, found.next) == ("expired", None)
    told = planned("every 1d", 40 * 24 * 60, until=NOW - timedelta(days=10), until_told=True)
    assert (told.runs[-1].outcome, told.next) != ("expired", None)
    assert told.end is not None


@pytest.mark.parametrize("text", ["all(0)", "all(101)", "all", "latest", ""])
def test_a_catch_up_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_catch_up(text)
    assert caught.value.code == "bad_value"
