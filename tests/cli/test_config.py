from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.contract import keys


@pytest.fixture
def desk(newcomer: Run) -> Run:
    return newcomer


def shown(desk: Run, *args: str) -> dict[str, tuple[object, str]]:
    return {each["key"]: (each["value"], each["layer"]) for each in desk("config", "show", *args, "--json").json["settings"]}


def test_every_setting_is_shown_with_its_value_and_its_layer(desk: Run, home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text('model = "mine"\n')
    desk("provider", "add", "http://127.0.0.1:9/v1", "--name", "local")
    settings = shown(desk)
    assert settings["model"] == ("mine", "config.toml")
    assert settings["runtime"] == ("offline", "environment")
    assert settings["model_providers.local.base_url"] == ("http://127.0.0.1:9/v1", "settings.toml")
    assert settings["agents.max_threads"] == (6, "default")


def test_people_are_shown_the_line_too(desk: Run, home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text('\nmodel = "mine"\n[tui.keymap]\n"composer.send" = "f3"\n')
    rows = [line.split() for line in desk("config", "show").out.splitlines()]
    assert ["model", "mine", "config.toml:2"] in rows
    assert ['tui.keymap."composer.send"', "f3", "config.toml:4"] in rows
    assert ["agents.max_threads", "6", "default"] in rows


def test_a_threads_own_settings_are_shown_for_it(desk: Run) -> None:
    desk("new", "reviewer")
    desk("set", "reviewer", "sandbox_mode", "read-only")
    assert shown(desk, "--thread", "reviewer")["sandbox_mode"] == ("read-only", "thread")
    assert shown(desk)["sandbox_mode"][1] == "default"


def test_a_project_counts_once_its_folder_is_trusted(desk: Run, folder: Path) -> None:
    (folder / ".codex-desk").mkdir()
    (folder / ".codex-desk" / "config.toml").write_text('model = "theirs"\n')
    assert shown(desk)["model"][1] == "default"
    assert "not trusted" in desk("config", "show").err
    assert desk("trust", ".", "--json").json == {"folder": str(folder.resolve()), "trusted": True}
    assert shown(desk)["model"] == ("theirs", "project")
    assert desk("trust", ".", "--revoke", "--json").json["trusted"] is False
    assert shown(desk)["model"][1] == "default"


def test_a_folder_that_is_not_there_cannot_be_trusted(desk: Run) -> None:
    assert desk("trust", "nowhere", "--json").refusal == "no_folder"


def test_an_unknown_key_is_a_warning_with_its_file_and_line(desk: Run, home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text('model = "mine"\ncolour = "red"\n')
    ran = desk("config", "show")
    assert ran.exit == 0
    assert f"{home / 'config.toml'}:2: colour" in ran.err


@pytest.mark.parametrize("text", ["model = \n", 'sandbox_mode = "wide-open"\n'])
@pytest.mark.parametrize("args", [["config", "show"], ["new", "reviewer"], ["provider", "list"]])
def test_a_broken_file_is_named_with_its_line(desk: Run, home: Path, args: list[str], text: str) -> None:
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text(text)
    ran = desk(*args, "--json")
    assert ran.refusal in ("bad_settings", "bad_value")
    assert f"{home / 'config.toml'}:1" in ran.err


def test_the_paths_are_told_without_making_them(desk: Run, home: Path) -> None:
    paths = desk("config", "path", "--json").json
    assert set(paths) == keys("home, config, settings, project, store, backups, themes, agents")
    assert paths["home"] == str(home)
    assert not home.exists()
