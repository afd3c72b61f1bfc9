from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection

from codex_desk.store.database import Database
from codex_desk.store.errors import StoreError
from codex_desk.store.writer import Writer


class Unit:
    """A transaction that only counts: what it is told is an event once it is committed."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.events: list[object] = []

    def mark(self) -> object:
        return len(self.events)

    def rewind(self, mark: object) -> None:
        del self.events[mark:]  # type: ignore[misc]

    def flush(self) -> None:
        for event in self.events:
            if event in FAILS_AT_FLUSH:
                raise UnicodeEncodeError("utf-8", "x", 0, 1, str(event))
            self.connection.exec_driver_sql("INSERT INTO meta (key, value) VALUES (?, 'flushed')", (str(event),))

    def committed(self) -> Sequence[object]:
        return list(self.events)

    def put(self, key: str) -> None:
        self.connection.exec_driver_sql("INSERT INTO meta (key, value) VALUES (?, 'at once')", (key,))


FAILS_AT_FLUSH = {"cannot be stored"}


class Bench:
    """A writer, what it published, and a way to have several jobs in one group."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.published: list[object] = []
        self.begun = 0
        self.writer: Writer[Unit] = Writer(database.write_engine, str(database.path), self.begin, self.published.extend, lambda _: ())

    def begin(self, connection: Connection) -> Unit:
        self.begun += 1
        return Unit(connection)

    def stored(self) -> set[str]:
        return {row["key"] for row in self.database.reading().execute("SELECT key FROM meta")}

    async def together(self, *jobs: Callable[[Unit], Any]) -> list[Any]:
        """Submit jobs while the writer is busy, so that they come into one group."""
        gate = threading.Event()
        first = self.writer.submit(lambda _: gate.wait())
        futures = [self.writer.submit(job) for job in jobs]
        gate.set()
        await first
        self.begun = 0
        return await asyncio.gather(*futures, return_exceptions=True)


@pytest.fixture
async def bench(database: Database) -> AsyncIterator[Bench]:
    bench = Bench(database)
    bench.writer.start()
    yield bench
    await bench.writer.close()


def writes(key: str) -> Callable[[Unit], str]:
    def job(unit: Unit) -> str:
        unit.put(key)
        unit.events.append(f"told {key}")
        return key

    return job


def fails(key: str, error: Exception) -> Callable[[Unit], None]:
    """Writes, tells, and then raises."""

    def job(unit: Unit) -> None:
        unit.put(key)
        unit.events.append(f"told {key}")
        raise error

    return job


async def test_what_is_acknowledged_is_in_the_file(bench: Bench) -> None:
    assert await bench.writer.submit(writes("a")) == "a"
    with sqlite3.connect(bench.database.path) as another:
        assert another.execute("SELECT value FROM meta WHERE key = 'a'").fetchone() == ("at once",)


async def test_jobs_that_come_together_are_one_commit_with_their_results_and_events_in_order(bench: Bench) -> None:
    assert await bench.together(*(writes(f"k{n}") for n in range(10))) == [f"k{n}" for n in range(10)]
    assert bench.published == [f"told k{n}" for n in range(10)]
    assert bench.begun <= 2


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyError("x"), StoreError("x", "y"), sqlite3.IntegrityError("UNIQUE")])
async def test_a_job_that_fails_after_it_wrote_takes_no_neighbour_with_it(bench: Bench, error: Exception) -> None:
    before, failed, after = await bench.together(writes("before"), fails("failed", error), writes("after"))
    assert (before, after) == ("before", "after")
    assert isinstance(failed, StoreError if isinstance(error, sqlite3.Error) else type(error))
    assert {"before", "after"} <= bench.stored()
    assert "failed" not in bench.stored()
    assert bench.published == ["told before", "told after"]


async def test_a_constraint_that_one_job_breaks_is_that_jobs_error_alone(bench: Bench) -> None:
    await bench.writer.submit(writes("taken"))
    one, broken, two = await bench.together(writes("one"), writes("taken"), writes("two"))
    assert (one, two) == ("one", "two")
    assert isinstance(broken, StoreError)
    assert "UNIQUE constraint failed" in broken.message


async def test_a_job_that_fails_before_it_wrote_costs_the_group_nothing(bench: Bench) -> None:
    def refuse(unit: Unit) -> None:
        unit.events.append("told nothing")
        raise ValueError("no")

    one, refused, two = await bench.together(writes("one"), refuse, writes("two"))
    assert (one, two) == ("one", "two")
    assert isinstance(refused, ValueError)
    assert "told nothing" not in bench.published
    assert bench.begun <= 2


async def test_what_cannot_be_flushed_is_the_error_of_the_job_that_told_it_alone(bench: Bench) -> None:
    def unstorable(unit: Unit) -> None:
        unit.events.append("cannot be stored")

    one, broken, two = await bench.together(writes("one"), unstorable, writes("two"))
    assert (one, two) == ("one", "two")
    assert isinstance(broken, UnicodeEncodeError)
    assert await bench.writer.submit(writes("the writer lives on")) == "the writer lives on"


async def test_a_cancelled_caller_stops_nobody_and_its_job_is_durable(bench: Bench) -> None:
    gate = threading.Event()
    blocked = bench.writer.submit(lambda _: gate.wait())
    cancelled, other = bench.writer.submit(writes("cancelled")), bench.writer.submit(writes("other"))
    cancelled.cancel()
    gate.set()
    await blocked
    assert await other == "other"
    assert {"cancelled", "other"} <= bench.stored()


async def test_a_full_disk_refuses_what_does_not_fit_and_keeps_what_was_acknowledged(bench: Bench) -> None:
    await bench.writer.submit(writes("kept"))

    def limit(pages: int) -> Callable[[Unit], None]:
        return lambda unit: unit.connection.exec_driver_sql(f"PRAGMA max_page_count={pages}") and None

    def too_much(unit: Unit) -> None:
        unit.connection.exec_driver_sql("INSERT INTO meta (key, value) VALUES ('large', ?)", ("x" * 1_000_000,))

    await bench.writer.submit(limit(1))  # SQLite makes that the pages there are
    with pytest.raises(StoreError) as caught:
        await bench.writer.submit(too_much)
    assert caught.value.code == "disk_full"
    assert bench.stored() == {"kept", "told kept"}
    await bench.writer.submit(limit(1_000_000))
    await bench.writer.submit(too_much)
    assert "large" in bench.stored()


async def test_a_locked_store_refuses_the_group_and_the_next_one_passes(bench: Bench) -> None:
    await bench.writer.submit(lambda unit: unit.connection.exec_driver_sql("PRAGMA busy_timeout=10") and None)
    holder = sqlite3.connect(bench.database.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    refused = await asyncio.gather(*(bench.writer.submit(writes(f"k{n}")) for n in range(3)), return_exceptions=True)
    holder.execute("ROLLBACK")
    holder.close()
    assert {each.code for each in refused if isinstance(each, StoreError)} == {"store_locked"}
    assert await bench.writer.submit(writes("after")) == "after"
    assert bench.stored() == {"after", "told after"}


async def test_closing_finishes_what_is_queued_and_refuses_what_comes_after(database: Database) -> None:
    bench = Bench(database)
    bench.writer.start()
    pending = [bench.writer.submit(writes(f"k{n}")) for n in range(5)]
    await bench.writer.close()
    assert [await each for each in pending] == [f"k{n}" for n in range(5)]
    with pytest.raises(StoreError):
        bench.writer.submit(writes("late"))
