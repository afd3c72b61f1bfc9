from __future__ import annotations

from typing import Any

from codex_desk.engine.approvals import Decide
from codex_desk.engine.desk import Desk
from codex_desk.engine.mailbox import Send
from codex_desk.engine.turns import Interrupt
from codex_desk.engine.views import ThreadView
from tests.engine.scripted import Gate, Scripted, ScriptedRuntime, prompt, until

# --- 3.3 the timeout's payload ----------------------------------------------------------------------------------------------------------------


async def payload(desk: Desk, runtime: ScriptedRuntime, operator: ThreadView, before: Any = None) -> dict[str, Any]:
    """What a wait that times out says of its one target, after `before` has come to hold."""
    results: list[dict[str, Any]] = []

    async def script(turn: Scripted) -> str:
        number = await turn.send("reviewer", "question")
        if before is not None:
            await until(desk, lambda: before(number))
        first = await turn.wait(number, timeout_ms=1)
        results.append(first if first["timed_out"] else await turn.wait(number, timeout_ms=1))
        return "done"

    runtime.scripts["operator"] = script
    await prompt(desk, operator, "go")
    assert results[0]["timed_out"] is True
    assert results[0]["reason"] is None
    return results[0]["results"][0]


async def test_a_running_target_says_since_when_and_its_last_activity(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    gate = Gate()
    runtime.scripts["reviewer"] = gate
    one = await payload(desk, runtime, operator, lambda number: desk.message(number).state == "running")
    assert (one["agent"], one["state"], one["answer"], one["queued_behind"], one["needs_human"]) == ("reviewer", "running", None, [], None)
    assert isinstance(one["running_s"], int) and one["running_s"] >= 0
    assert isinstance(one["last_activity_s"], int) and one["last_activity_s"] >= 0
    gate.open.set()


async def test_a_queued_target_says_what_it_is_queued_behind(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    gate = Gate()
    runtime.scripts["reviewer"] = gate
    ahead = [(await desk.do(Send(children["reviewer"].id, text))).id for text in ("busy", "and this")]
    await gate.began.wait()
    one = await payload(desk, runtime, operator)
    assert (one["state"], one["queued_behind"], one["running_s"]) == ("queued", ahead, None)
    gate.open.set()


async def test_a_target_that_waits_for_approval_names_it(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    async def child(turn: Scripted) -> str:
        await turn.call("shell", command="touch x")
        return "done"

    runtime.scripts["reviewer"] = child
    one = await payload(desk, runtime, operator, lambda _: desk.approvals())
    assert (one["state"], one["needs_human"]) == ("running", "reviewer-1: touch x")
    await desk.do(Decide("reviewer-1", False))


async def test_a_target_behind_one_that_waits_for_approval_names_both(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    async def child(turn: Scripted) -> str:
        if turn.body == "busy":
            await turn.call("shell", command="touch x")
        return "done"

    runtime.scripts["reviewer"] = child
    busy = await desk.do(Send(children["reviewer"].id, "busy"))
    await until(desk, desk.approvals)
    one = await payload(desk, runtime, operator)
    assert (one["state"], one["queued_behind"], one["needs_human"]) == ("queued", [busy.id], "reviewer-1: touch x")
    await desk.do(Decide("reviewer-1", False))


async def test_a_held_target_says_why(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]) -> None:
    await desk.ledger.run(lambda tx: tx.connection.exec_driver_sql("UPDATE attachment SET held_reason = 'a budget tripped'") and None)
    one = await payload(desk, runtime, operator)
    assert (one["state"], one["reason"]) == ("held", "a budget tripped")
    assert "a budget tripped" in one["needs_human"]


async def test_a_target_that_the_user_stopped_says_so(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    await desk.do(Interrupt(children["reviewer"].id))
    one = await payload(desk, runtime, operator)
    assert (one["state"], one["needs_human"]) == ("queued", "reviewer was stopped by the user")


async def test_a_target_that_failed_gives_its_reason_and_no_timeout(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    results: list[dict[str, Any]] = []

    async def broken(turn: Scripted) -> str:
        raise ValueError("a bug")

    async def ask(turn: Scripted) -> str:
        results.append(await turn.wait(await turn.send("reviewer", "question")))
        return "done"

    runtime.scripts |= {"operator": ask, "reviewer": broken}
    await prompt(desk, operator, "go")
    one = results[0]["results"][0]
    assert (results[0]["timed_out"], one["state"], one["reason"]) == (False, "failed", "ValueError: a bug")


async def test_the_child_goes_on_after_a_timeout_and_can_be_waited_for_again(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    gate = Gate()

    async def script(turn: Scripted) -> str:
        number = await turn.send("reviewer", "question")
        assert (await turn.wait(number, timeout_ms=1))["timed_out"]
        gate.open.set()
        return (await turn.wait(number))["results"][0]["answer"]

    runtime.scripts |= {"operator": script, "reviewer": gate}
    assert (await prompt(desk, operator, "go")).answer == "reviewer answers question"
