"""How automations are told: the columns of their list, what became of a run and why not, and the coming week."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from rich.cells import cell_len

from codex_desk.engine.automation_views import AutomationView, OccurrenceView
from codex_desk.frozen import frozen
from codex_desk.text import one_line
from codex_desk.tui.model.columns import Column, fitted_columns

STATES: Mapping[str, tuple[str, str]] = {
    "active": ("●", "$text-success"),
    "paused": ("⏸", "$text-warning"),
    "ended": ("▪", "$text-muted"),
}
"""The sign of a state and its style."""
OUTCOMES: Mapping[str | None, tuple[str, str]] = {
    None: ("▶ has not ended", "$text-success"),
    "ran": ("✓ ran", "$text-success"),
    "caught_up": ("✓ caught up", "$text-success"),
    "skipped_busy": ("· skipped, busy", "$text-muted"),
    "skipped_overlap": ("· skipped, overlap", "$text-muted"),
    "missed_offline": ("○ missed, offline", "$text-warning"),
    "guard_false": ("· guard said no", "$text-muted"),
    "budget": ("⏸ budget", "$text-warning"),
    "paused": ("⏸ paused", "$text-muted"),
    "expired": ("▪ expired", "$text-warning"),
    "failed": ("✗ failed", "$text-error"),
    "cancelled": ("✗ cancelled", "$text-muted"),
}
"""How an outcome is said, and its style."""
WIDE = 76
"""Cells of a row from which on there is room for the session and the schedule; below the list stand both."""
COLUMNS = (
    Column("state", 1),
    Column("name", 24, least=6),
    Column("next", 22),
    Column("last", 40, least=16),
    Column("target", 20, from_width=WIDE, least=6),
)
TITLES = {"state": "", "name": "automation", "next": "next run", "last": "last run", "target": "session"}
TEXT = 14
"""Cells that the schedule has before other columns get more than their least."""
RUN_COLUMNS = (Column("when", 27), Column("outcome", 19))
RUN_TITLES = {"when": "run", "outcome": "outcome"}
OFTEN = 6
"""Runs of a day from which on they are told in one row."""
WEEK = timedelta(days=7)


@frozen
class WeekRow:
    """One line of a day: when, and what runs. `key` is the automation's id."""

    key: str
    day: date
    when: str
    name: str
    target: str


def told_day(moment: datetime, zone: str, now: datetime) -> str:
    """A time to come as a clock of the zone shows it: `today 09:00`, `Mon 23 Nov 09:00`."""
    here, today = moment.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    near = {today: "today", today + timedelta(days=1): "tomorrow", today - timedelta(days=1): "yesterday"}.get(here.date())
    day = near or here.strftime("%a %d %b" if abs((here.date() - today).days) < 300 else "%d %b %Y")
    return f"{day} {here.strftime('%H:%M')}"


def cells(view: AutomationView, now: datetime) -> dict[str, tuple[str, str]]:
    """The columns of an automation's row, each with its style."""
    glyph, style = STATES[view.state]
    upcoming = told_day(view.next_run_at, view.zone, now) if view.next_run_at else view.state
    said, look = OUTCOMES[view.last_outcome] if view.last_outcome else ("—", "$text-muted")
    last = f"{said}  {told_day(view.last_run_at, view.zone, now)}" if view.last_run_at else said
    target = f"{one_line(view.target, 60)}{' (archived)' if view.target_archived else ''}"
    return {
        "state": (glyph, style),
        "name": (view.handle, "bold"),
        "next": (upcoming, "" if view.next_run_at else "$text-muted"),
        "last": (last, look),
        "target": (target, "$text-error" if view.target_archived else "$text-secondary"),
    }


def columns(views: Iterable[AutomationView], now: datetime, width: int) -> dict[str, int]:
    """Cells of each column of a list so wide; none before there are automations."""
    needed: dict[str, int] = {}
    for view in views:
        for name, (text, _) in cells(view, now).items():
            needed[name] = max(needed.get(name, len(TITLES[name])), cell_len(text))
    rest = TEXT if width >= WIDE else 0
    return fitted_columns(COLUMNS, (needed.get(one.name, 0) for one in COLUMNS), width, rest) if needed else {}


