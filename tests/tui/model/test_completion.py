from __future__ import annotations

from pathlib import Path

import pytest

from codex_desk.tui.model.completion import Choice, Trigger, find_trigger, match_commands, match_mentions, walk


@pytest.mark.parametrize(
    ("before", "trigger"),
    [
        ("/at", Trigger("command", 0, "at")),
        ("/", Trigger("command", 0, "")),
        ("/attach ", None),
        ("see @src/ma", Trigger("mention", 4, "src/ma")),
        ("@", Trigger("mention", 0, "")),
        ("me@example", None),
        ("and /at", None),
        ("/usr/bin", None),
    ],
)
def test_what_asks_for_completion(before: str, trigger: Trigger | None) -> None:
    assert find_trigger(before) == trigger


def test_commands_that_begin_with_the_word() -> None:
    commands = [("back", "b"), ("attach", "a"), ("detach", "d")]
    assert match_commands("at", commands) == [Choice("/attach ", "/attach", "a")]


def test_a_word_inside_a_command_finds_it_when_none_begins_with_it() -> None:
    assert [choice.label for choice in match_commands("tach", [("attach", ""), ("detach", ""), ("new", "")])] == ["/attach", "/detach"]


def test_handles_come_before_files() -> None:
    found = match_mentions("re", [("reviewer", "ready")], ["src/core.py", "README.md"])
    assert [choice.label for choice in found] == ["@reviewer", "README.md", "src/core.py"]


def test_files_are_found_without_what_tools_keep(tmp_path: Path) -> None:
    for name in ("a.py", "src/b.py", ".git/config", "node_modules/x/y.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list(walk(tmp_path)) == ["a.py", "src/b.py"]


def test_a_walk_ends_at_its_limit(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / str(number)).touch()
    assert len(list(walk(tmp_path, limit=3))) == 3
