"""Planned runs: written down as their time comes, claimed by one process, fired, and ended with one outcome (semantics.md §9.3)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from codex_desk.engine import automation_policies as policies
from codex_desk.engine import envelope, mailbox
from codex_desk.engine.automation_policies import Earlier, Go, Settle, Taken, Target, Terms, Wait
from codex_desk.engine.automation_views import clock_in
from codex_desk.engine.board_seats import Rows
from codex_desk.engine.identity import By, new_id
from codex_desk.engine.journal import Action, End, Tx
from codex_desk.engine.occurrence_ends import change, settle
from codex_desk.engine.rows import moment
from codex_desk.engine.schedules import Schedule, read_schedule
from codex_desk.frozen import frozen
from codex_desk.store.automation_tables import Automation, Occurrence
from codex_desk.store.tables import Message, Thread, Turn, moment_text
from codex_desk.store.words import Outcome
from codex_desk.text import one_line

APART = timedelta(seconds=2)
"""Between the beginnings of runs that are caught up."""
SPREAD = timedelta(minutes=10)
"""In so long all of them have begun."""
BACKWARDS = timedelta(minutes=1)
"""A clock that was put back by less is left to come there again."""
DAY = timedelta(days=1)


@frozen
class Planned:
    """What was written down."""

    times: int = 0
    """How many times it stands for."""
    runs: tuple[int, ...] = ()


@frozen
class WritePlan(Action):
    """Write down the runs whose time has come, and move `next_run_at`, in one transaction; nothing, where another process did it first."""

    automation: str
    expected: datetime
    plan: policies.Plan
    now: datetime
    verb: ClassVar[str] = "automation_plan"

    def perform(self, tx: Tx, by: By) -> Planned:
        row = tx.get(Automation, self.automation)
        if row is None or row.next_run_at != self.expected or row.state == "ended":
            return Planned()
        return write_plan(tx, row, self.plan, self.now)


def write_plan(tx: Tx, row: Automation, plan: policies.Plan, now: datetime) -> Planned:
    """What `WritePlan` does, inside of another action."""
    waiting = int(tx.rows("SELECT count(*) FROM occurrence WHERE outcome IS NULL AND late = 1")[0][0])
    total, runs = 0, list[int]()
    for run in plan.runs:
        if tx.first(Occurrence, "automation_id = ? AND scheduled_for = ?", row.id, moment_text(run.at)) is not None:
            continue  # a clock that was put back comes here a second time
        due = run.at
        if run.outcome is None and run.late:
            due, waiting = now + min(waiting * APART, SPREAD), waiting + 1
        made = tx.insert(
            Occurrence(automation_id=row.id, scheduled_for=run.at, through=run.through, times=run.times, due_at=due, late=run.late)
        )
        if run.outcome is not None:
            settle(tx, made, run.outcome, run.reason)
        total += run.times or 1
        runs.append(made.id or 0)
    ended = {} if plan.next is not None else {"state": "ended", "reason": plan.end}
    change(tx, row, next_run_at=plan.next, planned_at=now, remaining=plan.remaining, **ended)
    return Planned(total, tuple(runs))


@frozen
class Rewind(Action):
    """The clock was put back: what would wait until it comes to the old time again is worked out from now. Returns whether it was so."""

    automation: str
    now: datetime
    verb: ClassVar[str] = "automation_plan"

    def perform(self, tx: Tx, by: By) -> bool:
        row = tx.get(Automation, self.automation)
        if row is None or row.next_run_at is None or row.planned_at <= self.now + BACKWARDS:
            return False
        anchor = read_schedule(row.schedule, row.zone, row.anchor).anchor_before(self.now)
        upcoming = read_schedule(row.schedule, row.zone, anchor).next(self.now)
        kept = row.next_run_at if upcoming is None else min(upcoming, row.next_run_at)
        change(tx, row, anchor=anchor, next_run_at=kept, planned_at=self.now)
        for run in tx.find(Occurrence, "automation_id = ? AND outcome IS NULL AND due_at > ?", row.id, moment_text(self.now + SPREAD)):
            tx.update(run, due_at=self.now)
        return True


@frozen
class Broken(Action):
    """Its schedule cannot be read any more, such as a zone that this machine does not know: it ends, and says why."""

    automation: str
    expected: datetime
    reason: str
    verb: ClassVar[str] = "automation_plan"

    def perform(self, tx: Tx, by: By) -> Planned:
        row = tx.get(Automation, self.automation)
        if row is not None and row.next_run_at == self.expected:
            change(tx, row, state="ended", reason=self.reason, next_run_at=None)
        return Planned()


@frozen
class Ready:
    """A run that a process has claimed, and what it has to look at before it fires it."""

    run: int
    automation: str
    handle: str
    guard: str | None
    target: str
    seen: str | None
    last: str
    """How its last run ended, for the prompt."""


@frozen
class ClaimRun(Action):
    """Take a planned run, by compare-and-swap. Returns None where there is nothing to do about it now: it was taken, has ended, or waits for another."""

    run: int
    host_id: str
    now: datetime
    verb: ClassVar[str] = "automation_claim"

    def perform(self, tx: Tx, by: By) -> Ready | None:
        run = tx.get(Occurrence, self.run)
        if run is None or run.outcome is not None or run.message_id is not None or run.claimed_by is not None:
            return None
        row = tx.get(Automation, run.automation_id)
        assert row is not None  # a key into it
        verdict = _verdict(tx, row, run, self.now)
        if isinstance(verdict, Wait):
            return None
        if isinstance(verdict, Settle):
            settle(tx, run, verdict.outcome, verdict.reason)
            return None
        tx.update(run, claimed_by=self.host_id)
        guard = None if run.by_hand else row.guard
        return Ready(run.id or 0, row.id, row.handle, guard, row.target_id, row.seen, _last_words(tx, row, run))


@frozen
class Fire(Action):
    """Send a claimed run's message. Returns its number; None where the run has ended or been taken away meanwhile, or waits again."""

    run: int
    host_id: str
    now: datetime
    changed: str = ""
    """What the prompt says has changed since the last run."""
    seen: str | None = None
    verb: ClassVar[str] = "automation_fire"

    def perform(self, tx: Tx, by: By) -> int | None:
        run = tx.get(Occurrence, self.run)
        if run is None or run.outcome is not None or run.message_id is not None or run.claimed_by != self.host_id:
            return None
        row = tx.get(Automation, run.automation_id)
        assert row is not None  # a key into it
        match _verdict(tx, row, run, self.now):
            case Wait():
                tx.update(run, claimed_by=None)
                return None
            case Settle(outcome, reason):
                settle(tx, run, outcome, reason)
                return None
            case Go(delivery, cancel_earlier):
                if cancel_earlier:
                    _cancel_earlier(tx, row, run)
                return self._send(tx, row, run, delivery)

    def _send(self, tx: Tx, row: Automation, run: Occurrence, delivery: str) -> int:
        message = tx.insert(
            Message(
                to_id=row.target_id,
                kind="prompt",
                origin="automation",
                delivery=delivery,  # type: ignore[arg-type] - one of its words
                body=row.prompt,
                chain_id=new_id(),
                created_at=tx.now,
            )
        )
        due = "run by hand" if run.by_hand else f"due {clock_in(run.scheduled_for, row.zone)}"
        record = f"#{message.id} automation {row.handle} fired, {due}: {one_line(row.prompt, mailbox.EXCERPT)}"
        data = {"message": message.id, "automation": row.handle, "delivery": delivery}
        into, _ = tx.crossing("fired", "automation", End(row.target_id, row.prompt, "message_in", None, record), None, data=data)
        tx.update(message, in_seq=into)
        tx.update(run, message_id=message.id, context=self.changed or None, fired_at=tx.now)
        change(tx, row, seen=self.seen if self.seen is not None else row.seen)
        tx.update(tx.thread(row.target_id))
        return message.id or 0


