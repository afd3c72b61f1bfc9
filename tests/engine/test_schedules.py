"""When automations run: pure, against python-dateutil walked step by step."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule

from codex_desk.engine.errors import Refusal
from codex_desk.engine.schedules import fires, read_schedule
from codex_desk.engine.zones import local_zone, moment_of

EDGES = {
    "America/New_York": (datetime(2026, 3, 8), datetime(2026, 11, 1)),
    "Europe/Berlin": (datetime(2026, 3, 29), datetime(2026, 10, 25)),
    "Australia/Lord_Howe": (datetime(2026, 10, 4), datetime(2026, 4, 5)),  # by half an hour
    "America/Santiago": (datetime(2026, 9, 6), datetime(2026, 4, 5)),  # at midnight
    "Asia/Kathmandu": (datetime(2026, 3, 29), datetime(2026, 10, 25)),  # never, and 5:45 from UTC
}
"""Zones, and the days on which their clocks are put forward and back."""
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
SPAN = timedelta(days=2)
NOW = datetime(2026, 3, 7, 17, 0, tzinfo=UTC)


def by_steps(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment of a wall clock's time, found by going on minute by minute until it exists."""
    while (moment := wall.replace(tzinfo=zone).astimezone(UTC)).astimezone(zone).replace(tzinfo=None) != wall:
        wall += timedelta(minutes=1)
    return moment


def once_each(walls: Iterator[datetime], zone: ZoneInfo, after: datetime) -> list[datetime]:
    return sorted({moment for wall in walls if (moment := by_steps(wall, zone)) > after})


def some(chance: random.Random, values: range, most: int = 3) -> list[int]:
    return sorted(chance.sample(values, chance.randint(1, most)))


def listed(values: list[int]) -> str:
    return ",".join(map(str, values))


