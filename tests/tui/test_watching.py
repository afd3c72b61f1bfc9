"""Settings files that change while the desk is open, in the same home as a real one has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from codex_desk.config import set_user_setting
from codex_desk.tui.app import DeskApp
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.settings.preferences import read_preferences
from codex_desk.tui.settings.watching import SettingsWatch
from tests.tui.fakes import FakeDesk, Gate, app_on, opened, shown, thread, until


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@asynccontextmanager
async def desk_in(home: Path) -> AsyncIterator[tuple[DeskApp, Pilot[int]]]:
    """The desk with what stands in its settings files, read once."""
    chosen = read_preferences(home, {})
    wanted: dict[str, Any] = {each.name: getattr(chosen, each.name) for each in fields(chosen)}
    app = app_on(FakeDesk().put(thread("operator")), home=home, **wanted)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await until(pilot, lambda: app.in_force.settled)
        yield app, pilot


def looked(app: DeskApp) -> None:
    """What the clock does every two seconds."""
    app.look_at_settings()


def told(app: DeskApp) -> list[str]:
    return [one.message for one in app._notifications]


async def test_a_theme_and_keys_that_change_on_disk_count_at_once(home: Path) -> None:
    async with desk_in(home) as (app, pilot):
        (home / "config.toml").write_text(
            '[tui]\ntheme = "desk-dusk"\nmouse = false\n[tui.keymap]\nleader = "ctrl+o"\n"leader.attach" = "A"\n'
        )
        looked(app)
        await until(pilot, lambda: app.theme == "desk-dusk")
        await until(pilot, lambda: "^o A attach" in shown(app))
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "A attach" in shown(app) and "^o …" in shown(app))
        assert told(app) == []


async def test_a_file_that_breaks_is_told_once_and_what_counted_before_counts_on(home: Path) -> None:
    settings = home / "settings.toml"
    settings.write_text('[tui]\ntheme = "desk-dusk"\n')
    async with desk_in(home) as (app, pilot):
        for text in ("[tui\n", "[tui \n"):
            settings.write_text(text)
            looked(app)
            await until(pilot, lambda: any(f"{settings}:1: not TOML" in one for one in told(app)))
        assert len(told(app)) == 1
        assert app.theme == "desk-dusk"
        settings.write_text('[tui]\ntheme = "desk-light"\n')
        looked(app)
        await until(pilot, lambda: app.theme == "desk-light")


async def test_a_file_that_is_broken_at_the_start_counts_once_it_is_mended(home: Path) -> None:
    (home / "settings.toml").write_text("[tui\n")
    async with desk_in(home) as (app, pilot):
        (home / "settings.toml").write_text('[tui]\ntheme = "desk-light"\n')
        looked(app)
        await until(pilot, lambda: app.theme == "desk-light")


async def test_nothing_is_read_where_nothing_has_changed_or_nobody_looks(home: Path) -> None:
    async with desk_in(home) as (app, pilot):
        assert app.in_force.settled
        set_user_setting(home, "tui.theme", "desk-light")
        app.app_focus = False
        looked(app)
        await pilot.pause()
        assert app.theme == "desk-dark"
        app.app_focus = True
        looked(app)
        await until(pilot, lambda: app.theme == "desk-light")


async def test_a_theme_that_is_chosen_is_kept_beside_what_was_edited_meanwhile(home: Path) -> None:
    async with desk_in(home) as (app, pilot):
        (home / "settings.toml").write_text("# mine\n[tui]\nbell = false\n")
        assert isinstance(app.screen, MainScreen)
        app.screen.run_line("/theme desk-light")
        await until(pilot, lambda: "desk-light" in (home / "settings.toml").read_text())
        assert (home / "settings.toml").read_text() == '# mine\n[tui]\nbell = false\ntheme = "desk-light"\n'
    assert read_preferences(home, {}).theme == "desk-light"


async def test_a_theme_that_cannot_be_kept_is_worn_and_the_reason_told(home: Path) -> None:
    async with desk_in(home) as (app, pilot):
        (home / "settings.toml").mkdir()
        assert isinstance(app.screen, MainScreen)
        app.screen.run_line("/theme desk-light")
        await until(pilot, lambda: any("could not be kept" in one and "a folder" in one for one in told(app)))
        assert app.theme == "desk-light"


def test_what_is_wrong_with_keys_is_told_with_file_line_and_both_ids(home: Path) -> None:
    (home / "config.toml").write_text('[tui.keymap]\n"transcript.copy" = "ctrl+x"\nnonsense = "f5"\n"composer.send" = "ctrl+zz"\n')
    found = SettingsWatch(home, {}).read()
    assert found.key_troubles == (
        f"{home}/config.toml:3: tui.keymap.nonsense: no key is called that; help lists them all",
        f"{home}/config.toml:4: tui.keymap.composer.send: ctrl+zz is no key; keys are written like ctrl+x, alt+left, f2 or g",
        f"{home}/config.toml:2: tui.keymap.transcript.copy: ctrl+x is bound twice, to leader and transcript.copy; leader has it",
    )
    assert found.preferences is not None


def test_what_was_told_is_not_told_again_until_it_was_mended(home: Path) -> None:
    watch = SettingsWatch(home, {})
    (home / "config.toml").write_text("colour = 1\n")
    first = watch.read()
    assert len(watch.news(first)) == 1
    assert watch.news(watch.read()) == []
    (home / "config.toml").write_text("")
    assert watch.news(watch.read()) == []
    (home / "config.toml").write_text("colour = 1\n")
    assert len(watch.news(watch.read())) == 1


async def test_a_change_while_the_engine_opens_counts_too(home: Path) -> None:
    desk = FakeDesk().put(thread("operator"))
    gate = Gate(desk, shut=True)
    app = app_on(desk, home=home, gate=gate)
    async with opened(app) as pilot:
        (home / "settings.toml").write_text('[tui]\ntheme = "desk-light"\n')
        gate.open.set()
        await until(pilot, lambda: app.theme == "desk-light")


async def test_nothing_moves_where_that_is_asked_for_or_no_colour_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk_in(home) as (app, pilot):
        assert app.animation_level == "full"
        set_user_setting(home, "tui.reduced_motion", True)
        looked(app)
        await until(pilot, lambda: app.animation_level == "none")
        monkeypatch.setenv("NO_COLOR", "1")
        set_user_setting(home, "tui.reduced_motion", False)
        looked(app)
        await until(pilot, lambda: app.in_force.settled)
        assert app.animation_level == "none"
