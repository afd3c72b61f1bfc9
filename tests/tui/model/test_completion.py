from __future__ import annotations

import time
from pathlib import Path

import pytest

from codex_desk.tui.model.completion import (
    OFFERED,
    Files,
    Known,
    Trigger,
    find_trigger,
    match_commands,
    match_mentions,
    match_paths,
    match_recall,
    match_words,
    path_trigger,
    rank,
    walk,
)

COMMANDS = [
    Known("back", "leave a child"),
    Known("attach", "let this session work for another", "CHILD PARENT [--move] [--rights R]", {"--rights": ("lesser", "own")}),
    Known("detach", "end an attachment", "[CHILD]"),
    Known("theme", "choose the colours", "[NAME]"),
    Known("wait", "say when messages are answered", "MESSAGE… [--any]"),
    Known("send", "prompt another thread", "THREAD TEXT [--steer]"),
]
BY_NAME = {one.name: one for one in COMMANDS}


@pytest.mark.parametrize(
    ("before", "trigger"),
    [
        ("/at", Trigger("command", 0, "at")),
        ("/", Trigger("command", 0, "")),
        ("see @src/ma", Trigger("mention", 4, "src/ma")),
        ("@", Trigger("mention", 0, "")),
        ("me@example", None),
        ("and /at", None),
        ("/usr/bin", None),
        ("!ls /at", None),
        ("!ssh @host", None),
        ("/attach ", Trigger("argument", 8, "", "attach", "CHILD")),
        ("/attach rev", Trigger("argument", 8, "rev", "attach", "CHILD")),
        ("/attach rev op", Trigger("argument", 12, "op", "attach", "PARENT", frozenset({"rev"}))),
        ("/attach a b c", None),
        ("/attach a --", Trigger("argument", 10, "--", "attach", "--", frozenset({"a"}))),
        ("/attach a --rights o", Trigger("argument", 19, "o", "attach", "--rights", frozenset({"a", "--rights"}))),
        ("/attach --rights own rev", Trigger("argument", 21, "rev", "attach", "CHILD", frozenset({"--rights", "own"}))),
        ("/send op look at", None),
        ("/send op look at @ma", Trigger("mention", 17, "ma")),
        ("/back x", None),
        ("/nothing x", None),
    ],
)
def test_what_asks_for_completion(before: str, trigger: Trigger | None) -> None:
    assert find_trigger(before, BY_NAME) == trigger


@pytest.mark.parametrize(("before", "query"), [("!cat src/m", "src/m"), ("!", ""), ("!ls ", ""), ("!make A=b", "b")])
def test_tab_in_a_shell_command_asks_for_the_last_word(before: str, query: str) -> None:
    trigger = path_trigger(before)
    assert (trigger.query, trigger.start) == (query, len(before) - len(query))


@pytest.mark.parametrize(
    ("query", "text", "fits"), [("at", "attach", 0), ("tach", "attach", 1), ("dt", "detach", 2), ("th", "detach", None)]
)
def test_how_well_a_word_fits(query: str, text: str, fits: int | None) -> None:
    assert rank(query, text) == fits


def labels(query: str) -> list[str]:
    return [choice.label for choice in match_commands(query, COMMANDS)]


def test_commands_that_begin_with_the_word_come_first_then_those_that_hold_it_then_those_whose_help_does() -> None:
    assert labels("de") == ["/detach"]
    assert labels("ta") == ["/attach", "/detach"]
    assert labels("a") == ["/attach", "/back", "/detach", "/wait"]
    assert labels("colours") == ["/theme"]
    assert labels("") == [f"/{one.name}" for one in COMMANDS]
    assert labels("xyz") == []


def test_enter_runs_what_was_typed_and_only_puts_in_what_was_guessed() -> None:
    runs = {choice.label: choice.runs for query in ("wa", "colours") for choice in match_commands(query, COMMANDS)}
    assert [choice.runs for choice in match_commands("a", COMMANDS)] == [True, False, False, False]
    assert not runs["/theme"], "only its help was typed"
    assert not runs["/wait"], "what it needs is not asked for on the screen"
    assert not any(choice.runs for choice in match_commands("", COMMANDS))


def test_a_word_that_stands_there_whole_comes_first_and_alone_is_not_offered() -> None:
    names = [("reviewer", "ready"), ("rev", "working"), ("operator", "ready")]
    assert [choice.label for choice in match_words("rev", names)] == ["rev", "reviewer"]
    assert match_words("operator", names) == []
    assert [choice.label for choice in match_words("@op", names)] == ["operator"]


def test_handles_come_before_files() -> None:
    found = match_mentions("re", [("reviewer", "ready")], Files(["src/core.py", "README.md"]))
    assert [choice.label for choice in found] == ["@reviewer", "README.md", "src/core.py"]


def test_a_name_with_spaces_is_quoted() -> None:
    assert [choice.insert for choice in match_mentions("two", [], Files(["two words.txt"]))] == ['"two words.txt" ']


def test_files_whose_name_begins_with_the_word_come_first_then_its_letters_anywhere_in_order() -> None:
    files = Files(["docs/main.md", "src/domain.py", "main/x.py", "src/main.py", "m/a/i/n.txt"])
    assert files.match("main") == ["src/main.py", "docs/main.md", "src/domain.py", "main/x.py"]
    assert files.match("srdo") == ["src/domain.py"]
    assert files.match("MAIN.M") == ["docs/main.md"]
    assert files.match("main") == ["src/main.py", "docs/main.md", "src/domain.py", "main/x.py"]


def test_a_shell_command_completes_paths_as_they_begin() -> None:
    files = Files(["src/main.py", "src/my file.py", "test/main.py"])
    assert [choice.insert for choice in match_paths("src/m", files)] == ["src/main.py ", '"src/my file.py" ']


def test_fifty_thousand_files_answer_every_key_quickly() -> None:
    files = Files(f"src/package{number % 97}/module_{number}/file_{number}.py" for number in range(50_000))
    word = "package12/file_49"
    start = time.process_time()
    for end in range(len(word) + 1):
        assert len(files.match(word[:end])) <= OFFERED
    assert time.process_time() - start < 1.0


def test_earlier_prompts_are_found_by_all_their_words_the_newest_first() -> None:
    entries = ["fix the Tests", "run tests", "tests that fix\nthings"]
    assert [choice.insert for choice in match_recall("fix tests", entries)] == ["tests that fix\nthings", "fix the Tests"]
    assert [choice.label for choice in match_recall("", entries)] == ["tests that fix things", "run tests", "fix the Tests"]


def test_files_are_found_without_what_tools_keep(tmp_path: Path) -> None:
    for name in ("a.py", "src/b.py", ".git/config", "node_modules/x/y.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list(walk(tmp_path)) == ["a.py", "src/b.py"]


def test_a_walk_ends_at_its_limit(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / str(number)).touch()
    assert len(list(walk(tmp_path, limit=3))) == 3
