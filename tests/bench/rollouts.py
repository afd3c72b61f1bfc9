"""Rollouts by the gigabyte: those of `tests/data` over and over, each time with ids of their own, and processes watched while they read
them."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.rollouts.samples import ALL

_TIME = re.compile(rb"(?<![0-9a-f])01a1f[0-9a-f]{3}(?=-[0-9a-f]{4}-7[0-9a-f]{3}-)")
"""The first eight digits of an id: sixteen bits of milliseconds are left out, so one round is 65 seconds times what is added."""

_LOOK_EVERY_S = 0.05
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Made:
    files: int
    size: int
    """Bytes of them."""


def make(home: Path, size: int, files: int | None = None) -> Made:
    """Rollouts in a Codex home until there are `size` bytes of them, or `files`."""
    samples = [(_parts(path.name.encode()), _parts(path.read_bytes())) for path in ALL]
    count = total = number = 0
    while True:
        folder = home / "sessions" / "2026" / f"{number // 28 % 12 + 1:02}" / f"{number % 28 + 1:02}"
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in samples:
            data = _joined(content, number)
            (folder / _joined(name, number).decode()).write_bytes(data)
            count, total = count + 1, total + len(data)
            if count == files:
                return Made(count, total)
        number += 1
        if files is None and total >= size:
            return Made(count, total)


def _parts(data: bytes) -> list[tuple[bytes, int]]:
    """What stands before each id and the number that the id begins with; the last has none behind it."""
    found: list[tuple[bytes, int]] = []
    start = 0
    for match in _TIME.finditer(data):
        found.append((data[start : match.start()], int(match[0], 16)))
        start = match.end()
    return [*found, (data[start:], 0)]


def _joined(parts: Sequence[tuple[bytes, int]], number: int) -> bytes:
    """All ids moved on by the same, so that they stay in order."""
    return b"".join(before + (b"%08x" % (begin + (number << 16)) if begin else b"") for before, begin in parts)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command took. `busy` is the processor time of all its processes, in seconds; `memory` the highest sum of what they held, in
    bytes (None where the system does not tell)."""

    output: str
    seconds: float
    busy: float
    memory: int | None


def watched(args: Sequence[str], env: Mapping[str, str]) -> Ran:
    """Run a command to its end. Raises `AssertionError` where it fails."""
    before = _children_busy()
    start = time.perf_counter()
    with subprocess.Popen(args, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        highest = 0
        while process.poll() is None:
            highest = max(highest, sum(_resident(pid) for pid in _tree(process.pid)))
            time.sleep(_LOOK_EVERY_S)
        took = time.perf_counter() - start
        output = process.stdout.read() if process.stdout is not None else ""
    if process.returncode:
        raise AssertionError(f"{args} ended with {process.returncode}: {output}")
    return Ran(output, took, _children_busy() - before, highest or None)


def _children_busy() -> float:
    """Processor time of all processes that were started from this one and have ended, with theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tree(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    try:
        children = [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]
    except OSError:
        return  # it has ended
    for child in children:
        yield from _tree(child)


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0  # it has ended
