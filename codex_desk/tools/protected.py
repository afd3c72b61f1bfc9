"""What is read-only to agents even where they may write: `.git`, `.codex`, `.codex-desk` and `AGENTS*.md` (semantics §13.4)."""

from __future__ import annotations

import contextlib
import fnmatch
import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath

_FOLDERS = (".git", ".codex", ".codex-desk")
_FILES = "agents*.md"

SURVEY_LIMIT = 20_000
"""Folder entries that one survey looks at, nearest to the roots first: what lies beyond is not found, and so not bound read-only."""

Survey = Mapping[Path, tuple[int, int]]
"""Protected paths, real ones, with device and inode."""


def is_protected(name: str) -> bool:
    """Compared without case, since some file systems do."""
    name = name.casefold()
    return name in _FOLDERS or fnmatch.fnmatchcase(name, _FILES)


def protected_part(path: PurePath) -> str | None:
    """The first component that makes a path read-only."""
    return next((part for part in path.parts if is_protected(part)), None)


def survey(roots: Iterable[Path], limit: int = SURVEY_LIMIT) -> dict[Path, tuple[int, int]]:
    """What is protected beneath the roots, breadth first, links not followed (what a protected link leads to is protected too)."""
    found: dict[Path, tuple[int, int]] = {}
    folders = deque(dict.fromkeys(roots))
    while folders and limit > 0:
        for entry in _entries(folders.popleft()):
            limit -= 1
            if is_protected(entry.name):
                path = Path(os.path.realpath(entry.path))
                with contextlib.suppress(FileNotFoundError):  # a dangling link, or gone meanwhile
                    info = path.stat()
                    found[path] = (info.st_dev, info.st_ino)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(Path(entry.path))
    return found


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # gone, or not ours to look into: then a command cannot write there either
        return []


def appeared(before: Survey, after: Survey) -> list[Path]:
    """Protected paths that are new, or another file than before. One that was only moved is neither."""
    known = set(before.values())
    return sorted(path for path, identity in after.items() if identity not in known)


_held: Counter[Path] = Counter()
"""Placeholders made by this process, with the number of commands that rely on each."""


@contextlib.contextmanager
def placeholders(roots: Iterable[Path]) -> Iterator[None]:
    """Empty protected folders where the roots have none, while a command runs: what exists can be bound read-only.

    Git, Codex and codex-desk all ignore such a folder while it is empty. For `AGENTS*.md` there is no such stand-in: an empty file would
    show in every listing and could be committed. One that is made inside is therefore reported, not prevented.
    """
    taken = [path for root in roots for name in _FOLDERS if _take(path := root / name)]
    try:
        yield
    finally:
        for path in taken:
            _release(path)


def _take(path: Path) -> bool:
    if path not in _held:
        try:
            path.mkdir()
        except OSError:  # there already, or a place where no command can make one either
            return False
    _held[path] += 1
    return True


def _release(path: Path) -> None:
    _held[path] -= 1
    if _held[path]:
        return
    del _held[path]
    with contextlib.suppress(OSError):  # someone outside the sandbox has put something in it: then it is theirs
        path.rmdir()
