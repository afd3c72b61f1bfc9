"""The status of a thread, and what changed in its folder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from codex_desk.engine.events import ThreadChanged
from codex_desk.tui.app import DeskApp
from codex_desk.tui.screens.changes import STEP, Changes
from codex_desk.tui.screens.status import Status
from tests.tui.fakes import FakeDesk, app_on, attached, opened, shown, squeezed, thread, until, write


async def asked_for(app: DeskApp, pilot: Any, line: str) -> None:
    await until(pilot, lambda: app.bridge.desk is not None)
    await write(pilot, line)
    await pilot.press("enter")


async def test_the_status_says_what_a_thread_runs_on_and_follows_it() -> None:
    desk = FakeDesk().put(thread("operator"), attached("reviewer", "operator", context_tokens=18_200))
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await asked_for(app, pilot, "/status reviewer")
        await until(pilot, lambda: isinstance(app.screen, Status) and "AGENTS.md" in shown(app))
        words = squeezed(app)
        for part in ("attached to operator", "gpt-5.1", "workspace-write, network off", "held by bubblewrap", "21,300 read, 1,450 written"):
            assert part in words
        desk.put(replace(desk.rows["t-reviewer"], status="needs_human", reason="make test?"))
        desk.tell(ThreadChanged("t-reviewer"))
        await until(pilot, lambda: "⚠ needs you: make test?" in squeezed(app))


def long_diff(files: int, lines: int) -> str:
    return "".join(
        f"diff --git a/file-{number}.py b/file-{number}.py\n--- a/file-{number}.py\n+++ b/file-{number}.py\n@@ -1,{lines} +1,{lines} @@\n"
        + "".join(f"+line {line} of {number}\n" for line in range(lines))
        for number in range(files)
    )


async def test_a_diff_is_drawn_file_by_file_as_far_as_it_is_read() -> None:
    desk = FakeDesk().put(thread("operator"))
    desk.diff = long_diff(3, 10_000)
    app = app_on(desk)
    async with opened(app) as pilot:
        await asked_for(app, pilot, "/diff")
        await until(pilot, lambda: isinstance(app.screen, Changes) and "3 files, +30000 −0" in shown(app) and "line 0 of 0" in shown(app))
        screen = app.screen
        assert isinstance(screen, Changes)
        assert len(screen._drawn.document.lines) <= 2 * STEP
        assert "edited file-0.py" in squeezed(app)
        await pilot.press("n")
        await until(pilot, lambda: "edited file-1.py" in squeezed(app) and "line 0 of 1" in shown(app))
        await pilot.press("p")
        await until(pilot, lambda: "edited file-0.py" in squeezed(app))


async def test_where_nothing_changed_it_says_so() -> None:
    app = app_on(FakeDesk().put(thread("operator")))
    async with opened(app) as pilot:
        await asked_for(app, pilot, "/diff")
        await until(pilot, lambda: "nothing has changed since the last commit" in shown(app))
