from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from codex_desk.tui.app import DeskApp
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.screens.theme import ThemePicker
from tests.tui.fakes import FakeDesk, app_on, opened, shown, squeezed, thread, until, write


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / "themes").mkdir(parents=True)
    return tmp_path / "home"


@asynccontextmanager
async def picker_in(home: Path, **preferences: Any) -> AsyncIterator[tuple[DeskApp, Pilot[int]]]:
    app = app_on(FakeDesk().put(thread("operator")), home=home, **preferences)
    async with opened(app, (120, 45)) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await open_picker(app, pilot)
        yield app, pilot


async def open_picker(app: DeskApp, pilot: Pilot[int]) -> None:
    assert isinstance(app.screen, MainScreen)
    app.screen.run_line("/theme")
    await until(pilot, lambda: isinstance(app.screen, ThemePicker))


def mine(home: Path, colour: str, name: str = "mine") -> None:
    (home / "themes" / f"{name}.toml").write_text(f'name = "{name}"\ndark = true\n\nprimary = "{colour}"\n')


async def test_the_theme_under_the_cursor_is_worn_escape_puts_the_old_one_back_and_enter_keeps_the_new_one(home: Path) -> None:
    async with picker_in(home, theme="desk-dusk") as (app, pilot):
        await pilot.press("down")
        await until(pilot, lambda: app.theme == "desk-light")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, MainScreen) and app.theme == "desk-dusk")
        assert not (home / "settings.toml").exists()
        await open_picker(app, pilot)
        await write(pilot, "contrast")
        await until(pilot, lambda: app.theme == "desk-contrast")
        await pilot.press("enter")
        await until(pilot, lambda: (home / "settings.toml").exists())
        assert (home / "settings.toml").read_text() == '[tui]\ntheme = "desk-contrast"\n'
        assert app.theme == "desk-contrast"


async def test_the_one_of_the_terminal_can_be_chosen_again(home: Path) -> None:
    async with picker_in(home, theme="desk-dusk") as (app, pilot):
        await write(pilot, "auto")
        await until(pilot, lambda: app.theme == "desk-dark")
        await pilot.press("enter")
        await until(pilot, lambda: (home / "settings.toml").exists())
        assert (home / "settings.toml").read_text() == '[tui]\ntheme = "auto"\n'
        assert app.wardrobe.wanted is None


async def test_a_theme_file_that_was_changed_is_read_again_and_one_that_is_broken_is_told_once(home: Path) -> None:
    mine(home, "#ff0000")
    async with picker_in(home, theme="mine") as (app, pilot):
        assert app.current_theme.primary == "#ff0000"
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        mine(home, "#00ff00")
        mine(home, "not-a-colour", "broken")
        for _ in range(2):
            await open_picker(app, pilot)
            await until(pilot, lambda: 'broken.toml           line 4: primary = "not-a-colour" is no colour' in shown(app))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, MainScreen))
        assert app.current_theme.primary == "#00ff00"
        assert [one.message for one in app._notifications] == ['themes/broken.toml line 4: primary = "not-a-colour" is no colour']


async def test_a_theme_that_is_gone_is_named_and_the_default_is_worn(home: Path) -> None:
    app = app_on(FakeDesk().put(thread("operator")), home=home, theme="lost")
    async with opened(app) as pilot:
        await until(pilot, lambda: "there is no theme lost; desk-dark is used" in squeezed(app))
        assert app.theme == "desk-dark"
        assert "operator" in shown(app)
