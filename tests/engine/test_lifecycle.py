from __future__ import annotations

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.lifecycle import AgentChanged, Lifecycles
from codex_desk.engine.links import Archive
from codex_desk.engine.views import ThreadView
from tests.engine.scripted import Scripted, ScriptedRuntime, at_rest, prompt
from tests.engine.test_agents import spawned


@pytest.mark.row("S1-11")
@pytest.mark.row("S1-19")
async def test_a_listener_hears_a_subagents_life_in_order_and_nothing_of_sessions(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    async def fails(turn: Scripted) -> str:
        raise RuntimeError("no luck")

    runtime.scripts["faulty"] = fails
    heard: list[AgentChanged] = []
    lifecycles = Lifecycles(desk)
    desk.hub.add(lambda event: heard.append(changed) if (changed := lifecycles.of(event)) is not None else None)
    made = await spawned(desk, runtime, operator, task_name="scout")
    await at_rest(desk)
    await desk.do(Archive(made["agent_id"]))
    await spawned(desk, runtime, operator, task_name="faulty")
    await at_rest(desk)
    await prompt(desk, operator, "more")
    assert {changed.parent_id for changed in heard} == {operator.id}
    assert [(changed.name, changed.what, changed.text) for changed in heard] == [
        ("scout", "spawned", "look around"),
        ("scout", "started", "look around"),
        ("scout", "progress", "scout answers look around"),
        ("scout", "completed", "scout answers look around"),
        ("scout", "closed", ""),
        ("faulty", "spawned", "look around"),
        ("faulty", "started", "look around"),
        ("faulty", "failed", "RuntimeError: no luck"),
    ]
