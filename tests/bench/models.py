"""Models that cost no time, so that what is measured is the desk."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from codex_desk.runtimes.base import Aside, Compaction, Delta, ItemDraft, RuntimeFailure, ThreadSpec, TurnHost, TurnInput, TurnOutcome

Turn = Callable[[ThreadSpec, TurnInput, TurnHost], Awaitable[str]]
"""Gives the turn's answer."""


@dataclass(frozen=True, slots=True)
class ScriptedRuntime:
    """Implements `Runtime`: every thread's turns are the same coroutine."""

    turn: Turn

    async def open(self, thread: ThreadSpec) -> ScriptedThread:
        return ScriptedThread(thread, self.turn)

    async def close(self) -> None:
        return None


class ScriptedThread:
    """Implements `RuntimeThread`."""

    def __init__(self, spec: ThreadSpec, turn: Turn) -> None:
        self._spec = spec
        self._turn = turn
        self._stop = asyncio.Event()

    async def run_turn(self, turn: TurnInput, host: TurnHost) -> TurnOutcome:
        answer = await self._turn(self._spec, turn, host)
        await host.commit([ItemDraft("agent_message", answer, {"key": "answer"})], json.dumps({"said": answer}).encode())
        return TurnOutcome("completed", answer)

    async def interrupt(self) -> None:
        raise RuntimeFailure("nothing interrupts a benchmark")

    async def compact(self, turn: TurnInput) -> Compaction:
        raise RuntimeFailure("nothing compacts a benchmark")

    async def aside(self, turn: TurnInput) -> Aside:
        raise RuntimeFailure("a benchmark asks nothing beside its turns")

    async def close(self) -> None:
        return None


def streaming(text: str, per_second: float, at_once: str = "") -> Turn:
    """Says `at_once`, then five characters of `text` at a time, over and over; never comes to an end."""

    async def turn(spec: ThreadSpec, given: TurnInput, host: TurnHost) -> str:
        loop = asyncio.get_running_loop()
        start, number = loop.time(), 0
        if at_once:
            host.delta(Delta("text", "answer", at_once))
        while True:
            at = number * 5 % len(text)
            host.delta(Delta("text", "answer", text[at : at + 5]))
            number += 1
            await asyncio.sleep(max(0.0, start + number / per_second - loop.time()))

    return turn
