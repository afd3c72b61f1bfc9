"""A repository whose configuration names programs runs none of them, whoever on the desk looks at it (semantics §13.5)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.sessions import New
from codex_desk.engine.views import ThreadView
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, prompt


@pytest.fixture
def mark(place: Place) -> Path:
    """What a program of the repository would leave behind if one were run."""
    return place.root / "pwned"


@pytest.fixture
def repository(place: Place, mark: Path) -> Path:
    """The operator's folder: a commit, a change, and every door for a program that git has, each leading to `mark`."""
    folder = place.folder("operator")
    program = place.root / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    program.chmod(0o755)
    identity = {f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {"PATH": os.environ["PATH"], "HOME": str(place.root), "GIT_CONFIG_NOSYSTEM": "1", **identity}

    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=folder, env=env, check=True, capture_output=True)

    git("init", "--quiet", "--initial-branch=main")
    (folder / "a.txt").write_text("one\n")
    git("add", ".")
    git("commit", "--quiet", "--message=first")
    (folder / "a.txt").write_text("two\n")
    (folder / ".gitattributes").write_text("*.txt diff=evil filter=evil\n")
    keys = (
        "core.fsmonitor core.pager core.sshCommand core.editor core.askPass pager.log pager.diff pager.status diff.external diff.evil.textconv "
        "diff.evil.command filter.evil.clean filter.evil.smudge filter.evil.process gpg.program credential.helper"
    )
    for key in keys.split():
        git("config", key, str(program))
    for name in ("status", "diff", "log", "show", "rev-parse"):
        git("config", f"alias.{name}", f"!{program}")
    git("config", "log.showSignature", "true")
    hooks = folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "post-index-change", "fsmonitor-watchman", "pre-commit", "reference-transaction"):
        (hooks / name).write_text(program.read_text())
        (hooks / name).chmod(0o755)
    mark.unlink(missing_ok=True)
    return folder


def was_run(mark: Path) -> bool:
    return mark.exists()


def test_the_repository_is_armed(repository: Path, mark: Path) -> None:
    """Git as anyone runs it there: without this, the tests below would show nothing."""
    subprocess.run(["git", "status"], cwd=repository, check=False, capture_output=True)
    assert was_run(mark)


async def test_the_git_tool_of_a_turn_runs_none_of_its_programs(
    repository: Path, mark: Path, desk: Desk, runtime: ScriptedRuntime, operator: ThreadView
) -> None:
    codes: list[int] = []

    async def script(turn: Scripted) -> str:
        codes.extend([(await turn.tool("git", question=question))["exit_code"] for question in ("status", "diff", "log", "show")])
        return "looked"

    runtime.scripts["operator"] = script
    await prompt(desk, operator, "go")
    assert codes == [0, 0, 0, 0]
    assert not was_run(mark)


async def test_the_offline_review_and_the_users_own_diff_run_none_of_them(place: Place, repository: Path, mark: Path) -> None:
    async with Desk.open(place.home, host="desk", env=place.env) as desk:
        reviewer = await desk.do(New("reviewer", repository, runtime="offline"))
        reviewed = await prompt(desk, reviewer, "review")
        assert reviewed.state == "answered"
        assert "a.txt" in (reviewed.answer or "")
        assert "+two" in await desk.changes(reviewer.id)
    assert not was_run(mark)
