"""Codex's history on the desk: a folder of rollouts brought into the store, and what was found on the way.

The files are read by `rollouts`; here is who writes what they give. Each commit holds whole pieces together with how far their files were
read, so an import that is killed goes on where it was. Relations are made between commits and at the end (`history_links`): what they point
at may come in any order.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from codex_desk.engine.errors import Refusal
from codex_desk.engine.history_links import link_all
from codex_desk.engine.history_report import HistoryReport, standing
from codex_desk.engine.history_rows import Keeper
from codex_desk.engine.journal import Tx
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.reading import Reader
from codex_desk.engine.searching import catch_up, index_batch
from codex_desk.rollouts import folder, pool
from codex_desk.rollouts.folder import Found, Known, Look, Plan
from codex_desk.rollouts.reading import Piece, Task
from codex_desk.rollouts.source import Edges, Stamp

Progress = Callable[[HistoryReport], None]
"""Called after each commit with the report as far as it has come."""

BREATH_S = 0.02
"""Between two commits, so that a desk that is open in another process gets its turn to write."""

LOOK_EVERY_S = 1.0
LOOK_ALL_EVERY_S = 60.0
"""How often a followed folder is looked at: what was written lately and where files appear; and all of it."""

COMMIT = 24 << 20
"""Bytes of files that one commit brings, about: a disk takes as long for a small commit as for a large one."""

LEAST = 4096
"""What a file counts for in a commit however short it is."""

SHARED_COMMIT = 4 << 20
"""While a desk is open in another process, which waits for as long as a commit is made."""

LINKED = 4
"""Commits after which relations are made: between them, because the files are read meanwhile."""

INDEXED = 4000
"""Items that are put into the full text in one commit."""

HOT = 200
"""Files written last that are looked at each time."""

CALLED = "SELECT 1 FROM thread WHERE id = ? AND title != ? AND status = 'history'"
LIVE = "SELECT id, external_id FROM thread WHERE status != 'history'"
KNOWN = "SELECT id, segment_id, thread_id, path, device, inode, size, mtime_ns, offset, head, tail FROM rollout"


class History:
    """Imports for an open desk."""

    def __init__(self, reader: Reader, ledger: Ledger, lock: Path, others_write: Callable[[], bool]) -> None:
        self._reader = reader
        self._ledger = ledger
        self._lock = lock
        self._others_write = others_write

    async def bring(self, root: Path, progress: Progress = lambda _: None) -> HistoryReport:
        """Bring what is new in a Codex home, a folder of rollouts or one file. Raises `Refusal` where there is nothing to look at, or where
        another process is at it; `StoreError`."""
        async with self._alone():
            root, seen = await asyncio.to_thread(_look, root)
            return await self._bring(root, seen, progress)

    async def follow(self, root: Path, progress: Progress = lambda _: None) -> AsyncIterator[HistoryReport]:
        """Bring what is there, then what is written, for as long as somebody listens. Each report is of what one look brought; looks that
        bring nothing give none but the first."""
        seen: Look | None = None
        looked_at = 0.0
        clock = asyncio.get_running_loop().time
        while True:
            whole = seen is None or clock() - looked_at >= LOOK_ALL_EVERY_S or await asyncio.to_thread(folder.changed_folders, seen.folders)
            if whole:
                first = seen is None
                async with self._alone():
                    (root, seen), looked_at = await asyncio.to_thread(_look, root), clock()
                    report = await self._bring(root, seen, progress)
                if first or report.brought:
                    yield report
            elif seen is not None:
                grown = await asyncio.to_thread(folder.written_again, seen, HOT)
                if grown:
                    async with self._alone():
                        report = await self._bring(root, Look(found=grown), progress, part=True)
                    if report.brought:
                        yield report
            await asyncio.sleep(LOOK_EVERY_S)

    async def _bring(self, root: Path, seen: Look, progress: Progress, *, part: bool = False) -> HistoryReport:
        """`part`: what was seen is not all that is there."""
        report = HistoryReport(root=str(root), files=len(seen.found), twice=len(seen.twice), others=seen.others)
        report.problems += seen.problems
        todo = await asyncio.to_thread(self._plan, root, seen, part)
        report.same, report.gone, report.moved, report.on_desk = todo.same, todo.gone, len(todo.moved), todo.elsewhere
        if part and not todo.read:
            return report
        if todo.moved:
            await self._ledger.run(partial(_move, moved=todo.moved))
        if todo.read:
            keeper = Keeper(self._reader, report, {found.name.segment_id: (found, known) for found, known in todo.read})
            await self._store(await asyncio.to_thread(self._tasks, todo), keeper, progress)
        await self._link(await asyncio.to_thread(folder.names, root))
        standing(self._reader, report)
        progress(report)
        return report

    def _plan(self, root: Path, seen: Look, part: bool) -> Plan:
        if part:
            rows = [
                row
                for each in seen.found
                if (row := self._reader.row(f"{KNOWN} WHERE segment_id = ?", (each.name.segment_id,))) is not None
            ]
        else:
            rows = self._reader.rows(KNOWN)
        live = {each for row in self._reader.rows(LIVE) for each in row if each is not None}
        return folder.plan(seen.found, {row["segment_id"]: _known(row) for row in rows}, str(root), live)

    def _tasks(self, todo: Plan) -> list[tuple[Task, int]]:
        """What is to be read, with how many bytes of it."""
        tasks: list[tuple[Task, int]] = []
        for found, known in todo.read:
            row = self._reader.row("SELECT state FROM rollout WHERE id = ?", (known.rollout_id,)) if known is not None else None
            task = folder.task_of(found, known, row["state"] if row is not None else "")
            tasks.append((task, found.stamp.size - (known.offset if known is not None and known.offset <= found.stamp.size else 0)))
        return tasks

    async def _store(self, tasks: Sequence[tuple[Task, int]], keeper: Keeper, progress: Progress) -> None:
        """Write the pieces as they come, in order."""
        others = self._others_write()
        source = _Source(pool.pieces(tasks), SHARED_COMMIT if others else COMMIT)
        breath = BREATH_S if others else 0
        kept = 0
        try:
            while (batch := await asyncio.to_thread(source.next)) is not None:
                await self._ledger.run(partial(_keep, keeper=keeper, pieces=batch))
                keeper.settled()
                kept += 1
                if kept % LINKED == 0:
                    await self._ledger.run(link_all)
                progress(keeper.report)
                await asyncio.sleep(breath)
        except BrokenProcessPool as error:
            raise Refusal(
                "import_stopped", "a process that was reading died; what was brought is kept, and the next import goes on there"
            ) from error
        finally:
            await asyncio.to_thread(source.close)

    async def _link(self, names: dict[str, str]) -> None:
        renamed = {thread_id: name for thread_id, name in names.items() if self._reader.row(CALLED, (thread_id, name)) is not None}
        dirty = self._reader.row("SELECT 1 FROM history WHERE fresh = 1 LIMIT 1") is not None
        if renamed or dirty:
            await self._ledger.run(partial(link_all, names=renamed, relations=dirty))
        if dirty:
            await catch_up(self._ledger, INDEXED)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """One process imports at a time: two would write the same lines twice."""
        descriptor = os.open(self._lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refusal("import_running", "another process is importing; it brings what this one would have brought") from None
            yield
        finally:
            os.close(descriptor)


def _keep(tx: Tx, keeper: Keeper, pieces: Sequence[Piece]) -> None:
    """The full text is filled on the way, while others read."""
    keeper.keep(tx, pieces)
    index_batch(tx, INDEXED)


def _look(root: Path) -> tuple[Path, Look]:
    """The folder by its whole path, and what is in it."""
    root = root.expanduser().absolute()
    try:
        return root, folder.look(root)
    except OSError as error:
        raise Refusal(
            "no_history", f"{root}: {error.strerror or error}; give Codex's home (CODEX_HOME), a folder of rollouts, or one file"
        ) from error


class _Source:
    """Pieces for one commit after the other, asked for from whichever thread; one asks at a time."""

    def __init__(self, pieces: Generator[list[Piece]], commit: int) -> None:
        self._pieces = pieces
        self._commit = commit
        self._asked = threading.Lock()

    def next(self) -> list[Piece] | None:
        group, size = list[Piece](), 0
        with self._asked:
            while size < self._commit and (more := next(self._pieces, None)) is not None:
                group += more
                size += sum(max(piece.bytes_read, LEAST) for piece in more)
        return group or None

    def close(self) -> None:
        with self._asked:
            self._pieces.close()


def _known(row: sqlite3.Row) -> Known:
    stamp = Stamp(row["device"], row["inode"], row["size"], row["mtime_ns"])
    return Known(row["id"], row["segment_id"], row["thread_id"], row["path"], stamp, row["offset"], Edges(row["head"], row["tail"]))


def _move(tx: Tx, moved: Sequence[tuple[Found, Known]] = ()) -> None:
    """Note where files are now."""
    tx.driver.executemany("UPDATE rollout SET path = ? WHERE id = ?", [(found.path, known.rollout_id) for found, known in moved])
    put_away = [(found.archived, known.thread_id) for found, known in moved if known.thread_id is not None]
    tx.driver.executemany("UPDATE history SET archived = ? WHERE thread_id = ?", put_away)
