from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from codex_desk.config import resolve
from codex_desk.engine.errors import Refusal
from codex_desk.engine.sessions import New
from codex_desk.tui.app import DeskApp
from codex_desk.tui.screens.first_run import FirstRun
from codex_desk.tui.screens.main import MainScreen
from tests.tui.fakes import FOLDER, FakeDesk, Gate, app_on, in_codex, opened, shown, squeezed, until, write
from tests.tui.test_servers import LISTED, serving


@asynccontextmanager
async def page(
    home: Path, desk: FakeDesk, size: tuple[int, int] = (80, 24), gate: Gate | None = None
) -> AsyncIterator[tuple[DeskApp, Pilot[int]]]:
    app = app_on(desk, home=home, gate=gate)
    async with opened(app, size) as pilot:
        assert isinstance(app.screen, FirstRun)
        yield app, pilot


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine is found."""
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "codex"))
    monkeypatch.setenv("OPENAI_API_KEY", "")


def with_server(home: Path, address: str) -> None:
    home.mkdir()
    (home / "config.toml").write_text(f'[model_providers.ollama]\nname = "Ollama"\nbase_url = "{address}"\n')


async def test_without_a_model_it_says_what_answers_and_how_to_get_one(tmp_path: Path) -> None:
    async with page(tmp_path, FakeDesk(tier="none")) as (app, pilot):
        await until(pilot, lambda: "● offline stand-in" in shown(app))
        said = squeezed(app)
        assert "A model: set OPENAI_API_KEY, or codex-desk provider add URL --model M" in said
        await until(pilot, lambda: "none holds on this machine: every command asks you first" in squeezed(app))
        for key in ("Enter sends", "^x and a letter: everything else", "F1 help"):
            assert key in said


async def test_a_local_server_answers_the_first_prompt_and_is_kept_in_the_settings(tmp_path: Path) -> None:
    home, desk = tmp_path / "home", FakeDesk()
    with serving(LISTED) as address:
        with_server(home, address)
        async with page(home, desk) as (app, pilot):
            await until(pilot, lambda: "● Ollama" in shown(app) and "○ offline stand-in" in shown(app))
            assert "A model: set" not in shown(app)
            await pilot.press("f6", "down", "enter")
            await until(pilot, lambda: "○ Ollama" in shown(app) and "● Ollama" in shown(app))
            await write(pilot, "begin")
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, MainScreen) and "has been said" in shown(app))
    assert [one for one in desk.done if isinstance(one, New)] == [New("repo", FOLDER, runtime="native")]
    settings = resolve(home, project=None, trusted=False, env={}).settings
    assert (settings.model_provider, settings.model, settings.model_providers["ollama"].base_url) == ("ollama", "llama3", address)


async def test_the_stand_in_may_be_chosen_beside_a_server(tmp_path: Path) -> None:
    home, desk = tmp_path / "home", FakeDesk()
    with serving(LISTED) as address:
        with_server(home, address)
        async with page(home, desk) as (app, pilot):
            await until(pilot, lambda: "● Ollama" in shown(app))
            await pilot.press("f6", "end", "f6")
            await write(pilot, "begin")
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, MainScreen) and "has been said" in shown(app))
    assert [one for one in desk.done if isinstance(one, New)] == [New("repo", FOLDER, runtime="offline")]
    assert not (home / "settings.toml").exists()


async def test_settings_that_cannot_be_read_are_named_and_the_prompt_goes_on(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("model =\n")
    desk = FakeDesk()
    async with page(tmp_path, desk) as (app, pilot):
        await until(pilot, lambda: "l:1: not TOML: invalid value" in shown(app))
        await write(pilot, "begin")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen) and "has been said" in shown(app))
        assert desk.done[0] == New("repo", FOLDER)


def with_codex(folder: Path, monkeypatch: pytest.MonkeyPatch, says: str = "codex-cli 0.169.0") -> None:
    program = folder / "a codex"
    program.write_text(f"#!/bin/sh\necho {says}\n")
    program.chmod(0o755)
    monkeypatch.setenv("CODEX_DESK_CODEX", str(program))


async def test_sessions_that_codex_has_are_listed_and_one_of_them_can_be_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_codex(tmp_path, monkeypatch)
    desk = FakeDesk(codex=[in_codex(number, f"Matter of {word}", ago=number) for number, word in enumerate(("tea", "coffee"), 1)])
    async with page(tmp_path, desk, (100, 36)) as (app, pilot):
        await until(pilot, lambda: "all of them, by project: 2 in Codex, in 1 project" in shown(app))
        assert "● Codex" in shown(app)
        await pilot.press("f6", "f6", "down", "enter")
        await until(pilot, lambda: "Take it onto the desk" in shown(app))
        await pilot.press("ctrl+u", *"coffee", "enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen) and "coffee" in shown(app))
    assert desk.done[0] == ("adopt", in_codex(2, "").id, "coffee", False)


async def test_all_of_them_are_behind_one_row_in_a_low_terminal_and_several_are_taken_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_codex(tmp_path, monkeypatch)
    desk = FakeDesk(codex=[in_codex(number, f"Matter of {word}", ago=number) for number, word in enumerate(("tea", "coffee"), 1)])
    async with page(tmp_path, desk) as (app, pilot):
        await until(pilot, lambda: "all of them, by project" in shown(app))
        assert "matter-of-tea" not in shown(app)
        await pilot.press("f6", "f6", "enter")
        await until(pilot, lambda: "matter-of-coffee" in shown(app))
        await pilot.press("space", "space", "enter")
        await until(pilot, lambda: "Take 2 sessions onto the desk" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
    assert [one[2] for one in desk.done if isinstance(one, tuple)] == ["matter-of-tea", "matter-of-coffee"]


async def test_a_codex_that_is_too_old_says_so_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_codex(tmp_path, monkeypatch, "codex-cli 0.99.0")
    async with page(tmp_path, FakeDesk(), (120, 36)) as (app, pilot):
        await until(pilot, lambda: "is too old: codex-desk needs" in squeezed(app) and "Update Codex" in squeezed(app))


async def test_a_codex_that_does_not_answer_is_said_where_its_sessions_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_codex(tmp_path, monkeypatch)
    async with page(tmp_path, FakeDesk(codex=Refusal("unavailable", "Codex ended: its config.toml is broken")), (120, 36)) as (app, pilot):
        await until(pilot, lambda: "Codex ended: its config.toml is broken" in squeezed(app))


async def test_in_a_few_rows_there_is_the_composer_alone(tmp_path: Path) -> None:
    async with page(tmp_path, FakeDesk(), (60, 12)) as (app, pilot):
        await until(pilot, lambda: "What shall it do?" in shown(app))
        assert "Answers come from" not in shown(app)
