"""What the popup over the composer offers: commands after `/`, handles and files after `@`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

SHOWN = 8
"""Rows the popup offers at most."""
WALKED = 20_000
"""Files looked at in one folder at most."""
_SKIPPED = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", ".tox", ".mypy_cache", ".ruff_cache"})
_AT = re.compile(r"(?:^|\s)@([^\s@]*)$")


@dataclass(frozen=True, slots=True)
class Trigger:
    """A word that asks for completion: `start` is the offset of its sign in the text before the cursor."""

    kind: Literal["command", "mention"]
    start: int
    query: str


@dataclass(frozen=True, slots=True)
class Choice:
    """`insert` replaces the word, sign included; `label` and `detail` are what is shown."""

    insert: str
    label: str
    detail: str = ""


def find_trigger(before: str) -> Trigger | None:
    """What the text before the cursor asks for, if anything."""
    if before.startswith("/") and not any(mark in before[1:] for mark in (" ", "\n", "/")):
        return Trigger("command", 0, before[1:])
    if match := _AT.search(before):
        return Trigger("mention", match.start(1) - 1, match[1])
    return None


def match_commands(query: str, commands: Iterable[tuple[str, str]]) -> list[Choice]:
    """`commands`: (name, help), in the table's order. Those that begin with the query; if none does, those that contain it."""
    known = list(commands)
    found = [one for one in known if one[0].startswith(query)] or [one for one in known if query in one[0]]
    return [Choice(f"/{name} ", f"/{name}", words) for name, words in found]


def match_mentions(query: str, handles: Iterable[tuple[str, str]], files: Sequence[str]) -> list[Choice]:
    """Handles (with what to say of each) before files; within each the shortest match first."""
    low = query.lower()
    people = [Choice(f"@{handle} ", f"@{handle}", words) for handle, words in handles if low in handle]
    paths = sorted((path for path in files if low in path.lower()), key=lambda path: (low not in Path(path).name.lower(), len(path), path))
    return [*people, *(Choice(f"{path} ", path) for path in paths)][:SHOWN]


def walk(folder: Path, limit: int = WALKED) -> Iterator[str]:
    """Relative paths of the files below a folder, breadth first, without what version control and package managers keep."""
    waiting = [folder]
    seen = 0
    while waiting:
        here = waiting.pop(0)
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError:
            continue  # a folder that cannot be read has nothing to offer
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _SKIPPED:
                    waiting.append(Path(entry.path))
                continue
            yield str(Path(entry.path).relative_to(folder))
            seen += 1
            if seen >= limit:
                return
