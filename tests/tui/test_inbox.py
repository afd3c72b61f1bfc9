"""The inbox: what waits, what was decided, and the grants."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from codex_desk.engine.approvals import Decide, Revoke
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import ApprovalChanged
from codex_desk.engine.views import GrantView
from codex_desk.tui.app import DeskApp
from codex_desk.tui.screens.grants import Grants
from codex_desk.tui.screens.inbox import Inbox
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.widgets.approval import ApprovalCard
from tests.tui.fakes import NOW, FakeDesk, app_on, approval, opened, shown, squeezed, thread, until

QUIET = 0.6
"""Seconds: longer than the guard waits."""


def asking(*handles: str) -> FakeDesk:
    desk = FakeDesk().put(thread("operator"), *(thread(handle, "needs_human", reason="touch made") for handle in handles))
    desk.pending = [
        approval(number, handle, f"touch {handle}", chain=("human", "operator", handle)) for number, handle in enumerate(handles, 7)
    ]
    return desk


def settled(desk: FakeDesk, number: int, state: str, **more: object) -> None:
    """One of those that wait ends, here or in another process."""
    (gone,) = [one for one in desk.pending if one.id.endswith(f"-{number}")]
    desk.pending = [one for one in desk.pending if one is not gone]
    desk.answered = [replace(gone, state=state, decided_at=NOW, **more), *desk.answered]  # type: ignore[arg-type]
    desk.tell(ApprovalChanged(gone.id, gone.thread_id, state))


async def to_inbox(app: DeskApp, pilot: object) -> None:
    await until(pilot, lambda: app.bridge.desk is not None and "opening" not in shown(app))  # type: ignore[arg-type]
    await pilot.press("ctrl+x", "i")  # type: ignore[attr-defined]
    await until(pilot, lambda: isinstance(app.screen, Inbox))  # type: ignore[arg-type]


def decided(desk: FakeDesk) -> list[Decide]:
    return [one for one in desk.done if isinstance(one, Decide)]


@pytest.mark.row("S1-16")
async def test_what_three_sessions_ask_is_answered_in_one_place_one_after_the_other() -> None:
    desk = asking("implementor", "reviewer", "tester")
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await to_inbox(app, pilot)
        await until(pilot, lambda: "⚠ 3 need you" in shown(app) and "human → operator → implementor" in squeezed(app))
        await pilot.press("enter")
        assert isinstance(app.focused, ApprovalCard)
        for number, (key, state) in enumerate((("y", "approved"), ("n", "denied")), 7):
            await until(pilot, lambda number=number: app.focused.approval.id.endswith(f"-{number}"))  # type: ignore[misc, union-attr]
            await pilot.pause(QUIET)
            await pilot.press(key)
            await until(pilot, lambda number=number: len(decided(desk)) == number - 6)  # type: ignore[misc]
            settled(desk, number, state, scope="once")
        await until(pilot, lambda: "✓ implementor-7" in shown(app) and "✗ reviewer-8" in shown(app))
        assert decided(desk) == [Decide("implementor-7", True, "once"), Decide("reviewer-8", False)]
        assert "elsewhere" not in shown(app)
        await pilot.press("tab", "o")
        await until(pilot, lambda: isinstance(app.screen, MainScreen) and app.screen.panes.active.thread == desk.rows["t-tester"])


async def test_one_that_runs_out_or_is_answered_elsewhere_is_told_and_its_keys_answer_nothing() -> None:
    desk = asking("implementor", "reviewer")
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await to_inbox(app, pilot)
        await pilot.press("enter")
        settled(desk, 7, "expired", reason="the turn ended")
        await until(pilot, lambda: "implementor-7 expired: the turn ended" in squeezed(app))
        settled(desk, 8, "approved", scope="once")
        await until(pilot, lambda: "reviewer-8 was allowed once, elsewhere" in squeezed(app))
        assert "nothing waits for you" in shown(app)
        await pilot.pause(QUIET)
        await pilot.press("y")
        assert decided(desk) == []


async def test_an_answer_that_came_too_late_is_said_in_the_inbox() -> None:
    desk = asking("implementor")
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await to_inbox(app, pilot)
        await pilot.press("enter")
        await pilot.pause(QUIET)
        desk.refuse = Refusal("decided", "implementor-7 is already denied")
        await pilot.press("y")
        await until(pilot, lambda: "implementor-7 is already denied" in squeezed(app))


async def test_what_was_decided_of_late_can_be_read_whole() -> None:
    desk = asking("implementor")
    desk.answered = [approval(6, "reviewer", "first\nsecond line", state="denied", decided_at=NOW - timedelta(minutes=3), why="network")]
    app = app_on(desk)
    async with opened(app) as pilot:
        await to_inbox(app, pilot)
        await pilot.press("down")
        await until(pilot, lambda: "second line" in shown(app) and "why network" in squeezed(app))
        assert not app.screen.query_one(ApprovalCard).display


async def test_grants_stand_under_where_they_count_and_x_takes_one_back() -> None:
    desk = asking("implementor")
    desk.granted = [
        GrantView(1, "thread", ("git", "status"), "operator", None, NOW, "t-operator"),
        GrantView(2, "folder", ("npm", "test"), None, "/srv/site", NOW),
    ]
    app = app_on(desk)
    async with opened(app) as pilot:
        await to_inbox(app, pilot)
        await pilot.press("g")
        await until(pilot, lambda: isinstance(app.screen, Grants) and "in /srv/site" in shown(app) and "git status …" in shown(app))
        await pilot.press("down", "x")
        await until(pilot, lambda: Revoke(1) in desk.done)
        await until(pilot, lambda: "revoked: git status" in squeezed(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen) and app.screen.panes.active.thread == desk.rows["t-operator"])


async def test_the_keys_of_the_card_are_on_the_screen_however_small_it_is() -> None:
    desk = asking(*(f"session-{number}" for number in range(20)))
    desk.pending[0] = replace(desk.pending[0], text="\n".join(f"step {number}" for number in range(90)))
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await to_inbox(app, pilot)
        await until(pilot, lambda: "step 0" in shown(app))
        await pilot.press("tab")
        for size in ((120, 40), (80, 24), (60, 16)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda: "n deny" in shown(app) and "step 0" in shown(app))
        await pilot.press(*["pagedown"] * 20)
        await until(pilot, lambda: "y allow once" in shown(app))
