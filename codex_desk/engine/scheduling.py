"""Who runs automations: an open desk, which sleeps until the next one is due and wakes on changes; and `tick`, which uses the same parts once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

from codex_desk.engine import automation_policies as policies
from codex_desk.engine.automation_guards import Guards, Said, Work
from codex_desk.engine.automation_policies import Taken
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import AutomationChanged, Event, MessageChanged
from codex_desk.engine.hub import Hub
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.occurrences import (
    BACKWARDS,
    Broken,
    ClaimRun,
    Decline,
    Fire,
    NoteSeen,
    Planned,
    Ready,
    Rewind,
    WritePlan,
    taken_from,
    terms_of,
)
from codex_desk.engine.reading import Reader
from codex_desk.engine.rows import moment
from codex_desk.engine.schedules import read_schedule
from codex_desk.engine.views import FINAL_STATES
from codex_desk.frozen import frozen
from codex_desk.store.automation_tables import Automation
from codex_desk.store.errors import StoreError
from codex_desk.store.tables import moment_text

LOG = logging.getLogger(__name__)

AT_ONCE = 200
"""Automations that are planned together."""
SOON_S = 0.02
"""After a change, so that several at once are one look."""
LONGEST_SLEEP_S = 30.0
"""A clock that was set, or a machine that slept, is noticed so soon; without an automation nothing is looked at."""
TRY_AGAIN_S = 5.0

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    return datetime.now(UTC)


@frozen
class Fired:
    """A run whose message was sent by this process."""

    run: int
    automation: str
    target: str
    watches: bool
    """What the work looks like after it is worth knowing."""


class Runs:
    """Plans and begins runs for one process, which holds `host_id`'s lock."""

    def __init__(self, host_id: str, ledger: Ledger, reader: Reader, guards: Guards) -> None:
        self._host_id = host_id
        self._ledger = ledger
        self._reader = reader
        self._guards = guards
        self.fired: dict[int, Fired] = {}
        """By message."""

    async def plan_due(self, now: datetime) -> Planned:
        """Write down every run whose time has come."""
        await self._put_back(now)
        times, runs = 0, list[int]()
        while rows := await asyncio.to_thread(self._due, now):
            plans = await asyncio.to_thread(_plans, rows, now)
            writing = [self._ledger.submit(each) for each in plans]
            for planned in [await each for each in writing]:
                times, runs = times + planned.times, [*runs, *planned.runs]
            if len(rows) < AT_ONCE:
                break
        return Planned(times, tuple(runs))

    async def _put_back(self, now: datetime) -> None:
        late = self._reader.rows(
            "SELECT id FROM automation WHERE next_run_at IS NOT NULL AND planned_at > ?", (moment_text(now + BACKWARDS),)
        )
        for row in late:
            await self._ledger.do(Rewind(row["id"], now))

    def _due(self, now: datetime) -> list[tuple[Automation, Taken]]:
        found = self._reader.rows(
            "SELECT id FROM automation WHERE next_run_at IS NOT NULL AND next_run_at <= ? ORDER BY next_run_at LIMIT ?",
            (moment_text(now), AT_ONCE),
        )
        rows = [self._reader.row_of(Automation, row["id"]) for row in found]
        return [(row, taken_from(self._reader.rows, row.id, row.next_run_at or now)) for row in rows]

    def waiting(self, now: datetime | None = None) -> list[int]:
        """The runs that nobody has claimed, in the order of their times; with `now` those that may begin by then."""
        bound = "9" if now is None else moment_text(now)
        found = self._reader.rows(
            "SELECT id FROM occurrence WHERE outcome IS NULL AND message_id IS NULL AND claimed_by IS NULL AND due_at <= ? ORDER BY due_at, id",
            (bound,),
        )
        return [row["id"] for row in found]

    def next_wake(self, now: datetime) -> datetime | None:
        """When there is something to do; None where there is no automation that will run."""
        row = self._reader.row(
            "SELECT (SELECT min(next_run_at) FROM automation WHERE next_run_at IS NOT NULL) AS planned,"
            " (SELECT min(due_at) FROM occurrence WHERE outcome IS NULL AND due_at > ?) AS due",
            (moment_text(now),),
        )
        times = [] if row is None else [moment(text) for text in (row["planned"], row["due"]) if text is not None]
        return min(times, default=None)

    async def begin(self, run: int, now: datetime) -> int | None:
        """Claim a run, ask its guard, and send its message. Returns the message's number; None where it has ended already, or is not for us."""
        ready = await self._ledger.do(ClaimRun(run, self._host_id, now))
        if ready is None:
            return None
        try:
            return await self._fire(ready, now)
        except (OSError, ValueError, Refusal) as error:
            LOG.warning("a run of %s could not begin: %s", ready.handle, error)
            await self._ledger.do(Decline(run, self._host_id, "failed", str(error)))
            return None

    async def _fire(self, ready: Ready, now: datetime) -> int | None:
        before = Work.from_text(ready.seen)
        said = Said(None) if ready.guard is None else await self._guards.ask(ready.guard, ready.target, before)
        if said.outcome is not None:
            await self._ledger.do(Decline(ready.run, self._host_id, said.outcome, said.reason))
            return None
        work = await self._guards.work(ready.target)
        changed = await self._guards.changed(ready.target, before, work, ready.last)
        number: int | None = await self._ledger.do(Fire(ready.run, self._host_id, now, changed, work.to_text()))
        if number is not None:
            self.fired[number] = Fired(ready.run, ready.automation, ready.target, work.head is not None or work.board > 0)
        return number

    async def ended(self, number: int) -> None:
        """A message of this process's has come to its end: what its turn did itself is no news to the next run."""
        fired = self.fired.pop(number, None)
        if fired is None or not fired.watches:
            return
        self._guards.forget(self._reader.thread(fired.target).cwd)
        work = await self._guards.work(fired.target)
        await self._ledger.do(NoteSeen(fired.automation, work.to_text()))


