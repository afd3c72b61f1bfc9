from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codex_desk.tools.catalog import run_workspace_tool
from codex_desk.tools.errors import ToolRefusal
from codex_desk.tools.git_questions import Question, checked_arguments
from codex_desk.tools.workspace import Workspace
from tests.tools.tool_ports import Port


async def ask(workspace: Workspace, question: str, *args: str) -> dict[str, Any]:
    result = json.loads((await run_workspace_tool("git", {"question": question, "args": args}, workspace, Port())).text)
    return result.get("error", result)


async def test_the_four_questions(workspace: Workspace, repository: Path) -> None:
    (workspace.cwd / "a.txt").write_text("two\n")
    assert (await ask(workspace, "status", "--short"))["output"] == " M a.txt\n"
    assert "+two" in (await ask(workspace, "diff", "HEAD", "--", "a.txt"))["output"]
    assert (await ask(workspace, "log", "-1", "--format=%s"))["output"] == "first\n"
    assert (await ask(workspace, "show", "HEAD:app/a.txt"))["output"] == "one\n"


@pytest.mark.parametrize(
    ("question", "arg"),
    [
        ("diff", "--output=pwned"),
        ("diff", "--outp=pwned"),
        ("diff", "--ext-diff"),
        ("log", "--textconv"),
        ("diff", "--no-index"),
        ("status", "-c"),
        ("status", "-cdiff.external=id"),
        ("diff", "-Opwned"),
        ("show", "--show-signature"),
        ("log", "--submodule=diff"),
        ("diff", "--ignore-submodules=none"),
        ("log", "--exec-path=."),
        ("status", "--git-dir=x"),
        ("diff", "--color-words=x"),
        ("log", "--stdin"),
        ("log", "--end-of-options"),
    ],
)
def test_what_writes_or_runs_things_is_refused_by_name(question: Question, arg: str) -> None:
    with pytest.raises(ToolRefusal, match=arg):
        checked_arguments(question, [arg])


@pytest.mark.parametrize("args", [["/etc/passwd", "/etc/hostname"], ["--", "../../x", "a.txt"], ["~/x"], ["a/../../../x"], [".."]])
def test_no_path_leads_out(args: list[str]) -> None:
    with pytest.raises(ToolRefusal, match="leads out"):
        checked_arguments("diff", args)


@pytest.mark.parametrize("args", [["HEAD~1..HEAD"], ["main...topic", "--", "a.txt"], ["-U0", "--stat=80", "-Sneedle"], ["--", "-odd-name"]])
def test_revisions_and_harmless_options_pass(args: list[str]) -> None:
    assert checked_arguments("diff", args) == args


async def test_files_outside_are_not_compared_without_a_repository(workspace: Workspace) -> None:
    assert (await ask(workspace, "diff", "a", "b"))["code"] == "no_repository"


async def test_a_work_tree_elsewhere_is_refused(
    workspace: Workspace, repository: Path, run_git: Callable[..., str], user_home: Path
) -> None:
    run_git("config", "core.worktree", str(user_home), cwd=repository)
    assert (await ask(workspace, "diff"))["code"] in ("outside", "no_repository")


async def test_a_repository_above_the_project_is_refused(workspace: Workspace, repository: Path) -> None:
    inner = replace(workspace, project=workspace.cwd)
    assert (await ask(inner, "status"))["code"] == "outside"


async def test_hidden_files_in_the_work_tree_are_left_out(
    workspace: Workspace, repository: Path, run_git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / ".ssh").mkdir()
    (repository / ".ssh" / "id").write_text("OLD")
    run_git("add", ".", cwd=repository)
    (repository / ".ssh" / "id").write_text("PRIVATE-KEY")
    (workspace.cwd / "a.txt").write_text("two\n")
    monkeypatch.setenv("HOME", str(repository))
    for args in ((), ("--", "."), ("--", ":(top)")):
        output = (await ask(workspace, "diff", *args))["output"]
        assert ("two" in output, "PRIVATE-KEY" in output) == (True, False)
