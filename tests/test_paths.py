from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_desk.paths import Home, HomeError, codex_home, desk_home, guard_file, project_of


@pytest.fixture
def careless_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def harsh_umask() -> Iterator[None]:
    before = os.umask(0o777)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_variable_names_the_home(tmp_path: Path) -> None:
    assert desk_home({"CODEX_DESK_HOME": str(tmp_path)}) == tmp_path


def test_a_relative_home_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert desk_home({"CODEX_DESK_HOME": "desk"}) == tmp_path / "desk"


@pytest.mark.parametrize("env", [{}, {"CODEX_DESK_HOME": ""}])
def test_without_the_variable_the_home_is_in_the_users_data_folder(env: dict[str, str]) -> None:
    home = desk_home(env)
    assert home.is_absolute()
    assert home.name == "codex-desk"


def test_an_unknown_users_home_is_refused_with_what_to_do() -> None:
    with pytest.raises(HomeError, match="Set CODEX_DESK_HOME to an absolute path"):
        desk_home({"CODEX_DESK_HOME": "~nobody-by-this-name/desk"})


def test_codexs_home_is_its_variable_or_a_folder_of_the_user(tmp_path: Path) -> None:
    assert codex_home({"CODEX_HOME": str(tmp_path)}) == tmp_path
    assert codex_home({}) == Path.home() / ".codex"


@pytest.mark.parametrize("umask", ["careless_umask", "harsh_umask"])
def test_a_new_home_is_private_whatever_the_umask(tmp_path: Path, request: pytest.FixtureRequest, umask: str) -> None:
    request.getfixturevalue(umask)
    home = Home(tmp_path / "desk").create()
    assert {mode(folder) for folder in (home.root, home.run, home.backups, home.themes, home.agents)} == {0o700}


def test_a_home_that_stood_open_is_closed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    tmp_path.chmod(0o755)
    for file in (home.config_toml, home.settings_toml, home.database, tmp_path / "desk.db-wal"):
        file.touch()
        file.chmod(0o644)
    home.create()
    assert mode(tmp_path) == 0o700
    assert {mode(file) for file in (home.config_toml, home.settings_toml, home.database, tmp_path / "desk.db-wal")} == {0o600}


def test_making_a_home_again_changes_nothing_in_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "desk").create()
    home.config_toml.write_text('model = "mine"\n')
    home.create()
    assert home.config_toml.read_text() == 'model = "mine"\n'


def test_settings_that_are_a_link_keep_the_rights_of_what_they_lead_to(tmp_path: Path) -> None:
    dotfile = tmp_path / "dotfiles.toml"
    dotfile.touch(0o644)
    home = Home(tmp_path / "desk").create()
    home.config_toml.symlink_to(dotfile)
    home.create()
    assert mode(dotfile) == 0o644


def test_a_home_may_be_a_link_to_a_folder_of_ours(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    Home(tmp_path / "link").create()
    assert mode(tmp_path / "real") == 0o700


def test_a_home_that_is_a_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "desk").touch()
    with pytest.raises(HomeError, match="Set CODEX_DESK_HOME to a folder of your own"):
        Home(tmp_path / "desk").create()


def test_a_home_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeError, match="cannot be used"):
        Home(tmp_path / "file" / "desk").create()


@pytest.mark.parametrize("through_a_link", [False, True])
def test_a_home_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, through_a_link: bool) -> None:
    home = tmp_path / "theirs"
    home.mkdir()
    if through_a_link:
        home = tmp_path / "link"
        home.symlink_to("theirs")
    somebody = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody)
    with pytest.raises(HomeError, match="belongs to another user"):
        Home(home).create()


@pytest.mark.usefixtures("careless_umask")
def test_a_guarded_file_is_made_private_before_anything_is_in_it(tmp_path: Path) -> None:
    guard_file(tmp_path / "desk.db")
    assert mode(tmp_path / "desk.db") == 0o600


def test_guarding_a_file_keeps_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "desk.db").write_text("rows")
    guard_file(tmp_path / "desk.db")
    assert (tmp_path / "desk.db").read_text() == "rows"


def test_a_file_to_guard_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "desk.db").symlink_to("elsewhere")
    with pytest.raises(HomeError, match="cannot be used"):
        guard_file(tmp_path / "desk.db")
    assert not (tmp_path / "elsewhere").exists()


def test_the_project_is_the_nearest_ancestor_with_a_marker(tmp_path: Path) -> None:
    inner = tmp_path / "outer" / "inner"
    (inner / "src").mkdir(parents=True)
    (tmp_path / "outer" / ".git").mkdir()
    assert project_of(inner / "src") == tmp_path.resolve() / "outer"
    (inner / ".git").write_text("gitdir: elsewhere")
    assert project_of(inner / "src") == inner.resolve()


def test_a_folder_with_a_marker_is_its_own_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    assert project_of(tmp_path, ("pyproject.toml",)) == tmp_path.resolve()


@pytest.mark.parametrize("markers", [(), ("no-such-marker",), ("nul\0",)])
def test_without_a_marker_the_project_is_the_folder_itself(tmp_path: Path, markers: tuple[str, ...]) -> None:
    (tmp_path / "sub").mkdir()
    assert project_of(tmp_path / "sub", markers) == (tmp_path / "sub").resolve()


def test_a_linked_folder_belongs_to_the_project_it_really_lies_in(tmp_path: Path) -> None:
    (tmp_path / "project" / ".git").mkdir(parents=True)
    (tmp_path / "project" / "sub").mkdir()
    (tmp_path / "link").symlink_to("project/sub")
    assert project_of(tmp_path / "link") == (tmp_path / "project").resolve()
