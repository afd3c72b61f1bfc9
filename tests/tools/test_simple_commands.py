from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_desk.tools.commands import simple_command


@pytest.mark.parametrize(
    ("text", "argv"),
    [
        ("git status", ("git", "status")),
        ("  pytest   -x tests/tools ", ("pytest", "-x", "tests/tools")),
        ("git commit -m 'it is; done > here'", ("git", "commit", "-m", "it is; done > here")),
        ('grep -rn "a b" src', ("grep", "-rn", "a b", "src")),
        ("make a'b'\"c\"d", ("make", "abcd")),
        ("bash script.sh", ("bash", "script.sh")),
        ("printf ''", ("printf", "")),
    ],
)
def test_one_simple_command_gives_its_argv(text: str, argv: tuple[str, ...]) -> None:
    assert simple_command(text) == argv


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "a; b",
        "a && b",
        "a || b",
        "a | b",
        "a &",
        "a > out",
        "a 2>&1",
        "a < in",
        "a <(b)",
        "echo $HOME",
        "echo ${X}",
        "echo $(id)",
        "echo `id`",
        'echo "$(id)"',
        'echo "`id`"',
        'echo "$X"',
        'echo "a\\"b"',
        "echo $'a'",
        "echo a\\ b",
        "rm *",
        "rm ?",
        "rm [ab]",
        "rm {a,b}",
        "ls ~",
        "echo !!",
        "git status # all",
        "(id)",
        "{ id; }",
        "PATH=. git status",
        "a\nb",
        "a\rb",
        "a\x00b",
        "a\x1b[2Jb",
        "a\u202eb",
        "a\tb",
        "echo 'open",
        'echo "open',
        "if true",
        "eval id",
        "exec id",
        ". script",
        "source script",
        "command id",
        "env A=b id",
        "/usr/bin/env id",
        "xargs rm",
        "bash -c id",
        "/bin/sh -ec id",
        "zsh -lc id",
        "'' id",
    ],
)
def test_anything_that_a_shell_does_more_with_falls_outside(text: str) -> None:
    assert simple_command(text) is None


@given(st.text(alphabet="ab1 .-/='\"$;|&<>(){}[]*?~!#\\\n\t`%^,:@+", max_size=24))
def test_what_is_taken_for_simple_is_what_the_shell_runs(text: str) -> None:
    argv = simple_command(text)
    if argv is None:
        return
    shown = subprocess.run(["/bin/sh", "-c", f"printf '%s\\0' {text}"], capture_output=True, text=True, check=True).stdout
    assert tuple(shown.split("\0")[:-1]) == argv == tuple(shlex.split(text))
