from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from codex_desk.engine.approvals import Decide
from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Attach, Detach
from codex_desk.engine.mailbox import Remove, Send
from codex_desk.engine.turns import Interrupt, Resume
from codex_desk.engine.views import ThreadView
from tests.engine.scripted import PATIENCE, Gate, Place, Scripted, ScriptedRuntime, agent, at_rest, final, kinds, lines, prompt, until


def waiting(results: list[dict[str, Any]], target: str = "reviewer", **wait: Any):  # type: ignore[no-untyped-def]
    """A script that asks a child and keeps what each of its waits gave."""

    async def script(turn: Scripted) -> str:
        number = await turn.send(target, "question")
        results.append(await turn.wait(number, **wait))
        return str(number)

    return script


# --- 3.1 targets ------------------------------------------------------------------------------------------------------------------------------


async def test_a_name_stands_for_all_that_no_wait_has_returned_yet(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    async def script(turn: Scripted) -> str:
        first = await turn.send("reviewer", "one")
        await turn.wait(first)
        numbers = [await turn.send("reviewer", text) for text in ("two", "three")]
        results = (await turn.wait("reviewer", mode="all"))["results"]
        assert [each["message_id"] for each in results] == numbers
        again = (await turn.wait("reviewer"))["results"]
        assert [each["message_id"] for each in again] == numbers[-1:]
        return " ".join(each["answer"].split()[-1] for each in [*results, *again])

    runtime.scripts["operator"] = script
    assert (await prompt(desk, operator, "go")).answer == "two three three"


async def test_a_name_that_was_never_written_to_is_refused(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    async def script(turn: Scripted) -> str:
        return (await turn.wait("tester"))["error"]["code"]

    runtime.scripts["operator"] = script
    assert (await prompt(desk, operator, "go")).answer == "no_messages"


@pytest.mark.parametrize("target", [999, "#999", -1, 1 << 63, 10**30])
async def test_somebody_elses_message_or_none_is_refused(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView], target: int | str
) -> None:
    async def script(turn: Scripted) -> str:
        own_prompt = 1  # the user's prompt of this very turn: a message, but not one that this agent sent
        return " ".join([(await turn.wait(each))["error"]["code"] for each in (target, own_prompt)])

    runtime.scripts["operator"] = script
    assert (await prompt(desk, operator, "go")).answer == "unknown_message unknown_message"


async def test_answers_that_are_there_already_return_at_once(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    async def script(turn: Scripted) -> str:
        number = await turn.send("reviewer", "one")
        await turn.wait(number)
        result = await turn.wait(number, timeout_ms=0)
        return f"{result['timed_out']} {result['results'][0]['answer']}"

    runtime.scripts["operator"] = script
    assert (await prompt(desk, operator, "go")).answer == "False reviewer answers one"


@pytest.mark.row("S0-36")
async def test_any_returns_at_the_first_answer_and_all_when_all_are_in(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    gate = Gate()
    runtime.scripts["tester"] = gate

    async def script(turn: Scripted) -> str:
        numbers = [await turn.send(handle, "question") for handle in ("tester", "reviewer")]
        any_of = [each["state"] for each in (await turn.wait(*numbers, mode="any"))["results"]]
        gate.open.set()
        all_of = [each["state"] for each in (await turn.wait(*numbers, mode="all"))["results"]]
        return f"{any_of} {all_of}"

    runtime.scripts["operator"] = script
    answer = (await prompt(desk, operator, "go")).answer
    assert answer in ("['running', 'answered'] ['answered', 'answered']", "['queued', 'answered'] ['answered', 'answered']")


# --- 3.2 early returns ------------------------------------------------------------------------------------------------------------------------


async def test_a_child_that_needs_the_user_ends_the_wait_and_a_second_wait_goes_on(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    results: list[dict[str, Any]] = []

    async def child(turn: Scripted) -> str:
        await turn.call("shell", command="touch x")
        return "done"

    async def script(turn: Scripted) -> str:
        number = await turn.send("reviewer", "question")
        results.append(await turn.wait(number))
        results.append(await turn.wait(number))
        return "done"

    runtime.scripts |= {"operator": script, "reviewer": child}
    sent = await desk.do(Send(operator.id, "go"))
    await until(desk, lambda: len(results) == 1 and desk.waits())
    (approval,) = desk.approvals()
    await desk.do(Decide(approval.id, False))
    await final(desk, sent.id)
    first, second = results
    assert (first["reason"], first["timed_out"]) == ("needs_human", False)
    assert first["results"][0]["state"] == "running"
    assert first["results"][0]["needs_human"].startswith(approval.id)
    assert (second["reason"], second["results"][0]["answer"]) == (None, "done")


async def test_a_held_message_ends_the_wait(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    results: list[dict[str, Any]] = []
    runtime.scripts["operator"] = waiting(results)
    await desk.ledger.run(lambda tx: tx.connection.exec_driver_sql("UPDATE attachment SET held_reason = 'a budget tripped'") and None)
    await prompt(desk, operator, "go")
    assert results[0]["reason"] == "needs_human"
    assert (results[0]["results"][0]["state"], results[0]["results"][0]["reason"]) == ("held", "a budget tripped")


async def test_a_child_that_the_user_stopped_ends_the_wait(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    results: list[dict[str, Any]] = []
    runtime.scripts["operator"] = waiting(results)
    await desk.do(Interrupt(children["reviewer"].id))
    await prompt(desk, operator, "go")
    assert results[0]["reason"] == "needs_human"
    assert "stopped by the user" in results[0]["results"][0]["needs_human"]


async def test_an_awaited_childs_report_ends_the_wait_and_is_in_its_result(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    results: list[dict[str, Any]] = []
    reported: list[int] = []

    async def child(turn: Scripted) -> str:
        reported.append((await turn.tool("report", message="halfway"))["message_id"])
        await until(desk, lambda: desk.message(reported[0]).final)
        return "done"

    async def script(turn: Scripted) -> str:
        number = await turn.send("reviewer", "question")
        results.append(await turn.wait(number))
        results.append(await turn.wait(number))
        return "done"

    runtime.scripts |= {"operator": script, "reviewer": child}
    await prompt(desk, operator, "go")
    assert (results[0]["reason"], results[0]["results"][0]["report"], results[0]["results"][0]["state"]) == ("report", "halfway", "running")
    assert (results[1]["results"][0]["answer"], results[1]["results"][0]["report"]) == ("done", None)
    assert desk.message(reported[0]).state == "delivered"
    await at_rest(desk)
    assert runtime.bodies("operator") == ["go"]


async def test_a_report_of_somebody_who_is_not_awaited_stays_queued(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    results: list[dict[str, Any]] = []
    gate = Gate()

    async def other(turn: Scripted) -> str:
        return str((await turn.tool("report", message="by the way"))["message_id"])

    runtime.scripts |= {"operator": waiting(results), "reviewer": gate, "tester": other}
    sent = await desk.do(Send(operator.id, "go"))
    await until(desk, desk.waits)
    number = int((await prompt(desk, children["tester"], "look")).answer or "")
    assert desk.message(number).state == "queued"
    gate.open.set()
    await final(desk, sent.id, number)
    assert (results[0]["reason"], results[0]["results"][0]["report"]) == (None, None)


@pytest.mark.parametrize("delivery", ["after_turn", "next_step"])
async def test_a_prompt_or_a_steer_of_the_user_ends_the_wait(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView], delivery: Any
) -> None:
    results: list[dict[str, Any]] = []
    gate = Gate()
    runtime.scripts |= {"operator": waiting(results), "reviewer": gate}
    sent = await desk.do(Send(operator.id, "go"))
    await until(desk, desk.waits)
    runtime.scripts["operator"] = runtime.default
    mine = await desk.do(Send(operator.id, "stop waiting", delivery=delivery))
    await final(desk, sent.id, mine.id)
    assert (results[0]["reason"], results[0]["timed_out"]) == ("interrupted_by_user", False)
    gate.open.set()


async def test_a_prompt_that_was_queued_before_the_wait_does_not_end_it(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    results: list[dict[str, Any]] = []

    async def script(turn: Scripted) -> str:
        if turn.body == "go":
            await desk.do(Send(operator.id, "next"))
            number = await turn.send("reviewer", "question")
            results.append(await turn.wait(number))
        return "done"

    runtime.scripts["operator"] = script
    await prompt(desk, operator, "go")
    assert results[0]["results"][0]["state"] == "answered"


async def test_a_removed_question_ends_the_wait_and_says_so(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    results: list[dict[str, Any]] = []
    gate = Gate()
    runtime.scripts |= {"operator": waiting(results), "reviewer": gate}
    await desk.do(Send(children["reviewer"].id, "busy"))
    await gate.began.wait()
    sent = await desk.do(Send(operator.id, "go"))
    await until(desk, desk.waits)
    (queued,) = desk.queue(children["reviewer"].id)
    await desk.do(Remove(queued.id))
    await final(desk, sent.id)
    one = results[0]["results"][0]
    assert (one["state"], one["reason"], one["answer"]) == ("cancelled", "removed by the user", None)
    gate.open.set()


async def test_an_interrupted_wait_leaves_no_wait_behind(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    gate = Gate()
    runtime.scripts |= {"operator": waiting([]), "reviewer": gate}
    sent = await desk.do(Send(operator.id, "go"))
    await until(desk, desk.waits)
    assert desk.thread(operator.id).status == "waiting"
    await desk.do(Interrupt(operator.id))
    await final(desk, sent.id)
    assert desk.waits() == []
    assert desk.thread(operator.id).status == "idle"
    gate.open.set()


# --- 3.4 deadlocks ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize("mode", ["any", "all"])
async def test_of_a_ring_of_waits_made_at_once_exactly_one_is_refused_and_nobody_times_out(
    place: Place, runtime: ScriptedRuntime, desk: Desk, size: int, mode: str
) -> None:
    (place.home / "config.toml").write_text("[agents]\nmax_attach_depth = 10\n")
    handles = [f"s{n}" for n in range(size)]
    threads = [await place.session(desk, handle) for handle in (*handles, "leaf")]
    closed, asked, last_runs = asyncio.Event(), asyncio.Barrier(size), asyncio.Event()
    results: list[dict[str, Any]] = []

    async def script(turn: Scripted) -> str:
        if turn.body not in ("go", "on"):
            return "the end"  # the question that closes the ring, or the wake of the one that was refused
        here = handles.index(turn.handle)
        if here == size - 1:
            last_runs.set()
            await closed.wait()
            number = await turn.send(handles[0], "close the ring")
        else:
            number = await turn.send(handles[here + 1], "on")
        await asked.wait()
        results.append(await turn.wait(number, mode=mode, timeout_ms=int(PATIENCE * 1000)))
        return "done"

    runtime.scripts |= dict.fromkeys(handles, script)
    for parent, child in itertools.pairwise(threads):
        await desk.do(Attach(child.id, parent.id))
    sent = await desk.do(Send(threads[0].id, "go"))
    await last_runs.wait()
    await desk.do(Detach(threads[1].id))
    await desk.do(Attach(threads[0].id, threads[size - 1].id))
    closed.set()
    await final(desk, sent.id)
    await at_rest(desk)
    refusals = [result for result in results if "error" in result]
    assert [result["error"]["code"] for result in refusals] == ["would_deadlock"]
    assert refusals[0]["error"]["message"].count(" → ") == size
    assert len(results) == size
    assert not any(result.get("timed_out") for result in results)
    refused = [thread for thread in threads if "wait_refused" in kinds(desk, thread)]
    assert len(refused) == 1
    assert any("this wait could never end" in line for line in lines(desk, refused[0]))


async def test_an_agent_waits_only_in_its_own_name(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    from codex_desk.engine.errors import Refusal
    from codex_desk.engine.waiting import StartWait

    with pytest.raises(Refusal) as caught:
        await desk.do(StartWait(operator.id, (1,), "any", 1), agent(children["reviewer"]))
    assert caught.value.code == "no_edge"


async def test_resuming_lets_what_was_held_run(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    runtime.scripts["operator"] = waiting([])
    await desk.ledger.run(lambda tx: tx.connection.exec_driver_sql("UPDATE attachment SET held_reason = 'a budget tripped'") and None)
    number = int((await prompt(desk, operator, "go")).answer or "")
    runtime.scripts["operator"] = runtime.default
    await desk.do(Resume(children["reviewer"].id))
    assert (await final(desk, number))[0].answer == "reviewer answers question"
