from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from codex_desk.rights import Rights
from codex_desk.tools.sandbox import Sandbox, find_sandbox
from codex_desk.tools.workspace import Verdict, Workspace
from tests.tools.tool_ports import THREAD, Port


@pytest.fixture
def port() -> Port:
    return Port()


@pytest.fixture
def yes() -> Port:
    return Port(Verdict(True))


@pytest.fixture
def user_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path.resolve() / "user"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_ed25519").write_text("PRIVATE-KEY")
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture
def workspace(tmp_path: Path, user_home: Path) -> Workspace:
    """A workspace-write workspace without a sandbox: cwd `project/app`, desk and Codex homes beside the project."""
    root = tmp_path.resolve()
    cwd, home, codex_home = root / "project" / "app", root / "desk", root / "codex"
    for folder in (cwd, home, codex_home):
        folder.mkdir(parents=True)
    (home / "desk.db").write_text("DESK-RECORDS")
    (codex_home / "auth.json").write_text("CODEX-LOGIN")
    return Workspace(THREAD, cwd, root / "project", (), Rights("workspace-write", False, False), home, codex_home, Sandbox("none"))


@pytest.fixture(scope="session")
def found_sandbox() -> Sandbox:
    with ThreadPoolExecutor(1) as another:  # the first test to ask for it may have a loop running here
        return another.submit(asyncio.run, find_sandbox()).result()


@pytest.fixture
def boxed(workspace: Workspace, found_sandbox: Sandbox) -> Workspace:
    """The workspace in the sandbox of this machine."""
    if found_sandbox.tier == "none":
        reason = "no sandbox holds on this machine"
        if os.environ.get("CODEX_DESK_CI") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return replace(workspace, sandbox=found_sandbox)


@pytest.fixture
def bubblewrapped(boxed: Workspace) -> Workspace:
    if boxed.sandbox.tier != "bubblewrap":
        pytest.skip(f"holds for bubblewrap; here it is {boxed.sandbox.tier}")
    return boxed


@pytest.fixture
def run_git(tmp_path: Path) -> Callable[..., str]:
    """Git as a person has it, with none of the machine's own config."""
    identity = {
        f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "T"), ("EMAIL", "t@example.org"))
    }
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, **identity}

    def run(*args: str, cwd: Path) -> str:
        return subprocess.run(["git", *args], cwd=cwd, env=env, check=True, capture_output=True, text=True).stdout

    return run


@pytest.fixture
def repository(workspace: Workspace, run_git: Callable[..., str]) -> Path:
    """A repository at the project's root, with one committed file `app/a.txt`."""
    run_git("init", "--quiet", "--initial-branch=main", cwd=workspace.project)
    (workspace.cwd / "a.txt").write_text("one\n")
    run_git("add", ".", cwd=workspace.project)
    run_git("commit", "--quiet", "--message=first", cwd=workspace.project)
    return workspace.project
