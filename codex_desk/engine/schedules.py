"""When an automation runs: the user's own text, a zone and an anchor, and the moments that follow from them.

Nothing here knows of a store or a clock. Moments are aware and in UTC; a wall clock's times are read as `zones` says. Intervals are UTC arithmetic, so
that no hour is lost or run twice when clocks change. A cron line with a star in its minutes or hours passes through the repeated hour like an interval, as
Debian's cron has it; every other time of a wall clock runs once. Rules can take long to look through: callers on an event loop use a thread.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Literal
from zoneinfo import ZoneInfo

from codex_desk.engine.errors import Refusal
from codex_desk.engine.recurrence import Recurrence, read_rule
from codex_desk.engine.zones import moment_of, zone_named
from codex_desk.frozen import frozen
from codex_desk.text import one_line

Kind = Literal["every", "cron", "rrule", "at"]

FORMS = "`every 15m`, a cron line of five fields such as `0 9 * * 1-5`, `RRULE:FREQ=DAILY;BYHOUR=9;BYMINUTE=0`, or `at 2026-12-24T09:00`"
SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(days=366)
MARGIN = timedelta(hours=3)
"""No clock is put back by more."""
MOST_RUNS = 10_000
"""The largest COUNT."""

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PART = re.compile(r"(\d{1,6})\s*(minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)(?![a-z])", re.IGNORECASE)
_ALONE = re.compile(r"(minute|hour|day|week)", re.IGNORECASE)
_SECONDS = re.compile(r"\d+\s*(seconds?|secs?|s|ms)\b", re.IGNORECASE)
_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")


@frozen
class Every:
    """Every so often from the anchor on."""

    step: timedelta

    def times(self, after: datetime, anchor: datetime) -> Iterator[datetime]:
        passed = max(0, (after - anchor) // self.step)
        while True:
            passed += 1
            yield anchor + passed * self.step


@frozen
class Cron:
    """A cron line of five fields."""

    line: str

    def times(self, after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        from cronsim import CronSim

        # Without a zone: cronsim goes on by whole hours, and loses its step where a clock is changed by half of one.
        walls = CronSim(self.line, after.astimezone(zone).replace(tzinfo=None) - MARGIN)
        last = after
        for moment in _every_pass(walls, zone) if self.is_interval else (moment_of(wall, zone) for wall in walls):
            if moment > last:
                last = moment
                yield moment

    @property
    def is_interval(self) -> bool:
        minute, hour = self.line.split()[:2]
        return minute.startswith("*") or hour.startswith("*")


def _every_pass(walls: Iterator[datetime], zone: ZoneInfo) -> Iterator[datetime]:
    """The moments at which a clock shows these ascending times: none where it never does, two where it does twice."""
    again: deque[datetime] = deque()
    for wall in walls:
        first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first.astimezone(zone).replace(tzinfo=None) != wall:
            continue
        while again and again[0] < first:
            yield again.popleft()
        yield first
        if second > first:
            again.append(second)
    yield from again


@frozen
class At:
    """Once."""

    moment: datetime


@frozen
class Schedule:
    """A schedule as it was read."""

    text: str
    """The user's own."""
    zone: str
    anchor: datetime
    rule: Every | Cron | Recurrence | At
    until: datetime | None = None
    """The last moment that counts, where the text itself says one."""
    count: int | None = None
    """How many runs there are, likewise; whoever counts them ends it."""

    @property
    def kind(self) -> Kind:
        match self.rule:
            case Every():
                return "every"
            case Cron():
                return "cron"
            case Recurrence():
                return "rrule"
            case At():
                return "at"

    def times(self, after: datetime) -> Iterator[datetime]:
        """The moments after `after`, ascending, each once; COUNT is not looked at. It may be long before one comes, or none does."""
        zone = zone_named(self.zone)
        match self.rule:
            case Every():
                found = self.rule.times(after, self.anchor)
            case Cron():
                found = self.rule.times(after, zone)
            case Recurrence():
                found = self.rule.times(after, self.anchor, zone)
            case At(moment):
                found = iter([moment] if moment > after else [])
        for moment in found:
            if self.until is not None and moment > self.until:
                return
            yield moment

    def anchor_before(self, moment: datetime) -> datetime:
        """An anchor from which the same times follow, no later than `moment`: for a clock that was put back to before the anchor."""
        if self.anchor <= moment:
            return self.anchor
        match self.rule:
            case Every(step):
                return self.anchor - -((moment - self.anchor) // step) * step
            case Recurrence():
                return self.rule.anchor_before(self.anchor, moment)
            case _:
                return moment

    def next(self, after: datetime) -> datetime | None:
        """The first moment after `after`."""
        return next(self.times(after), None)

    def first(self, number: int, after: datetime) -> list[datetime]:
        """The first so many moments after `after`; not more than COUNT."""
        return list(islice(self.times(after), number if self.count is None else min(number, self.count)))


def read_schedule(text: str, zone: str, anchor: datetime) -> Schedule:
    """Read a schedule as a person writes it. Refusals say what to write instead: bad_schedule, unknown_zone."""
    clock = zone_named(zone)
    words = " ".join(text.split())
    folded = words.casefold()
    anchor = anchor.astimezone(UTC).replace(microsecond=0)
    if folded.startswith("every"):
        return Schedule(text, zone, anchor, Every(_interval(words[5:].strip(), text)))
    if folded == "at" or folded.startswith("at "):
        return Schedule(text, zone, anchor, At(_moment(words[2:].strip(), clock, anchor)))
    if folded.startswith(("rrule", "dtstart")) or "freq=" in folded:
        rule, until, count = read_rule(words, anchor, clock)
        if isinstance(rule, timedelta):
            return Schedule(text, zone, anchor, Every(_bounded(rule, text)), until, _counted(count))
        return Schedule(text, zone, anchor, rule, until, _counted(count))
    return Schedule(text, zone, anchor, _cron(words, clock))


def fires(schedule: Schedule, after: datetime) -> datetime:
    """The first moment after `after`. Refusals: never_fires."""
    first = schedule.next(after)
    if first is not None:
        return first
    if isinstance(schedule.rule, At):
        when = schedule.rule.moment.astimezone(zone_named(schedule.zone)).isoformat(timespec="minutes")
        raise Refusal("never_fires", f"{when} has passed; write a time that is still to come, such as `at 09:00` for the next nine o'clock")
    what = "its UNTIL has passed, or the date does not exist" if schedule.until else "the date that it names does not exist"
    raise Refusal("never_fires", f"{one_line(schedule.text, 120)!r} never comes: {what}. Write another day or month")


def _interval(words: str, text: str) -> timedelta:
    if _SECONDS.search(words):
        raise Refusal("bad_schedule", "an automation runs at most once a minute; write `every 1m` or longer")
    alone = _ALONE.fullmatch(words)
    if alone:
        return timedelta(**{_UNITS[alone[1][0].casefold()]: 1})
    parts = list(_PART.finditer(words))
    if not parts or _PART.sub("", words).strip(" ,"):
        raise Refusal("bad_schedule", f"{one_line(text, 80)!r} is no interval; write `every 15m`, `every 2h`, `every 1d` or `every 1h30m`")
    return _bounded(sum((timedelta(**{_UNITS[part[2][0].casefold()]: int(part[1])}) for part in parts), timedelta()), text)


def _bounded(step: timedelta, text: str) -> timedelta:
    if not SHORTEST <= step <= LONGEST:
        raise Refusal("bad_schedule", f"{one_line(text, 80)!r}: an interval is from one minute to 366 days; write `every 1m` or longer")
    return step


def _counted(count: int | None) -> int | None:
    if count is not None and not 1 <= count <= MOST_RUNS:
        raise Refusal("bad_schedule", f"COUNT is from 1 to {MOST_RUNS:,}; leave it out for one that goes on")
    return count


def _moment(words: str, zone: ZoneInfo, anchor: datetime) -> datetime:
    clock = _CLOCK.fullmatch(words)
    try:
        if clock:
            here = anchor.astimezone(zone).replace(tzinfo=None)
            wall = here.replace(hour=int(clock[1]), minute=int(clock[2]), second=0)
            today = moment_of(wall, zone)
            return today if today > anchor else moment_of(wall + timedelta(days=1), zone)
        given = datetime.fromisoformat(words)
        return given.astimezone(UTC) if given.tzinfo is not None else moment_of(given, zone)
    except (ValueError, OverflowError):
        raise Refusal(
            "bad_schedule",
            f"{one_line(words, 80)!r} is no time; write `at 2026-12-24T09:00`, with an offset if it is not in the zone, or `at 09:00`",
        ) from None


def _cron(words: str, zone: ZoneInfo) -> Cron:
    from cronsim import CronSim, CronSimError

    if words.startswith("@"):
        instead = _ALIASES.get(words.casefold())
        raise Refusal("bad_schedule", f"{one_line(words, 40)!r} is not taken; write `{instead}`" if instead else f"write {FORMS}")
    fields = words.split()
    if len(fields) == 6:
        raise Refusal(
            "bad_schedule",
            f"a cron line has five fields: minute, hour, day, month, weekday. This one has six; seconds are not taken, so write `{one_line(' '.join(fields[1:]), 80)}`",
        )
    if len(fields) != 5:
        raise Refusal("bad_schedule", f"{one_line(words, 80) or 'nothing'!r} is no schedule; write {FORMS}")
    try:
        CronSim(words, datetime(2026, 1, 1, tzinfo=zone))
    except CronSimError as error:
        raise Refusal("bad_schedule", _cron_trouble(str(error), fields)) from None
    return Cron(words)


_FIELDS = {
    "Bad minute": (0, "a minute is 0 to 59"),
    "Bad hour": (1, "an hour is 0 to 23"),
    "Bad day-of-month": (2, "a day is 1 to 31 and must exist in the month; L is the last one"),
    "Bad month": (3, "a month is 1 to 12, or JAN to DEC"),
    "Bad day-of-week": (4, "a weekday is 0 to 7, or SUN to SAT"),
}


def _cron_trouble(error: str, fields: list[str]) -> str:
    place, words = _FIELDS.get(error, (0, "a field is a number, a list (1,15), a range (1-5), a step (*/10) or *"))
    named = f"{('minute', 'hour', 'day', 'month', 'weekday')[place]} {one_line(fields[place], 40)!r}"
    return f"this cron line cannot be: {named}. Write {words}"
