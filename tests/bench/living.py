"""Thirty sessions that live: what they weigh, and what it costs that nothing happens."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench.figures import Figure
from tests.bench.paint import EMPTY_APP, EMPTY_WORDS
from tests.bench.place import ROOT, Place, apart
from tests.bench.screen import desk, result
from tests.bench.stores import Seeded, seed
from tests.bench.terminal import Terminal

SETTLE_S = 6.0
"""After the last turn: the index is filled, what was put off is done."""


def thirty(root: Path, seconds: float = 60.0, threads: int = 30, settle: float = SETTLE_S) -> list[Figure]:
    """Sessions that have worked, with their actors alive, in an open desk; beside an empty Textual app in the same seconds."""
    if sys.platform != "linux":
        print("memory and idle time are measured on Linux only", file=sys.stderr)
        return []
    place = Place(root)
    (place.work / "note.txt").write_text("buy milk\n")
    apart(seed, place, [Seeded(f"session-{number:02}", 200) for number in range(threads)])
    with desk(place, "work") as terminal, Terminal(EMPTY_APP, place.env, ROOT) as empty:
        empty.until(EMPTY_WORDS)
        worked = result(terminal, place)
        terminal.rest(settle)
        memory, least = terminal.memory, empty.memory
        spent, least_spent = terminal.cpu_s, empty.cpu_s
        terminal.rest(seconds)  # the other writes nothing that would have to be read
        spent, least_spent = (now - before for now, before in ((terminal.cpu_s, spent), (empty.cpu_s, least_spent)))
    many = f"{worked['threads']} threads after {worked['turns']} turns"
    return [
        Figure(f"memory, {many}, RSS", memory.resident, None, "MB"),
        Figure(f"memory, {many}, PSS", memory.proportional, None, "MB"),
        Figure("memory, an empty Textual app, PSS", least.proportional, None, "MB"),
        Figure(f"idle for {seconds:.0f} s, {many}, CPU", spent / seconds * 100, 0.5, "% of a core"),
        Figure(f"idle for {seconds:.0f} s, an empty Textual app, CPU", least_spent / seconds * 100, None, "% of a core"),
    ]
