"""Automations: what the human does with them. What becomes of their runs is in `occurrences` (semantics.md §9)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from codex_desk.engine import automation_policies as policies
from codex_desk.engine import occurrences
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import AutomationChanged
from codex_desk.engine.identity import By, new_id
from codex_desk.engine.journal import Action, Tx
from codex_desk.engine.schedules import MOST_RUNS, At, fires, read_schedule
from codex_desk.engine.sessions import HANDLE
from codex_desk.frozen import frozen
from codex_desk.store.automation_tables import Automation, Occurrence
from codex_desk.store.tables import Thread
from codex_desk.text import one_line

LIFE = timedelta(days=30)
"""How long one runs whose end nobody told."""
LONGEST_PROMPT = 100_000


@frozen
class Add(Action):
    """Make an automation. `now`: the schedule's clock, where that is another than the desk's. Returns its id.

    Refusals: bad_handle, handle_taken, bad_schedule, unknown_zone, never_fires, bad_value, archived, not_a_session."""

    handle: str
    target: str
    schedule: str
    prompt: str
    zone: str
    guard: str | None = None
    overlap: str = "skip"
    busy: str = "queue_one"
    catch_up: str = "latest_once"
    until: datetime | None = None
    count: int | None = None
    budget_tokens: int | None = None
    paused: str | None = None
    """Why it arrives paused."""
    source: str | None = None
    seen: str | None = None
    """The work as it is now, which the first run's guard compares with."""
    now: datetime | None = None
    verb: ClassVar[str] = "automation_add"

    def subject(self) -> str:
        return self.target

    def perform(self, tx: Tx, by: By) -> str:
        now = self.now or tx.now
        free_handle(tx, self.handle)
        target = targetable(tx, self.target)
        if not self.prompt.strip() or len(self.prompt) > LONGEST_PROMPT:
            raise Refusal("bad_value", f"a prompt has 1 to {LONGEST_PROMPT:,} characters")
        policies.check_policies(self.overlap, self.busy)
        catch_up = policies.read_catch_up(self.catch_up)
        schedule = read_schedule(self.schedule, self.zone, now)
        first = fires(schedule, now)
        until, told, count = self._end(now, first, schedule.until, schedule.count, once=isinstance(schedule.rule, At))
        row = tx.insert(
            Automation(
                id=new_id(),
                handle=self.handle,
                target_id=target.id,
                schedule=self.schedule,
                zone=self.zone,
                anchor=schedule.anchor,
                prompt=self.prompt,
                guard=self.guard,
                overlap=self.overlap,
                busy=self.busy,
                catch_up=catch_up.text,
                until=until,
                until_told=told,
                remaining=count,
                budget_tokens=self.budget_tokens,
                state="paused" if self.paused else "active",
                reason=self.paused,
                seen=self.seen,
                next_run_at=first,
                planned_at=now,
                source=self.source,
                created_at=tx.now,
            )
        )
        words = one_line(self.schedule, 80)
        tx.item(
            target.id,
            "notice",
            f"automation {self.handle} made: {words}",
            by.origin,
            data={"event": "automation", "automation": row.handle},
        )
        tx.tell(AutomationChanged(row.id))
        return row.id

    def _end(
        self, now: datetime, first: datetime, until: datetime | None, count: int | None, *, once: bool
    ) -> tuple[datetime | None, bool, int | None]:
        """(the last moment, whether the user told it, how many runs)."""
        if self.count is not None and not 1 <= self.count <= MOST_RUNS:
            raise Refusal("bad_value", f"a count is from 1 to {MOST_RUNS:,}")
        if self.budget_tokens is not None and self.budget_tokens < 1:
            raise Refusal("bad_value", "a budget is a number of tokens, from 1 on")
        counts = [each for each in (self.count, count, 1 if once else None) if each is not None]
        ends = [each for each in (self.until, until) if each is not None]
        if ends and min(ends) < first:
            raise Refusal(
                "never_fires",
                f"it ends at {min(ends):%Y-%m-%d %H:%M} UTC, before its first run at {first:%Y-%m-%d %H:%M} UTC; give a later end",
            )
        if ends or counts:
            return min(ends, default=None), bool(ends), min(counts, default=None)
        return max(now, first) + LIFE, False, None


