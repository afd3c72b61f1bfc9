"""What the screens look like, at 80×24 and at 120×40."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot

from codex_desk.engine.views import Candidate, LiveTurn, MessageView
from codex_desk.rights import Rights
from codex_desk.tui.app import DeskApp
from codex_desk.tui.model import clock
from codex_desk.tui.screens.first_run import FirstRun
from tests.tui.fakes import FOLDER, NOW, FakeDesk, app_on, approval, attached, item, shown, subagent, thread, until

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing on the picture moves with the clock or the place."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("COLORFGBG", raising=False)
    time.tzset()


def office() -> FakeDesk:
    desk = FakeDesk().put(
        thread("operator", "waiting", ago=120, context_tokens=18_200),
        attached("reviewer", "operator", "running", ago=60),
        subagent("scout-1", "operator", "finished", ago=300),
        thread("implementor", "needs_human", ago=30, reason="make test?"),
        thread("auditor", ago=3 * 3600),
        thread("designer", ago=2 * 86400, project="site"),
    )
    task = "Review the diff on branch parser, and say what has to change before it is merged."
    desk.lines["t-operator"] = [
        item(1, "operator", "user_message", "Review the diff, then plan the day."),
        item(
            2, "operator", "agent_message", "The **reviewer** looks at the diff; meanwhile I plan:\n\n- read the log\n- sort what is open"
        ),
        item(
            3,
            "operator",
            "command",
            "git log",
            command="git log --oneline -2",
            exit_code=0,
            output="4b1c parser\n90ae tests",
            duration_ms=31,
        ),
        item(4, "operator", "message_out", task, message=42, peer="reviewer", peer_id="t-reviewer", event="sent"),
    ]
    desk.lines["t-reviewer"] = [
        item(5, "reviewer", "message_in", task, message=42, peer="operator", peer_id="t-operator", event="sent"),
        item(6, "reviewer", "agent_message", "Two findings so far:\n\n1. `load()` swallows the error\n2. the test cannot fail"),
    ]
    desk.messages = {
        42: MessageView(42, "reviewer", "t-reviewer", "agent", "after_turn", "running", task, NOW, "operator", "t-operator"),
        43: MessageView(43, "operator", "t-operator", "human", "after_turn", "queued", "Then write the minutes.", NOW),
    }
    desk.turns["t-operator"] = LiveTurn("turn-1", "t-operator", NOW, "human", 41, Rights())
    wait = SimpleNamespace(thread_id="t-operator", messages=(42,), mode="all", since=NOW - timedelta(seconds=48), deadline=None)
    desk.waiting = [wait]
    return desk


def settled(app: DeskApp, *keys: str, until_shown: str = "") -> Callable[[Pilot[int]], Awaitable[None]]:
    """Press keys once the engine is open, and wait until a text is on the screen."""

    async def before(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.bridge.desk is not None or isinstance(app.screen, FirstRun))
        await until(pilot, lambda: "opening" not in shown(app))
        await pilot.press(*keys)
        await until(pilot, lambda: until_shown in shown(app))
        await pilot.pause(0.05)
        await app.bridge.close()

    return before


def compare(snap_compare: Compare, desk: FakeDesk, size: tuple[int, int], *keys: str, until_shown: str = "", **how: Any) -> None:
    app = app_on(desk, **how)
    assert snap_compare(app, terminal_size=size, run_before=settled(app, *keys, until_shown=until_shown))


@SIZES
def test_first_run(snap_compare: Compare, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    compare(snap_compare, FakeDesk(), size, until_shown="Codex's sessions")


@SIZES
def test_working(snap_compare: Compare, size: tuple[int, int]) -> None:
    compare(snap_compare, office(), size, last="operator", until_shown="waiting for")


@SIZES
def test_attached(snap_compare: Compare, size: tuple[int, int]) -> None:
    compare(snap_compare, office(), size, "ctrl+x", "v", last="operator", until_shown="attached to operator")


@SIZES
def test_picker_with_refusals(snap_compare: Compare, size: tuple[int, int]) -> None:
    desk = office()
    desk.ranked = [
        Candidate(desk.rows["t-implementor"], narrows="auditor would run read-only for implementor"),
        Candidate(desk.rows["t-operator"]),
        Candidate(desk.rows["t-designer"]),
        Candidate(desk.rows["t-auditor"], refused="a session cannot be attached to itself"),
        Candidate(desk.rows["t-reviewer"], refused="would make a cycle: reviewer → auditor → reviewer"),
    ]
    compare(snap_compare, desk, size, "ctrl+x", "a", last="auditor", until_shown="would make a cycle")


@SIZES
def test_approval(snap_compare: Compare, size: tuple[int, int]) -> None:
    desk = office()
    command = f"make test \\\n    PYTHON=3.11 \\\n    OUT={FOLDER}/../report"
    desk.pending = [approval(7, "implementor", command, why="it writes outside the folder", chain=("human", "operator", "implementor"))]
    compare(snap_compare, desk, size, "f6", last="implementor", until_shown="allow once")


@SIZES
def test_narrow(snap_compare: Compare, size: tuple[int, int]) -> None:
    """The sidebar of a narrow terminal, slid over the pane; beside it in a wide one."""
    compare(snap_compare, office(), size, "f6", last="operator", until_shown="Sessions")
