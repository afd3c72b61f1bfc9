from __future__ import annotations

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Attach, Detach
from codex_desk.engine.sessions import Set
from codex_desk.engine.views import ThreadView
from codex_desk.rights import Rights
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, prompt


def stored_rights(desk: Desk, table: str, number: str | int) -> Rights | None:
    import json

    text = desk.rows(f"SELECT rights FROM {table} WHERE id = ?", (number,))[0]["rights"]
    return None if text in (None, "null") else Rights.from_json(json.loads(text))


# --- 2.7: rights ------------------------------------------------------------------------------------------------------------------------------


FULL, WRITE, READ = "danger-full-access", "workspace-write", "read-only"


@pytest.mark.parametrize(("sender", "target", "mode"), [(READ, FULL, READ), (FULL, READ, READ), (WRITE, FULL, WRITE), (FULL, FULL, FULL)])
async def test_a_message_runs_with_the_lesser_rights_of_both(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView, sender: str, target: str, mode: str
) -> None:
    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", "look")

    runtime.scripts["operator"] = ask
    await desk.do(Set(operator.id, "sandbox_mode", sender))
    await desk.do(Set(reviewer.id, "sandbox_mode", target))
    await prompt(desk, operator, "go")
    turn = runtime.inputs["reviewer"][0]
    assert turn.rights.mode == mode
    assert stored_rights(desk, "turn", turn.turn_id) == turn.rights
    assert stored_rights(desk, "message", 2) == runtime.inputs["operator"][0].rights


async def test_each_part_of_the_rights_is_compared_alone(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", "look")

    runtime.scripts["operator"] = ask
    await desk.do(Set(operator.id, "approval_policy", "never"))
    await desk.do(Set(operator.id, "sandbox_workspace_write.network_access", "true"))
    await desk.do(Set(reviewer.id, "sandbox_mode", "read-only"))
    await prompt(desk, operator, "go")
    assert runtime.inputs["operator"][0].rights == Rights("workspace-write", False, True)
    assert runtime.inputs["reviewer"][0].rights == Rights("read-only", False, False)


async def test_with_own_rights_on_the_edge_the_childs_own_apply(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", "look")

    runtime.scripts["operator"] = ask
    await desk.do(Set(operator.id, "sandbox_mode", READ))
    await desk.do(Set(reviewer.id, "sandbox_mode", FULL))
    await desk.do(Attach(reviewer.id, operator.id, rights="own"))
    await prompt(desk, operator, "go")
    assert runtime.inputs["reviewer"][0].rights.mode == FULL


async def test_a_prompt_has_no_ceiling_except_when_it_is_written_for_another(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    await desk.do(Set(operator.id, "sandbox_mode", READ))
    await desk.do(Set(reviewer.id, "sandbox_mode", FULL))
    await prompt(desk, reviewer, "mine")
    await prompt(desk, reviewer, "for the operator", sender=operator.id)
    assert [turn.rights.mode for turn in runtime.inputs["reviewer"]] == [FULL, READ]


async def test_the_rights_of_a_message_are_those_in_force_in_the_sending_turn_not_the_senders_own(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    """A chain of three: what the first could not do, the last cannot do for it."""
    tester = await place.session(desk, "tester")
    await desk.do(Attach(tester.id, reviewer.id))

    def asks(child: str):  # type: ignore[no-untyped-def]
        async def ask(turn: Scripted) -> str:
            return await turn.ask(child, "write the file")

        return ask

    runtime.scripts |= {"operator": asks("reviewer"), "reviewer": asks("tester")}
    await desk.do(Set(operator.id, "sandbox_mode", READ))
    for thread in (reviewer, tester):
        await desk.do(Set(thread.id, "sandbox_mode", FULL))
    await prompt(desk, operator, "go")
    assert [runtime.inputs[handle][0].rights.mode for handle in ("operator", "reviewer", "tester")] == [READ] * 3


async def test_the_folder_and_the_roots_of_a_turn_are_always_the_targets(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    await prompt(desk, reviewer, "for the operator", sender=operator.id)
    context = runtime.inputs["reviewer"][0].context
    assert f"cwd: {place.folder('reviewer')}" in context
    assert str(place.folder("operator")) not in context


async def test_a_detached_child_can_no_longer_be_written_to(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    results: list[dict] = []

    async def send(turn: Scripted) -> str:
        await desk.do(Detach(reviewer.id))  # while the turn runs
        results.append(await turn.tool("send_message", target="reviewer", message="x"))
        return "tried"

    runtime.scripts["operator"] = send
    await prompt(desk, operator, "go")
    assert results[0]["error"]["code"] == "no_edge"
