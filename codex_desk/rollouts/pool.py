"""Files read in other processes, and their pieces given in order.

Reading is most of the work and needs nothing but the files, so it goes where a core is free. A few small files are read where they are
wanted: a process costs more than they do.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor

from codex_desk.rollouts.reading import Piece, Task, read

BATCH = 1 << 19
"""Bytes of files that are read as one job: what comes of them is still near when it is sent on."""
FILES = 256
AHEAD = 48
"""Jobs that are under way or waiting to be taken: enough to do while a commit is made."""
ALONE = 8 << 20
"""Bytes up to which no process is started."""
PROCESSES = 2


def batches(tasks: Iterable[tuple[Task, int]]) -> Iterator[list[Task]]:
    """Tasks in jobs of about the same size, in order. With each task comes how many bytes there are to read."""
    batch: list[Task] = []
    size = 0
    for task, left in tasks:
        batch.append(task)
        size += left
        if size >= BATCH or len(batch) >= FILES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def read_all(tasks: Sequence[Task]) -> list[Piece]:
    return [read(task) for task in tasks]


def pieces(tasks: Sequence[tuple[Task, int]], processes: int = PROCESSES) -> Generator[list[Piece]]:
    """The pieces of all tasks, job by job. A file that is longer than one piece gives its others before the next job's: what comes later
    may point into it."""
    if processes == 0 or sum(left for _, left in tasks) <= ALONE:
        for batch in batches(tasks):
            yield from _whole(read_all(batch), read)
        return
    pool = ProcessPoolExecutor(min(processes, os.cpu_count() or 1), mp_context=multiprocessing.get_context("spawn"), initializer=_begin)
    try:
        waiting: deque[Future[list[Piece]]] = deque()
        for batch in batches(tasks):
            waiting.append(pool.submit(read_all, batch))
            if len(waiting) > AHEAD:
                yield from _whole(waiting.popleft().result(), lambda task: pool.submit(read, task).result())
        while waiting:
            yield from _whole(waiting.popleft().result(), lambda task: pool.submit(read, task).result())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _whole(done: list[Piece], go_on: Callable[[Task], Piece]) -> Iterator[list[Piece]]:
    """Pieces, and behind each that did not reach its file's end those that do."""
    given: list[Piece] = []
    for piece in done:
        given.append(piece)
        while piece.more:
            yield given
            piece = go_on(piece.next())
            given = [piece]
    if given:
        yield given


def _begin() -> None:
    """`^C` reaches the whole group of processes: who reads leaves the ending to whoever asked. And what is read are trees, in which a
    collector of circles looks in vain for a tenth of the time."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
