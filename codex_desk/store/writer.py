"""The one writer of a process: a thread that runs jobs in groups, each group one `BEGIN IMMEDIATE … COMMIT`.

A job's future is resolved after its commit, so what is acknowledged is durable. A job that raises after it wrote is taken out of its group: the
group is rolled back and its other jobs run again, each alone. Jobs must therefore change nothing but the store.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from codex_desk.store.errors import DRIVER_ERRORS, StoreError, explain

STORE_TROUBLE = (DBAPIError, *DRIVER_ERRORS)
"""What fails every job of a group, because it is the store that fails."""

GROUP = 64
"""Jobs in one commit at the most; more would make the event loop resolve too many futures at a time."""


class Unit(Protocol):
    """One open transaction, as jobs see it."""

    def mark(self) -> object:
        """Where the buffers stand before a job."""
        ...

    def rewind(self, mark: object) -> None:
        """Drop what a failed job left in the buffers."""
        ...

    def flush(self) -> None:
        """Write the buffers; called once before the commit."""
        ...

    def committed(self) -> Sequence[object]:
        """What subscribers should hear, in order."""
        ...


U = TypeVar("U", bound=Unit)


@dataclass(slots=True)
class _Job(Generic[U]):
    run: Callable[[U], object]
    future: asyncio.Future[Any]


@dataclass(slots=True)
class _Done:
    future: asyncio.Future[Any]
    result: object = None
    error: BaseException | None = None


class Writer(Generic[U]):
    """Takes jobs from one event loop. `publish` is called on that loop with each group's events, before its futures resolve."""

    def __init__(
        self,
        engine: Engine,
        path: str,
        begin: Callable[[Connection], U],
        publish: Callable[[Sequence[object]], None],
        look: Callable[[Connection], Sequence[object]],
    ) -> None:
        self._engine = engine
        self._path = path
        self._begin = begin
        self._publish = publish
        self._look = look
        self._jobs: queue.SimpleQueue[_Job[U] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._looking = False
        self._closed = False

    def start(self) -> None:
        self._thread.start()

    def submit(self, run: Callable[[U], Any]) -> asyncio.Future[Any]:
        """Queue a job. The future carries its result once the job is durable, or what it raised."""
        if self._closed:
            raise StoreError("store_closed", "the store is closed")
        future = self._loop.create_future()
        self._jobs.put(_Job(run, future))
        return future

    def look_for_others(self) -> None:
        """Ask for what other processes have committed; cheap where they have not."""
        if not self._looking and not self._closed:
            self._looking = True
            self._jobs.put(_Job(_LOOK, self._loop.create_future()))

    async def close(self) -> None:
        """Finish what is queued, then end."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    # --- in the writer's thread -------------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        with self._engine.connect() as connection:
            ending = False
            while not ending:
                batch, looks, ending = self._take()
                if looks:
                    self._look_now(connection, looks)
                if batch:
                    self._commit_group(connection, batch)

    def _take(self) -> tuple[list[_Job[U]], list[_Job[U]], bool]:
        batch: list[_Job[U]] = []
        looks: list[_Job[U]] = []
        job = self._jobs.get()
        while True:
            if job is None:
                return batch, looks, True
            (looks if job.run is _LOOK else batch).append(job)
            if len(batch) >= GROUP:
                return batch, looks, False
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return batch, looks, False

    def _look_now(self, connection: Connection, looks: list[_Job[U]]) -> None:
        try:
            events = self._look(connection)
        except STORE_TROUBLE:
            events = ()  # the next commit meets the same trouble and reports it where somebody waits
        self._hand_over(events, [_Done(job.future) for job in looks])
        self._looking = False

    def _commit_group(self, connection: Connection, batch: list[_Job[U]]) -> None:
        try:
            events, done = self._attempt(connection, batch)
        except STORE_TROUBLE as error:
            trouble = explain(getattr(error, "orig", None) or error, self._path)
            events, done = (), [_Done(job.future, error=trouble) for job in batch]
        except Exception as error:
            if len(batch) > 1:  # one of them is to blame; alone, the others are not
                for job in batch:
                    self._commit_group(connection, [job])
                return
            events, done = (), [_Done(batch[0].future, error=error.error if isinstance(error, _Dirty) else error)]
        self._hand_over(events, done)

    def _attempt(self, connection: Connection, batch: list[_Job[U]]) -> tuple[Sequence[object], list[_Done]]:
        """One transaction over the batch; raises `_Dirty` when a job failed after it had written."""
        done: list[_Done] = []
        driver: Any = connection.connection.driver_connection
        with connection.begin():
            unit = self._begin(connection)
            for job in batch:
                mark, changes = unit.mark(), driver.total_changes
                try:
                    done.append(_Done(job.future, job.run(unit)))
                except (IntegrityError, sqlite3.IntegrityError) as error:  # this job's own fault, not the store's
                    raise _Dirty(explain(getattr(error, "orig", None) or error, self._path)) from error
                except (DBAPIError, sqlite3.Error):
                    raise
                except Exception as error:
                    if driver.total_changes != changes:
                        raise _Dirty(error) from error
                    unit.rewind(mark)
                    done.append(_Done(job.future, error=error))
            unit.flush()
        return unit.committed(), done

    def _hand_over(self, events: Sequence[object], done: list[_Done]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._resolve, events, done)
        except RuntimeError:
            return  # the loop is gone: the process is ending, and what was committed stays committed

    # --- on the loop ------------------------------------------------------------------------------------------------------------------------

    def _resolve(self, events: Sequence[object], done: list[_Done]) -> None:
        if events:
            self._publish(events)
        for each in done:
            if each.future.done():
                continue  # its caller was cancelled; the job is durable all the same
            if each.error is not None:
                each.future.set_exception(each.error)
            else:
                each.future.set_result(each.result)


class _Dirty(Exception):
    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _LOOK(_: object) -> None:
    """Marks a job that only looks for other processes' commits."""