@frozen
class PauseAutomation(Action):
    """Let nothing of it run until it is resumed. Returns its id."""

    automation: str
    verb: ClassVar[str] = "automation_pause"

    def perform(self, tx: Tx, by: By) -> str:
        row = known(tx, self.automation)
        if row.state == "ended":
            raise Refusal("ended", f"{row.handle} has ended: {row.reason}")
        if row.state == "active":
            occurrences.change(tx, row, state="paused", reason="paused by the user", failures=0)
            occurrences.settle_unfired(tx, row, "paused", "paused by the user")
            occurrences.cancel_queued(tx, row, "paused by the user")
        return row.id


@frozen
class ResumeAutomation(Action):
    """Let it run again, from its next time on; one that had expired gets 30 more days. Returns its id. Refusals: ended."""

    automation: str
    now: datetime | None = None
    verb: ClassVar[str] = "automation_resume"

    def perform(self, tx: Tx, by: By) -> str:
        row, now = known(tx, self.automation), self.now or tx.now
        expired = row.state == "ended" and not row.until_told and row.remaining != 0 and row.until is not None
        if row.state == "ended" and not expired:
            raise Refusal("ended", f"{row.handle} has ended: {row.reason}; add it again with a new schedule")
        schedule = read_schedule(row.schedule, row.zone, row.anchor)
        if row.state == "paused" and row.next_run_at is not None:  # what passed while it was paused was paused
            taken = occurrences.taken_from(tx.rows, row.id, row.next_run_at)
            occurrences.write_plan(tx, row, policies.plan(occurrences.terms_of(row, schedule), row.next_run_at, now, taken), now)
            if row.state == "ended" and (row.until_told or row.remaining == 0):
                raise Refusal("ended", f"{row.handle} has ended: {row.reason}; add it again with a new schedule")
        if row.state != "active":
            renewed = {"until": now + LIFE} if row.until is not None and not row.until_told else {}
            upcoming = row.next_run_at or fires(schedule, now)
            occurrences.change(tx, row, state="active", reason=None, failures=0, next_run_at=upcoming, planned_at=now, **renewed)
        return row.id


@frozen
class RemoveAutomation(Action):
    """Take it away; what it ran stays on record. Returns its id."""

    automation: str
    verb: ClassVar[str] = "automation_remove"

    def perform(self, tx: Tx, by: By) -> str:
        row = known(tx, self.automation)
        occurrences.settle_unfired(tx, row, "cancelled", "the automation was removed")
        occurrences.cancel_queued(tx, row, "the automation was removed")
        occurrences.change(tx, row, state="ended", reason="removed by the user", next_run_at=None, removed_at=tx.now)
        words = f"automation {row.handle} removed"
        tx.item(row.target_id, "notice", words, by.origin, data={"event": "automation", "automation": row.handle})
        return row.id


@frozen
class RunNow(Action):
    """Run it once by hand, beside its schedule; guard and pause do not count. Returns the number of the run."""

    automation: str
    verb: ClassVar[str] = "automation_run"

    def perform(self, tx: Tx, by: By) -> int:
        row = known(tx, self.automation)
        run = tx.insert(Occurrence(automation_id=row.id, scheduled_for=tx.now, due_at=tx.now, by_hand=True))
        tx.tell(AutomationChanged(row.id))
        return run.id or 0


def known(tx: Tx, automation: str) -> Automation:
    """The automation of this id, if it is still there."""
    row = tx.get(Automation, automation)
    if row is None or row.removed_at is not None:
        raise Refusal("unknown_automation", "there is no such automation; `codex-desk automation list` names them")
    return row


def free_handle(tx: Tx, handle: str) -> None:
    """Refusals: bad_handle, handle_taken."""
    if not HANDLE.fullmatch(handle):
        raise Refusal(
            "bad_handle", f"{one_line(handle, 60)!r} is no handle: a lower-case letter, then letters, digits and dashes, 40 in all"
        )
    if tx.first(Automation, "handle = ? AND removed_at IS NULL", handle) is not None:
        raise Refusal("handle_taken", f"there is an automation {handle} already; remove it first, or take another handle")


def targetable(tx: Tx, thread_id: str) -> Thread:
    """The session that an automation is to prompt. Refusals: archived, not_a_session."""
    target = tx.thread(thread_id)
    why = occurrences.gone(target)
    if why is not None:
        raise Refusal("archived" if target.archived_at is not None else "not_a_session", why)
    return target
