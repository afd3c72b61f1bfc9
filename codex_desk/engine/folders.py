"""What a session's folder looks like to git, through the one door."""

from __future__ import annotations

from pathlib import Path

from codex_desk.engine.errors import Refusal
from codex_desk.text import visible
from codex_desk.tools.git import git

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""git's name for a tree without files: what a repository without a commit differs from."""


async def changes(folder: Path) -> str:
    """What differs from the last commit, new files named first; empty where nothing does. Refuses a folder that git cannot look at."""
    head = await git("rev-parse", "--verify", "--quiet", "HEAD", cwd=folder)
    changed = await git("diff", "HEAD" if head.ok else EMPTY_TREE, cwd=folder)
    fresh = await git("status", "--short", "--untracked-files=all", cwd=folder)
    for answer in (changed, fresh):
        if not answer.ok:
            raise Refusal("no_git", f"git in {folder}: {visible(answer.errors.strip()) or 'no answer'}")
    new = [f"new file {line[3:]}" for line in fresh.output.splitlines() if line.startswith("??")]
    return visible("\n".join([*new, *changed.output.splitlines()]))