@frozen
class Decline(Action):
    """End a claimed run without a model: its guard said no, or could not be asked."""

    run: int
    host_id: str
    outcome: Outcome
    reason: str
    verb: ClassVar[str] = "automation_fire"

    def perform(self, tx: Tx, by: By) -> None:
        run = tx.get(Occurrence, self.run)
        if run is not None and run.claimed_by == self.host_id and run.message_id is None:
            settle(tx, run, self.outcome, self.reason)


@frozen
class Abandon(Action):
    """Nothing brings a run's message on without the human, and nobody is here: it ends, and so does its run. Returns whether it did."""

    run: int
    reason: str
    verb: ClassVar[str] = "automation_fire"

    def perform(self, tx: Tx, by: By) -> bool:
        run = tx.get(Occurrence, self.run)
        if run is None or run.outcome is not None:
            return False
        message = None if run.message_id is None else tx.get(Message, run.message_id)
        if message is not None and message.state == "running":
            return False
        settle(tx, run, "budget" if "budgets." in self.reason else "failed", self.reason)
        if message is not None and message.state in mailbox.OPEN:
            mailbox.settle(tx, message, "cancel", "automation", self.reason)
        return True


@frozen
class NoteSeen(Action):
    """What the work looks like after a run: what it did itself is no news to the next one's guard."""

    automation: str
    seen: str
    verb: ClassVar[str] = "automation_fire"

    def perform(self, tx: Tx, by: By) -> None:
        row = tx.get(Automation, self.automation)
        if row is not None and row.seen != self.seen:
            tx.update(row, seen=self.seen)


