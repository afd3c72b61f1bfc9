"""Git worktrees for subagents: made beside the repository, on a branch of their own, and removed again only where nothing would be lost."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from pathlib import Path

from codex_desk.engine.agents import Worktree
from codex_desk.engine.errors import Refusal
from codex_desk.paths import is_there
from codex_desk.text import one_line
from codex_desk.tools.git import GitResult, git

PATIENCE_S = 120.0
"""A checkout of a large repository takes a while."""


async def make(cwd: Path, name: str) -> tuple[Worktree, Path]:
    """A worktree of the repository that `cwd` (a real path) is in, at its last commit; and the folder in it that stands for `cwd`. Refusals: no_git, no_worktree."""
    worktree = await plan(cwd, name)
    return worktree, await add(worktree, cwd)


async def plan(cwd: Path, name: str) -> Worktree:
    """Where it would be made. Refusals: no_git."""
    top = await _ask(cwd, "rev-parse", "--show-toplevel")
    head = await _ask(cwd, "rev-parse", "--verify", "--quiet", "HEAD")
    if not top.ok:
        raise Refusal("no_git", f"{cwd} is in no git repository, so there is nothing to make a worktree of; spawn without one")
    if not head.ok:
        raise Refusal("no_git", "the repository has no commit yet, so there is nothing to make a worktree of; spawn without one")
    repository = Path(top.output.removesuffix("\n"))  # a real path, as git gives it
    label = f"{name}-{secrets.token_hex(3)}"
    return Worktree(str(repository.parent / f"{repository.name}.worktrees" / label), str(repository), f"codex-desk/{label}")


async def add(worktree: Worktree, cwd: Path) -> Path:
    """Make it; returns the folder in it that stands for `cwd`. Refusals: no_worktree."""
    repository, path = Path(worktree.repository), Path(worktree.path)
    made = await _ask(repository, "worktree", "add", "--quiet", "-b", worktree.branch, str(path), "HEAD")
    if not made.ok:
        raise Refusal("no_worktree", f"git made no worktree at {path}: {one_line(made.errors, 300) or 'no answer'}")
    return await asyncio.to_thread(_standing_for, cwd, repository, path)


async def remove(worktree: Worktree) -> tuple[bool, str]:
    """Remove a worktree that is clean and whose commits are all in the repository's own branch; whether it is gone, and the line that tells so."""
    path, repository = Path(worktree.path), Path(worktree.repository)
    if not await asyncio.to_thread(is_there, path):
        await _ask(repository, "worktree", "remove", str(path))  # what git still knows of it
        await _ask(repository, "branch", "-d", worktree.branch)
        return True, f"the worktree {path} was removed before"
    why = await _kept_because(path, repository, worktree.branch)
    if why is None:
        gone = await _ask(repository, "worktree", "remove", str(path))
        why = None if gone.ok else one_line(gone.errors, 300) or "git did not remove it"
    if why is not None:
        return False, f"the worktree {path} is kept, on the branch {worktree.branch}: {why}"
    await _ask(repository, "branch", "-d", worktree.branch)
    await asyncio.to_thread(_remove_if_empty, path.parent)
    return True, f"the worktree {path} is removed: nothing in it was left to keep"


async def discard(worktree: Worktree) -> None:
    """Remove a worktree in which nobody has worked yet."""
    await _ask(Path(worktree.repository), "worktree", "remove", "--force", worktree.path)
    await _ask(Path(worktree.repository), "branch", "-D", worktree.branch)


def _standing_for(cwd: Path, repository: Path, path: Path) -> Path:
    """The same folder in a worktree; its top, where the last commit has no such folder."""
    inner = path / cwd.relative_to(repository) if cwd.is_relative_to(repository) else path
    return inner if inner.is_dir() else path


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # other worktrees are in it
        folder.rmdir()


async def _kept_because(path: Path, repository: Path, branch: str) -> str | None:
    """What would be lost with it; None where nothing would."""
    status = await _ask(path, "status", "--porcelain", "--ignored=no", "--untracked-files=normal")
    if not status.ok:
        return f"git could not look at it: {one_line(status.errors, 300)}"
    if status.output.strip():
        return "it has changes that are not committed"
    for tip in (await _ask(path, "rev-parse", "HEAD"), await _ask(repository, "rev-parse", "--verify", "--quiet", branch)):
        merged = await _ask(repository, "merge-base", "--is-ancestor", tip.output.strip() or "-", "HEAD")
        if not tip.ok or not merged.ok:
            return "its commits are not merged"
    return None


async def _ask(cwd: Path, *args: str) -> GitResult:
    try:
        return await git(*args, cwd=cwd, timeout=PATIENCE_S)
    except OSError as error:
        return GitResult(128, "", str(error))
