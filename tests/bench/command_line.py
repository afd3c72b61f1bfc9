"""What a shell waits for: the whole process of `--help`, and of a completion."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.bench.figures import Figure, middle
from tests.bench.place import DESK, Place, apart
from tests.bench.stores import Seeded, seed

COMPLETION = {"_CODEX_DESK_COMPLETE": "bash_complete", "COMP_CWORD": "2"}


def command_line(root: Path, threads: int = 1000, rounds: int = 15) -> list[Figure]:
    """`--help`, the completion of a command and that of a session's handle, in turns."""
    place = Place(root)
    apart(seed, place, [Seeded(f"session-{number:05}", 2) for number in range(threads)])
    cases: dict[str, tuple[tuple[str, ...], Mapping[str, str], str]] = {
        "codex-desk --help": (("--help",), {}, "attach"),
        "completing a command": ((), COMPLETION | {"COMP_WORDS": "codex-desk att", "COMP_CWORD": "1"}, "attach"),
        f"completing a handle of {threads}": ((), COMPLETION | {"COMP_WORDS": "codex-desk show session-00"}, "session-00"),
    }
    samples: dict[str, list[float]] = {what: [] for what in cases}
    for number in range(rounds + 1):
        for what, (words, env, expected) in cases.items():
            took = _run(place, words, env, expected)
            if number:  # the first round compiles
                samples[what].append(took * 1000)
    return [middle(f"{what}, whole process", samples[what], 100) for what in cases]


def _run(place: Place, words: tuple[str, ...], env: Mapping[str, str], expected: str) -> float:
    start = time.perf_counter()
    done = subprocess.run([*DESK, *words], env={**place.env, **env}, cwd=place.work, capture_output=True, text=True, check=False)
    took = time.perf_counter() - start
    if expected not in done.stdout:
        raise AssertionError(f"{words or env} gave {done.stdout!r} and {done.stderr!r}")
    return took
