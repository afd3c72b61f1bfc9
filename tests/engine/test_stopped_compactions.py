from __future__ import annotations

import asyncio

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.turns import Compact, Interrupt
from codex_desk.engine.views import ThreadView
from codex_desk.runtimes.base import Compaction, TurnInput
from tests.engine.scripted import ScriptedRuntime, ScriptedThread, final, prompt


async def test_an_interrupt_during_a_compaction_ends_it_and_leaves_the_history_as_it_was(
    runtime: ScriptedRuntime, desk: Desk, reviewer: ThreadView, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = asyncio.Event()

    async def endless(self: ScriptedThread, turn: TurnInput) -> Compaction:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError("it was not stopped")

    await prompt(desk, reviewer, "hello")
    before = desk.rows("SELECT content, live FROM segment WHERE thread_id = ? ORDER BY id", (reviewer.id,))
    monkeypatch.setattr(ScriptedThread, "compact", endless)
    message = await desk.do(Compact(reviewer.id))
    await began.wait()
    await desk.do(Interrupt(reviewer.id))
    (ended,) = await final(desk, message.id)
    assert (ended.state, ended.reason) == ("interrupted", "by the user")
    assert [tuple(row) for row in desk.rows("SELECT content, live FROM segment WHERE thread_id = ? ORDER BY id", (reviewer.id,))] == [
        tuple(row) for row in before
    ]
