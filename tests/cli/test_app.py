from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from codex_desk import __version__
from codex_desk.cli.app import COMMANDS, OPEN, cli

HEAVY = {"textual", "sqlmodel", "sqlalchemy", "alembic", "pydantic", "pydantic_ai", "openai", "rich"}


def modules_of(*args: str, env: dict[str, str] | None = None) -> set[str]:
    """The top-level modules that a command line has imported when it ends."""
    code = f"""
import sys, json
from codex_desk.cli.app import cli
try:
    cli.main({list(args)!r})
except SystemExit:
    pass
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})), file=sys.stderr)
"""
    ran = subprocess.run([sys.executable, "-c", code], env={**os.environ, **(env or {})}, capture_output=True, text=True, check=True)
    return set(json.loads(ran.stderr.splitlines()[-1]))


def completion(words: str, home: Path) -> dict[str, str]:
    """What a shell gets for TAB after these words."""
    return {
        "_CODEX_DESK_COMPLETE": "bash_complete",
        "COMP_WORDS": f"codex-desk {words}",
        "COMP_CWORD": str(len(words.split(" "))),
        "CODEX_DESK_HOME": str(home),
    }


def test_help_imports_nothing_heavy() -> None:
    assert modules_of("--help") & HEAVY == set()


@pytest.mark.parametrize("words", ["", "se", "send ", "attach reviewer ", "new --"])
def test_completion_imports_nothing_heavy(words: str, tmp_path: Path) -> None:
    assert modules_of(env=completion(words, tmp_path)) & HEAVY == set()


def test_no_commands_module_imports_anything_heavy() -> None:
    modules = sorted({f"codex_desk.cli.{entry.module}" for entry in COMMANDS.values()} | {"codex_desk.cli.open"})
    code = f"import sys, {', '.join(modules)}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(ran.stdout.split()) & HEAVY == set()


@pytest.mark.parametrize("name", [*COMMANDS, OPEN])
def test_every_command_is_where_the_table_says(name: str) -> None:
    with cli.make_context("codex-desk", ["--help"], resilient_parsing=True) as ctx:
        command = cli.get_command(ctx, name)
    assert command is not None
    assert name == OPEN or command.name == name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    ran = CliRunner().invoke(cli, [name, "--help"])
    assert ran.exit_code == 0
    assert f"codex-desk {name}" in ran.stdout


def test_help_names_every_command_with_what_it_does() -> None:
    shown = CliRunner().invoke(cli, ["--help"]).stdout
    assert [name for name, entry in COMMANDS.items() if name not in shown or entry.help not in shown] == []


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(cli, ["--version"]).stdout == f"codex-desk {__version__}\n"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["sned"], "Did you mean 'send'?"),
        (["--bogus"], "--bogus"),
        (["list", "--bogus"], "--bogus"),
        (["send"], "THREAD"),
        (["send", "operator"], "TEXT"),
        (["rename", "a", "b", "c"], "c"),
        (["provider"], "Commands:"),
        (["provider", "lsit"], "list"),
        (["send", "operator", "x", "--steer", "--replace"], "--steer"),
        (["send", "operator", "x", "--timeout", "1"], "--wait"),
        (["audit", "operator", "--verify"], "--verify"),
        (["wait"], "MESSAGE"),
    ],
)
def test_what_cannot_be_parsed_is_exit_2_with_the_reason_on_stderr(args: list[str], words: str, desk: object) -> None:
    ran = CliRunner().invoke(cli, args)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert words in ran.stderr


@pytest.mark.parametrize(
    "args",
    [
        ["send", "operator", "x", "--wait", "--timeout", "soon"],
        ["send", "operator", "x", "--delivery", "later"],
        ["send", "operator", "  "],
        ["wait", "first"],
        ["wait", "9" * 30],
        ["show", "operator", "--items", "-1"],
        ["attach", "a", "b", "--rights", "all"],
        ["redact", "everything"],
    ],
)
def test_a_wrong_value_is_exit_1_with_its_code(args: list[str], desk: object) -> None:
    ran = CliRunner().invoke(cli, [*args, "--json"])
    assert ran.exit_code == 1
    assert json.loads(ran.stdout)["error"]["code"] == "bad_value"
    assert ran.stderr


def test_an_error_in_json_is_one_object_on_one_line_and_the_reason_on_stderr() -> None:
    ran = CliRunner().invoke(cli, ["sned", "--json"])
    error = json.loads(ran.stdout)
    assert ran.stdout.count("\n") == 1
    assert set(error) == {"error"}
    assert set(error["error"]) == {"code", "message"}
    assert error["error"]["message"] in ran.stderr


def test_json_after_two_dashes_is_text_not_an_option(desk: object) -> None:
    assert CliRunner().invoke(cli, ["rename", "--", "--json"]).stdout == ""
