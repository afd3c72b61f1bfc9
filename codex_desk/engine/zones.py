"""Wall clocks: IANA zones by name, and the moment that a wall clock's time stands for.

A time that does not exist, because the clock is put forward over it, stands for the next valid minute; one that occurs twice for the first of both.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from codex_desk.engine.errors import Refusal
from codex_desk.text import one_line

LOCALTIME = Path("/etc/localtime")
MINUTE = timedelta(minutes=1)
WIDEST = timedelta(hours=26)
"""No clock was ever put forward by more than a day."""


def zone_named(name: str) -> ZoneInfo:
    """The zone of an IANA name. Refusals: unknown_zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # no such key, a path that leads elsewhere, a folder of zones
        raise Refusal("unknown_zone", f"there is no time zone {one_line(name, 60)!r}; write {_like(name)}") from None


def local_zone(env: Mapping[str, str] | None = None, localtime: Path = LOCALTIME) -> str:
    """The IANA name of this machine's zone: `TZ`, else where /etc/localtime leads, else UTC."""
    named = (os.environ if env is None else env).get("TZ", "").removeprefix(":")
    where = os.path.realpath(localtime)
    for name in (named, where.partition("zoneinfo/")[2]):
        try:
            if name:
                return zone_named(name).key
        except Refusal:
            continue
    return "UTC"


def moment_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment in UTC that a naive wall-clock time stands for."""
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    return _clock_put_forward(moment, zone)


def _clock_put_forward(moment: datetime, zone: ZoneInfo) -> datetime:
    """The first whole minute after the clock was put forward, shortly before `moment`."""
    after = moment.astimezone(zone).utcoffset()
    low, high = moment - WIDEST, moment
    while low.astimezone(zone).utcoffset() == after:  # a clock put forward and back within a day
        low += timedelta(hours=1)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (low, middle) if middle.astimezone(zone).utcoffset() == after else (middle, high)
    back = timedelta(seconds=high.second, microseconds=high.microsecond)
    return high if not back else high - back + (MINUTE if back >= timedelta(seconds=1) else timedelta(0))


def _like(name: str) -> str:
    import difflib

    known = available_timezones()
    folded = {each.casefold(): each for each in known} | {each.rpartition("/")[2].casefold(): each for each in sorted(known) if "/" in each}
    near = difflib.get_close_matches(name.casefold().replace(" ", "_"), folded, n=3, cutoff=0.6)
    found = list(dict.fromkeys(folded[each] for each in near))
    return " or ".join(found) if found else "an IANA name such as Europe/Berlin, America/New_York or UTC"
