"""The settings screen, over real settings files in a home of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from codex_desk.config import Resolved, resolve
from codex_desk.config.keys import thread_setting
from codex_desk.engine.sessions import Set
from codex_desk.tui.app import DeskApp
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.screens.settings import Settings
from tests.tui.fakes import FakeDesk, app_on, opened, shown, squeezed, thread, until, write


@dataclass
class SettingsDesk(FakeDesk):
    """A desk with settings in files, and of its threads' own."""

    home: Path = Path()
    own: dict[str, object] = field(default_factory=dict)

    def settings(self, thread_id: str | None = None, cwd: Path | None = None) -> Resolved:
        return resolve(self.home, project=None, trusted=False, env=os.environ, thread=self.own if thread_id else {})

    async def do(self, action: object) -> Any:
        if isinstance(action, Set) and action.value:
            key, value = thread_setting(action.key, action.value)
            self.own[key] = value
        elif isinstance(action, Set):
            self.own.pop(action.key)
        return await super().do(action)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@asynccontextmanager
async def settings_in(
    home: Path, query: str = "", own: Mapping[str, object] | None = None
) -> AsyncIterator[tuple[Settings, Pilot[int], SettingsDesk]]:
    desk = SettingsDesk(home=home, own=dict(own or {}))
    desk.put(thread("operator"))
    app = app_on(desk, last="operator", home=home)
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        assert isinstance(app.screen, MainScreen)
        app.screen.run_line(f"/settings {query}".strip())
        await until(pilot, lambda: isinstance(app.screen, Settings))
        screen = app.screen
        assert isinstance(screen, Settings)
        yield screen, pilot, desk


async def test_each_setting_shows_value_layer_line_and_what_that_hides(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "config.toml").write_text('model = "gpt-a"\nsandbox_mode = "read-only"\n')
    (home / "settings.toml").write_text('\nmodel = "gpt-b"\n')
    monkeypatch.setenv("CODEX_DESK_SANDBOX_MODE", "workspace-write")
    async with settings_in(home) as (_, pilot, _):
        await until(pilot, lambda: "model gpt-b settings.toml:2 hides 1" in squeezed(pilot.app))
        assert "sandbox_mode workspace-write environment hides 1" in squeezed(pilot.app)
        assert "approval_policy on-request default" in squeezed(pilot.app)
        await pilot.press("down", "down", "down")
        await until(pilot, lambda: "From settings.toml line 2; hides gpt-a of config.toml line 1" in squeezed(pilot.app))
        assert "The model that answers" in shown(pilot.app)


