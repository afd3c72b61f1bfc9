"""The screen on the real Codex: a session that was there before the desk, from the first page to its answer, and its history beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from codex_desk.engine.glance import glance
from codex_desk.tui.app import DeskApp
from codex_desk.tui.bridge import Bridge, engine_opener
from codex_desk.tui.screens.adopt import Sessions
from codex_desk.tui.screens.first_run import FirstRun
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.screens.naming import Naming
from codex_desk.tui.settings.preferences import Preferences
from tests.codex_program import CodexHome
from tests.responses_server import Say
from tests.tui.fakes import opened, shown, squeezed, until, write

SLOW = 30
"""Seconds: the engine is imported, Codex starts, and turns run."""


@pytest.mark.row("S0-12")
@pytest.mark.row("S0-17")
async def test_a_session_is_taken_from_the_first_page_and_answers_with_the_one_that_is_attached_to_it_in_sight(
    codex: CodexHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in codex.env.items():
        monkeypatch.setenv(name, value)
    codex.plays |= {name: lambda asked, name=name: Say(f"{name} heard: {asked.asked}") for name in ("writer", "critic")}
    for name in ("critic", "writer"):
        codex.exec(codex.folder(name), f"Be the {name}")
    home = tmp_path / "home"
    app = DeskApp(Bridge(home, glance(home), engine_opener(home)), codex.root, Preferences())
    async with opened(app) as pilot:
        await until(pilot, lambda: isinstance(app.screen, FirstRun) and "be-the-writer" in shown(app), SLOW)
        await pilot.press("f6", "f6", "end", "enter")
        await until(pilot, lambda: isinstance(app.screen, Sessions) and "2 in Codex, in 2 projects" in shown(app), SLOW)
        await pilot.press("space", "space", "enter")
        await until(pilot, lambda: isinstance(app.screen, Naming))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen) and "adopted: a session made" in squeezed(app), SLOW)
        await write(pilot, "/attach be-the-critic be-the-writer")
        await pilot.press("enter")
        await until(pilot, lambda: "└─⇄" in shown(app), SLOW)
        await write(pilot, "/open be-the-writer")
        await pilot.press("enter")
        await until(pilot, lambda: "⇄ be-the-critic attached" in shown(app))
        await write(pilot, "what now?")
        await pilot.press("enter")
        await until(pilot, lambda: "writer heard: what now?" in shown(app), SLOW)
    await app.bridge.close()
