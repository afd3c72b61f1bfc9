from __future__ import annotations

from pathlib import Path

import pytest

from codex_desk.tui.found import handle_for, look_around


@pytest.mark.parametrize(
    ("name", "handle"),
    [
        ("repo", "repo"),
        ("My Project", "my-project"),
        ("2048", "desk"),
        ("7zip", "zip"),
        (".dotfiles", "dotfiles"),
        ("-", "desk"),
        ("x" * 60, "x" * 40),
        ("a_b", "a-b"),
    ],
)
def test_a_folder_gives_a_handle(name: str, handle: str) -> None:
    assert handle_for(Path("/somewhere") / name) == handle


def test_what_is_here_is_told_with_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "sessions" / "2026").mkdir(parents=True)
    (tmp_path / "sessions" / "2026" / "rollout-1.jsonl").touch()
    found = look_around(tmp_path / "home", {"CODEX_HOME": str(tmp_path), "PATH": ""})
    assert ("OpenAI", "set OPENAI_API_KEY to use it") in found.providers
    assert ("native", "none ready: codex-desk provider add URL --model M") in found.runtimes
    assert found.codex_sessions.startswith("1 in ")


def test_a_key_that_is_set_makes_the_native_runtime_usable_and_is_not_shown(tmp_path: Path) -> None:
    found = look_around(tmp_path / "home", {"CODEX_HOME": str(tmp_path), "PATH": "", "OPENAI_API_KEY": "sk-secret"})
    assert ("native", "with OpenAI") in found.runtimes
    assert "sk-secret" not in repr(found)
