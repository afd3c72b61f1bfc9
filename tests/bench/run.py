"""Runs benchmarks one after the other, each in a process and a folder of its own, and prints one table."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.codex import codex_round_trip
from tests.bench.command_line import command_line
from tests.bench.figures import Figure, table
from tests.bench.history import history
from tests.bench.journal import journal
from tests.bench.paint import first_paint
from tests.bench.place import apart
from tests.bench.screen import append, focus, key_to_paint, open_thread, stream_lag, switch_panes
from tests.bench.turns import many_sessions, round_trip

BENCHMARKS: dict[str, Callable[[Path], list[Figure]]] = {
    "paint": first_paint,
    "open": open_thread,
    "panes": switch_panes,
    "keys": key_to_paint,
    "stream": stream_lag,
    "append": append,
    "focus": focus,
    "journal": journal,
    "round-trip": round_trip,
    "sessions": many_sessions,
    "codex-round-trip": codex_round_trip,
    "command-line": command_line,
    "history": history,
}
REACHED, NOT_REACHED, USAGE = 0, 1, 2


def run(names: Sequence[str]) -> int:
    """Run the named benchmarks, or all; gives the exit code: whether every budget was reached."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return USAGE
    figures: list[Figure] = []
    for name in names or BENCHMARKS:
        print(f"{name} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="desk-bench-") as folder:
            figures += apart(BENCHMARKS[name], Path(folder))
    print(table(figures))
    return REACHED if all(figure.reached for figure in figures) else NOT_REACHED
