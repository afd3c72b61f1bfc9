"""The board: what a post and a read cost where a hundred thousand entries stand."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from codex_desk.engine import board_tools, boards
from codex_desk.engine.desk import Desk
from codex_desk.engine.identity import By
from codex_desk.engine.journal import Tx
from codex_desk.engine.links import Attach
from codex_desk.engine.sessions import New
from codex_desk.store.tables import moment_text
from codex_desk.tools.board import BoardRead
from tests.bench.figures import Figure, middle
from tests.bench.place import Place

BUDGET_MS = 5.0
TEXT = "load() swallows ParseError, so that a broken file looks like an empty one; the callers in three modules rely on it."


def board(root: Path, entries: int = 100_000, times: int = 200) -> list[Figure]:
    """A post, and a read of what is new since the reader's cursor; once where everybody adds, once where the parent mediates and nothing is promoted."""
    return [
        figure for policy in ("append-only", "parent-mediated") for figure in asyncio.run(_measure(root / policy, policy, entries, times))
    ]


async def _measure(root: Path, policy: str, entries: int, times: int) -> list[Figure]:
    place = Place(root)
    place.home.mkdir(parents=True, mode=0o700)
    (place.home / "config.toml").write_text(f'[agents.shared_workspace]\nenabled = true\nwrite_policy = "{policy}"\n')
    async with Desk.open(place.home, env=place.env) as desk:
        handles = ("operator", "reviewer", "tester")
        for handle in handles:
            (root / handle).mkdir()
        boss, writer, reader = [await desk.do(New(handle, root / handle, runtime="offline")) for handle in handles]
        for child in (writer, reader):
            await desk.do(Attach(child.id, boss.id))
        shared = desk.board(boss.id)
        if shared is None:
            raise AssertionError("no board was opened")
        await desk.ledger.run(lambda tx: _fill(tx, shared.id, writer.id, entries, policy == "append-only"))
        posts, reads, by_parent = list[float](), list[float](), list[float]()
        for thread in (reader, boss):  # both have read what stands there
            last = desk.board_page(shared, limit=1)[-1].position
            await desk.ledger.do(board_tools.Mark(thread.id, ((shared.id, last),)))
        for number in range(times):
            begun = time.perf_counter()
            made = await desk.do(boards.Post(writer.id, "finding", f"{number}: {TEXT}"), By("agent", writer.id))
            posts.append((time.perf_counter() - begun) * 1000)
            for thread, spent in ((reader, reads), (boss, by_parent)):
                begun = time.perf_counter()
                got = await board_tools.run(desk.ledger, desk, By("agent", thread.id), thread.id, BoardRead())
                spent.append((time.perf_counter() - begun) * 1000)
                seen = [entry["id"] for entry in got["entries"]]
                if seen != ([made.id] if thread is boss or policy == "append-only" else []):
                    raise AssertionError(f"read {seen} instead of what is new")
    where = f"board of {entries:,} entries, {policy}"
    return [
        middle(f"{where}: post", posts, BUDGET_MS),
        middle(f"{where}: a child reads since its cursor", reads, BUDGET_MS),
        middle(f"{where}: the parent reads since its cursor", by_parent, BUDGET_MS),
    ]


def _fill(tx: Tx, board_id: str, author: str, entries: int, at_once: bool) -> None:
    first = tx.take_seqs(entries)
    at = moment_text(tx.now)
    tx.driver.executemany(
        "INSERT INTO board_entry (id, board_id, thread_id, origin, kind, text, open, redacted, at) VALUES (?, ?, ?, 'agent', 'finding', ?, ?, 0, ?)",
        ((number, board_id, author, TEXT, int(at_once), at) for number in range(first, first + entries)),
    )
