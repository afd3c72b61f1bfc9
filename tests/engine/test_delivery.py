from __future__ import annotations

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Attach
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import Set
from codex_desk.engine.turns import Resume
from codex_desk.engine.views import ThreadView
from tests.engine.scripted import Gate, Scripted, ScriptedRuntime, at_rest, final, prompt, until

# --- 2.3: delivery ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S1-06")
async def test_after_turn_is_a_queue_in_which_one_message_is_one_turn(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    gate = runtime.scripts["operator"] = Gate()
    sent = [await desk.do(Send(operator.id, f"m{n}")) for n in range(5)]
    await gate.began.wait()
    assert [message.body for message in desk.queue(operator.id)] == ["m1", "m2", "m3", "m4"]
    gate.open.set()
    answers = [message.answer for message in await final(desk, *(each.id for each in sent))]
    assert answers == [f"operator answers m{n}" for n in range(5)]
    assert len({desk.message(each.id).turn_id for each in sent}) == 5


@pytest.mark.row("S1-25")
async def test_a_steer_is_taken_at_a_tool_boundary_and_ends_as_delivered_without_an_answer(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    gate, taken = Gate(), []

    async def step(turn: Scripted) -> str:
        gate.began.set()
        await gate.open.wait()
        taken.extend(await turn.host.take_steers())
        return "done"

    runtime.scripts["operator"] = step
    first = await desk.do(Send(operator.id, "go"))
    await gate.began.wait()
    steer = await desk.do(Send(operator.id, "rather that way", delivery="next_step"))
    assert (steer.state, steer.delivery) == ("queued", "next_step")
    gate.open.set()
    first, steer = await final(desk, first.id, steer.id)
    assert taken == ["rather that way"]
    assert (steer.state, steer.answer, steer.turn_id) == ("delivered", None, first.turn_id)
    shown = [(item.text, item.origin, item.turn_id) for item in desk.items(operator.id) if item.kind == "user_message"]
    assert shown == [("go", "human", first.turn_id), ("rather that way", "human", first.turn_id)]


@pytest.mark.row("S1-25")
async def test_a_steer_that_came_after_the_last_tool_boundary_is_a_turn_of_its_own(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    gate = runtime.scripts["operator"] = Gate()
    await desk.do(Send(operator.id, "go"))
    await gate.began.wait()
    steer = await desk.do(Send(operator.id, "too late", delivery="next_step"))
    gate.open.set()
    (steer,) = await final(desk, steer.id)
    assert (steer.state, steer.delivery, steer.answer) == ("answered", "after_turn", "operator answers too late")


async def test_a_steer_without_a_running_turn_is_queued_and_the_result_says_so(desk: Desk, operator: ThreadView) -> None:
    steer = await desk.do(Send(operator.id, "hello", delivery="next_step"))
    assert steer.delivery == "after_turn"
    assert (await final(desk, steer.id))[0].state == "answered"


async def test_a_parent_steers_its_child_through_an_envelope(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    gate, taken = Gate(), []

    async def step(turn: Scripted) -> str:
        gate.began.set()
        await gate.open.wait()
        taken.extend(await turn.host.take_steers())
        return "done"

    async def steer(turn: Scripted) -> str:
        asked = await turn.send("reviewer", "begin")
        await gate.began.wait()
        result = await turn.tool("send_message", target="reviewer", message="and mind this", delivery="next_step")
        assert (result["delivery"], result["state"], result["position"]) == ("next_step", "queued", 1)
        gate.open.set()
        await turn.wait(asked)
        return str(result["message_id"])

    runtime.scripts |= {"operator": steer, "reviewer": step}
    number = int((await prompt(desk, operator, "go")).answer or "")
    assert desk.message(number).state == "delivered"
    assert len(taken) == 1
    assert "from operator, your parent" in taken[0]
    assert "not from the user" in taken[0]
    assert [item.origin for item in desk.items(reviewer.id) if item.text == "and mind this"] == ["agent"]


async def test_a_steer_into_a_turn_with_wider_rights_than_the_senders_becomes_a_turn_of_its_own(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    await desk.do(Set(operator.id, "sandbox_mode", "read-only"))
    gate = runtime.scripts["reviewer"] = Gate()

    async def steer(turn: Scripted) -> str:
        return (await turn.tool("send_message", target="reviewer", message="write it", delivery="next_step"))["delivery"]

    runtime.scripts["operator"] = steer
    await desk.do(Send(reviewer.id, "the user's own"))
    await gate.began.wait()
    assert (await prompt(desk, operator, "go")).answer == "after_turn"
    runtime.scripts["operator"] = runtime.default
    gate.open.set()
    await at_rest(desk)
    assert [turn.rights.mode for turn in runtime.inputs["reviewer"]] == ["workspace-write", "read-only"]


async def test_a_steer_that_was_held_does_not_slip_into_a_later_turn_with_wider_rights(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    await desk.do(Set(operator.id, "sandbox_mode", "read-only"))
    first, second = Gate(), Gate()
    gates, taken = iter((first, second)), []

    async def step(turn: Scripted) -> str:
        gate = next(gates, None)
        if gate is not None:
            gate.began.set()
            await gate.open.wait()
            taken.extend(await turn.host.take_steers())
        return "done"

    async def steer(turn: Scripted) -> str:
        await turn.send("reviewer", "begin")
        await first.began.wait()
        await desk.ledger.run(
            lambda tx: tx.connection.exec_driver_sql("UPDATE attachment SET held_reason = 'a budget' WHERE ended_at IS NULL") and None
        )
        return str(await turn.send("reviewer", "write it", delivery="next_step"))

    runtime.scripts |= {"operator": steer, "reviewer": step}
    number = int((await prompt(desk, operator, "go")).answer or "")
    assert desk.message(number).state == "held"
    first.open.set()
    await until(desk, lambda: desk.thread(reviewer.id).status != "running")
    await desk.do(Send(reviewer.id, "the user's own, with its full rights"))
    await second.began.wait()
    await desk.do(Resume(reviewer.id))
    second.open.set()
    await final(desk, number)
    assert taken == []
    assert runtime.inputs["reviewer"][-1].rights.mode == "read-only"


async def test_an_interrupting_message_of_the_user_replaces_the_running_turn(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    gate = Gate()
    runtime.scripts["operator"] = gate
    old = await desk.do(Send(operator.id, "old"))
    queued = await desk.do(Send(operator.id, "queued"))
    await gate.began.wait()
    gate.open.clear()
    runtime.scripts["operator"] = runtime.default
    new = await desk.do(Send(operator.id, "new", delivery="interrupt"))
    old, new, queued = await final(desk, old.id, new.id, queued.id)
    assert (old.state, old.reason) == ("interrupted", "replaced")
    assert (new.state, queued.state) == ("answered", "answered")
    assert runtime.bodies("operator") == ["old", "new", "queued"]


async def test_an_agent_interrupts_only_where_its_edge_allows_it(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    gate = Gate()
    runtime.scripts["reviewer"] = gate
    results: list[dict] = []

    async def barge_in(turn: Scripted) -> str:
        results.append(await turn.tool("send_message", target="reviewer", message="stop that", delivery="interrupt"))
        return "sent"

    runtime.scripts["operator"] = barge_in
    running = await desk.do(Send(reviewer.id, "old"))
    await gate.began.wait()
    await prompt(desk, operator, "try")
    assert results[0]["error"]["code"] == "no_interrupt"
    assert desk.message(running.id).state == "running"
    await desk.do(Attach(reviewer.id, operator.id, interrupt=True))
    runtime.scripts["reviewer"] = runtime.default
    await prompt(desk, operator, "again")
    (old,) = await final(desk, running.id)
    assert (old.state, old.reason) == ("interrupted", "replaced")
    assert (await final(desk, results[1]["message_id"]))[0].answer == "reviewer answers stop that"