def terms_of(row: Automation, schedule: Schedule) -> Terms:
    """What planning looks at of a row."""
    paused = (row.reason or "it is paused") if row.state == "paused" else None
    return Terms(schedule, policies.read_catch_up(row.catch_up), paused, row.until, row.until_told, row.remaining)


def taken_from(rows: Rows, automation_id: str, due: datetime) -> Taken:
    """The times from `due` on that runs have been written down for."""
    since = "SELECT max(scheduled_for) FROM occurrence WHERE automation_id = ?1 AND scheduled_for <= ?2 AND by_hand = 0"
    found = rows(
        "SELECT scheduled_for, coalesce(through, scheduled_for) FROM occurrence WHERE automation_id = ?1 AND by_hand = 0"
        f" AND scheduled_for >= coalesce(({since}), ?2) ORDER BY scheduled_for",
        (automation_id, moment_text(due)),
    )
    return Taken(tuple((moment(row[0]), moment(row[1])) for row in found))


def gone(target: Thread) -> str | None:
    """Why nothing can be run in a thread on a schedule; None where it can."""
    name = target.handle or one_line(target.title, 60) or target.id
    if target.archived_at is not None:
        return f"{name} is archived; unarchive it, or remove the automation"
    if target.status == "history":
        return f"{name} is history; adopt it first"
    if target.kind != "session":
        return f"{name} is a subagent, which its parent owns; an automation targets a session"
    return None


def sealed(tx: Tx, message: Message) -> str:
    """A run's message as the model reads it."""
    run = tx.first(Occurrence, "message_id = ?", message.id)
    row = None if run is None else tx.get(Automation, run.automation_id)
    if run is None or row is None:
        return envelope.from_schedule("of this session", "now", message.body, "")
    due = "now, started by hand" if run.by_hand else f"{clock_in(run.scheduled_for, row.zone)} {row.zone}"
    return envelope.from_schedule(row.handle, due, message.body, run.context or "")


def settle_unfired(tx: Tx, row: Automation, outcome: Outcome, reason: str) -> None:
    """End the runs of an automation that have not begun."""
    for run in tx.find(Occurrence, "automation_id = ? AND outcome IS NULL AND message_id IS NULL AND by_hand = 0", row.id):
        settle(tx, run, outcome, reason)


def cancel_queued(tx: Tx, row: Automation, reason: str) -> None:
    """Take what an automation has queued out of the queue; what runs goes on."""
    for run in tx.find(Occurrence, "automation_id = ? AND outcome IS NULL AND message_id IS NOT NULL", row.id):
        message = tx.get(Message, run.message_id)
        if message is not None and message.state in mailbox.OPEN:
            mailbox.settle(tx, message, "cancel", "automation", reason)


