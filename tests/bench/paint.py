"""Cold start: from the start of the process to its first frame on the terminal, and to an engine that takes prompts."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from tests.bench.codex import Codex, find_codex, stop_server
from tests.bench.figures import Figure, against, flat, middle
from tests.bench.place import DESK, ROOT, Place, apart
from tests.bench.stores import Seeded, seed
from tests.bench.terminal import Terminal

EMPTY_APP = (sys.executable, str(Path(__file__).with_name("empty_app.py")))
EMPTY_WORDS = "nothing at all"
ENGINE_IS_THERE = "workspace-write"
"""The footer names the sandbox once the engine can say it."""
FEWER = 100
"""How many times fewer threads the desk has that it is compared with."""


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the start of a process."""

    painted: float
    ready: float


def first_paint(root: Path, threads: int = 10_000, rounds: int = 9) -> list[Figure]:
    """The desk, the same with few threads, an empty Textual app and the Codex TUI in turns, so that a machine that grows slower does so for all."""
    large, newest = _desk_of(root / "large", threads)
    small, newest_of_few = _desk_of(root / "small", threads // FEWER)
    codex = find_codex(root / "codex")
    empty: list[float] = []
    many: list[Start] = []
    few: list[Start] = []
    others: list[Start] = []
    for number in range(rounds + 1):
        one, two, three = _empty(large), _desk(large, newest), _desk(small, newest_of_few)
        four = _codex(codex) if codex is not None else None
        if number:  # the first round compiles, and fills the page cache
            empty.append(one)
            many.append(two)
            few.append(three)
            others += [four] if four is not None else []
    if codex is not None:
        stop_server(codex)
    painted, ready = [each.painted for each in many], [each.ready for each in many]
    return [
        against(f"first paint, {threads} threads ÷ an empty Textual app", painted, empty, 1.3),
        against(f"engine ready, {threads} threads ÷ an empty Textual app", ready, empty, 3.0),
        middle("an empty Textual app", [one * 1000 for one in empty], None),
        flat(f"first paint, {threads} ÷ {threads // FEWER} threads", painted, [each.painted for each in few]),
        flat(f"engine ready, {threads} ÷ {threads // FEWER} threads", ready, [each.ready for each in few]),
        *_beside_codex(others, painted, ready, empty),
    ]


def _beside_codex(codex: list[Start], painted: list[float], ready: list[float], empty: list[float]) -> list[Figure]:
    if not codex:
        return []
    theirs, their_ready = [each.painted for each in codex], [each.ready for each in codex]
    return [
        against("first paint of the Codex TUI ÷ an empty Textual app", theirs, empty, None),
        against("first paint ÷ that of the Codex TUI", painted, theirs, None),
        against("engine ready ÷ model named in the Codex TUI", ready, their_ready, None),
    ]


def _desk_of(root: Path, threads: int) -> tuple[Place, Seeded]:
    """A desk with as many sessions, and the newest of them."""
    root.mkdir()
    place = Place(root)
    sessions = [Seeded(f"session-{number:05}", 4) for number in range(max(1, threads))]
    apart(seed, place, sessions)
    return place, sessions[-1]


def _empty(place: Place) -> float:
    with Terminal(EMPTY_APP, place.env, ROOT) as terminal:
        return terminal.until(EMPTY_WORDS) - terminal.started


def _desk(place: Place, newest: Seeded) -> Start:
    """Until a session's row and its last words stand on the screen, and until the engine is there."""
    with Terminal(DESK, place.env, place.work) as terminal:
        painted = terminal.until(newest.handle, newest.last_words)
        ready = terminal.until(ENGINE_IS_THERE)
        return Start(painted - terminal.started, ready - terminal.started)


def _codex(codex: Codex) -> Start:
    """Until its composer stands on the screen, and until it names the model that it will ask."""
    with Terminal(codex.argv, codex.env, codex.work) as terminal:
        painted = terminal.until(codex.composer)
        ready = terminal.until(codex.model)
        return Start(painted - terminal.started, ready - terminal.started)