def about(view: AutomationView) -> list[str]:
    """What the row has no room for: its rules, and why nothing comes, if so."""
    ends = (
        "" if view.until is None else f"{'until' if view.until_told else 'expires'} {view.until.astimezone(ZoneInfo(view.zone)):%Y-%m-%d}"
    )
    left = "" if view.remaining is None else f"{view.remaining} runs left to plan"
    guard = f"only if {one_line(view.guard, 80)}" if view.guard else ""
    budget = f"at most {view.budget_tokens:,} tokens a day" if view.budget_tokens else ""
    rules = (f"overlap {view.overlap}", f"busy {view.busy}", f"catch-up {view.catch_up}", guard, budget, ends, left)
    words = [f"{one_line(view.schedule, 100)} in {view.zone}, for {one_line(view.target, 60)}", " · ".join(part for part in rules if part)]
    return [*words, *([f"{view.state}: {one_line(view.reason, 300)}"] if view.reason else [])]


def run_cells(run: OccurrenceView, now: datetime) -> dict[str, tuple[str, str]]:
    """The columns of a run's row."""
    many = "" if run.times == 1 else f" ({'many' if run.times is None else run.times} runs)"
    said, style = ("○ waits", "$text-muted") if run.outcome is None and run.message is None else OUTCOMES[run.outcome]
    return {
        "when": (told_day(run.scheduled_for, run.zone, now) + (" by hand" if run.by_hand else many), ""),
        "outcome": (said, style),
    }


def run_columns(runs: Iterable[OccurrenceView], now: datetime, width: int) -> dict[str, int]:
    needed: dict[str, int] = {}
    for run in runs:
        for name, (text, _) in run_cells(run, now).items():
            needed[name] = max(needed.get(name, len(RUN_TITLES[name])), cell_len(text))
    return fitted_columns(RUN_COLUMNS, (needed.get(one.name, 0) for one in RUN_COLUMNS), width, TEXT) if needed else {}


def why(run: OccurrenceView, now: datetime) -> str:
    """The answer to "why did it not run then?", in a sentence; of one that ran, when."""
    when = told_day(run.scheduled_for, run.zone, now)
    clock = lambda moment: moment.astimezone(ZoneInfo(run.zone)).strftime("%H:%M:%S")  # noqa: E731
    match run.outcome:
        case None if run.message is None:
            return f"The run of {when} has not begun: it waits for an earlier one, or for its turn."
        case None:
            return f"The run of {when} is message #{run.message}; it waits in the session, or runs there now."
        case "ran" | "caught_up":
            begun = f" It began at {clock(run.fired_at)}." if run.fired_at else ""
            ended = f" It ended at {clock(run.settled_at)}." if run.settled_at else ""
            late = f" It ran late: {run.reason}." if run.outcome == "caught_up" and run.reason else ""
            return f"It ran.{begun}{ended}{late} Enter goes to its session."
        case "failed" | "cancelled" as ending:
            return f"The run of {when} {'failed' if ending == 'failed' else 'was cancelled'}: {run.reason or 'no reason was written down'}."
        case outcome:
            return f"The run of {when} did not take place ({outcome}): {run.reason or 'no reason was written down'}."


def week(automations: Sequence[tuple[AutomationView, Sequence[datetime]]]) -> list[WeekRow]:
    """The coming runs by day. What runs often on a day is one row of it."""
    rows: list[tuple[datetime, WeekRow]] = []
    for view, times in automations:
        zone = ZoneInfo(view.zone)
        by_day: dict[date, list[datetime]] = {}
        for moment in times:
            here = moment.astimezone(zone)
            by_day.setdefault(here.date(), []).append(here)
        for day, clocks in by_day.items():
            many = len(clocks) > OFTEN
            for clock in clocks[:1] if many else clocks:
                when = f"{clock:%H:%M} … {clocks[-1]:%H:%M}  {len(clocks)} runs" if many else f"{clock:%H:%M}"
                rows.append((clock, WeekRow(view.id, day, when, view.handle, view.target)))
    return [row for _, row in sorted(rows, key=lambda each: (each[1].day, each[0]))]
