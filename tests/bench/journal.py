"""The journal: rows that are durable before their writers go on, with many writers at a time."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from codex_desk.engine.desk import Desk
from codex_desk.engine.journal import Tx
from tests.bench.figures import Figure
from tests.bench.place import Place
from tests.bench.stores import Seeded, seed

TEXT = "A step of a running turn, with as many words in it as such a step has on the average day, which is not very many, but some all the same."


def journal(root: Path, writers: int = 64, rows: int = 1000, rounds: int = 5) -> list[Figure]:
    """Items as the steps of running turns commit them, each writer awaiting each row."""
    place = Place(root)
    seed(place, [Seeded(f"writer-{number}", 1) for number in range(writers)])
    speeds = [asyncio.run(_write(place, rows)) for _ in range(rounds)]
    middling = sorted(speeds)[len(speeds) // 2]
    return [Figure(f"awaited rows per second, {writers} writers", middling, 40_000, "/s", max(speeds), at_least=True)]


async def _write(place: Place, rows: int) -> float:
    async with Desk.open(place.home, env=place.env) as desk:
        ids = [thread.id for thread in desk.threads()]
        before = _count(desk)
        start = time.perf_counter()
        await asyncio.gather(*(_steps(desk, thread_id, rows) for thread_id in ids))
        took = time.perf_counter() - start
        if _count(desk) - before != rows * len(ids):
            raise AssertionError("a row that was acknowledged is not there")
        return rows * len(ids) / took


async def _steps(desk: Desk, thread_id: str, rows: int) -> None:
    def step(tx: Tx) -> None:
        tx.item(thread_id, "agent_message", TEXT, "agent", turn_id="the turn", data={"key": "answer"}, step=True)

    for _ in range(rows):
        await desk.ledger.run(step)


def _count(desk: Desk) -> int:
    return int(desk.rows("SELECT count(*) FROM item")[0][0])
