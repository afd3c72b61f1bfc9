"""Codex's history brought in: how fast, with how much memory, and beside agentsview on the same files in the same run."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.bench.figures import Figure, middle
from tests.bench.place import DESK, Place
from tests.bench.rollouts import Ran, make, watched

MB = 1_000_000


def history(root: Path, megabytes: float = 1000, files: int = 10_000, beside: int = 4000, rounds: int = 3) -> list[Figure]:
    """A first import of `megabytes`; another one of `files` that are all known; and both of `beside` files by agentsview, where there is
    one (`pip install agentsview`)."""
    return [*_first(root / "first", megabytes), *_again(root / "again", files, rounds), *_beside(root / "beside", beside)]


def _first(root: Path, megabytes: float) -> list[Figure]:
    place = _place(root)
    made = make(root / "codex", int(megabytes * MB))
    ran = _import(place, made.files)
    speed = made.size / MB / ran.seconds
    figures = [
        Figure(f"import of {made.size // MB} MB in {made.files} files", speed, 60, "MB/s", at_least=True),
        Figure("its processor time, all processes", ran.busy, None, "s"),
    ]
    if ran.memory is not None:
        figures.append(Figure("memory of all its processes together", ran.memory / MB, 400, "MB"))
    shutil.rmtree(root)
    return figures


def _again(root: Path, files: int, rounds: int) -> list[Figure]:
    place = _place(root)
    make(root / "codex", 0, files)
    _import(place, files)
    took = [_import(place, files, new=0).seconds * 1000 for _ in range(rounds)]
    shutil.rmtree(root)
    return [middle(f"import of {files} files with nothing new, whole process", took, 2000)]


def _beside(root: Path, files: int) -> list[Figure]:
    program = _agentsview()
    if program is None or not files:
        return []
    place = _place(root)
    made = make(root / "codex", 0, files)
    theirs = [watched([program, "sync"], _their_env(place)) for _ in range(2)]
    ours = [_import(place, files), _import(place, files, new=0)]
    what = f"{made.size // MB} MB in {files} files"
    return [
        Figure(f"agentsview's sync of {what}", _speed(made.size, theirs[0]), None, "MB/s"),
        Figure("ours of the same", _speed(made.size, ours[0]), _speed(made.size, theirs[0]), "MB/s", at_least=True),
        Figure("agentsview's sync with nothing new", theirs[1].seconds * 1000, None, "ms"),
        Figure("ours with nothing new", ours[1].seconds * 1000, theirs[1].seconds * 1000, "ms"),
    ]


def _speed(size: int, ran: Ran) -> float:
    return size / MB / ran.seconds


def _place(root: Path) -> Place:
    root.mkdir()
    return Place(root)


def _import(place: Place, files: int, new: int | None = None) -> Ran:
    """Import what stands in the place's Codex home. Raises `AssertionError` where not every file was accounted for."""
    ran = watched([*DESK, "import", "--json"], place.env)
    report = json.loads(ran.output)
    if report["files"]["found"] != files or report["files"]["new"] != (files if new is None else new) or report["files"]["failed"]:
        raise AssertionError(ran.output)
    return ran


def _agentsview() -> str | None:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
    return shutil.which("agentsview", path=path)


def _their_env(place: Place) -> Mapping[str, str]:
    """A home, a folder of data and a folder of rollouts of its own; no process that stays."""
    return {
        **place.env,
        "AGENTSVIEW_NO_DAEMON": "1",
        "AGENTSVIEW_DATA_DIR": str(place.root / "agentsview"),
        "CODEX_SESSIONS_DIR": str(place.root / "codex" / "sessions"),
    }
