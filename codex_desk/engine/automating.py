"""`Desk`'s door to automations: reads, what is made and run on them, and the one round that `tick` is.

What makes and runs them is imported when there is one: most desks have none, and every start would pay for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from codex_desk.engine.automation_views import AUTOMATION, OCCURRENCE, AutomationView, OccurrenceView, automation_view, occurrence_view
from codex_desk.engine.bringing import Bringing
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import AutomationChanged, Event, MessageChanged, ThreadChanged
from codex_desk.engine.hub import Hub
from codex_desk.engine.identity import HUMAN
from codex_desk.engine.rows import moment
from codex_desk.frozen import frozen
from codex_desk.paths import codex_home
from codex_desk.store.tables import moment_text

if TYPE_CHECKING:
    from codex_desk.engine.automation_guards import Guards
    from codex_desk.engine.automation_import import Found
    from codex_desk.engine.automations import Add
    from codex_desk.engine.hosting import Host
    from codex_desk.engine.schedules import Schedule
    from codex_desk.engine.scheduling import Runs, Scheduler
    from codex_desk.engine.views import MessageView
    from codex_desk.tools.sandbox import Sandbox

PAGE = 200
LOOK_AGAIN_S = 0.2
"""How often it is looked whether the desk that runs something has done so."""


@frozen
class TickReport:
    """What one round did."""

    due: int
    """Runs whose time had come, those of a stretch included."""
    runs: tuple[OccurrenceView, ...]

    @property
    def ran(self) -> int:
        return sum(run.outcome in ("ran", "caught_up") for run in self.runs)


@frozen
class Offer:
    """An automation as it is entered, checked: when it would run, and what to say beside."""

    schedule: Schedule
    times: tuple[datetime, ...]
    warnings: tuple[str, ...] = ()


class Automating(Bringing):
    """The part of `Desk` that is about automations."""

    hub: Hub
    _env: Mapping[str, str]
    _host: Host | None
    _scheduler: Scheduler | None = None
    _looks: Guards | None = None

    if TYPE_CHECKING:  # what the rest of `Desk` brings

        def desk_is_open(self) -> bool: ...
        async def run_until(self, messages: Sequence[int], *, timeout: float | None = None, any_of: bool = False) -> list[MessageView]: ...
        async def _start_host(self, kind: Literal["desk", "once"]) -> Host: ...
        async def _found_sandbox(self) -> Sandbox: ...

    # --- reading ----------------------------------------------------------------------------------------------------------------------------

    def automations(self) -> list[AutomationView]:
        """Those that were not removed, the next one to run first, then paused ones, then ended ones."""
        order = "CASE a.state WHEN 'active' THEN 0 WHEN 'paused' THEN 1 ELSE 2 END, a.next_run_at, a.handle"
        return [automation_view(row) for row in self.rows(f"{AUTOMATION} WHERE a.removed_at IS NULL ORDER BY {order}")]

    def automation(self, automation_id: str) -> AutomationView:
        row = self.row(f"{AUTOMATION} WHERE a.id = ?", (automation_id,))
        if row is None:
            raise Refusal("unknown_automation", f"there is no automation {automation_id}")
        return automation_view(row)

    def automation_named(self, handle: str) -> AutomationView:
        """Refusals: unknown_automation."""
        row = self.row(f"{AUTOMATION} WHERE a.handle = ? AND a.removed_at IS NULL", (handle.removeprefix("@"),))
        if row is None:
            raise Refusal("unknown_automation", f"there is no automation {handle}; `codex-desk automation list` names them")
        return automation_view(row)

    def occurrences(self, automation_id: str, *, limit: int = PAGE, before: datetime | None = None) -> list[OccurrenceView]:
        """Its planned runs, ascending: the latest, or those before a time."""
        bound = "9" if before is None else moment_text(before)
        rows = self.rows(
            f"{OCCURRENCE} WHERE o.automation_id = ? AND o.scheduled_for < ? ORDER BY o.scheduled_for DESC LIMIT ?",
            (automation_id, bound, limit),
        )
        return [occurrence_view(row) for row in reversed(rows)]

    def occurrence(self, run: int) -> OccurrenceView:
        row = self.row(f"{OCCURRENCE} WHERE o.id = ?", (run,))
        if row is None:
            raise Refusal("unknown_run", f"there is no run {run}")
        return occurrence_view(row)

    def occurrences_between(self, begin: datetime, end: datetime, limit: int = 2000) -> list[OccurrenceView]:
        """The planned runs of all automations in a span, ascending."""
        rows = self.rows(
            f"{OCCURRENCE} WHERE o.scheduled_for >= ? AND o.scheduled_for < ? ORDER BY o.scheduled_for LIMIT ?",
            (moment_text(begin), moment_text(end), limit),
        )
        return [occurrence_view(row) for row in rows]

    def run_at(self, automation_id: str, when: datetime) -> OccurrenceView | None:
        """The planned run of a time, or the stretch that it lies in."""
        row = self.row(
            f"{OCCURRENCE} WHERE o.automation_id = ? AND o.scheduled_for <= ? ORDER BY o.scheduled_for DESC LIMIT 1",
            (automation_id, moment_text(when)),
        )
        found = None if row is None else occurrence_view(row)
        return found if found is not None and (found.scheduled_for == when or (found.through or found.scheduled_for) >= when) else None

    async def upcoming(
        self, automation_id: str, number: int = 5, *, after: datetime | None = None, until: datetime | None = None
    ) -> list[datetime]:
        """When an automation runs next by its schedule, its end and its count included: of one that is paused, when it would be resumed now.
        `after`: only later ones; `until`: none later."""
        view, row = self.automation(automation_id), self.row("SELECT anchor, next_run_at FROM automation WHERE id = ?", (automation_id,))
        if row is None or row["next_run_at"] is None:
            return []
        first = moment(row["next_run_at"])
        begin = max(after or datetime.now(UTC), first - timedelta(microseconds=1))
        counted = number if view.remaining is None else min(number, view.remaining)

        def look() -> list[datetime]:
            from codex_desk.engine.schedules import read_schedule

            times: list[datetime] = []
            for each in read_schedule(view.schedule, view.zone, moment(row["anchor"])).times(begin):
                over = (view.until is not None and each > view.until) or (until is not None and each > until)
                if over or len(times) == counted:
                    break
                times.append(each)
            return times

        return await asyncio.to_thread(look)

    async def preview_schedule(self, schedule: str, zone: str | None = None, number: int = 5, start: datetime | None = None) -> Offer:
        """When a schedule would run that is made now, or at `start`. Refusals: bad_schedule, unknown_zone, never_fires."""
        now = start or datetime.now(UTC)

        def look() -> Offer:
            from codex_desk.engine.schedules import fires, read_schedule

            read = read_schedule(schedule, zone or self.zone(), now)
            fires(read, now)
            return Offer(read, tuple(read.first(number, now)))

        return await asyncio.to_thread(look)

    def zone(self) -> str:
        """The zone that schedules are in where none is named: this machine's."""
        from codex_desk.engine.zones import local_zone

        return local_zone(self._env)

    def guards_off(self, thread_id: str) -> str | None:
        """Why guards do not count for a session; None where they do."""
        return self._guards().off(self.thread(thread_id))

    # --- making and running -----------------------------------------------------------------------------------------------------------------

    async def add_automation(self, wanted: Add) -> AutomationView:
        """Make an automation, with the work as it stands for its guard to compare with."""
        self._humans("make an automation")
        from codex_desk.engine.automation_guards import BUILT_IN, read_guard

        wanted = replace(wanted, guard=read_guard(wanted.guard))
        await self.preview_schedule(wanted.schedule, wanted.zone, 1, wanted.now)  # refused before anything is looked at, and off the loop
        if wanted.guard in BUILT_IN and wanted.seen is None:
            work = await self._guards().work(wanted.target)
            if wanted.guard == "git-changed" and work.tree is None:
                raise Refusal("bad_value", f"git-changed: {self.thread(wanted.target).cwd} is in no git repository that git can look at")
            wanted = replace(wanted, seen=work.to_text())
        return self.automation(await self.ledger.do(wanted, self.identity))

    async def import_automations(self, root: Path | None, zone: str | None, target: str | None) -> tuple[list[AutomationView], list[Found]]:
        """Bring Codex's automations from its home, or a folder of them: (what was made, and all that was found)."""
        self._humans("import automations")
        place = codex_home(self._env) if root is None else root
        if root is None and not (place / "automations").is_dir():
            return [], []
        from codex_desk.engine import automation_import

        found = await asyncio.to_thread(lambda: list(automation_import.find(self, place, zone or self.zone(), target)))
        made: list[AutomationView] = []
        seen: list[Found] = []
        for each in found:
            try:
                made += [await self.add_automation(wanted) for wanted in each.wanted]
            except Refusal as refusal:
                each = replace(each, trouble=refusal.message)
            seen.append(each)
        return made, seen

    async def pause_automation(self, automation_id: str) -> AutomationView:
        from codex_desk.engine.automations import PauseAutomation

        return self.automation(await self.ledger.do(PauseAutomation(automation_id), self.identity))

    async def resume_automation(self, automation_id: str) -> AutomationView:
        from codex_desk.engine.automations import ResumeAutomation

        return self.automation(await self.ledger.do(ResumeAutomation(automation_id), self.identity))

    async def remove_automation(self, automation_id: str) -> AutomationView:
        from codex_desk.engine.automations import RemoveAutomation

        return self.automation(await self.ledger.do(RemoveAutomation(automation_id), self.identity))

    async def run_automation(self, automation_id: str) -> OccurrenceView:
        """Have an automation run once by hand. Where a desk is open, that runs it; see `finish`."""
        from codex_desk.engine.automations import RunNow

        return self.occurrence(await self.ledger.do(RunNow(automation_id), self.identity))

    async def tick(self, now: datetime | None = None) -> TickReport:
        """Run what is due, and come back when that has ended. Where a desk is open, it hosts the turns."""
        self._humans("run automations")
        when = now or datetime.now(UTC)
        open_ones = self._unsettled(when)
        row = self.row("SELECT 1 FROM automation WHERE next_run_at <= ? OR planned_at > ? LIMIT 1", (moment_text(when), moment_text(when)))
        if row is None and not open_ones:
            return TickReport(0, ())
        runs = await self._runs()
        planned = await runs.plan_due(when)
        touched = open_ones | set(planned.runs)
        await self._bring_to_end(runs, touched, when)
        return TickReport(len(open_ones) + planned.times, tuple(self.occurrence(run) for run in sorted(touched)))

    async def finish(self, run: int) -> OccurrenceView:
        """See a run to its end, hosting it unless a desk is open that does; until it waits for the human there."""
        self._humans("run automations")
        while (view := self.occurrence(run)).outcome is None:
            if not self.desk_is_open():
                await self._bring_to_end(await self._runs(), {run}, datetime.now(UTC))
                return self.occurrence(run)
            if view.message is not None and self.thread(self.message(view.message).to_id).status == "needs_human":
                break
            await asyncio.sleep(LOOK_AGAIN_S)  # not by events: the desk may leave
        return view

    # --- one round --------------------------------------------------------------------------------------------------------------------------

    async def _bring_to_end(self, runs: Runs, known: set[int], now: datetime) -> None:
        """Begin these runs, those that are caught up one after the other, and host what they send."""
        hosted: set[int] = set()
        while True:
            before = self._still_open(known)
            startable = self._startable(known)
            await asyncio.gather(*(runs.begin(run, now) for run, late in startable if not late))
            for run, late in startable:
                if late and await runs.begin(run, now) is not None:
                    break
            numbers = [number for number in self._sent(known) if number not in hosted]
            await self._host_messages(numbers)
            hosted.update(numbers)
            for number in [number for number in runs.fired if self.message(number).final]:
                await runs.ended(number)
            if not numbers and self._still_open(known) == before:
                return

    def _still_open(self, known: Iterable[int]) -> set[int]:
        marks = ",".join(map(str, known)) or "NULL"
        return {row["id"] for row in self.rows(f"SELECT id FROM occurrence WHERE id IN ({marks}) AND outcome IS NULL")}

    def _startable(self, known: Iterable[int]) -> list[tuple[int, bool]]:
        """Those that nobody has claimed, each with whether it is caught up."""
        marks = ",".join(map(str, known)) or "NULL"
        where = f"id IN ({marks}) AND outcome IS NULL AND message_id IS NULL AND claimed_by IS NULL"
        return [
            (row["id"], bool(row["late"])) for row in self.rows(f"SELECT id, late FROM occurrence WHERE {where} ORDER BY scheduled_for, id")
        ]

    def _sent(self, known: Iterable[int]) -> list[int]:
        """The messages of those that have one, have not ended, and are not another process's."""
        marks = ",".join(map(str, known)) or "NULL"
        mine = f"(claimed_by IS NULL OR claimed_by = '{self._host.id}')" if self._host is not None else "claimed_by IS NULL"
        where = f"id IN ({marks}) AND outcome IS NULL AND message_id IS NOT NULL AND {mine}"
        return [row["message_id"] for row in self.rows(f"SELECT message_id FROM occurrence WHERE {where} ORDER BY message_id")]

    async def _host_messages(self, numbers: list[int]) -> None:
        """Host these messages, or watch the open desk that does; there one that waits for the human is left to it."""
        if not numbers:
            return
        hosting = asyncio.ensure_future(self.run_until(numbers))
        left = asyncio.ensure_future(
            self.hub.until(lambda: self._left_to_a_desk(numbers), lambda event: isinstance(event, MessageChanged | ThreadChanged))
        )
        try:
            await asyncio.wait((hosting, left), return_when=asyncio.FIRST_COMPLETED)
            views = await hosting if hosting.done() else ()
        finally:
            for task in (hosting, left):
                task.cancel()
            await asyncio.gather(hosting, left, return_exceptions=True)
        for view in views:
            row = None if view.final else self.row("SELECT id FROM occurrence WHERE message_id = ?", (view.id,))
            if row is not None:
                from codex_desk.engine.occurrences import Abandon

                await self.ledger.do(Abandon(row["id"], f"needs you: {self.need_of(view) or 'nothing brings it on'}"))

    def _left_to_a_desk(self, numbers: list[int]) -> bool | None:
        """Whether an open desk has all of these that have not ended, and the human is asked there."""
        views = [view for view in map(self.message, numbers) if not view.final]
        asked = bool(views) and all(self.thread(view.to_id).status == "needs_human" or self.stands_still(view) for view in views)
        return (asked and self.desk_is_open()) or None

    def _unsettled(self, now: datetime) -> set[int]:
        """The runs whose time has come, that have not ended, and that no process sees to."""
        where = "outcome IS NULL AND claimed_by IS NULL AND scheduled_for <= ?"
        return {row["id"] for row in self.rows(f"SELECT id FROM occurrence WHERE {where}", (moment_text(now),))}

    def _humans(self, what: str) -> None:
        if self.identity != HUMAN:
            raise Refusal("origin_agent", f"only the user may {what}")

    # --- what it stands on --------------------------------------------------------------------------------------------------------------------

    def _guards(self) -> Guards:
        if self._looks is None:
            from codex_desk.engine.automation_guards import Guards

            self._looks = Guards(self, self.surroundings, self.is_trusted, self._found_sandbox)
        return self._looks

    async def _runs(self) -> Runs:
        from codex_desk.engine.scheduling import Runs

        host = self._host or await self._start_host("once")
        self._guards().forget()
        return Runs(host.id, self.ledger, self, self._guards())

    def _schedule(self, host: Host) -> None:
        """Run automations for as long as this desk is open."""

        def begin(event: Event | None = None) -> None:
            if event is not None and not isinstance(event, AutomationChanged):
                return
            from codex_desk.engine.scheduling import Runs, Scheduler

            self.hub.remove(begin)
            self._scheduler = Scheduler(Runs(host.id, self.ledger, self, self._guards()), self.hub)
            self._scheduler.start()

        to_do = "SELECT 1 FROM automation WHERE next_run_at IS NOT NULL UNION ALL SELECT 1 FROM occurrence WHERE outcome IS NULL LIMIT 1"
        if self.row(to_do) is not None:
            begin()
        else:
            self.hub.add(begin)
