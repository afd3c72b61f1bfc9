"""Automations: what ten thousand of them cost, what heartbeats without news cost, and how late a run begins."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from codex_desk.engine.automations import Add
from codex_desk.engine.desk import Desk
from codex_desk.engine.journal import Tx
from codex_desk.engine.sessions import New, Trust
from codex_desk.runtimes.base import ThreadSpec, TurnHost, TurnInput
from codex_desk.store.automation_tables import Automation
from tests.bench.figures import Figure, middle
from tests.bench.models import ScriptedRuntime
from tests.bench.place import Place, apart

HOURLY = "every 1h"
GUARDS = ("git-changed", "board-news", "child-idle")


def automations(root: Path, many: int = 10_000, heartbeats: int = 1_000, sessions: int = 200, times: int = 5) -> list[Figure]:
    """The figures of the issue: due, start, heartbeats, drift."""
    return [
        *_many(root, many, times),
        *asyncio.run(_heartbeats(Place(root / "heartbeats"), heartbeats)),
        asyncio.run(_drift(Place(root / "drift"), sessions, times)),
    ]


def _many(root: Path, many: int, times: int) -> list[Figure]:
    none, full = Place(root / "none"), Place(root / "full")
    for place, count in ((none, 0), (full, many)):
        asyncio.run(_filled(place, count, HOURLY, datetime.now(UTC) + timedelta(hours=1)))
    starts: dict[str, list[float]] = {"none": [], "full": []}
    looks: list[float] = []
    for _ in range(times):
        for name, place in (("none", none), ("full", full)):
            took, found = apart(_start, place)  # a process of its own: what runs automations is loaded with the first one
            starts[name].append(took)
            looks += found
    more = statistics.median(starts["full"]) - statistics.median(starts["none"])
    return [
        middle(f"{many:,} automations: finding what is due, and what is next", looks, 10.0),
        Figure(f"{many:,} automations: start to idle, more than with none, medians of {times}", more, 50.0, "ms"),
    ]


def _start(place: Place) -> tuple[float, list[float]]:
    """(milliseconds from opening a desk to its being idle, those of looks for what is due)."""

    async def start() -> tuple[float, list[float]]:
        begun = time.perf_counter()
        async with Desk.open(place.home, env=place.env, host="desk") as desk:
            await _idle(desk)
            return (time.perf_counter() - begun) * 1000, _looks(desk) if desk._scheduler is not None else []

    return asyncio.run(start())


def _looks(desk: Desk) -> list[float]:
    scheduler = desk._scheduler
    assert scheduler is not None  # a desk is open
    took: list[float] = []
    for number in range(20):
        now = datetime.now(UTC) + timedelta(hours=1, seconds=number)  # some are due by then
        begun = time.perf_counter()
        scheduler._runs._due(now)
        scheduler._runs.waiting(now)
        scheduler._runs.next_wake(now)
        took.append((time.perf_counter() - begun) * 1000)
    return took


async def _idle(desk: Desk) -> None:
    """Until the scheduler has looked once, and sleeps; with no automation there is none."""
    scheduler = desk._scheduler
    while scheduler is not None and (scheduler._looking is None or not scheduler._looking.done()):  # noqa: ASYNC110
        await asyncio.sleep(0)


async def _heartbeats(place: Place, count: int) -> list[Figure]:
    calls = 0

    async def turn(spec: ThreadSpec, given: TurnInput, host: TurnHost) -> str:
        nonlocal calls
        calls += 1
        return "done"

    now = datetime.now(UTC)
    await _filled(place, count, "every 15m", now - timedelta(minutes=1), guard=lambda number: GUARDS[number % len(GUARDS)])
    async with Desk.open(place.home, env=place.env, host="once", approval_patience=0, runtimes={"offline": ScriptedRuntime(turn)}) as desk:
        begun = time.perf_counter()
        report = await desk.tick(now)
        took = time.perf_counter() - begun
        said = {run.outcome for run in report.runs}
    if said != {"guard_false"} or report.due != count:
        raise AssertionError(f"of {count} heartbeats without news {report.due} were due, with outcomes {said}")
    return [
        Figure(f"{count:,} heartbeats with nothing new, a third each {', '.join(GUARDS)}: model calls", calls, 0, "calls"),
        Figure(f"{count:,} heartbeats with nothing new: all looked at", took, None, "s"),
    ]


async def _drift(place: Place, sessions: int, times: int) -> Figure:
    late: list[float] = []

    async def turn(spec: ThreadSpec, given: TurnInput, host: TurnHost) -> str:
        return "done"

    place.home.mkdir(parents=True, mode=0o700)
    async with Desk.open(place.home, env=place.env, host="desk", runtimes={"offline": ScriptedRuntime(turn)}) as desk:
        made = [await desk.do(New(f"s{number}", place.work, runtime="offline")) for number in range(sessions)]
        for number in range(times):
            due = datetime.now(UTC) + timedelta(seconds=1.5)
            view = await desk.add_automation(Add(f"at{number}", made[number].id, f"at {due.isoformat()}", "look", "UTC"))
            while not (runs := desk.occurrences(view.id)) or runs[0].outcome is None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            began = desk.rows("SELECT started_at FROM turn WHERE id = ?", (runs[0].turn_id,))[0]["started_at"]
            late.append((datetime.fromisoformat(began) - due).total_seconds() * 1000)
    return Figure(
        f"a run that is due with {sessions} sessions idle: its turn begins after, the latest of {times}", max(late), 1000.0, "ms", min(late)
    )


async def _filled(place: Place, count: int, schedule: str, due: datetime, guard: Callable[[int], str | None] = lambda _: None) -> None:
    """A store with so many automations of one session in a repository."""
    place.home.mkdir(parents=True, mode=0o700)
    for words in (("init", "-q"), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "first")):
        await asyncio.to_thread(subprocess.run, ["git", *words], cwd=place.work, check=True)
    async with Desk.open(place.home, env=place.env) as desk:
        thread = await desk.do(New("operator", place.work, runtime="offline"))
        await desk.do(Trust(place.work))
        seen = (await desk._guards().work(thread.id)).to_text()

        def fill(tx: Tx) -> None:
            for number in range(count):
                tx.insert(
                    Automation(
                        id=f"a{number:05}",
                        handle=f"a{number}",
                        target_id=thread.id,
                        schedule=schedule,
                        zone="UTC",
                        anchor=due - timedelta(days=1),
                        prompt="look around",
                        guard=guard(number),
                        seen=seen,
                        next_run_at=due + timedelta(milliseconds=number * 360 if schedule == HOURLY else 0),
                        planned_at=due - timedelta(days=1),
                        created_at=due,
                    )
                )

        await desk.ledger.run(fill)
