"""The subset of RFC 5545's recurrence rules that an automation takes; python-dateutil reads the calendar.

Rules are wall-clock rules: they are looked through without a zone, and each time is then read as `zones` says. MINUTELY and a plain HOURLY are
intervals. Where nothing ever matches, dateutil walks on in silence to the year 9999, which takes it minutes day by day, and UNTIL does not stop it. So it
is only ever asked by months and years, which takes it a second at most; which days and hours are in step with INTERVAL is worked out here, where it
can be given up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from codex_desk.engine.errors import Refusal
from codex_desk.engine.zones import moment_of
from codex_desk.frozen import frozen
from codex_desk.text import one_line

HORIZON_YEARS = 30
"""A rule that matches nothing for so long never does: a 29 February that is a Monday comes every 28 years."""
MOST_OUT_OF_STEP = 250_000
"""Times that are looked at without one that is in step with INTERVAL."""

_NUMBERS: Mapping[str, tuple[int, int]] = {
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
    "BYSETPOS": (-366, 366),
}
_TAKEN = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST", *_NUMBERS)
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_MOST_INTERVAL = {"MINUTELY": 527_040, "HOURLY": 8_784, "DAILY": 366, "WEEKLY": 53, "MONTHLY": 12, "YEARLY": 10}


@frozen
class Recurrence:
    """A wall-clock rule. `parts` are dateutil's own arguments; what a rule leaves open has been filled in from the anchor."""

    freq: str
    interval: int
    parts: Mapping[str, Any]

    def times(self, after: datetime, anchor: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """The moments after `after`, ascending, each once."""
        last = after
        for wall in self._walls(after.astimezone(zone).replace(tzinfo=None), _start(anchor, zone)):
            moment = moment_of(wall, zone)
            if moment > last:
                last = moment
                yield moment

    def anchor_before(self, anchor: datetime, moment: datetime) -> datetime:
        """An earlier anchor that the rule is in step with, no later than `moment`. Steps of months and years go back by
        their own number of years, on a day that every month has."""
        match self.freq:
            case "HOURLY" | "DAILY" | "WEEKLY":
                unit = {"HOURLY": timedelta(hours=1), "DAILY": timedelta(days=1), "WEEKLY": timedelta(days=7)}[self.freq]
                step = unit * self.interval
                return anchor - -((moment - anchor) // step) * step
            case _:
                back = -((moment.year - anchor.year - 1) // self.interval) * self.interval
                return anchor.replace(year=anchor.year - back, day=min(anchor.day, 28))

    def _walls(self, near: datetime, start: datetime) -> Iterator[datetime]:
        """The wall-clock times from somewhat before `near` on, until there is none for long."""
        from dateutil import rrule

        back = max(start, near - timedelta(days=2))
        by_year = self.freq == "YEARLY" or (self.freq != "MONTHLY" and "bymonth" in self.parts)
        own = self.freq in ("MONTHLY", "YEARLY")
        begin = self._in_step(back, start) if own else back.replace(month=1 if by_year else back.month, day=1, hour=0, minute=0)
        rule = rrule.rrule(rrule.YEARLY if by_year else rrule.MONTHLY, dtstart=begin, interval=self.interval if own else 1, **self.parts)
        found, vain = back, 0
        for wall in rule:
            vain += 1
            if wall.year > found.year + HORIZON_YEARS or vain > MOST_OUT_OF_STEP:
                return
            if wall >= back and (own or self._steps(wall, start)):
                found, vain = wall, 0
                yield wall

    def _steps(self, wall: datetime, start: datetime) -> bool:
        """Whether a time is in step with INTERVAL."""
        match self.freq:
            case "HOURLY":
                passed = (wall.replace(minute=0) - start.replace(minute=0)) // timedelta(hours=1)
            case "DAILY":
                passed = (wall.date() - start.date()).days
            case _:
                first = start.date() - timedelta(days=(start.weekday() - self.parts.get("wkst", 0)) % 7)
                passed = (wall.date() - first).days // 7
        return passed % self.interval == 0

    def _in_step(self, back: datetime, start: datetime) -> datetime:
        """The beginning of a month or a year that the rule's own steps come to, before `back`; the rule's own beginning where that is later."""
        months = 12 if self.freq == "YEARLY" else 1
        step = self.interval * months
        passed = (back.year - start.year) * 12 + back.month - start.month
        skipped = max(0, passed // step - 1) * step
        if not skipped:
            return start
        year, month = divmod(start.year * 12 + start.month - 1 + skipped, 12)
        return start.replace(year=year, month=1 if self.freq == "YEARLY" else month + 1, day=1, hour=0, minute=0)


def read_rule(text: str, anchor: datetime, zone: ZoneInfo) -> tuple[Recurrence | timedelta, datetime | None, int | None]:
    """(the rule, or the interval that it is; UNTIL; COUNT). Refusals: bad_schedule."""
    given = _parts(text)
    freq = given.get("FREQ", "")
    if freq == "SECONDLY":
        raise _bad("FREQ=SECONDLY is not taken: an automation runs at most once a minute; write FREQ=MINUTELY, or `every 1m`")
    if freq not in _MOST_INTERVAL:
        raise _bad(f"FREQ is MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY, not {one_line(freq, 20) or 'left out'}")
    interval = _number(given.get("INTERVAL", "1"), "INTERVAL", 1, _MOST_INTERVAL[freq])
    until = _until(given["UNTIL"], zone) if "UNTIL" in given else None
    count = _number(given["COUNT"], "COUNT", 1, 1_000_000) if "COUNT" in given else None
    if until is not None and count is not None:
        raise _bad("a rule has UNTIL or COUNT, not both; leave one out")
    limits = [name for name in given if name.startswith("BY")]
    if freq == "MINUTELY":
        if limits:
            raise _bad(f"FREQ=MINUTELY is an interval and takes no {limits[0]}; write a cron line such as `*/{interval} 9-17 * * *`")
        return timedelta(minutes=interval), until, count
    if freq == "HOURLY" and not limits:
        return timedelta(hours=interval), until, count
    return Recurrence(freq, interval, _arguments(given, freq, _start(anchor, zone))), until, count


def _start(anchor: datetime, zone: ZoneInfo) -> datetime:
    """The anchor on the wall clock, to the minute."""
    return anchor.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0, fold=0)


def _parts(text: str) -> dict[str, str]:
    body = text.upper().replace(" ", "")
    if body.startswith("DTSTART") or "DTSTART" in body:
        raise _bad("leave DTSTART out: a rule begins when the automation is made; its hour and minute go into BYHOUR and BYMINUTE")
    given: dict[str, str] = {}
    for part in filter(None, body.removeprefix("RRULE:").split(";")):
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise _bad(f"{one_line(part, 40)!r} is no NAME=VALUE; write such as RRULE:FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=9;BYMINUTE=0")
        if name in given:
            raise _bad(f"{one_line(name, 20)} stands there twice; write it once, with commas between its values")
        if name == "BYSECOND" and value == "0":
            continue
        if name not in _TAKEN:
            raise _bad(f"{one_line(name, 20)} is not taken; a rule is made of {', '.join(_TAKEN)}")
        given[name] = value
    return given


def _arguments(given: Mapping[str, str], freq: str, start: datetime) -> dict[str, Any]:
    parts: dict[str, Any] = {"bysecond": 0}
    for name, (low, high) in _NUMBERS.items():
        if name in given:
            numbers = [_number(each, name, low, high) for each in given[name].split(",")]
            if low < 0 and 0 in numbers:
                raise _bad(f"{name} counts from 1, or from -1 backwards; there is no 0")
            parts[name.lower()] = numbers
    if "BYSETPOS" in given and freq not in ("MONTHLY", "YEARLY"):
        raise _bad(f"BYSETPOS goes with FREQ=MONTHLY or YEARLY; with {freq} write the days and hours themselves")
    if "BYMONTHDAY" in given and freq == "WEEKLY":
        raise _bad("BYMONTHDAY does not go with FREQ=WEEKLY; write FREQ=MONTHLY, or BYDAY")
    if "BYDAY" in given:
        parts["byweekday"] = [_weekday(each, freq) for each in given["BYDAY"].split(",")]
    if "WKST" in given:
        if given["WKST"] not in _DAYS:
            raise _bad("WKST is one of MO, TU, WE, TH, FR, SA, SU")
        parts["wkst"] = _DAYS.index(given["WKST"])
    # What dateutil would take from the first day of the rule, which here moves along.
    parts.setdefault("byhour", list(range(24)) if freq == "HOURLY" else [start.hour])
    parts.setdefault("byminute", [start.minute])
    if not {"bymonthday", "byweekday"} & set(parts):
        match freq:
            case "HOURLY" | "DAILY":
                parts["byweekday"] = list(range(7))
            case "WEEKLY":
                parts["byweekday"] = [start.weekday()]
            case _:
                parts["bymonthday"] = [start.day]
                if freq == "YEARLY":
                    parts.setdefault("bymonth", [start.month])
    return parts


def _weekday(text: str, freq: str) -> Any:
    from dateutil import rrule

    found = _DAY.fullmatch(text)
    if found is None:
        raise _bad(f"BYDAY: {one_line(text, 20)!r} is no weekday; write MO, TU, WE, TH, FR, SA or SU, by month also 1MO or -1FR")
    day = rrule.weekday(_DAYS.index(found[2]))
    if found[1] is None:
        return day
    number = int(found[1])
    if not 1 <= abs(number) <= {"MONTHLY": 5, "YEARLY": 53}.get(freq, 0):
        raise _bad(f"BYDAY: {one_line(text, 20)!r} counts weekdays of a month or a year; with FREQ={freq} write {found[2]} alone")
    return day(number)


def _number(text: str, name: str, low: int, high: int) -> int:
    if re.fullmatch(r"[+-]?\d{1,7}", text, re.ASCII) and low <= int(text) <= high:
        return int(text)
    raise _bad(f"{name} is a number from {low} to {high}, not {one_line(text, 20)!r}")


def _until(text: str, zone: ZoneInfo) -> datetime:
    """The last moment that counts: UTC with a Z, else by the wall clock; of a date its whole day."""
    for form, whole_day in (("%Y%m%dT%H%M%SZ", False), ("%Y%m%dT%H%M%S", False), ("%Y%m%d", True)):
        try:
            wall = datetime.strptime(text, form)
        except ValueError:
            continue
        if text.endswith("Z"):
            return wall.replace(tzinfo=UTC)
        return moment_of(wall + timedelta(days=1), zone) - timedelta(seconds=1) if whole_day else moment_of(wall, zone)
    raise _bad(f"UNTIL is 20261224T090000Z or 20261224, not {one_line(text, 30)!r}")


def _bad(words: str) -> Refusal:
    return Refusal("bad_schedule", words)
