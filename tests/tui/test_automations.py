"""The screen of automations, by keyboard, and what it looks like."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from codex_desk.engine.automation_views import AutomationView, OccurrenceView
from codex_desk.engine.automations import Add
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import AutomationChanged
from codex_desk.tui.model import automations as model
from codex_desk.tui.model import clock
from codex_desk.tui.screens.automation_form import AutomationForm
from codex_desk.tui.screens.automations import AutomationRuns, Automations
from codex_desk.tui.widgets.rows import RowList
from tests.tui.fakes import NOW, FakeDesk, app_on, attached, item, opened, shown, thread, until, write
from tests.tui.pictures import Pictures


def automation(handle: str, target: str, schedule: str, **more: Any) -> AutomationView:
    made = AutomationView(
        f"a-{handle}",
        handle,
        target,
        f"t-{target}",
        schedule,
        "Europe/Berlin",
        "active",
        f"the prompt of {handle}",
        NOW - timedelta(days=3),
    )
    return replace(made, **more)


def planned(number: int, at: datetime, outcome: Any, reason: str | None = None, **more: Any) -> OccurrenceView:
    made = OccurrenceView(number, "a-morning", "morning", "Europe/Berlin", at, outcome, reason, None)
    return replace(made, **more)


AUTOMATIONS = [
    automation(
        "morning",
        "operator",
        "0 9 * * 1-5",
        next_run_at=NOW + timedelta(hours=22, minutes=46),
        last_outcome="ran",
        last_run_at=NOW - timedelta(hours=1, minutes=14),
        prompt="Check the project, ask reviewer for a targeted review of what changed, wait for it, and update the plan.",
        until=NOW + timedelta(days=27),
    ),
    automation(
        "heartbeat",
        "reviewer",
        "every 15m",
        next_run_at=NOW + timedelta(minutes=6),
        last_outcome="guard_false",
        last_run_at=NOW - timedelta(minutes=9),
        guard="git-changed",
    ),
    automation(
        "nightly",
        "implementor",
        "RRULE:FREQ=DAILY;BYHOUR=3;BYMINUTE=0",
        state="paused",
        last_outcome="failed",
        last_run_at=NOW - timedelta(hours=7),
        reason="it failed 3 times in a row, the last time: the provider is away",
    ),
    automation(
        "release", "operator", "at 2026-02-28T18:00", state="ended", last_outcome="missed_offline", last_run_at=NOW - timedelta(days=2)
    ),
]
RUNS = [
    planned(
        1,
        NOW - timedelta(days=4, minutes=74),
        "ran",
        fired_at=NOW - timedelta(days=4, minutes=74),
        settled_at=NOW - timedelta(days=4, minutes=71),
    ),
    planned(
        2,
        NOW - timedelta(days=3, minutes=74),
        "missed_offline",
        "nothing was open to run it; of what is missed the latest run alone is caught up",
    ),
    planned(3, NOW - timedelta(days=2, minutes=74), "caught_up", "due 2026-02-28 08:00 UTC, nothing was open then", late=True, message=7),
    planned(4, NOW - timedelta(days=1, minutes=74), "skipped_busy", "operator was at work"),
    planned(5, NOW - timedelta(hours=3), "failed", "needs approval: operator-4 make deploy", message=8),
    planned(6, NOW - timedelta(minutes=74), "ran", message=9, fired_at=NOW - timedelta(minutes=74), settled_at=NOW - timedelta(minutes=70)),
]


def office() -> FakeDesk:
    desk = FakeDesk().put(thread("operator"), attached("reviewer", "operator"), attached("implementor", "operator"))
    desk.schedules, desk.planned = list(AUTOMATIONS), list(RUNS)
    return desk


async def on_automations(pilot: Pilot[int]) -> None:
    app: Any = pilot.app
    await until(pilot, lambda: app.bridge.desk is not None)
    await write(pilot, "/automations")
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, Automations) and bool(app.screen.query_one(RowList).rows))


async def test_running_pausing_resuming_and_removing_are_a_key_each() -> None:
    desk = office()
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await on_automations(pilot)
        await pilot.press("r")
        await until(pilot, lambda: ("run", "a-morning") in desk.done)
        await pilot.press("p")
        await until(pilot, lambda: ("pause", "a-morning") in desk.done)
        await pilot.press("down", "down", "p")
        await until(pilot, lambda: ("resume", "a-nightly") in desk.done)
        await until(pilot, lambda: "runs again from its next time on" in shown(app))
        desk.refuse = Refusal("ended", "nightly has ended")
        await pilot.press("p")
        await until(pilot, lambda: "nightly has ended" in shown(app))
        await pilot.press("x")
        await until(pilot, lambda: "Remove nightly?" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: ("remove", "a-nightly") in desk.done)
        await pilot.press("slash")
        await write(pilot, "review")
        await until(pilot, lambda: [row.key for row in app.screen.query_one(RowList).rows] == ["a-heartbeat"])


async def test_why_not_stands_under_each_run_and_the_next_five_and_the_week_are_a_key_away() -> None:
    desk = office()
    app = app_on(desk, last="reviewer")
    async with opened(app) as pilot:
        await on_automations(pilot)
        await pilot.press("f")
        await until(pilot, lambda: "Next runs of morning" in shown(app) and "Fri 06 Mar 09:00" in shown(app))
        await pilot.press("escape", "c")
        await until(pilot, lambda: "The coming week" in shown(app) and "09:00" in shown(app))
        assert "96 runs" in shown(app)
        await pilot.press("escape", "enter")
        await until(pilot, lambda: isinstance(app.screen, AutomationRuns) and "It began at 09:00:00" in shown(app))
        await pilot.press("up", "up")
        await until(pilot, lambda: "(skipped_busy): operator was at work." in shown(app))
        desk.planned.append(planned(7, NOW, None, message=10))
        desk.tell(AutomationChanged("a-morning"))
        await until(pilot, lambda: "has not ended" in shown(app))
        await pilot.press("end", "enter")
        await until(pilot, lambda: not isinstance(app.screen, AutomationRuns | Automations))


async def test_the_form_shows_the_next_five_runs_as_they_are_typed_and_keeps_what_is_refused() -> None:
    desk = office()
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await on_automations(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, AutomationForm))
        await write(pilot, "weekly")
        await pilot.press("enter")
        await write(pilot, "0 9 * * 8")
        await until(pilot, lambda: "a weekday is 0 to 7" in shown(app))
        await pilot.press("backspace")
        await write(pilot, "1")
        await until(pilot, lambda: shown(app).count("09:00 CE") == 5)
        await pilot.press("enter")
        await write(pilot, "look around")
        desk.refuse = Refusal("handle_taken", "there is an automation weekly already")
        await pilot.press("enter")
        await until(pilot, lambda: "there is an automation weekly already" in shown(app))
        assert app.screen.query_one("#prompt", Input).value == "look around"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Automations))
        assert Add("weekly", "t-operator", "0 9 * * 1", "look around", "Europe/Berlin") in desk.done
        await until(pilot, lambda: "weekly is made" in shown(app))


async def test_a_transcript_says_which_schedule_a_prompt_came_from() -> None:
    desk = office()
    line = replace(item(1, "operator", "message_in", "look around", message=9, automation="morning", event="fired"), origin="automation")
    desk.lines["t-operator"] = [line]
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: "◷ morning  #9" in shown(app))


async def test_what_people_and_files_wrote_is_shown_as_it_stands() -> None:
    desk = office()
    odd = "[bold]look[/bold] \x1b[31m around"
    desk.schedules = [automation("odd", "operator", "every  15m\x07", prompt=odd, reason=odd, guard=odd, state="paused", next_run_at=NOW)]
    desk.planned = [replace(planned(1, NOW, "failed", odd), automation_id="a-odd")]
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await on_automations(pilot)
        await until(pilot, lambda: shown(app).count("[bold]look[/bold]") >= 2)
        await pilot.press("f")
        await until(pilot, lambda: "is no interval" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "failed: [bold]look[/bold]" in shown(app))
        assert "\x1b" not in shown(app) and "\x07" not in shown(app)


def test_every_outcome_has_words_and_a_sentence() -> None:
    from typing import get_args

    from codex_desk.store.words import Outcome

    assert set(model.OUTCOMES) == {None, *get_args(Outcome)}
    for outcome in get_args(Outcome):
        assert model.why(planned(1, NOW, outcome, "because"), NOW)


@pytest.fixture(autouse=True)
def one_moment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("COLORFGBG", raising=False)
    time.tzset()
    yield


async def test_automations(pictures: Pictures) -> None:
    await pictures(app_on(office(), last="operator"), steps=on_automations, until_shown="heartbeat")


async def test_runs(pictures: Pictures) -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await on_automations(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, AutomationRuns) and bool(pilot.app.screen.query_one(RowList).rows))
        await pilot.press("up")

    await pictures(app_on(office(), last="operator"), steps=steps, until_shown="needs approval")


async def test_week(pictures: Pictures) -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await on_automations(pilot)
        await pilot.press("c")

    await pictures(app_on(office(), last="operator"), steps=steps, until_shown="96 runs")


async def test_form(pictures: Pictures) -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await on_automations(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, AutomationForm))
        await write(pilot, "weekly")
        await pilot.press("enter")
        await write(pilot, "RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0")

    await pictures(app_on(office(), last="operator"), steps=steps, until_shown="next runs")
