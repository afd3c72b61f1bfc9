from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from codex_desk.engine import worktrees
from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Archive
from codex_desk.engine.sessions import Set
from codex_desk.engine.views import ThreadView
from codex_desk.paths import is_there
from tests.engine.scripted import Place, ScriptedRuntime, at_rest, lines, prompt
from tests.engine.test_agents import calls, spawned


def git(cwd: Path, *arguments: str) -> str:
    identity = {f"GIT_{who}_{what}": "t" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), "GIT_CONFIG_GLOBAL": os.devnull, **identity}
    return subprocess.run(["git", *arguments], cwd=cwd, env=env, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(place: Place) -> Path:
    """The operator's folder as a repository with one commit, and a hook and a filter that must not run."""
    folder = place.folder("operator")
    git(folder, "init", "-q", "-b", "main")
    (folder / "docs").mkdir()
    (folder / "docs" / "a.txt").write_text("a\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    hook = folder / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {place.root}/ran\n")
    hook.chmod(0o755)
    return folder


async def test_it_works_in_a_worktree_that_is_removed_with_it(
    place: Place, runtime: ScriptedRuntime, desk: Desk, repository: Path, operator: ThreadView
) -> None:
    made = await spawned(desk, runtime, operator, task_name="scout", worktree=True, cwd="docs")
    await at_rest(desk)
    child, path = desk.thread(made["agent_id"]), Path(made["worktree"]["path"])
    assert (child.cwd, child.project, (path / "docs/a.txt").read_text()) == (str(path / "docs"), operator.project, "a\n")
    assert git(path, "branch", "--show-current").strip() == made["worktree"]["branch"]
    runtime.scripts["operator"], results = calls(("close_agent", {"target": "scout"}))
    await prompt(desk, operator, "close it")
    assert "is removed" in results[0]["worktree"]
    assert (is_there(path), is_there(path.parent), git(repository, "branch", "--list", "codex-desk/*")) == (False, False, "")
    assert not is_there(place.root / "ran")


@pytest.mark.parametrize("left", ["a change", "a commit"])
async def test_work_that_would_be_lost_keeps_it_and_is_named(
    runtime: ScriptedRuntime, desk: Desk, repository: Path, operator: ThreadView, left: str
) -> None:
    made = await spawned(desk, runtime, operator, task_name="scout", worktree=True)
    await at_rest(desk)
    path = Path(made["worktree"]["path"])
    (path / "new.txt").write_text("found\n")
    if left == "a commit":
        git(path, "add", ".")
        git(path, "commit", "-q", "-m", "found")
    await desk.do(Archive(made["agent_id"]))
    why = {"a change": "it has changes that are not committed", "a commit": "its commits are not merged"}[left]
    assert is_there(path / "new.txt")
    for thread in (operator, desk.thread(made["agent_id"])):
        assert f"the worktree {path} is kept, on the branch {made['worktree']['branch']}: {why}" in lines(desk, thread)


async def test_one_that_was_merged_goes(repository: Path) -> None:
    worktree, inner = await worktrees.make(repository, "scout")
    (inner / "new.txt").write_text("found\n")
    git(inner, "add", ".")
    git(inner, "commit", "-q", "-m", "found")
    git(repository, "merge", "-q", worktree.branch)
    removed, told = await worktrees.remove(worktree)
    assert (removed, is_there(inner)) == (True, False), told
    assert await worktrees.remove(worktree) == (True, f"the worktree {worktree.path} was removed before")


async def test_archiving_the_parent_keeps_it_so_that_unarchiving_brings_everything_back(
    runtime: ScriptedRuntime, desk: Desk, repository: Path, operator: ThreadView
) -> None:
    made = await spawned(desk, runtime, operator, task_name="scout", worktree=True)
    await at_rest(desk)
    await desk.do(Archive(operator.id))
    assert is_there(Path(made["worktree"]["path"]))


async def test_a_spawn_that_is_refused_leaves_no_worktree(
    runtime: ScriptedRuntime, desk: Desk, repository: Path, operator: ThreadView
) -> None:
    await desk.do(Set(operator.id, "agents.max_threads", "1"))
    await spawned(desk, runtime, operator, task_name="one")
    await at_rest(desk)
    refusal = await spawned(desk, runtime, operator, task_name="two", worktree=True)
    assert refusal["error"]["code"] == "too_many"
    assert len(git(repository, "worktree", "list").splitlines()) == 1
    assert git(repository, "branch", "--list", "codex-desk/*") == ""


async def test_without_a_repository_there_is_none(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    refusal = await spawned(desk, runtime, operator, worktree=True)
    assert refusal["error"]["code"] == "no_git"
