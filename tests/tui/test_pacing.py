from __future__ import annotations

import asyncio

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Label

from codex_desk.tui.pacing import AT_ONCE_S, SHARE, Budget, PacedScreen


def test_a_burst_is_painted_at_once_and_what_goes_on_takes_its_share() -> None:
    budget, now, spent = Budget(SHARE, AT_ONCE_S), 0.0, 0.0
    while now < 100.0:
        if budget.allows(now):
            budget.spent(0.04, now)
            spent += 0.04
            now += 0.04
        else:
            now += 0.016
    assert spent == pytest.approx(AT_ONCE_S + 100 * SHARE, rel=0.1)


def test_what_costs_less_than_its_share_is_never_put_off() -> None:
    budget = Budget(SHARE, AT_ONCE_S)
    for frame in range(10_000):
        now = frame / 60
        assert budget.allows(now)
        budget.spent(SHARE / 60 * 0.9, now)


def test_time_pays_a_debt_off_and_saves_nothing_up() -> None:
    budget = Budget(share=0.5, at_once=0.1)
    budget.spent(1.0, 10.0)
    assert [budget.allows(at) for at in (10.0, 11.0, 11.9, 50.0)] == [False, False, True, True]
    budget.spent(0.2, 50.0)
    assert not budget.allows(50.0)


class Timed(PacedScreen):
    """A screen whose time a test makes pass."""

    def compose(self) -> ComposeResult:
        yield Label("one", id="said")


async def test_while_frames_took_too_much_only_what_a_key_changes_is_painted() -> None:
    now = [0.0]
    screen = Timed(clock=lambda: now[0])

    def painted(app: App[None]) -> str:
        return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())

    class Small(App[None]):
        def on_mount(self) -> None:
            self.push_screen(screen)

    app, laid_out = Small(), []
    async with app.run_test(size=(20, 3)) as pilot:
        await pilot.pause()
        screen._budget = Budget(SHARE, AT_ONCE_S)
        screen._budget.spent(100.0, now[0])
        screen.query_one("#said", Label).update("two")
        screen.call_after_refresh(laid_out.append, "two")
        frames: list[str] = []
        screen._compositor_refresh = lambda: frames.append("frame")  # type: ignore[method-assign]
        await asyncio.sleep(0.1)
        assert (frames, laid_out) == ([], [])
        screen.paint_soon()
        await asyncio.sleep(0.1)
        assert (bool(frames), laid_out) == (True, [])
        now[0] += 1000.0
        await pilot.pause(0.1)
        assert laid_out == ["two"]
        assert "two" in painted(app)
