"""Claims: which paths an agent may claim, and where two claims meet."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from codex_desk.engine.board_seats import Rows, members
from codex_desk.engine.board_views import BoardView, Conflict
from codex_desk.engine.errors import Refusal
from codex_desk.frozen import frozen
from codex_desk.text import one_line

MOST = 100
"""Paths of one claim."""
LONGEST = 1_000
"""Characters of a path."""
MOST_CONFLICTS = 20

ADVICE = (
    "Both claims stand. Agree with the other agent on the board on who changes what before you write, or work in worktrees of your own; "
    "your parent has been told and can decide."
)


@frozen
class ClaimedPath:
    """A path as its author names it, in its project, and as everybody means it."""

    name: str
    real: str


def claimed_paths(paths: Sequence[str], cwd: Path, project: Path) -> tuple[ClaimedPath, ...]:
    """The paths of a claim. They need not exist; relative ones are the author's. Looks at the disk. Refusals: bad_value, outside."""
    if not paths:
        raise Refusal("bad_value", "name at least one path to claim")
    if len(paths) > MOST:
        raise Refusal("bad_value", f"a claim names at most {MOST} paths; claim the folder that holds them")
    root = os.path.realpath(project)
    return tuple({path.real: path for path in (_claimed(text, cwd, root) for text in paths)}.values())


def _claimed(text: str, cwd: Path, root: str) -> ClaimedPath:
    plain = text.strip()
    for glob in ("/**", "/*"):
        plain = plain.removesuffix(glob)
    if not plain or len(plain) > LONGEST or any(char < " " for char in plain):
        raise Refusal("bad_value", f"{one_line(text, 80)!r} is no path")
    if any(char in plain for char in "*?["):
        raise Refusal("bad_value", f"{one_line(text, 80)}: a claim is for a file or a folder, not for a pattern; name the folder")
    real = os.path.realpath(cwd / plain)
    if real != root and not real.startswith(root.rstrip("/") + "/"):
        raise Refusal(
            "outside", f"{one_line(text, 200)} leads to {one_line(real, 200)}, outside of your project {root}; claim only what lies in it"
        )
    return ClaimedPath(os.path.relpath(real, root), real)


def meet(one: str, other: str) -> bool:
    """Whether two real paths are one, or one lies in the other."""
    return one == other or one.startswith(other.rstrip("/") + "/") or other.startswith(one.rstrip("/") + "/")


def conflicts(rows: Rows, board: BoardView, author: str, paths: Sequence[ClaimedPath]) -> list[Conflict]:
    """The live claims of others that meet these paths: of those who belong to the board still, and that nobody entitled put an end to."""
    present = set(members(rows, board))
    found: dict[tuple[int, str], Conflict] = {}
    for path in paths:
        above = [str(each) for each in (PurePosixPath(path.real), *PurePosixPath(path.real).parents)]
        low, high = path.real.rstrip("/") + "/", path.real.rstrip("/") + "0"  # what begins with "path/" sorts between the two
        held = rows(
            "SELECT e.id, coalesce(t.handle, t.id), c.path, e.thread_id FROM board_path c JOIN board_entry e ON e.id = c.entry_id"
            f" JOIN thread t ON t.id = e.thread_id WHERE c.board_id = ? AND (c.path IN ({','.join('?' * len(above))}) OR c.path > ? AND c.path < ?)"
            " AND e.thread_id != ? AND NOT EXISTS (SELECT 1 FROM board_entry x WHERE (x.supersedes = e.id OR x.invalidates = e.id)"
            " AND x.thread_id IN (e.thread_id, ?)) ORDER BY e.id LIMIT ?",
            (board.id, *above, low, high, author, board.parent_id, MOST_CONFLICTS),
        )
        for entry, handle, claimed, holder in held:
            if holder in present:
                found[entry, claimed] = Conflict(entry, handle, path.name, _shown(claimed, path))
    return list(found.values())[:MOST_CONFLICTS]


def _shown(claimed: str, path: ClaimedPath) -> str:
    """The other's path as the claimant would name it."""
    root = path.real if path.name == "." else path.real[: -len(path.name)]
    return os.path.relpath(claimed, root)
