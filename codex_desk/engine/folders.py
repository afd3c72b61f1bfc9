"""What a session's folder looks like to git, through the one door."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from codex_desk.engine.errors import Refusal
from codex_desk.files import FileRefused, read_beneath
from codex_desk.text import one_line, visible
from codex_desk.tools.git import GitResult, git

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""git's name for a tree without files: what a repository without a commit differs from."""

DIFF_BYTES = 4 << 20
NEW_FILES = 100
NEW_FILE_BYTES = 64 << 10
"""How much of what changed is shown; `git diff` has all of it."""

LISTED = 32 << 20
"""Bytes of file names that are read."""


async def files(folder: Path) -> list[str] | None:
    """The files beneath a folder as git counts them: those it keeps and new ones, none that it is told to ignore. None where there is no repository."""
    listed = await git("ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=folder, limit=LISTED)
    if not listed.ok:
        return None
    return list(dict.fromkeys(name for name in listed.output.split("\0") if name))


async def changes(folder: Path) -> str:
    """What differs from the last commit as one unified diff, files that git does not know yet included; empty where nothing does. What is more than a
    person reads is left out, and a line says so. Refuses a folder that git cannot look at."""
    top = await git("rev-parse", "--show-toplevel", cwd=folder)
    if not top.ok:
        raise _no_answer(folder, top)
    root = Path(top.output.removesuffix("\n"))
    head = await git("rev-parse", "--verify", "--quiet", "HEAD", cwd=folder)
    changed = await git("diff", "HEAD" if head.ok else EMPTY_TREE, cwd=folder, limit=DIFF_BYTES)
    fresh = await git("ls-files", "--others", "--exclude-standard", "-z", cwd=root, limit=LISTED)
    for answer in (changed, fresh):
        if not answer.ok:
            raise _no_answer(folder, answer)
    text = changed.output
    if changed.truncated:
        kept = text[: len(text) // 2].rpartition("\n")[0]
        text = f"{kept}\n\\ the rest of the changes is left out here; git diff has all of it\n"
    names = [name for name in fresh.output.split("\0") if name]
    added = await asyncio.to_thread(_new_files, root, names[:NEW_FILES])
    if len(names) > NEW_FILES:
        added.append(f"\\ and {len(names) - NEW_FILES} more new files\n")
    return visible("".join([text, *added]))


def _no_answer(folder: Path, answer: GitResult) -> Refusal:
    return Refusal("no_git", f"git in {folder}: {visible(answer.errors.strip()) or 'no answer'}")


def _new_files(root: Path, names: Sequence[str]) -> list[str]:
    root = root.resolve()
    return [_new_file(root, name) for name in names]


def _new_file(root: Path, name: str) -> str:
    """A diff that adds the file; what cannot be read, or is no text, is named."""
    told = one_line(name, 1_000)
    title = f"diff --git a/{told} b/{told}\nnew file mode 100644\n"
    try:
        data = read_beneath(root, root / name, NEW_FILE_BYTES + 1)
    except (FileRefused, OSError) as error:
        return f"{title}\\ not read: {getattr(error, 'strerror', None) or error}\n"
    if b"\0" in data:
        return f"{title}Binary files /dev/null and b/{told} differ\n"
    lines = data[:NEW_FILE_BYTES].decode("utf-8", "replace").splitlines()
    more = "\\ the rest of the file is left out here\n" if len(data) > NEW_FILE_BYTES else ""
    body = "".join(f"+{line}\n" for line in lines)
    return f"{title}--- /dev/null\n+++ b/{told}\n@@ -0,0 +1,{len(lines)} @@\n{body}{more}" if lines else title
