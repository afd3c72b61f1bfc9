"""Which rollout files there are, and which of them have to be read: a folder compared with what is known of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from codex_desk.rollouts.names import Named, is_id, named
from codex_desk.rollouts.reading import Task
from codex_desk.rollouts.source import Edges, Stamp, stamp_of
from codex_desk.text import well_formed

SESSIONS, ARCHIVED = "sessions", "archived_sessions"
INDEX = "session_index.jsonl"
INDEX_LIMIT = 64 << 20

NAMELESS = "the name of the folder is no text"

Change = Literal["new", "same", "moved", "changed"]


@dataclass(frozen=True, slots=True)
class Found:
    """A rollout file in the folder."""

    path: str
    name: Named
    stamp: Stamp
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """A rollout file as it was when it was last read."""

    rollout_id: int
    segment_id: str
    thread_id: str | None
    path: str
    stamp: Stamp
    offset: int
    edges: Edges


@dataclass(slots=True)
class Look:
    """A folder as it is now."""

    found: list[Found] = field(default_factory=list)
    """In the order in which the threads were made; one file for each segment."""
    twice: list[str] = field(default_factory=list)
    """Files of a segment that another one holds too; the longer is read."""
    problems: list[tuple[str, str]] = field(default_factory=list)
    """(path, reason) of what could not be looked at."""
    others: int = 0
    """Files that are no rollouts, in folders of rollouts."""
    folders: dict[str, int] = field(default_factory=dict)
    """Time of the last change of each folder that was looked into, in nanoseconds."""


def look(root: Path) -> Look:
    """The rollouts of a Codex home, of a folder that holds some, or one file. Links to folders are not followed. Raises `OSError` where
    there is nothing to look at."""
    seen = Look()
    if well_formed(str(root)) != str(root):
        raise OSError(0, NAMELESS)
    if not root.is_dir():
        one = _one_file(root)
        seen.found.append(one)
        return seen
    roots = [(root / name, name == ARCHIVED) for name in (SESSIONS, ARCHIVED) if (root / name).is_dir()]
    best: dict[str, Found] = {}
    for folder, archived in roots or [(root, False)]:
        for each in _walk(str(folder), archived, seen):
            other = best.get(each.name.segment_id)
            if other is None:
                best[each.name.segment_id] = each
            else:
                kept, left = _which(other, each)
                best[each.name.segment_id] = kept
                seen.twice.append(left.path)
    seen.found = sorted(best.values(), key=lambda each: (each.name.segment_id, each.name.at))
    return seen


def _one_file(path: Path) -> Found:
    name = named(path.name)
    if name is None:
        raise OSError(0, "not the name of a rollout: rollout-<time>-<thread>.jsonl")
    return Found(str(path), name, stamp_of(path.stat()), path.parent.name == ARCHIVED)


def _which(one: Found, other: Found) -> tuple[Found, Found]:
    """Which of two files of a segment is read: one that is not compressed, then the longer, then the one that is not put away."""
    ordered = sorted((one, other), key=lambda each: (each.name.compressed, -each.stamp.size, each.archived))
    return ordered[0], ordered[1]


def _walk(folder: str, archived: bool, seen: Look) -> Iterator[Found]:
    folders = [folder]
    while folders:
        here = folders.pop()
        try:
            seen.folders[here] = os.stat(here).st_mtime_ns  # noqa: PTH116 - one call, as quick as any
            with os.scandir(here) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if well_formed(entry.path) == entry.path:
                            folders.append(entry.path)
                        else:  # the store could not say where its files are
                            seen.problems.append((well_formed(entry.path), NAMELESS))
                    elif (name := named(entry.name)) is not None:
                        yield Found(entry.path, name, stamp_of(entry.stat()), archived)
                    else:
                        seen.others += 1
        except OSError as error:
            seen.problems.append((here, error.strerror or str(error)))


def change_of(found: Found, known: Known | None) -> Change:
    """What happened to a file since it was read, by its stamp. Whether a changed one grew or was rewritten is seen when it is read."""
    if known is None:
        return "new"
    if found.stamp != known.stamp:
        return "changed"
    return "same" if found.path == known.path else "moved"


@dataclass(slots=True)
class Plan:
    """What has to be done."""

    read: list[tuple[Found, Known | None]] = field(default_factory=list)
    moved: list[tuple[Found, Known]] = field(default_factory=list)
    same: int = 0
    gone: int = 0
    """Known files of this folder that are not there any more; what they gave is kept."""
    elsewhere: int = 0
    """Files of threads that somebody else tells of."""


def plan(found: Iterable[Found], known: Mapping[str, Known], root: str, elsewhere: Set[str] = frozenset()) -> Plan:
    """Compare a folder with what is known. `known` by segment; `elsewhere`: threads whose files are left alone."""
    todo, here = Plan(), set[str]()
    for each in found:
        before = known.get(each.name.segment_id)
        here.add(each.name.segment_id)
        if each.name.thread_id in elsewhere:
            todo.elsewhere += 1
            continue
        match change_of(each, before):
            case "same":
                todo.same += 1
            case "moved" if before is not None:
                todo.moved.append((each, before))
            case _:
                todo.read.append((each, before))
    below = root.rstrip("/") + "/"
    todo.gone = sum(segment not in here and (each.path == root or each.path.startswith(below)) for segment, each in known.items())
    return todo


def task_of(found: Found, known: Known | None, state: str) -> Task:
    """Reading a file on from where it was read to. `state`: what the reader remembered."""
    if known is None:
        return Task(found.name.segment_id, found.path, found.name.compressed)
    return Task(found.name.segment_id, found.path, found.name.compressed, known.offset, known.edges, state)


def names(root: Path) -> dict[str, str]:
    """What threads were called, by their id: `session_index.jsonl`, in which the last line of a thread counts."""
    path, found = root / INDEX, dict[str, str]()
    try:
        with path.open("rb") as file:
            lines = file.read(INDEX_LIMIT).splitlines()
    except OSError:
        return found
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # one that is half written, or no line of this file
        if isinstance(entry, dict) and is_id(entry.get("id")) and isinstance(name := entry.get("thread_name"), str) and name.strip():
            found[entry["id"]] = well_formed(name)
    return found


def written_again(seen: Look, latest: int) -> list[Found]:
    """Those of the files written last that were written again since they were seen. `seen` learns of it."""
    grown: list[Found] = []
    for number in sorted(range(len(seen.found)), key=lambda each: -seen.found[each].stamp.mtime_ns)[:latest]:
        before = seen.found[number]
        try:
            stamp = stamp_of(os.stat(before.path))  # noqa: PTH116 - as above
        except OSError:
            continue  # it went; its folder says so
        if stamp != before.stamp:
            seen.found[number] = replace(before, stamp=stamp)
            grown.append(seen.found[number])
    return sorted(grown, key=lambda each: each.name.segment_id)


def changed_folders(folders: Mapping[str, int]) -> bool:
    """Whether a folder has changed since it was looked into: a file came, went or was renamed. Costs one call for each folder."""
    for folder, then in folders.items():
        try:
            if os.stat(folder).st_mtime_ns != then:  # noqa: PTH116 - as above
                return True
        except OSError:
            return True
    return False
