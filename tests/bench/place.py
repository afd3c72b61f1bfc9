"""Where a benchmark happens: folders of its own, an environment of its own, processes of its own."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

ROOT = Path(__file__).parents[2]
DESK = (sys.executable, "-m", "codex_desk")


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that a benchmark may fill."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def work(self) -> Path:
        """Where sessions are at home."""
        folder = self.root / "work"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def env(self) -> Mapping[str, str]:
        """Nothing of the person who measures, and a Python that keeps its bytecode, as an installed one does."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.root),
            "CODEX_HOME": str(self.root / "codex"),
            "CODEX_DESK_HOME": str(self.home),
            "CODEX_DESK_RUNTIME": "offline",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
        }


def apart(run: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `run` gives, from a process of its own: what it imports and keeps disturbs no other measurement."""
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(run, *args, **kwargs).result()