def _verdict(tx: Tx, row: Automation, run: Occurrence, now: datetime) -> Settle | Wait | Go:
    if row.removed_at is not None:
        return Settle("cancelled", "the automation was removed")
    if row.state == "paused" and not run.by_hand:
        return Settle("paused", row.reason or "it is paused")
    spent = _spent(tx, row)
    if row.budget_tokens is not None and spent >= row.budget_tokens:
        return Settle("budget", f"its runs took {spent:,} of {row.budget_tokens:,} tokens in the last 24 hours")
    earlier = _earlier(tx, row, run)
    return policies.decide(row.overlap, row.busy, run.late, _target(tx, row, run), earlier)


def _earlier(tx: Tx, row: Automation, run: Occurrence) -> Earlier:
    before = tx.find(
        Occurrence,
        "automation_id = ? AND outcome IS NULL AND id != ? AND (message_id IS NOT NULL OR id < ?) ORDER BY id",
        row.id,
        run.id,
        run.id,
    )
    sent = next((each.scheduled_for for each in before if each.message_id is not None), None)
    waiting = next((each.scheduled_for for each in before if each.message_id is None), None)
    return Earlier(sent, waiting, any(each.late for each in before))


def _target(tx: Tx, row: Automation, run: Occurrence) -> Target:
    thread = tx.thread(row.target_id)
    own = "SELECT o.message_id FROM occurrence o WHERE o.automation_id = ? AND o.outcome IS NULL AND o.message_id IS NOT NULL"
    queued = tx.rows(f"SELECT 1 FROM message WHERE to_id = ? AND state = 'queued' AND id NOT IN ({own}) LIMIT 1", (thread.id, row.id))
    running = mailbox.running_turn(tx, thread.id) is not None
    return Target(tx.name(thread.id), gone(thread), thread.held, running, bool(queued))


def _cancel_earlier(tx: Tx, row: Automation, run: Occurrence) -> None:
    why = f"replaced by the run of {clock_in(run.scheduled_for, row.zone)}"
    for before in tx.find(Occurrence, "automation_id = ? AND outcome IS NULL AND id != ?", row.id, run.id):
        message = None if before.message_id is None else tx.get(Message, before.message_id)
        if message is None:
            if (before.id or 0) < (run.id or 0):
                settle(tx, before, "cancelled", why)
        elif message.state in mailbox.OPEN:
            mailbox.settle(tx, message, "cancel", "automation", why)
        elif message.turn_id is not None and (turn := tx.get(Turn, message.turn_id)) is not None and turn.state == "running":
            tx.update(turn, stop_reason=why)


def _spent(tx: Tx, row: Automation) -> int:
    """Tokens of the turns that its runs caused in the last day; counted only where there is a budget."""
    if row.budget_tokens is None:
        return 0
    found = tx.rows(
        "WITH RECURSIVE caused(turn_id) AS (SELECT m.turn_id FROM occurrence o JOIN message m ON m.id = o.message_id"
        " WHERE o.automation_id = ? AND o.fired_at >= ? AND m.turn_id IS NOT NULL"
        " UNION SELECT m.turn_id FROM message m JOIN caused c ON m.asking_turn_id = c.turn_id WHERE m.turn_id IS NOT NULL)"
        " SELECT coalesce(sum(t.input_tokens + t.output_tokens), 0) FROM caused c JOIN turn t ON t.id = c.turn_id",
        (row.id, moment_text(tx.now - DAY)),
    )
    return int(found[0][0])


def _last_words(tx: Tx, row: Automation, run: Occurrence) -> str:
    """How the last run that had a message ended, and what it answered."""
    last = tx.first(
        Occurrence, "automation_id = ? AND id < ? AND fired_at IS NOT NULL AND outcome IS NOT NULL ORDER BY id DESC", row.id, run.id
    )
    if last is None:
        return ""
    message = None if last.message_id is None else tx.get(Message, last.message_id)
    told = f"The last run ({clock_in(last.scheduled_for, row.zone)}): {last.outcome}{f': {last.reason}' if last.reason else ''}."
    answer = message.answer if message is not None else None
    return f"{told} It answered: {one_line(answer, 500)}" if answer else told
