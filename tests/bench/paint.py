"""Cold start: from the start of the process to its first frame on the terminal, and to an engine that takes prompts."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench.figures import Figure, middle
from tests.bench.place import DESK, ROOT, Place, apart
from tests.bench.stores import Seeded, seed
from tests.bench.terminal import Terminal

EMPTY_APP = (sys.executable, str(Path(__file__).with_name("empty_app.py")))
EMPTY_WORDS = "nothing at all"
ENGINE_IS_THERE = "workspace-write"
"""The footer names the sandbox once the engine can say it."""


def first_paint(root: Path, threads: int = 10_000, rounds: int = 9) -> list[Figure]:
    """The desk and an empty Textual app in turns, so that a machine that grows slower does so for both."""
    place = Place(root)
    sessions = [Seeded(f"session-{number:05}", 4) for number in range(threads)]
    apart(seed, place, sessions)
    empty: list[float] = []
    painted: list[float] = []
    ready: list[float] = []
    for number in range(rounds + 1):
        one = _empty(place)
        two, three = _desk(place, sessions[-1])
        if number:  # the first round compiles, and fills the page cache
            empty.append(one)
            painted.append(two)
            ready.append(three)
    return [
        _ratio(f"first paint, {threads} threads ÷ an empty Textual app", painted, empty, 1.3),
        _ratio(f"engine ready, {threads} threads ÷ an empty Textual app", ready, empty, 3.0),
        middle("an empty Textual app", [one * 1000 for one in empty], None),
    ]


def _ratio(what: str, samples: list[float], base: list[float], budget: float) -> Figure:
    """Each round against its own empty app, which met the same machine."""
    return middle(what, [one / other for one, other in zip(samples, base, strict=True)], budget, "×")


def _empty(place: Place) -> float:
    with Terminal(EMPTY_APP, place.env, ROOT) as terminal:
        return terminal.until(EMPTY_WORDS) - terminal.started


def _desk(place: Place, newest: Seeded) -> tuple[float, float]:
    """Seconds until a session's row and its last words stand on the screen, and until the engine is there."""
    with Terminal(DESK, place.env, place.work) as terminal:
        painted = terminal.until(newest.handle, newest.last_words)
        ready = terminal.until(ENGINE_IS_THERE)
        return painted - terminal.started, ready - terminal.started
