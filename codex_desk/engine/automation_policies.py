"""What becomes of a planned run: pure. Which of the times that have passed are run, and whether one may begin now (semantics.md §9.2)."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal, get_args

from codex_desk.engine.errors import Refusal
from codex_desk.engine.schedules import Schedule
from codex_desk.frozen import frozen
from codex_desk.store.words import Delivery, Outcome
from codex_desk.text import one_line

Overlap = Literal["skip", "buffer_one", "cancel_other"]
Busy = Literal["queue_one", "skip", "next_step"]

OVERLAPS: tuple[Overlap, ...] = get_args(Overlap)
BUSY: tuple[Busy, ...] = get_args(Busy)
MOST_CAUGHT_UP = 100

MINUTE = timedelta(minutes=1)
GRACE = timedelta(minutes=5)
"""A run that begins so soon after its time is on time: whoever runs `tick` every few minutes is not late."""
WINDOW = timedelta(days=7)
"""What was missed longer ago is not caught up."""
KEPT = 250
"""Missed runs of one automation that are recorded one by one; earlier ones are one stretch."""
WALKED = 20_000
"""Times that are walked through one by one; more than the largest COUNT, so that one is always exact."""
RAN: frozenset[Outcome] = frozenset({"ran", "caught_up"})

_ALL = re.compile(r"all\((\d{1,3})\)")


@frozen
class CatchUp:
    """How many of the late runs are run, the latest ones."""

    runs: int
    text: str


def read_catch_up(text: str) -> CatchUp:
    """`latest_once`, `skip` or `all(n)`. Refusals: bad_value."""
    found = _ALL.fullmatch(text.replace(" ", ""))
    if found and 1 <= int(found[1]) <= MOST_CAUGHT_UP:
        return CatchUp(int(found[1]), f"all({int(found[1])})")
    if text in ("latest_once", "skip"):
        return CatchUp(1 if text == "latest_once" else 0, text)
    raise Refusal("bad_value", f"catch-up is latest_once, skip or all(n) with n from 1 to {MOST_CAUGHT_UP}, not {one_line(text, 40)}")


def check_policies(overlap: str, busy: str) -> None:
    """Refusals: bad_value."""
    if overlap not in OVERLAPS:
        raise Refusal("bad_value", f"overlap is {', '.join(OVERLAPS)}, not {one_line(overlap, 40)}")
    if busy not in BUSY:
        raise Refusal("bad_value", f"busy is {', '.join(BUSY)}, not {one_line(busy, 40)}")


# --- the times that have passed ----------------------------------------------------------------------------------------------------------------


@frozen
class Terms:
    """What planning looks at."""

    schedule: Schedule
    catch_up: CatchUp
    paused: str | None
    """Why it is paused; None where it is not."""
    until: datetime | None
    until_told: bool
    remaining: int | None


@frozen
class Run:
    """A time that has passed, or a stretch of them; without an outcome it is to be run."""

    at: datetime
    outcome: Outcome | None = None
    reason: str | None = None
    late: bool = False
    through: datetime | None = None
    times: int | None = 1


@frozen
class Plan:
    """What to write down for an automation whose time has come."""

    runs: tuple[Run, ...]
    next: datetime | None
    remaining: int | None
    end: str | None = None
    """Why there is no next run."""


@frozen
class Taken:
    """The times that runs have been written down for already: a clock that was put back comes to them again."""

    spans: tuple[tuple[datetime, datetime], ...] = ()
    """First and last, ascending."""

    def holds(self, moment: datetime) -> bool:
        place = bisect_right(self.spans, moment, key=lambda span: span[0])
        return place > 0 and moment <= self.spans[place - 1][1]

    def between(self, first: datetime, last: datetime) -> bool:
        """Whether one begins between two moments."""
        place = bisect_right(self.spans, first, key=lambda span: span[0])
        return place < len(self.spans) and self.spans[place][0] < last


def plan(terms: Terms, due: datetime, now: datetime, taken: Taken) -> Plan:
    """Sort the times from `due` to `now`, each into exactly one run or stretch, but for those that are taken."""
    passed, skipped, following = _passed(terms, due, now)
    free = [moment for moment in passed if not taken.holds(moment)]
    remaining = None if terms.remaining is None else terms.remaining - len(free)
    kept, early = free[-KEPT:], free[:-KEPT]
    runs = _stretches(terms, early, kept[0] - MINUTE if skipped else None, taken) if early else []
    runs += _outcomes(terms, kept, now)
    over = None if following is None or terms.until is None or following <= terms.until else following
    if remaining == 0:
        return Plan(tuple(runs), None, 0, "all its runs are planned")
    if over is not None and not terms.until_told and over <= now:
        why = f"it was made to run until {terms.until:%Y-%m-%d %H:%M} UTC; resume it for 30 more days"
        return Plan((*runs, Run(over, "expired", why)), None, remaining, "it has expired; resume it for 30 more days")
    if over is not None and terms.until_told:
        return Plan(tuple(runs), None, remaining, "it was made to end then")
    return Plan(tuple(runs), following, remaining, None if following is not None else "its schedule has no further time")


def _passed(terms: Terms, due: datetime, now: datetime) -> tuple[list[datetime], bool, datetime | None]:
    """(the times up to now, whether some in their midst were not walked through, the first after them)."""
    last = now if terms.until is None else min(now, terms.until)
    passed = [due] if due <= last else []
    if terms.remaining is not None and len(passed) >= terms.remaining:
        return passed[: terms.remaining], False, None
    if not passed:
        return [], False, due
    skipped = False
    limit = WALKED if terms.remaining is None else terms.remaining
    following: datetime | None = None
    for moment in islice(terms.schedule.times(due), limit):
        if moment > last:
            following = moment
            break
        passed.append(moment)
        if len(passed) == limit:
            break
    if len(passed) == limit and terms.remaining is None:
        skipped = True
        near = max(passed[-1], last - WINDOW)
        recent, following = _recent(terms.schedule, near, last)
        passed += recent
    elif following is None and (terms.remaining is None or len(passed) < terms.remaining):
        following = terms.schedule.next(passed[-1])
    return passed, skipped, following


def _recent(schedule: Schedule, near: datetime, last: datetime) -> tuple[list[datetime], datetime | None]:
    """The last times of a long way, and the first after it."""
    recent: list[datetime] = []
    for moment in schedule.times(near):
        if moment > last:
            return recent[-KEPT:], moment
        recent.append(moment)
    return recent[-KEPT:], None


def _stretches(terms: Terms, early: Sequence[datetime], until: datetime | None, taken: Taken) -> list[Run]:
    """The early times, those that follow each other as one run. `until`: where the last of them reaches, if nobody counted it."""
    parts: list[list[datetime]] = [[]]
    for moment in early:
        if parts[-1] and taken.between(parts[-1][-1], moment):
            parts.append([])
        parts[-1].append(moment)
    whole = [_stretch(terms, part[0], part[-1], len(part)) for part in parts[:-1]]
    last = parts[-1]
    return [*whole, _stretch(terms, last[0], until or last[-1], None if until else len(last))]


def _stretch(terms: Terms, first: datetime, through: datetime, times: int | None) -> Run:
    many = f"{'many' if times is None else f'{times:,}'} runs until {through:%Y-%m-%d %H:%M} UTC"
    if terms.paused is not None:
        return Run(first, "paused", f"{many}: {terms.paused}", False, through, times)
    return Run(first, "missed_offline", f"nothing was open for {many}", False, through, times)


def _outcomes(terms: Terms, times: Sequence[datetime], now: datetime) -> list[Run]:
    if terms.paused is not None:
        return [Run(moment, "paused", terms.paused) for moment in times]
    on_time = times[-1:] if times and times[-1] >= now - GRACE else ()
    late = times[: len(times) - len(on_time)]
    policy = terms.catch_up
    wanted = policy.runs if policy.text != "latest_once" or not on_time else 0
    caught_up = {moment for moment in late[len(late) - min(wanted, len(late)) :] if moment >= now - WINDOW}
    runs = [
        Run(moment, late=True) if moment in caught_up else Run(moment, "missed_offline", _missed(moment, policy, now)) for moment in late
    ]
    return [*runs, *(Run(moment) for moment in on_time)]


def _missed(moment: datetime, policy: CatchUp, now: datetime) -> str:
    if moment < now - WINDOW:
        return f"nothing was open to run it, and more than {WINDOW.days} days later nothing is caught up"
    how = {"skip": "what is missed is not caught up", "latest_once": "of what is missed the latest run alone is caught up"}
    return f"nothing was open to run it; {how.get(policy.text, f'of what is missed the latest {policy.runs} are caught up')}"


# --- whether one may begin ---------------------------------------------------------------------------------------------------------------------


@frozen
class Target:
    """How the thread stands that a run would prompt."""

    name: str
    gone: str | None = None
    """Why nothing can run there any more."""
    held: bool = False
    running: bool = False
    queued: bool = False
    """Something waits there already."""


@frozen
class Earlier:
    """Runs of the same automation that have not ended."""

    sent: datetime | None = None
    """The time of one whose message waits or runs."""
    waiting: datetime | None = None
    """The time of one that has not begun."""
    caught_up: bool = False
    """One of them runs late."""


@frozen
class Settle:
    """It is not run."""

    outcome: Outcome
    reason: str


@frozen
class Wait:
    """It is looked at again once an earlier run has ended."""


@frozen
class Go:
    delivery: Delivery = "after_turn"
    cancel_earlier: bool = False


def decide(overlap: str, busy: str, late: bool, target: Target, earlier: Earlier) -> Settle | Wait | Go:
    """Whether a planned run may begin now."""
    if target.gone is not None:
        return Settle("failed", target.gone)
    if earlier.sent is not None or earlier.waiting is not None:
        if late or earlier.caught_up:  # what is caught up is run one after the other, and what is on time after it
            return Wait()
        if overlap == "buffer_one" and earlier.waiting is None:
            return Wait()
        if overlap != "cancel_other":
            which = earlier.sent or earlier.waiting
            buffered = "one run is buffered already" if overlap == "buffer_one" else f"the run of {which:%Y-%m-%d %H:%M} UTC had not ended"
            return Settle("skipped_overlap", buffered)
    if target.held:
        return Settle("skipped_busy", f"you have the hand in {target.name} since you stopped it; prompt or resume it")
    cancels = earlier.sent is not None or earlier.waiting is not None
    if not (target.running or target.queued) or cancels:
        return Go(cancel_earlier=cancels)
    match busy:
        case "skip":
            return Settle("skipped_busy", f"{target.name} was at work" if target.running else f"something else was queued in {target.name}")
        case "next_step" if target.running:
            return Go("next_step")
        case _:
            return Go()