def _plans(rows: Sequence[tuple[Automation, Taken]], now: datetime) -> list[WritePlan | Broken]:
    """What is to be written for automations that are due. Takes as long as their rules are to look through."""
    made: list[WritePlan | Broken] = []
    for row, taken in rows:
        due = row.next_run_at
        assert due is not None  # so they were looked for
        try:
            schedule = read_schedule(row.schedule, row.zone, row.anchor)
            made.append(WritePlan(row.id, due, policies.plan(terms_of(row, schedule), due, now, taken), now))
        except Refusal as refusal:  # such as a zone that this machine does not know
            made.append(Broken(row.id, due, refusal.message))
    return made


class Scheduler:
    """Runs automations for as long as a desk is open."""

    def __init__(self, runs: Runs, hub: Hub, clock: Clock = wall_clock) -> None:
        self._runs = runs
        self._hub = hub
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None
        self._again = False
        self._beginning: dict[int, asyncio.Task[None]] = {}
        self._others: set[asyncio.Task[None]] = set()
        self._closing = False

    def start(self) -> None:
        self._hub.add(self._hear)
        self._look_in(0)

    async def close(self) -> None:
        """Stop; what was claimed and not fired is given back as the host leaves."""
        self._closing = True
        self._hub.remove(self._hear)
        if self._timer is not None:
            self._timer.cancel()
        tasks = [*self._beginning.values(), *self._others, *([self._looking] if self._looking is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _hear(self, event: Event) -> None:
        match event:
            case AutomationChanged():
                self._look_in(SOON_S)
            case MessageChanged(message_id=number, state=state) if number in self._runs.fired and state in FINAL_STATES:
                self._beside(self._runs.ended(number))
            case _:
                return

    def _look_in(self, seconds: float) -> None:
        if self._closing:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._looking is not None and not self._looking.done():
            self._again = True
            return
        self._looking = asyncio.create_task(self._round(), name="automations")

    async def _round(self) -> None:
        try:
            pause = await self._act()
        except StoreError as error:  # such as a full disk: nothing is lost, the times are still to be planned
            LOG.error("automations wait for the store: %s", error)
            pause = TRY_AGAIN_S
        if self._again:
            self._again, pause = False, SOON_S
        if pause is not None:
            self._look_in(pause)

    async def _act(self) -> float | None:
        """Do what is due. Returns the seconds until there is more; None where nothing will be."""
        now = self._clock()
        upcoming = self._runs.next_wake(now)
        if upcoming is None and not self._runs.waiting(now):
            return None
        await self._runs.plan_due(now)
        for run in self._runs.waiting(now):
            if run not in self._beginning:
                task = self._beginning[run] = asyncio.create_task(self._begin(run, now), name=f"run {run}")
                task.add_done_callback(lambda _, run=run: self._beginning.pop(run, None))
        upcoming = self._runs.next_wake(now)
        if upcoming is None:
            return None
        return min(max((upcoming - self._clock()).total_seconds(), SOON_S), LONGEST_SLEEP_S)

    async def _begin(self, run: int, now: datetime) -> None:
        try:
            await self._runs.begin(run, now)
        except StoreError as error:
            LOG.error("a run could not begin, and is tried again: %s", error)
            self._look_in(TRY_AGAIN_S)

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        async def quietly() -> None:
            try:
                await work
            except (StoreError, Refusal) as error:
                LOG.warning("what a run left behind could not be looked at: %s", error)

        task = asyncio.create_task(quietly())
        self._others.add(task)
        task.add_done_callback(self._others.discard)
