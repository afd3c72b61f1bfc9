"""The screen on the real engine, with the offline runtime."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from codex_desk.engine.desk import Desk
from codex_desk.engine.glance import glance
from codex_desk.engine.links import Attach
from codex_desk.engine.sessions import New, SetMeta
from codex_desk.tui.app import DeskApp
from codex_desk.tui.bridge import Bridge, engine_opener
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.settings.preferences import Preferences
from tests.tui.fakes import opened, shown, squeezed, until, write

SLOW = 30
"""Seconds: the engine is imported, and turns run."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


@asynccontextmanager
async def desk_screen(home: Path, folder: Path) -> AsyncIterator[tuple[DeskApp, Pilot[int]]]:
    app = DeskApp(Bridge(home, glance(home), engine_opener(home)), folder, Preferences())
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None, SLOW)
        yield app, pilot


async def two_sessions(home: Path, repo: Path, *, attached: bool = False) -> None:
    async with Desk.open(home) as desk:
        operator = await desk.do(New("operator", repo, runtime="offline"))
        reviewer = await desk.do(New("reviewer", repo, runtime="offline"))
        if attached:
            await desk.do(Attach(reviewer.id, operator.id))
        await desk.do(SetMeta("last_thread", operator.id))


@pytest.mark.row("S0-07")
async def test_the_first_prompt_of_an_empty_desk_is_answered(home: Path, repo: Path) -> None:
    async with desk_screen(home, repo) as (app, pilot):
        await write(pilot, "hello")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen) and "offline stand-in" in shown(app), SLOW)
        assert [thread.handle for thread in app.bridge.threads] == ["repo"]


@pytest.mark.row("S0-02")
@pytest.mark.row("S0-06")
async def test_a_session_attached_from_the_keyboard_is_in_both_transcripts_and_twice_in_the_sidebar(home: Path, repo: Path) -> None:
    await two_sessions(home, repo)
    async with desk_screen(home, repo) as (app, pilot):
        await until(pilot, lambda: "operator" in shown(app))
        await write(pilot, "/attach reviewer operator")
        await pilot.press("enter")
        await until(pilot, lambda: "reviewer attached (rights lesser" in squeezed(app), SLOW)
        await until(pilot, lambda: "└─⇄ ○ reviewer" in shown(app))
        await write(pilot, "/open reviewer")
        await pilot.press("enter")
        await until(pilot, lambda: "attached to operator (rights lesser" in squeezed(app))


async def test_a_cycle_is_refused_in_the_picker_with_its_path(home: Path, repo: Path) -> None:
    await two_sessions(home, repo, attached=True)
    async with desk_screen(home, repo) as (app, pilot):
        await until(pilot, lambda: "operator" in shown(app))
        await pilot.press("ctrl+x", "a")
        await until(pilot, lambda: "operator → reviewer → operator" in squeezed(app), SLOW)


async def test_one_word_that_names_no_thread_is_the_new_handle_of_the_open_one_even_where_a_handle_ends_with_it(
    home: Path, repo: Path
) -> None:
    await two_sessions(home, repo)
    async with desk_screen(home, repo) as (app, pilot):
        await until(pilot, lambda: "operator" in shown(app))
        await write(pilot, "/rename erator")
        await pilot.press("enter")
        await until(pilot, lambda: "operator is now erator" in shown(app), SLOW)


@pytest.mark.row("S0-33")
async def test_the_thread_used_last_is_open_at_the_next_start(home: Path, repo: Path) -> None:
    await two_sessions(home, repo)
    async with desk_screen(home, repo) as (app, pilot):
        await write(pilot, "/open reviewer")
        await pilot.press("enter")
        await until(
            pilot,
            lambda: app.bridge.desk is not None and app.bridge.desk.meta("last_thread") == app.bridge.desk.resolve("reviewer", repo).id,
        )
    assert glance(home).opened == next(one.id for one in glance(home).threads if one.handle == "reviewer")


LOOKS = [
    ("/status", "held by"),
    ("/audit", "/ filter · f kinds · v verify"),
    ("/audit --verify", "verified: "),
    ("/grants", "nothing was granted"),
    ("/waits", "nobody waits"),
    ("/away", "nobody was away yet"),
    ("/diff", "added note.txt"),
    ("/approvals", "nothing waits for you"),
    ("/agent", "Agents of operator"),
    ("/open", "Open in this pane"),
    ("/unarchive", "nothing is archived"),
    ("/sandbox", "workspace-write"),
    ("/role", "no role is defined here"),
    ("/automations", "Automations"),
    ("/help", "Anywhere"),
    ("/search attached", "found, the newest first"),
]
"""Commands that open something to look at, and what must then be on the screen."""


async def test_every_command_that_looks_shows_what_it_says(home: Path, repo: Path) -> None:
    (repo / "note.txt").write_text("x")
    await two_sessions(home, repo, attached=True)
    async with desk_screen(home, repo) as (app, pilot):
        for line, words in LOOKS:
            await write(pilot, line)
            await pilot.press("enter")
            await until(pilot, lambda words=words: not isinstance(app.screen, MainScreen) and words in squeezed(app), SLOW)
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, MainScreen))


ACTS = [
    ("/model gpt-5.1-mini", "model is gpt-5.1-mini"),
    ("/sandbox read-only", "sandbox_mode is read-only"),
    ("/role nobody", "there is no role nobody"),
    ("/rename reviewer critic", "reviewer is now critic"),
    ("/send critic look", "to critic is"),
    ("/detach critic", "critic is detached from operator"),
    ("/trust --revoke", "is not trusted any more"),
    ("/export", "written to"),
    ("/nonsense", "there is no command /nonsense"),
    ("/rename operator critic", "critic"),
    ("/fork operator copy", "copy"),
]
"""Commands that do something, and what must be said then."""


async def test_every_command_that_acts_says_what_it_did(home: Path, repo: Path) -> None:
    await two_sessions(home, repo, attached=True)
    async with desk_screen(home, repo) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        screen = app.screen
        assert isinstance(screen, MainScreen)
        for line, words in ACTS:
            await write(pilot, line)
            await pilot.press("enter")
            await until(pilot, lambda words=words: words in squeezed(app), SLOW)
            screen.panes.active.composer.clear_draft()
        assert (repo / "operator.md").is_file()
