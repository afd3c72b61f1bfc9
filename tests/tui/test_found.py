from __future__ import annotations

from pathlib import Path

import pytest

from codex_desk.config import resolve
from codex_desk.tui.found import Found, handle_for, look_around, prospects
from tests.tui.test_servers import LISTED, serving


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


def look(tmp_path: Path, env: dict[str, str] | None = None, config: str = "") -> Found:
    home, folder = tmp_path / "home", tmp_path / "project"
    for each in (home, folder):
        each.mkdir(exist_ok=True)
    (home / "config.toml").write_text(config)
    return look_around(home, {"CODEX_HOME": str(tmp_path), "PATH": ""} | (env or {}), folder)


def test_what_is_here_is_told_with_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "sessions" / "2026").mkdir(parents=True)
    (tmp_path / "sessions" / "2026" / "rollout-1.jsonl").touch()
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "AGENTS.md").write_text("be kind\n")
    found = look(tmp_path)
    assert [source.id for source in found.sources] == ["offline"]
    assert found.missing == "set OPENAI_API_KEY"
    facts = dict(found.facts)
    assert facts["told by"] == "AGENTS.md"
    assert facts["Codex"] == "not on PATH; nothing here needs it"
    assert facts["Codex's sessions"].startswith("1 in ")


def test_a_key_that_is_set_comes_first_and_is_not_shown(tmp_path: Path) -> None:
    found = look(tmp_path, {"OPENAI_API_KEY": "sk-secret"})
    assert [(source.name, source.words) for source in found.sources] == [
        ("OpenAI", "gpt-5.1 · OPENAI_API_KEY is set"),
        ("offline stand-in", "by rule, without a model, and it says so"),
    ]
    assert found.missing == ""
    assert "sk-secret" not in repr(found)


def test_what_the_settings_choose_comes_before_what_was_found(tmp_path: Path) -> None:
    with serving(LISTED) as address:
        server = f'[model_providers.ollama]\nbase_url = "{address}"\n'
        assert [source.model for source in look(tmp_path, config=server).sources] == ["qwen3-coder", "llama3", ""]
        chosen = f'model_provider = "ollama"\nmodel = "llama3"\n{server}'
        assert [source.id for source in look(tmp_path, config=chosen).sources] == ["configured", "ollama qwen3-coder", "offline"]
        assert look(tmp_path, {"CODEX_DESK_RUNTIME": "offline"}, server).sources[0].id == "offline"


def test_a_session_in_a_folder_is_foreseen(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    resolved = resolve(tmp_path / "home", project=None, trusted=False, env={})
    foreseen = prospects(resolved, {"OPENAI_API_KEY": "sk-secret", "CODEX_HOME": str(tmp_path)}, tmp_path)
    assert foreseen[0] == ("runs on", "native · gpt-5.1 · workspace-write")
    assert foreseen[1][1].startswith("nobody yet")