async def test_a_choice_is_written_to_settings_toml_alone(home: Path) -> None:
    (home / "config.toml").write_text('sandbox_mode = "read-only"\n')
    (home / "settings.toml").write_text("# mine\n")
    async with settings_in(home, "sandbox_mode") as (_, pilot, _):
        await until(pilot, lambda: "read-only" in shown(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: "as it is now" in shown(pilot.app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "sandbox_mode is workspace-write" in shown(pilot.app))
        assert (home / "settings.toml").read_text() == '# mine\nsandbox_mode = "workspace-write"\n'
        assert (home / "config.toml").read_text() == 'sandbox_mode = "read-only"\n'
        await pilot.press("u")
        await until(pilot, lambda: "sandbox_mode is read-only, as config.toml line 1 says" in squeezed(pilot.app))
        await pilot.press("u")
        await until(pilot, lambda: "settings.toml has no sandbox_mode: it comes from config.toml line 1" in squeezed(pilot.app))
        assert (home / "settings.toml").read_text() == "# mine\n"


async def test_a_wrong_value_is_refused_with_the_models_words_and_stays_to_be_mended(home: Path) -> None:
    async with settings_in(home, "deadline_h") as (_, pilot, _):
        await until(pilot, lambda: "deadline_h" in shown(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: "Enter keeps it" in shown(pilot.app))
        pilot.app.screen.query_one(Input).value = "-1"
        await pilot.press("enter")
        await until(pilot, lambda: "budgets.deadline_h must be greater than 0" in squeezed(pilot.app))
        assert not (home / "settings.toml").exists()
        pilot.app.screen.query_one(Input).value = "2.5"
        await pilot.press("enter")
        await until(pilot, lambda: "budgets.deadline_h is 2.5" in shown(pilot.app))
        assert (home / "settings.toml").read_text() == "[budgets]\ndeadline_h = 2.5\n"


async def test_a_change_that_a_higher_layer_hides_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEX_DESK_TUI__BELL", "true")
    async with settings_in(home, "bell") as (_, pilot, _):
        await until(pilot, lambda: "bell" in shown(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: "as it is now" in shown(pilot.app))
        await pilot.press("down", "enter")
        words = "no is kept in settings.toml, but CODEX_DESK_TUI__BELL in the environment comes before it: tui.bell is yes"
        await until(pilot, lambda: words in squeezed(pilot.app))


async def test_for_a_thread_its_own_are_set_by_the_engine_and_its_next_turn_is_shown(home: Path) -> None:
    async with settings_in(home, "sandbox_mode") as (_, pilot, desk):
        await until(pilot, lambda: "sandbox_mode" in shown(pilot.app))
        await pilot.press("t")
        await until(pilot, lambda: "Settings of operator: what its next turn will use" in shown(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: "as it is now" in shown(pilot.app))
        await pilot.press("up", "enter")
        await until(pilot, lambda: "sandbox_mode is read-only, from its next turn" in shown(pilot.app))
        assert desk.done[-1] == Set("t-operator", "sandbox_mode", "read-only")
        assert "sandbox_mode read-only thread" in squeezed(pilot.app)
        assert not (home / "settings.toml").exists()
        await pilot.press("u")
        await until(pilot, lambda: "sandbox_mode is workspace-write, the default, from its next turn" in squeezed(pilot.app))
        assert desk.done[-1] == Set("t-operator", "sandbox_mode", "")


async def test_for_a_thread_only_what_it_may_have_its_own_of_is_listed(home: Path) -> None:
    async with settings_in(home) as (screen, pilot, _):
        await pilot.press("t")
        await until(pilot, lambda: "what its next turn will use" in shown(pilot.app))
        listed = set(screen._shown)
        assert "agents.max_depth" in listed
        assert not [name for name in listed if name.startswith(("tui.", "model_providers.", "project_"))]
        assert "runtime native thread" in squeezed(pilot.app)
        await pilot.press("u")
        await until(pilot, lambda: "it can be changed, not taken back" in squeezed(pilot.app))


async def test_a_key_that_is_taken_is_refused_with_both_ids(home: Path) -> None:
    async with settings_in(home, "transcript.copy") as (_, pilot, _):
        await until(pilot, lambda: "transcript.copy" in shown(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: "Enter keeps it" in shown(pilot.app))
        pilot.app.screen.query_one(Input).value = "ctrl+x"
        await pilot.press("enter")
        await until(pilot, lambda: "ctrl+x is bound twice, to leader and transcript.copy" in squeezed(pilot.app))
        pilot.app.screen.query_one(Input).value = "Y, f8"
        await pilot.press("enter")
        await until(pilot, lambda: (home / "settings.toml").exists())
        assert (home / "settings.toml").read_text() == '[tui.keymap]\n"transcript.copy" = "Y, f8"\n'
        await until(pilot, lambda: isinstance(pilot.app, DeskApp) and pilot.app.keymap.keys.get("transcript.copy") == ("Y", "f8"))


async def test_secrets_are_not_shown_and_the_names_of_their_variables_are(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    async with settings_in(home, "env_key") as (_, pilot, _):
        await until(pilot, lambda: "OPENAI_API_KEY" in shown(pilot.app))
        assert "sk-very-secret" not in shown(pilot.app)


async def test_a_file_that_is_broken_is_named_and_its_mending_is_noticed(home: Path) -> None:
    (home / "settings.toml").write_text("model = \n")
    async with settings_in(home, "model") as (screen, pilot, _):
        await until(pilot, lambda: "not TOML" in squeezed(pilot.app))
        (home / "settings.toml").write_text('model = "mended"\n')
        screen._look()
        await until(pilot, lambda: "mended" in shown(pilot.app))


async def test_letters_filter_by_key_value_layer_and_purpose(home: Path) -> None:
    (home / "config.toml").write_text('model = "special-one"\n')
    async with settings_in(home) as (screen, pilot, _):
        await pilot.press("slash")
        for query, names in {
            "special-one": ["model"],
            "config.toml": ["model"],
            "wakes": ["budgets.wakes"],
            "never written": [],
        }.items():
            screen.query_one(Input).value = ""
            await write(pilot, query)
            await until(pilot, lambda names=names: list(screen._shown) == names)
