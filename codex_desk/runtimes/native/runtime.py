"""The native runtime: this program's own loop against any OpenAI-compatible endpoint.

Nothing here imports pydantic-ai or openai at module level: together they cost most of a second, and are loaded in a thread when the first
turn starts.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from codex_desk.runtimes.base import (
    Aside,
    Compaction,
    Endpoint,
    Runtime,
    RuntimeFailure,
    RuntimeThread,
    ThreadSpec,
    TurnHost,
    TurnInput,
    TurnOutcome,
)
from codex_desk.runtimes.native.report import ProbeReport

if TYPE_CHECKING:
    from pydantic_ai.models import Model

    from codex_desk.runtimes.native.loop import Turn
    from codex_desk.runtimes.native.responding import Responder

ModelFor = Callable[["TurnInput"], "Model"]
Sleep = Callable[[float], Awaitable[None]]

HEAVY = ("codex_desk.runtimes.native.models", "codex_desk.runtimes.native.loop")


def preload() -> None:
    """Import the model stack; slow the first time, so in a thread."""
    for module in HEAVY:
        importlib.import_module(module)


async def probe(endpoint: Endpoint) -> ProbeReport:
    """Tries the endpoint out: a plain answer, a tool call, the time to the first token. Failures are in the report."""
    await _load_heavy()
    from codex_desk.runtimes.native import probing

    return await probing.probe(endpoint)


class NativeRuntime(Runtime):
    """`model_for` gives another model than the turn's endpoint; `sleep` is what back-off waits with."""

    def __init__(self, model_for: ModelFor | None = None, sleep: Sleep = asyncio.sleep) -> None:
        self._model_for = model_for
        self._sleep = sleep

    async def open(self, thread: ThreadSpec) -> RuntimeThread:
        return NativeThread(self._model_for, self._sleep)

    async def close(self) -> None:
        """Nothing is kept between turns."""


class NativeThread(RuntimeThread):
    """One thread's turns, one at a time."""

    def __init__(self, model_for: ModelFor | None, sleep: Sleep) -> None:
        self._model_for = model_for
        self._sleep = sleep
        self._turn: Turn | None = None
        self._is_interrupted = False

    async def run_turn(self, turn: TurnInput, host: TurnHost) -> TurnOutcome:
        self._is_interrupted = False
        await _load_heavy()
        from codex_desk.runtimes.native.loop import Turn

        try:
            self._turn = Turn(turn, host, partial(self._open_model, turn), self._sleep)
            if self._is_interrupted:
                self._turn.interrupt()
            return await _run(self._turn)
        finally:
            self._turn = None

    async def interrupt(self) -> None:
        self._is_interrupted = True
        if self._turn is not None:
            self._turn.interrupt()

    async def compact(self, turn: TurnInput) -> Compaction:
        async with self._responder(turn) as responder:
            from codex_desk.runtimes.native import compacting, history

            return await compacting.compact(responder, turn, history.load(turn.history))

    async def aside(self, turn: TurnInput) -> Aside:
        async with self._responder(turn) as responder:
            from codex_desk.runtimes.native import compacting, history

            return await compacting.aside(responder, turn, history.load(turn.history))

    @asynccontextmanager
    async def _responder(self, turn: TurnInput) -> AsyncIterator[Responder]:
        """For one call beside a turn; what goes wrong with the model is a `RuntimeFailure`."""
        await _load_heavy()
        from codex_desk.runtimes.native import errors
        from codex_desk.runtimes.native.responding import Responder

        try:
            async with self._open_model(turn) as model:
                yield Responder(model, turn.endpoint, turn.turn_id, sleep=self._sleep)
        except errors.MODEL_ERRORS as error:
            raise RuntimeFailure(errors.explain(error, turn.endpoint)) from error

    async def close(self) -> None:
        await self.interrupt()

    @asynccontextmanager
    async def _open_model(self, turn: TurnInput) -> AsyncIterator[Model]:
        from codex_desk.runtimes.native.models import open_model

        if self._model_for is not None:
            yield self._model_for(turn)
        elif turn.endpoint is None:
            raise RuntimeFailure("no model is set for this thread; choose a provider and a model")
        else:
            async with open_model(turn.endpoint) as model:
                yield model


async def _run(turn: Turn) -> TurnOutcome:
    """The turn in a task of its own, so that whoever cancels the caller still gets everything committed that was done."""
    work = asyncio.create_task(turn.run())
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        turn.interrupt()
        import anyio  # its import takes as long as a first frame; the loop that is running has made it long ago

        with anyio.CancelScope(shield=True):
            await asyncio.wait([work])
        raise


async def _load_heavy() -> None:
    if any(module not in sys.modules for module in HEAVY):
        await asyncio.to_thread(preload)
