"""Every planned run has exactly one outcome, whatever happens to the processes that run them, and to the clock."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from codex_desk.engine.automating import TickReport
from codex_desk.engine.automations import Add
from codex_desk.engine.desk import Desk
from codex_desk.engine.journal import Tx
from codex_desk.engine.schedules import read_schedule
from codex_desk.engine.sessions import Trust
from codex_desk.store.automation_tables import Automation
from codex_desk.store.tables import moment_text
from tests.engine.processes import killed, processes, told
from tests.engine.scripted import Gate, Place

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
OPEN_RUNS = "SELECT * FROM occurrence WHERE outcome IS NULL"


def watch_commits(desk: Desk, at_commit: Callable[[], None]) -> None:
    """Have something done right before each commit, while nothing writes."""
    raw = desk._database.write_engine.raw_connection()
    raw.driver_connection.set_trace_callback(lambda sql: at_commit() if sql == "COMMIT" else None)  # type: ignore[union-attr]
    raw.close()


async def tick(root: Path, now: datetime, at_commit: Callable[[], None] | None = None) -> None:
    """One round in a desk of its own."""
    async with Place(root).open("once", patience=0) as desk:
        if at_commit is not None:
            watch_commits(desk, at_commit)
        await desk.tick(now)


async def test_a_process_that_ends_at_any_step_leaves_no_run_without_an_outcome_and_none_is_run_twice(place: Place) -> None:
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        for handle, policy in (("a", "all(3)"), ("b", "latest_once")):
            await desk.add_automation(Add(handle, operator.id, "every 15m", "look", "UTC", catch_up=policy, now=NOW))
    copies: list[Path] = []

    def copy() -> None:
        copies.append(place.root.with_name(f"left-{len(copies)}"))
        shutil.copytree(place.root, copies[-1])

    await tick(place.root, NOW + timedelta(minutes=50), copy)
    copy()
    assert len(copies) > 15
    for root in copies:
        await tick(root, NOW + timedelta(minutes=51))
        async with Place(root).open("none") as desk:
            assert desk.rows(OPEN_RUNS) == [], root.name
            assert len(desk.rows("SELECT 1 FROM occurrence")) == 6, root.name
            doubled = "SELECT message_id FROM turn WHERE state = 'completed' GROUP BY message_id HAVING count(*) > 1"
            assert desk.rows(doubled) == [], root.name
            fired = "SELECT 1 FROM occurrence WHERE message_id IS NOT NULL"
            assert len(desk.rows("SELECT 1 FROM message WHERE origin = 'automation'")) == len(desk.rows(fired)) == 4, root.name
            assert desk.verify_audit().verified, root.name


SCHEDULES = {
    "hours": "every 12h",
    "days": "30 2 * * *",
    "weeks": "RRULE:FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=9;BYMINUTE=0",
    "counted": "RRULE:FREQ=DAILY;BYHOUR=3;BYMINUTE=0;COUNT=40",
}


async def test_a_year_with_sleep_crashes_and_clocks_that_jump(place: Place) -> None:
    chance, root, copies = random.Random(2026), place.root, 0
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        for handle, text in SCHEDULES.items():
            until = None if handle == "counted" else NOW + timedelta(days=700)
            await desk.add_automation(Add(handle, operator.id, text, "look", "America/New_York", until=until, now=NOW))
    clock, latest, left = NOW, NOW, list[Path]()
    commits_left = -1

    def end_here() -> None:
        """What a process leaves that ends right before this commit; the others of its round count for nothing."""
        nonlocal commits_left
        if commits_left == 0:
            left.append(place.root.with_name(f"year-{copies}"))
            shutil.copytree(root, left[0])
        commits_left -= 1

    while clock < NOW + timedelta(days=365):
        left.clear()
        async with Place(root).open("once", patience=0) as desk:
            watch_commits(desk, end_here)
            while not left and clock < NOW + timedelta(days=365):
                clock += timedelta(minutes=chance.choice((720, 3 * 1440, 7 * 1440, 9 * 1440, 20 * 1440)))
                shown = clock
                if chance.random() < 0.1:  # a clock that is wrong for one round
                    shown += timedelta(days=chance.choice((-365, -30, -1)))
                latest = max(latest, shown)
                commits_left = chance.randrange(8) if chance.random() < 0.3 else -1
                await desk.tick(shown)
            commits_left = -1
        if left:
            root, copies = left[0], copies + 1
    await tick(root, clock)
    async with Place(root).open("none") as desk:
        assert desk.rows(OPEN_RUNS) == []
        for view in desk.automations():
            runs = desk.occurrences(view.id, limit=100_000)
            row = desk.row_of(Automation, view.id)
            if view.handle == "counted":
                assert (view.state, sum(run.times or 0 for run in runs)) == ("ended", 40)
                continue
            spans = [(run.scheduled_for, run.through or run.scheduled_for) for run in runs]
            for time in read_schedule(row.schedule, row.zone, row.anchor).times(NOW):
                if time > latest:
                    break
                assert sum(begin <= time <= end for begin, end in spans) == 1, (view.handle, time)
        assert desk.verify_audit().verified


async def test_two_ticks_and_a_desk_that_race_over_a_thousand_runs_run_each_once(place: Place) -> None:
    due = datetime.now(UTC) - timedelta(minutes=1)
    async with place.open("none") as desk:
        sessions = [await place.session(desk, f"s{number}") for number in range(10)]
        await desk.do(Trust(place.root))

        def fill(tx: Tx) -> None:
            for number in range(1000):
                tx.insert(
                    Automation(
                        id=f"a{number}",
                        handle=f"a{number}",
                        target_id=sessions[number // 20 % 10].id,
                        schedule=f"at {due.isoformat()}",
                        zone="UTC",
                        anchor=due,
                        prompt="look",
                        guard=None if number % 20 == 0 else "child-idle",
                        remaining=1,
                        next_run_at=due,
                        planned_at=due - timedelta(days=1),
                        created_at=due,
                    )
                )

        await desk.ledger.run(fill)
    calls = [(host, due.isoformat()) for host in ("desk", "tick", "tick")]
    with processes("automations", place.root, *calls) as running:
        assert [told(process) for process in running] == ["open"] * 3
        for process in running:
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in running:
            told(process)
    async with place.open("none") as desk:
        assert desk.rows("SELECT 1 FROM automation WHERE next_run_at IS NOT NULL") == []
        counted = {row["outcome"]: row["n"] for row in desk.rows("SELECT outcome, count(*) AS n FROM occurrence GROUP BY outcome")}
        assert counted == {"ran": 50, "guard_false": 950}
        assert len(desk.rows("SELECT DISTINCT automation_id FROM occurrence")) == 1000
        assert desk.rows("SELECT count(*) AS n FROM turn WHERE state = 'completed'")[0]["n"] == 50
        assert desk.verify_audit().verified


async def test_a_tick_does_not_wait_for_what_another_one_runs(place: Place) -> None:
    async with place.open("none") as desk:
        view = await desk.add_automation(Add("hb", (await place.session(desk, "operator")).id, "every 15m", "look", "UTC", now=NOW))
    gate = place.runtime.scripts["operator"] = Gate()
    async with place.open("once", patience=0) as one, place.open("once", patience=0) as other:
        running = asyncio.create_task(one.tick(NOW + timedelta(minutes=15)))
        await gate.began.wait()
        assert await other.tick(NOW + timedelta(minutes=16)) == TickReport(0, ())
        report = await other.tick(NOW + timedelta(minutes=30))
        assert [run.outcome for run in report.runs] == ["skipped_overlap"]
        gate.open.set()
        assert [run.outcome for run in (await running).runs] == ["ran"]
        assert [run.outcome for run in one.occurrences(view.id)] == ["ran", "skipped_overlap"]


async def test_what_a_killed_host_had_claimed_is_fired_by_the_next_one(place: Place) -> None:
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        view = await desk.add_automation(Add("hb", operator.id, "every 15m", "look", "UTC"))
    due = datetime.now(UTC)
    with processes("hang", place.root, ("desk", 0)) as (host,):
        async with place.open("none") as desk:
            while not (hosts := desk.rows("SELECT id FROM host")):
                pass

            def claim(tx: Tx) -> None:
                values = (view.id, moment_text(due), moment_text(due), hosts[0]["id"])
                tx.driver.execute(
                    "INSERT INTO occurrence (automation_id, scheduled_for, due_at, late, by_hand, claimed_by, times, changed) VALUES (?, ?, ?, 0, 0, ?, 1, 0)",
                    values,
                )

            await desk.ledger.run(claim)
        killed(host)
    async with place.open("once", patience=0) as desk:
        await desk.tick()
        assert [run.outcome for run in desk.occurrences(view.id)] == ["ran"]


async def test_a_run_in_a_killed_process_has_failed_and_is_not_run_again(place: Place) -> None:
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        view = await desk.add_automation(Add("hb", operator.id, "every 15m", "look", "UTC"))
        await desk.run_automation(view.id)
    with processes("hang", place.root, ("desk", 0)) as (host,):
        assert told(host) == "running"
        killed(host)
    async with place.open("once", patience=0) as desk:
        await desk.tick()
        ((outcome, reason),) = [(run.outcome, run.reason) for run in desk.occurrences(view.id)]
        assert (outcome, reason) == ("failed", "process ended")