class Rules:
    """Random schedules, each with the moments that dateutil gives for it."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def case(self, zone: ZoneInfo, begin: datetime) -> tuple[str, datetime, list[datetime]]:
        """(text, anchor, the moments of the next days)."""
        anchor = moment_of(begin, zone)
        kind = self.chance.choice((self.interval, self.fixed_cron, self.starred_cron, self.by_day, self.by_hour, self.by_month))
        text, found = kind(zone, begin, anchor)
        return text, anchor, [moment for moment in found if moment <= anchor + SPAN]

    def interval(self, zone: ZoneInfo, begin: datetime, anchor: datetime) -> tuple[str, list[datetime]]:
        step, hours = self.chance.choice(((7, 0), (15, 0), (20, 0), (90, 0), (0, 1), (0, 5), (0, 24)))
        if hours and self.chance.random() < 0.5:
            text = f"RRULE:FREQ=HOURLY;INTERVAL={hours}"
        else:
            text = f"every {hours}h" if hours else self.chance.choice((f"every {step}m", f"RRULE:FREQ=MINUTELY;INTERVAL={step}"))
        walked = rrule.rrule(rrule.MINUTELY, dtstart=anchor, interval=step + 60 * hours, until=anchor + SPAN)
        return text, list(islice(walked, 1, None))

    def fixed_cron(self, zone: ZoneInfo, begin: datetime, anchor: datetime) -> tuple[str, list[datetime]]:
        minutes, hours = some(self.chance, range(60)), some(self.chance, range(5))
        days = self.chance.choice((None, some(self.chance, range(7), 5)))
        text = f"{listed(minutes)} {listed(hours)} * * {'*' if days is None else ','.join(DAYS_IN_CRON[day] for day in days)}"
        return text, self.walked(zone, begin, anchor, minutes, hours, days)

    def starred_cron(self, zone: ZoneInfo, begin: datetime, anchor: datetime) -> tuple[str, list[datetime]]:
        step = self.chance.choice((15, 30))
        hours = None if self.chance.random() < 0.15 else some(self.chance, range(4))
        found = [
            moment
            for minutes in range(0, int(SPAN / timedelta(minutes=1)) + 60, 5)
            if (moment := anchor.replace(minute=0) + timedelta(minutes=minutes)) > anchor
            and (here := moment.astimezone(zone)).minute % step == 0
            and (hours is None or here.hour in hours)
        ]
        return f"*/{step} {'*' if hours is None else listed(hours)} * * *", found

    def by_day(self, zone: ZoneInfo, begin: datetime, anchor: datetime) -> tuple[str, list[datetime]]:
        minutes, hours, interval = some(self.chance, range(60)), some(self.chance, range(4)), self.chance.randint(1, 3)
        days, weekly = some(self.chance, range(7), 6), self.chance.random() < 0.5
        freq = rrule.WEEKLY if weekly else rrule.DAILY
        text = f"RRULE:FREQ={'WEEKLY' if weekly else 'DAILY'};INTERVAL={interval};BYDAY={','.join(DAYS[day] for day in days)}"
        return f"{text};BYHOUR={listed(hours)};BYMINUTE={listed(minutes)}", self.walked(
            zone, begin, anchor, minutes, hours, days, freq, interval
        )

    def by_hour(self, zone: ZoneInfo, begin: datetime, anchor: datetime) -> tuple[str, list[datetime]]:
        minutes, interval = some(self.chance, range(60)), self.chance.randint(1, 5)
        text = f"FREQ=HOURLY;INTERVAL={interval};BYMINUTE={listed(minutes)}"
        return text, self.walked(zone, begin, anchor, minutes, None, None, rrule.HOURLY, interval)

    def by_month(self, zone: ZoneInfo, begin: datetime, anchor: datetime) -> tuple[str, list[datetime]]:
        ahead = [(begin + timedelta(days=each)) for each in range(3)]
        position, day = self.chance.randint(-5, -1), self.chance.choice(ahead).day
        minute, hour = self.chance.randrange(60), self.chance.randrange(4)
        at = f"BYHOUR={hour};BYMINUTE={minute}"
        more: dict[str, Any]
        if self.chance.random() < 0.5:
            text, more = f"FREQ=MONTHLY;BYMONTHDAY={day};{at}", {"bymonthday": day}
        else:
            text, more = f"FREQ=MONTHLY;BYDAY=SU;BYSETPOS={position};{at}", {"byweekday": 6, "bysetpos": position}
        walls = rrule.rrule(
            rrule.MONTHLY, dtstart=begin, byhour=hour, byminute=minute, bysecond=0, until=begin + SPAN + timedelta(days=1), **more
        )
        return text, once_each(iter(walls), zone, anchor)

    def walked(
        self,
        zone: ZoneInfo,
        begin: datetime,
        anchor: datetime,
        minutes: list[int],
        hours: list[int] | None,
        days: list[int] | None,
        freq: Any = rrule.DAILY,
        interval: int = 1,
    ) -> list[datetime]:
        walls = rrule.rrule(
            freq,
            dtstart=begin,
            interval=interval,
            byminute=minutes,
            byhour=hours,
            byweekday=days,
            bysecond=0,
            until=begin + SPAN + timedelta(days=1),
        )
        return once_each(iter(walls), zone, anchor)


DAYS_IN_CRON = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


def test_500_random_rules_in_five_zones_are_what_dateutil_gives_over_the_days_when_clocks_change() -> None:
    rules, wrong = Rules(20261120), []
    for name, edges in EDGES.items():
        zone = ZoneInfo(name)
        for number in range(500):
            begin = edges[number % 2] - timedelta(hours=12, minutes=rules.chance.randrange(600))
            text, anchor, expected = rules.case(zone, begin)
            schedule = read_schedule(text, name, anchor)
            found = list(takewhile(lambda moment: moment <= anchor + SPAN, schedule.times(anchor)))  # noqa: B023
            if found != expected:
                wrong.append((name, text, anchor, found[:5], expected[:5]))
    assert wrong == []


def at(text: str, zone: str = "America/New_York", number: int = 3, now: datetime = NOW) -> list[str]:
    return [
        moment.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")[:16] for moment in read_schedule(text, zone, now).first(number, now)
    ]


@pytest.mark.parametrize("text", ["30 2 * * *", "RRULE:FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "at 02:30"])
def test_a_time_that_does_not_exist_runs_at_the_next_valid_minute(text: str) -> None:
    assert at(text)[0] == "2026-03-08T03:00"


@pytest.mark.parametrize("text", ["30 1 * * *", "RRULE:FREQ=DAILY;BYHOUR=1;BYMINUTE=30"])
def test_a_time_that_occurs_twice_runs_once(text: str) -> None:
    before = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
    found = read_schedule(text, "America/New_York", before).first(2, before)
    assert found == [datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 2, 6, 30, tzinfo=UTC)]
    between = datetime(2026, 11, 1, 6, 15, tzinfo=UTC)  # it is 1:15 for the second time
    assert read_schedule(text, "America/New_York", before).next(between) == datetime(2026, 11, 2, 6, 30, tzinfo=UTC)


def test_an_interval_passes_over_a_changed_clock_in_equal_steps() -> None:
    before = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
    found = read_schedule("every 1h", "America/New_York", before).first(4, before)
    assert [moment.hour for moment in found] == [5, 6, 7, 8]


@pytest.mark.parametrize("interval", [1, 2, 3, 7])
@pytest.mark.parametrize("freq", ["HOURLY;BYMINUTE=30", "DAILY", "WEEKLY;BYDAY=MO,SA", "MONTHLY", "YEARLY", "MONTHLY;BYMONTHDAY=31"])
def test_what_is_asked_for_years_later_is_in_step_with_the_anchor(freq: str, interval: int) -> None:
    begin = datetime(2020, 2, 3, 9, 5)
    later = datetime(2026, 3, 7, 12, 0)
    parts = dict(part.split("=") for part in freq.split(";")[1:])
    more = {
        "byminute": 30 if "BYMINUTE" in parts else None,
        "bymonthday": 31 if "BYMONTHDAY" in parts else None,
        "byweekday": [0, 5] if "BYDAY" in parts else None,
    }
    walked = rrule.rrule(getattr(rrule, freq.split(";")[0]), dtstart=begin, interval=interval, **more)
    expected = [wall.replace(tzinfo=UTC) for wall in walked.xafter(later, count=3)]
    schedule = read_schedule(f"FREQ={freq};INTERVAL={interval}", "UTC", begin.replace(tzinfo=UTC))
    assert schedule.first(3, later.replace(tzinfo=UTC)) == expected


def test_count_and_until_are_read_from_the_rule() -> None:
    counted = read_schedule("RRULE:FREQ=DAILY;COUNT=3", "UTC", NOW)
    assert (counted.count, len(counted.first(10, NOW))) == (3, 3)
    bounded = read_schedule("FREQ=DAILY;UNTIL=20260310", "Europe/Berlin", NOW)
    assert bounded.until == datetime(2026, 3, 10, 22, 59, 59, tzinfo=UTC)
    assert [moment.day for moment in bounded.first(10, NOW)] == [8, 9, 10]


def test_the_users_own_text_is_kept() -> None:
    assert read_schedule("  Every  15 Minutes ", "UTC", NOW).text == "  Every  15 Minutes "


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0 9 * * * 1", "has six"),
        ("61 * * * *", "a minute is 0 to 59"),
        ("0 0 31 2 *", "must exist in the month"),
        ("@daily", "write `0 0 * * *`"),
        ("tomorrow", "write `every 15m`"),
        ("", "write `every 15m`"),
        ("every 30s", "at most once a minute"),
        ("every 0m", "from one minute"),
        ("every moon", "write `every 15m`"),
        ("at noon", "write `at 2026-12-24T09:00`"),
        ("RRULE:FREQ=SECONDLY", "FREQ=MINUTELY"),
        ("RRULE:FREQ=MINUTELY;BYHOUR=9", "write a cron line"),
        ("RRULE:FREQ=FORTNIGHTLY", "FREQ is MINUTELY"),
        ("RRULE:FREQ=DAILY;BYEASTER=1", "BYEASTER is not taken"),
        ("RRULE:FREQ=DAILY;COUNT=2;UNTIL=20270101", "not both"),
        ("RRULE:FREQ=DAILY;COUNT=99999", "1 to 10,000"),
        ("RRULE:FREQ=DAILY;FREQ=DAILY", "twice"),
        ("RRULE:FREQ=WEEKLY;BYDAY=2MO", "write MO alone"),
        ("DTSTART:20200101T000000Z RRULE:FREQ=DAILY", "leave DTSTART out"),
    ],
)
def test_a_schedule_that_cannot_be_says_what_to_write(text: str, says: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_schedule(text, "Europe/Berlin", NOW)
    assert caught.value.code == "bad_schedule"
    assert says in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "RRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",  # dateutil alone looks for four minutes
        "RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=MO;BYMONTH=4",
        "RRULE:FREQ=DAILY;UNTIL=20250101",
        "at 2020-01-01T09:00",
    ],
)
def test_a_rule_that_never_comes_is_found_out(text: str) -> None:
    schedule = read_schedule(text, "UTC", NOW)
    with pytest.raises(Refusal) as caught:
        fires(schedule, NOW)
    assert caught.value.code == "never_fires"


def test_a_leap_day_on_a_monday_is_waited_for() -> None:
    assert at("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;BYHOUR=9;BYMINUTE=0", number=1) == ["2044-02-29T09:00"]


@pytest.mark.parametrize(
    ("name", "says"), [("Europe/Berln", "Europe/Berlin"), ("../etc/passwd", "IANA"), ("America", "write"), ("", "IANA")]
)
def test_an_unknown_zone_is_refused_with_one_that_is_like_it(name: str, says: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_schedule("every 1h", name, NOW)
    assert caught.value.code == "unknown_zone"
    assert says in caught.value.message


def test_the_machines_zone_is_that_of_tz_and_utc_where_there_is_none(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = tmp_path_factory.mktemp("zones") / "localtime"
    assert (local_zone({"TZ": ":Europe/Berlin"}, nowhere), local_zone({"TZ": "Nowhere"}, nowhere)) == ("Europe/Berlin", "UTC")
    nowhere.symlink_to("/usr/share/zoneinfo/Asia/Kathmandu")
    assert local_zone({}, nowhere) == "Asia/Kathmandu"
