"""Drafts on their way to the desk, so that they are there after a restart, and after a crash."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from codex_desk.tui.bridge import Bridge
from codex_desk.tui.failures import reason_of
from codex_desk.tui.model.drafts import Draft, Drafts

AFTER_S = 0.5
"""Seconds from a change until it is written. What is typed meanwhile goes with it: a crash costs at most so much."""
LAST_S = 5.0
"""Seconds that leaving waits for the last words."""


class DraftKeeper:
    """Writes what has changed, however long somebody types on."""

    def __init__(self, bridge: Bridge, say: Callable[[str], None]) -> None:
        """`say` tells the person once that drafts cannot be kept, and why."""
        self.drafts = Drafts(self._changed)
        self._bridge = bridge
        self._say = say
        self._waiting: set[str] = set()
        self._pastes: dict[str, tuple[int, frozenset[str]]] = {}
        """Which pastes of a draft were written last: after how many changes, and what stands for them."""
        self._task: asyncio.Task[None] | None = None
        self._told = False
        bridge.before_closing(self.flush)

    def load(self, thread_id: str) -> str | None:
        """Look once for what was kept of a thread's draft, as soon as the desk is there. Returns what had to give way to what is written by now."""
        draft = self.drafts.of(thread_id)
        if draft.is_loaded or self._bridge.desk is None:
            return None
        kept = self._bridge.desk.draft(thread_id)
        if kept is None:
            draft.is_loaded = True
            return None
        gave_way = draft.load(*kept)
        self._pastes[thread_id] = _state(draft)
        return gave_way

    async def flush(self) -> None:
        """Write the last changes before the desk closes."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            if not self._task.cancelled():
                self._task.result()  # a fault in it is seen here at the latest
        if not self._waiting:
            return
        with contextlib.suppress(TimeoutError):  # a desk that cannot be opened keeps nothing; what it kept before is still there
            async with asyncio.timeout(LAST_S):
                await self._write()

    def _changed(self, thread_id: str) -> None:
        self._waiting.add(thread_id)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_soon(), name="drafts")

    async def _write_soon(self) -> None:
        while self._waiting:
            await asyncio.sleep(AFTER_S)
            await self._write()
            if self._bridge.desk is None:
                return  # why is said where it happened; what is typed stays on the screen

    async def _write(self) -> None:
        await self._bridge.settled()
        if self._bridge.desk is None:
            return
        from codex_desk.engine.drafting import KeepDraft  # imports the store: only once the engine is there

        for thread_id in tuple(self._waiting):
            self._waiting.discard(thread_id)
            draft = self.drafts.of(thread_id)
            state = _state(draft)
            unchanged = self._pastes.get(thread_id, (0, frozenset())) == state
            pastes = None if unchanged else {chip: draft.pastes.whole[chip] for chip in state[1]}
            try:
                await self._bridge.do(KeepDraft(thread_id, draft.text, pastes))
            except asyncio.CancelledError:
                self._waiting.add(thread_id)
                raise
            except Exception as error:
                if not self._told:
                    self._told = True
                    self._say(f"drafts are not kept: {reason_of(error)}")
                continue
            self._pastes[thread_id] = state


def _state(draft: Draft) -> tuple[int, frozenset[str]]:
    return draft.pastes.changes, frozenset(chip for chip in draft.pastes.whole if chip in draft.text)
