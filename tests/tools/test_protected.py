from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from codex_desk.tools.protected import appeared, is_protected, placeholders, protected_part, survey


@pytest.mark.parametrize("name", [".git", ".GIT", ".codex", ".codex-desk", "AGENTS.md", "agents.MD", "AGENTS.override.md"])
def test_protected_names(name: str) -> None:
    assert is_protected(name)


@pytest.mark.parametrize("name", [".github", ".gitignore", "git", "AGENTS", "AGENTS.txt", "MYAGENTS.md", ".codexrc", ".codex-desk.toml"])
def test_names_that_only_look_alike(name: str) -> None:
    assert not is_protected(name)


def test_any_component_protects() -> None:
    assert protected_part(PurePath("sub/.git/hooks/pre-commit")) == ".git"


def test_a_survey_finds_what_is_nested_and_what_a_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "a" / ".git" / "AGENTS.md").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".codex").symlink_to("elsewhere")
    (tmp_path / "AGENTS.md").symlink_to("nowhere")
    assert set(survey([tmp_path])) == {tmp_path / "a" / ".git", tmp_path / "elsewhere"}


def test_a_survey_ends(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"{number:02}" / ".git").mkdir(parents=True)
    assert len(survey([tmp_path], limit=60)) < 50


def test_what_is_new_appears_and_what_was_moved_does_not(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "AGENTS.md").touch()
    before = survey([tmp_path])
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "a" / ".git").mkdir(parents=True)
    assert appeared(before, survey([tmp_path])) == [tmp_path / "a" / ".git"]


def test_placeholders_go_when_the_last_that_relies_on_them_does(tmp_path: Path) -> None:
    with placeholders([tmp_path]):
        with placeholders([tmp_path]):
            pass
        assert (tmp_path / ".git").is_dir()
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / ".codex").mkdir()
    with placeholders([tmp_path]):
        (tmp_path / ".git" / "mine").touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".codex", ".git"]
