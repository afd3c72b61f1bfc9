"""Every repository here is hostile: it makes a file `pwned` wherever its config lets it run anything."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from codex_desk.tools import git as door
from codex_desk.tools.git import git
from codex_desk.tools.workspace import Workspace

Git = Callable[..., str]

EVERY_QUESTION = (
    ("status", "--porcelain"),
    ("diff",),
    ("diff", "--cached"),
    ("log", "-p", "--format=%H %G? %s"),
    ("show", "HEAD"),
    ("stash", "show", "-p"),
)


@pytest.fixture
def pwned(workspace: Workspace) -> Path:
    return workspace.project.parent / "pwned"


def evil(pwned: Path) -> Path:
    """A program, since git does not start every one through a shell."""
    program = pwned.parent / "program"
    program.write_text(f"#!/bin/sh\ntouch {pwned}\n")
    program.chmod(0o755)
    return program


def ran(pwned: Path) -> bool:
    return pwned.exists()


async def everything_asked(cwd: Path) -> None:
    for question in EVERY_QUESTION:
        await git(*question, cwd=cwd)


def signed(repository: Path, run_git: Git) -> None:
    """A commit at HEAD with a signature, which git hands to a program to look at."""
    commit = run_git("cat-file", "commit", "HEAD", cwd=repository)
    headers, _, message = commit.partition("\n\n")
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n eA==\n -----END PGP SIGNATURE-----"
    file = repository.parent / "commit"
    file.write_text(f"{headers}\n{signature}\n\n{message}")
    made = run_git("hash-object", "-t", "commit", "-w", str(file), cwd=repository).strip()
    run_git("update-ref", "HEAD", made, cwd=repository)


def changed(repository: Path) -> None:
    """Work for every filter and diff: a change in the work tree and one in the index, with stat data that git cannot trust."""
    (repository / "app" / "a.txt").write_text("two\n")
    (repository / "b.txt").write_text("new\n")


@pytest.mark.parametrize(
    "key",
    [
        "core.fsmonitor",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "core.pager",
        "pager.log",
        "pager.status",
        "gpg.program",
        "gpg.openpgp.program",
        "gpg.ssh.program",
        "core.sshCommand",
        "core.editor",
        "core.askPass",
        "alias.status",
    ],
)
async def test_no_setting_of_a_repository_runs_a_command(repository: Path, pwned: Path, run_git: Git, key: str) -> None:
    (repository / ".gitattributes").write_text("*.txt diff=evil filter=evil\n")
    signed(repository, run_git)
    changed(repository)
    program = evil(pwned)
    run_git("config", key, f"!{program}" if key.startswith("alias") else str(program), cwd=repository)
    run_git("config", "log.showSignature", "true", cwd=repository)
    await everything_asked(repository)
    assert not ran(pwned)


@pytest.mark.parametrize(
    ("key", "question"),
    [
        ("core.fsmonitor", ("status",)),
        ("filter.evil.clean", ("status",)),
        ("diff.external", ("diff",)),
        ("diff.evil.textconv", ("diff",)),
        ("gpg.program", ("log", "--format=%G?")),
    ],
)
async def test_the_same_repositories_do_run_it_through_plain_git(
    repository: Path, pwned: Path, run_git: Git, key: str, question: tuple[str, ...]
) -> None:
    (repository / ".gitattributes").write_text("*.txt diff=evil filter=evil\n")
    signed(repository, run_git)
    changed(repository)
    run_git("config", key, str(evil(pwned)), cwd=repository)
    with contextlib.suppress(subprocess.CalledProcessError):
        run_git(*question, cwd=repository)
    assert ran(pwned)


async def test_included_config_is_disarmed_too(repository: Path, pwned: Path, run_git: Git) -> None:
    (repository / "more.conf").write_text(
        f'[filter "a.b"]\n\tclean = touch {pwned}\n\trequired = true\n[core]\n\tfsmonitor = touch {pwned}\n'
    )
    (repository / ".gitattributes").write_text("*.txt filter=a.b\n")
    run_git("config", "include.path", "../more.conf", cwd=repository)
    changed(repository)
    await everything_asked(repository)
    assert not ran(pwned)


async def test_a_filter_that_cannot_be_named_closes_the_door(repository: Path, pwned: Path) -> None:
    with (repository / ".git" / "config").open("a") as config:
        config.write(f'[filter "a=b"]\n\tclean = touch {pwned}\n')
    (repository / ".gitattributes").write_text("*.txt filter=a=b\n")
    changed(repository)
    answer = await git("status", cwd=repository)
    assert (answer.ok, "cannot be switched off" in answer.errors, ran(pwned)) == (False, True, False)


async def test_hooks_do_not_run(repository: Path, pwned: Path, run_git: Git) -> None:
    hooks = repository / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "pre-commit", "post-checkout", "reference-transaction"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {pwned}\n")
        (hooks / name).chmod(0o755)
    run_git("config", "core.hooksPath", str(hooks), cwd=repository)
    os.utime(repository / "app" / "a.txt", (1, 1))
    await everything_asked(repository)
    assert (await git("worktree", "add", "--detach", str(repository.parent / "tree"), cwd=repository)).ok
    assert not ran(pwned)


async def test_a_planted_bare_repository_is_no_repository(workspace: Workspace, pwned: Path, run_git: Git) -> None:
    run_git("init", "--bare", "--quiet", "planted", cwd=workspace.cwd)
    planted = workspace.cwd / "planted"
    run_git("config", "core.bare", "false", cwd=planted)
    run_git("config", "core.worktree", str(workspace.cwd), cwd=planted)
    run_git("config", "core.fsmonitor", f"touch {pwned}", cwd=planted)
    answer = await git("status", cwd=planted)
    assert (answer.ok, ran(pwned)) == (False, False)


@pytest.fixture
def with_submodule(repository: Path, pwned: Path, run_git: Git) -> Path:
    sub = repository / "sub"
    sub.mkdir()
    run_git("init", "--quiet", cwd=sub)
    run_git("commit", "--quiet", "--allow-empty", "--message=x", cwd=sub)
    run_git("add", "sub", cwd=repository)
    run_git("config", "diff.submodule", "diff", cwd=repository)
    run_git("config", "status.submoduleSummary", "true", cwd=repository)
    (sub / ".gitattributes").write_text("* filter=evil\n")
    (sub / "a").touch()
    run_git("add", ".", cwd=sub)
    (sub / "a").write_text("changed")
    run_git("config", "filter.evil.clean", f"touch {pwned};", cwd=sub)
    return repository


async def test_a_submodule_runs_nothing(with_submodule: Path, pwned: Path) -> None:
    await everything_asked(with_submodule)
    assert not ran(pwned)


async def test_the_same_submodule_runs_its_filter_through_plain_git(with_submodule: Path, pwned: Path, run_git: Git) -> None:
    run_git("status", cwd=with_submodule)
    assert ran(pwned)


@pytest.fixture
def with_missing_object(repository: Path, pwned: Path, run_git: Git) -> Path:
    blob = run_git("rev-parse", "HEAD:app/a.txt", cwd=repository).strip()
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": str(repository.parent),
        "remote.origin.uploadpack": f"touch {pwned}; git-upload-pack",
    }.items():
        run_git("config", key, value, cwd=repository)
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    return repository


async def test_a_missing_object_is_not_fetched(with_missing_object: Path, pwned: Path) -> None:
    await everything_asked(with_missing_object)
    assert not ran(pwned)


async def test_nor_by_a_git_that_does_not_know_the_switch(with_missing_object: Path, pwned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(door._ENVIRONMENT, "GIT_NO_LAZY_FETCH")
    await everything_asked(with_missing_object)
    assert not ran(pwned)


async def test_nor_by_a_transport_that_the_repository_allows(with_missing_object: Path, pwned: Path, run_git: Git) -> None:
    run_git("config", "remote.origin.url", f"ext::touch {pwned}", cwd=with_missing_object)
    run_git("config", "protocol.ext.allow", "always", cwd=with_missing_object)
    await everything_asked(with_missing_object)
    assert not ran(pwned)


async def test_the_same_missing_object_is_fetched_through_plain_git(with_missing_object: Path, pwned: Path, run_git: Git) -> None:
    with contextlib.suppress(subprocess.CalledProcessError):
        run_git("show", "HEAD", cwd=with_missing_object)
    assert ran(pwned)


async def test_config_and_environment_of_the_user_do_not_count(
    repository: Path, user_home: Path, pwned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (user_home / ".gitconfig").write_text(f"[core]\n\tfsmonitor = touch {pwned}\n[diff]\n\texternal = touch {pwned}\n")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", f"touch {pwned}")
    monkeypatch.setenv("GIT_DIR", str(user_home))
    changed(repository)
    answer = await git("status", "--porcelain", cwd=repository)
    assert answer.output == " M app/a.txt\n?? b.txt\n"
    await everything_asked(repository)
    assert not ran(pwned)


async def test_the_index_is_not_written(repository: Path) -> None:
    index = repository / ".git" / "index"
    os.utime(repository / "app" / "a.txt", (1, 1))
    before = index.read_bytes()
    assert (await git("status", cwd=repository)).ok
    assert index.read_bytes() == before


async def test_git_of_the_folder_is_not_the_git_that_runs(repository: Path, pwned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "git").write_text(f"#!/bin/sh\ntouch {pwned}\n")
    (repository / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}")
    monkeypatch.chdir(repository)
    assert (await git("status", cwd=repository)).ok
    assert not ran(pwned)


async def test_a_failure_is_a_result(workspace: Workspace) -> None:
    answer = await git("status", cwd=workspace.cwd)
    assert (answer.exit_code, "not a git repository" in answer.errors) == (128, True)


async def test_git_is_ended_in_time(repository: Path) -> None:
    async with asyncio.timeout(10):
        # Reads its patterns from a pipe that nobody writes to.
        os.mkfifo(repository / ".gitignore")
        answer = await git("status", cwd=repository, timeout=0.3)
    assert (answer.timed_out, answer.ok) == (True, False)
