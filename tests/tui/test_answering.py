"""Approvals: where they show, and when a key answers them."""

from __future__ import annotations

import time

import pytest

from codex_desk.engine.approvals import Decide
from codex_desk.engine.events import ApprovalChanged
from codex_desk.tui.app import DeskApp
from codex_desk.tui.model.approval import ApprovalGuard
from codex_desk.tui.screens.inbox import Inbox
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.widgets.approval import ApprovalCard
from tests.tui.fakes import FakeDesk, app_on, approval, opened, shown, squeezed, thread, until, write

QUIET = 0.6
"""Seconds: longer than the guard waits."""
LONG = "\n".join(f"step {number}" for number in range(60))


def asking(text: str = "make test", **more: object) -> FakeDesk:
    desk = FakeDesk().put(thread("operator"), thread("implementor", "needs_human", reason="make test?"))
    desk.pending = [approval(7, "implementor", text, chain=("human", "operator", "implementor"), **more)]
    return desk


def decided(desk: FakeDesk) -> list[Decide]:
    return [one for one in desk.done if isinstance(one, Decide)]


def card(app: DeskApp) -> ApprovalCard:
    return app.screen.query_one(ApprovalCard)


async def ready(pilot: object, app: DeskApp) -> None:
    await until(pilot, lambda: "implementor-7" in shown(app))  # type: ignore[arg-type]


async def test_a_card_in_the_thread_that_asks_says_what_where_why_and_for_whom() -> None:
    desk = asking(why="it writes outside the folder")
    app = app_on(desk, last="implementor")
    async with opened(app) as pilot:
        await ready(pilot, app)
        words = squeezed(app)
        for part in ("make test", "/home/dev/repo", "it writes outside the folder", "human → operator → implementor"):
            assert part in words
        assert "⚠ 1 needs you" in words


@pytest.mark.parametrize(
    ("key", "approve", "scope"),
    [("y", True, "once"), ("t", True, "thread"), ("s", True, "tree"), ("f", True, "folder"), ("n", False, "once")],
)
async def test_its_keys_answer_while_it_has_focus(key: str, approve: bool, scope: str) -> None:
    desk = asking()
    app = app_on(desk, last="implementor")
    async with opened(app) as pilot:
        await ready(pilot, app)
        card(app).focus()
        await pilot.pause(QUIET)
        await pilot.press(key)
        await until(pilot, lambda: decided(desk) == [Decide("implementor-7", approve, scope)])  # type: ignore[arg-type]


async def test_the_same_keys_in_the_composer_are_letters() -> None:
    desk = asking()
    app = app_on(desk, last="implementor")
    async with opened(app) as pilot:
        await ready(pilot, app)
        await pilot.pause(QUIET)
        await write(pilot, "yn")
        assert decided(desk) == []


async def test_enter_answers_nothing() -> None:
    desk = asking()
    app = app_on(desk, last="implementor")
    async with opened(app) as pilot:
        await ready(pilot, app)
        card(app).focus()
        await pilot.pause(QUIET)
        await pilot.press("enter")
        await pilot.pause()
        assert decided(desk) == []


async def test_a_key_right_after_another_does_not_count() -> None:
    desk = asking()
    app = app_on(desk, last="implementor")
    async with opened(app) as pilot:
        await ready(pilot, app)
        await pilot.pause(QUIET)
        await write(pilot, "done")
        card(app).focus()
        await pilot.press("y")
        await until(pilot, lambda: "too quick to be meant" in squeezed(app))
        assert decided(desk) == []


async def test_a_card_that_takes_the_place_of_another_starts_its_own_half_second() -> None:
    desk = asking()
    app = app_on(desk, last="implementor")
    async with opened(app) as pilot:
        await ready(pilot, app)
        card(app).focus()
        await pilot.pause(QUIET)
        desk.pending = [approval(8, "implementor", "rm -rf build")]
        desk.tell(ApprovalChanged("implementor-8", "t-implementor", "pending"))
        await until(pilot, lambda: "implementor-8" in shown(app))
        began = time.monotonic()
        await pilot.press("y")
        assert time.monotonic() - began < ApprovalGuard.QUIET, "the machine was too slow for this test to say anything"
        await until(pilot, lambda: "too quick to be meant" in squeezed(app))
        assert decided(desk) == []


async def test_nothing_is_allowed_before_all_of_it_was_on_the_screen() -> None:
    desk = asking(LONG)
    app = app_on(desk, last="implementor")
    async with opened(app) as pilot:
        await ready(pilot, app)
        card(app).focus()
        await pilot.pause(QUIET)
        await pilot.press("y")
        await until(pilot, lambda: "scroll to the end first" in squeezed(app))
        assert decided(desk) == []
        await pilot.press(*["pagedown"] * 10)
        await until(pilot, lambda: "allow once" in shown(app))
        await pilot.pause(QUIET)
        await pilot.press("y")
        await until(pilot, lambda: decided(desk) == [Decide("implementor-7", True, "once")])


async def test_the_inbox_answers_for_a_thread_that_is_not_open() -> None:
    desk = asking()
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("ctrl+x", "i")
        await until(pilot, lambda: isinstance(app.screen, Inbox) and "implementor-7" in shown(app))
        await pilot.press("tab")
        await pilot.pause(QUIET)
        await pilot.press("y")
        await until(pilot, lambda: decided(desk) == [Decide("implementor-7", True, "once")])


async def test_an_answered_card_goes_and_the_composer_has_the_focus() -> None:
    desk = asking()
    app = app_on(desk, last="implementor")
    async with opened(app) as pilot:
        await ready(pilot, app)
        card(app).focus()
        desk.pending = []
        desk.tell(ApprovalChanged("implementor-7", "t-implementor", "approved"))
        await until(pilot, lambda: "implementor-7" not in shown(app))
        screen = app.screen
        assert isinstance(screen, MainScreen)
        await until(pilot, lambda: screen.focused is screen.panes.active.composer)


async def test_in_a_tiny_terminal_what_asks_takes_the_screen() -> None:
    desk = asking()
    app = app_on(desk, last="implementor")
    async with opened(app, size=(60, 12)) as pilot:
        await ready(pilot, app)
        await until(pilot, lambda: "›" not in shown(app))
        assert "make test" in shown(app)


async def test_one_key_leads_from_the_composer_to_the_card() -> None:
    app = app_on(asking(), last="implementor")
    async with opened(app) as pilot:
        await ready(pilot, app)
        await pilot.press("f6")
        assert app.focused is card(app)


@pytest.mark.parametrize("size", [(60, 20), (20, 5)])
async def test_in_a_small_terminal_the_card_has_the_screen_and_one_key_leads_to_it(size: tuple[int, int]) -> None:
    desk = asking("touch it")
    app = app_on(desk, last="implementor")
    async with opened(app, size) as pilot:
        await until(pilot, lambda: "touch it" in shown(app))
        await pilot.press("f6")
        assert app.focused is card(app)
        await pilot.press("pagedown")
        await until(pilot, lambda: "y allow once" in shown(app))
        await pilot.pause(QUIET)
        await pilot.press("y")
        await until(pilot, lambda: decided(desk) == [Decide("implementor-7", True, "once")])
