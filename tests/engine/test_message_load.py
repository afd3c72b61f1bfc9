from __future__ import annotations

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Attach
from codex_desk.engine.mailbox import Send
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, at_rest, final, prompt


def in_order(desk: Desk, sender: str, receiver: str) -> bool:
    """Whether the messages of a pair ran in the order in which they were sent."""
    rows = desk.rows("SELECT id FROM message WHERE from_id = ? AND to_id = ? ORDER BY started_at, id", (sender, receiver))
    numbers = [row["id"] for row in rows]
    return numbers == sorted(numbers)


async def test_25_reports_of_each_of_four_children_reach_a_busy_parent_in_order_and_each_gets_its_own_answer(
    place: Place, runtime: ScriptedRuntime, desk: Desk
) -> None:
    numbers: list[int] = []

    async def report(turn: Scripted) -> str:
        for n in range(25):
            result = await turn.tool("report", message=f"{turn.handle}/{n}")
            numbers.append(result["message_id"])
        return "reported"

    operator = await place.session(desk, "operator")
    children = [await place.session(desk, f"child{n}") for n in range(4)]
    for child in children:
        await desk.do(Attach(child.id, operator.id))
        runtime.scripts[child.handle or ""] = report
    prompts = [await desk.do(Send(child.id, "report")) for child in children]
    await final(desk, *(each.id for each in prompts))
    messages = await final(desk, *numbers)
    assert len(messages) == 100
    assert all(message.answer == f"operator answers {message.body}" for message in messages)
    assert sorted(runtime.bodies("operator")) == sorted(f"child{c}/{n}" for c in range(4) for n in range(25))
    assert all(in_order(desk, child.id, operator.id) for child in children)
    assert runtime.most["operator"] == 1
    assert desk.verify_audit().verified


async def test_100_sends_of_a_parent_to_busy_sessions_come_back_each_to_its_question(
    place: Place, runtime: ScriptedRuntime, desk: Desk
) -> None:
    async def ask_much(turn: Scripted) -> str:
        numbers = {await turn.send(f"child{n % 4}", f"question {n}"): n for n in range(100)}
        while True:
            results = (await turn.wait(*numbers, mode="all"))["results"]
            if all(each["state"] == "answered" for each in results):
                break
        wrong = [each for each in results if each["answer"] != f"{each['agent']} answers question {numbers[each['message_id']]}"]
        return f"{len(results)} answers, {len(wrong)} wrong"

    operator = await place.session(desk, "operator")
    children = [await place.session(desk, f"child{n}") for n in range(4)]
    for child in children:
        await desk.do(Attach(child.id, operator.id))
        await desk.do(Send(child.id, "be busy"))
    runtime.scripts["operator"] = ask_much
    assert (await prompt(desk, operator, "go")).answer == "100 answers, 0 wrong"
    assert all(in_order(desk, operator.id, child.id) for child in children)
    assert all(runtime.most[child.handle or ""] == 1 for child in children)


@pytest.mark.row("S0-42")
@pytest.mark.row("S1-01")
@pytest.mark.row("S1-09")
@pytest.mark.row("S1-24")
async def test_fifty_sessions_at_once_lose_and_cross_no_answer(place: Place, runtime: ScriptedRuntime, desk: Desk) -> None:
    sessions = [await place.session(desk, f"s{n}") for n in range(50)]
    sent = [await desk.do(Send(session.id, f"secret of {session.handle} {turn}")) for turn in range(3) for session in sessions]
    messages = await final(desk, *(each.id for each in sent))
    assert all(message.answer == f"{message.to} answers secret of {message.body.split()[-2]} {message.body[-1]}" for message in messages)
    assert all(message.body.startswith(f"secret of {message.to} ") for message in messages)
    await at_rest(desk)
    for session in sessions:
        handle = session.handle or ""
        assert runtime.most[handle] == 1
        assert runtime.bodies(handle) == [f"secret of {handle} {turn}" for turn in range(3)]
        heard = b"".join(runtime.inputs[handle][-1].history).decode()
        assert all(f"secret of {other.handle} " not in heard for other in sessions if other is not session)
    assert desk.verify_audit().verified
