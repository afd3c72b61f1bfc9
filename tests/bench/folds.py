"""Folds: what it costs to look at one, to make it and to take it back, of a child with a long transcript."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from codex_desk.engine.desk import Desk
from codex_desk.engine.fold_reading import FoldMode
from codex_desk.engine.folding import Fold, Unfold
from codex_desk.engine.identity import SYSTEM, By
from codex_desk.engine.links import Attach
from codex_desk.engine.mailbox import Ask, Send
from codex_desk.engine.sessions import New
from codex_desk.engine.turns import Claim, Commit, Finish
from codex_desk.engine.views import ThreadView
from codex_desk.rights import Rights
from codex_desk.runtimes.base import ItemDraft
from tests.bench.figures import Figure, middle
from tests.bench.place import Place

BUDGET_MS = 100.0
A_TURN = 10
"""Items of one turn: the request, the child's work, the answer."""
RIGHTS = Rights("read-only", False, False)
SAID = "It swallows every error, so that a broken file looks like an empty one; three modules rely on it. " * 10


def folds(root: Path, items: int = 2_000, times: int = 15) -> list[Figure]:
    """Of a child of so many items, into a parent whose history is as long; the whole of it each time, which undo makes possible."""
    return asyncio.run(_measure(root, items, times))


async def _measure(root: Path, items: int, times: int) -> list[Figure]:
    place = Place(root)
    place.home.mkdir(parents=True, mode=0o700)
    async with Desk.open(place.home, env=place.env) as desk:
        for handle in ("operator", "reviewer"):
            (root / handle).mkdir()
        boss, child = [await desk.do(New(handle, root / handle, runtime="offline")) for handle in ("operator", "reviewer")]
        await desk.do(Attach(child.id, boss.id))
        await _asked(desk, boss, child)
        for thread in (boss, child):
            for number in range(items // A_TURN):
                await desk.do(Send(thread.id, f"{number}: and what of the next file?"))
                await _turn(desk, thread)
        spent: dict[str, list[float]] = {"looked at": [], "made": [], "with replace": [], "taken back": []}
        for _ in range(times):
            await _timed(spent["looked at"], lambda: asyncio.to_thread(desk.fold, child.id))
            for mode, what in (("qa", "made"), ("replace", "with replace")):
                wanted: FoldMode = "qa" if mode == "qa" else "replace"
                made = await _timed(spent[what], lambda wanted=wanted: desk.do(Fold(child.id, wanted, sure=True)))
                if made.turns != items // A_TURN:
                    raise AssertionError(f"{made.turns} turns were folded")
                await _timed(spent["taken back"], lambda: desk.do(Unfold(child.id)))
    where = f"a fold of a child of {items:,} items".replace(",", " ")
    return [middle(f"{where}: {what}", samples, BUDGET_MS) for what, samples in spent.items()]


async def _timed(samples: list[float], run: Callable[[], Awaitable[Any]]) -> Any:
    begun = time.perf_counter()
    result = await run()
    samples.append((time.perf_counter() - begun) * 1000)
    return result


async def _asked(desk: Desk, boss: ThreadView, child: ThreadView) -> None:
    """The parent asks the child and gets an answer, behind which `replace` goes back."""
    await desk.do(Send(boss.id, "what does the reviewer say?"))
    claimed = await _claim(desk, boss)
    await desk.ledger.do(Ask(child.id, "is it right?"), By("agent", boss.id, claimed.turn_id))
    await _turn(desk, child)
    await desk.ledger.do(Finish(claimed, "completed", SAID), SYSTEM)


async def _turn(desk: Desk, thread: ThreadView) -> None:
    claimed = await _claim(desk, thread)
    drafts = [ItemDraft("tool_call", "read src/loader.py", {"tool": "read", "ok": True}) for _ in range(A_TURN - 2)]
    parts = [{"parts": [{"part_kind": "text", "content": SAID}], "kind": "response"}]
    await desk.ledger.do(Commit(claimed, (*drafts, ItemDraft("agent_message", SAID)), json.dumps(parts).encode()), SYSTEM)
    await desk.ledger.do(Finish(claimed, "completed", SAID), SYSTEM)


async def _claim(desk: Desk, thread: ThreadView) -> Any:
    claimed = await desk.ledger.do(Claim(thread.id, "bench", RIGHTS, {}, frozenset({"bench"})), SYSTEM)
    if claimed is None:
        raise AssertionError(f"{thread.handle} begins no turn")
    return claimed
