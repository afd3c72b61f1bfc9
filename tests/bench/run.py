"""Runs benchmarks one after the other, each in a process and a folder of its own, and prints one table."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

from tests.bench.agents import subagents
from tests.bench.automations import automations
from tests.bench.board import board
from tests.bench.codex_runtime import codex_round_trip
from tests.bench.command_line import command_line
from tests.bench.figures import Figure, table
from tests.bench.folds import folds
from tests.bench.history import history
from tests.bench.journal import journal
from tests.bench.living import thirty
from tests.bench.paint import first_paint
from tests.bench.place import apart
from tests.bench.screen import append, focus, key_to_paint, open_thread, sidebar, stream_lag, switch_panes
from tests.bench.turns import many_sessions, round_trip

BENCHMARKS: dict[str, Callable[[Path], list[Figure]]] = {
    "paint": first_paint,
    "open": open_thread,
    "panes": switch_panes,
    "keys": key_to_paint,
    "stream": stream_lag,
    "append": append,
    "sidebar": sidebar,
    "focus": focus,
    "idle": thirty,
    "journal": journal,
    "board": board,
    "fold": folds,
    "automations": automations,
    "round-trip": round_trip,
    "sessions": many_sessions,
    "subagents": subagents,
    "codex-round-trip": codex_round_trip,
    "command-line": command_line,
    "history": history,
}
REACHED, NOT_REACHED, USAGE = 0, 1, 2


def run(argv: Sequence[str]) -> int:
    """Run the named benchmarks, or all; gives the exit code: whether every budget was reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=f"Benchmarks: {', '.join(BENCHMARKS)}.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="all of them where none is named")
    parser.add_argument("--idle-seconds", type=float, default=60.0, metavar="N", help="how long `idle` looks at a desk that does nothing")
    asked = parser.parse_args(argv)
    unknown = [name for name in asked.names if name not in BENCHMARKS]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return USAGE
    figures: list[Figure] = []
    for name in asked.names or BENCHMARKS:
        print(f"{name} …", file=sys.stderr, flush=True)
        benchmark = partial(thirty, seconds=asked.idle_seconds) if name == "idle" else BENCHMARKS[name]
        with tempfile.TemporaryDirectory(prefix="desk-bench-") as folder:
            figures += apart(benchmark, Path(folder))
    print(_machine())
    print(table(figures))
    return REACHED if all(figure.reached for figure in figures) else NOT_REACHED


def _machine() -> str:
    """What the figures depend on, in one line; a load that is not near zero has spoiled them."""
    one, _, last = os.getloadavg()
    versions = f"Python {platform.python_version()}, Textual {version('textual')}, {platform.system()} {platform.machine()}"
    return f"{versions}, {os.cpu_count()} CPUs, load {one:.1f} now and {last:.1f} in the last quarter of an hour"
