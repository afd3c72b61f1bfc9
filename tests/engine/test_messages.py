from __future__ import annotations

import asyncio

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.errors import Refusal
from codex_desk.engine.links import Archive, Attach, Detach
from codex_desk.engine.mailbox import Ask, Edit, Remove, Report, Send
from codex_desk.engine.sessions import Set
from codex_desk.engine.turns import Resume
from codex_desk.engine.views import ThreadView
from codex_desk.rights import Rights
from codex_desk.runtimes.base import TurnOutcome
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, agent, at_rest, final, kinds, lines, prompt, until


@pytest.fixture
async def operator(place: Place, desk: Desk) -> ThreadView:
    return await place.session(desk, "operator")


@pytest.fixture
async def reviewer(place: Place, desk: Desk, operator: ThreadView) -> ThreadView:
    """Attached to the operator."""
    thread = await place.session(desk, "reviewer")
    await desk.do(Attach(thread.id, operator.id))
    return desk.thread(thread.id)


class Gate:
    """Holds a script back until the test opens it."""

    def __init__(self) -> None:
        self.began, self.open = asyncio.Event(), asyncio.Event()

    async def __call__(self, turn: Scripted) -> str:
        self.began.set()
        await self.open.wait()
        return f"{turn.handle} answers {turn.body}"


async def refused(desk: Desk, action, by=None) -> Refusal:  # type: ignore[no-untyped-def]
    with pytest.raises(Refusal) as caught:
        await desk.do(action, by)
    return caught.value


def stored_rights(desk: Desk, table: str, number: str | int) -> Rights | None:
    import json

    text = desk.rows(f"SELECT rights FROM {table} WHERE id = ?", (number,))[0]["rights"]
    return None if text in (None, "null") else Rights.from_json(json.loads(text))


# --- 2.1: a prompt is a message ---------------------------------------------------------------------------------------------------------------


async def test_a_prompt_is_a_message_from_nobody_with_the_humans_origin(desk: Desk, operator: ThreadView) -> None:
    message = await prompt(desk, operator, "hello")
    assert (message.sender, message.origin, message.state, message.answer) == (None, "human", "answered", "operator answers hello")
    assert [item.kind for item in desk.items(operator.id)] == ["user_message", "agent_message"]


@pytest.mark.row("S1-21")
async def test_only_what_the_user_wrote_is_shown_as_the_user(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", "look at this")

    runtime.scripts["operator"] = ask
    await prompt(desk, operator, "go")
    await prompt(desk, reviewer, "for operator", sender=operator.id)
    users = [(item.text, item.origin) for thread in (operator, reviewer) for item in desk.items(thread.id) if item.kind == "user_message"]
    assert users == [("go", "human")]


@pytest.mark.parametrize("text", ["", "   \n\t "])
async def test_an_empty_message_is_refused(desk: Desk, operator: ThreadView, text: str) -> None:
    assert (await refused(desk, Send(operator.id, text))).code == "bad_value"


async def test_an_unknown_delivery_is_refused(desk: Desk, operator: ThreadView) -> None:
    assert (await refused(desk, Send(operator.id, "x", delivery="now"))).code == "bad_value"  # type: ignore[arg-type]


async def test_an_archived_target_is_refused(desk: Desk, operator: ThreadView) -> None:
    await desk.do(Archive(operator.id))
    assert (await refused(desk, Send(operator.id, "x"))).code == "archived"


async def test_unknown_threads_and_messages_are_refused(desk: Desk, operator: ThreadView) -> None:
    assert (await refused(desk, Send("nobody", "x"))).code == "unknown_thread"
    assert (await refused(desk, Edit(99, "x"))).code == "unknown_message"
    assert (await refused(desk, Remove(99))).code == "unknown_message"


# --- 2.2: along an edge only ------------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S0-04", "S0-05", "S0-18")
async def test_an_orchestrator_asks_its_child_and_gets_the_answer(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", "look at this")

    runtime.scripts["operator"] = ask
    assert (await prompt(desk, operator, "go")).answer == "reviewer answers look at this"
    assert runtime.bodies("reviewer") == ["look at this"]


@pytest.mark.row("S0-38")
async def test_a_question_and_its_answer_stand_in_both_transcripts_and_twice_in_the_audit(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", "look at this")

    runtime.scripts["operator"] = ask
    await prompt(desk, operator, "go")
    for kind in ("sent", "started", "answered", "returned"):
        ends = [row for row in desk.audit() if row.kind == kind and row.peer is not None]
        assert {(row.thread, row.peer) for row in ends} == {("operator", "reviewer"), ("reviewer", "operator")}, kind
        assert len(ends) == 2, kind
    assert "look at this" in lines(desk, operator)
    assert "look at this" in lines(desk, reviewer)


async def test_each_line_knows_the_line_at_the_other_end(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", "look at this")

    runtime.scripts["operator"] = ask
    await prompt(desk, operator, "go")
    crossing = [item for item in desk.items(operator.id) if "peer_id" in item.data and item.data["event"] != "attached"]
    assert len(crossing) == 4
    for item in crossing:
        other = desk.other_end(item.seq)
        assert other is not None
        assert (other.thread_id, other.data["event"], other.data["message"]) == (reviewer.id, item.data["event"], item.data["message"])
        back = desk.other_end(other.seq)
        assert back is not None and back.seq == item.seq


async def test_a_report_goes_up_and_is_a_turn_of_the_parent(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def report(turn: Scripted) -> str:
        return str((await turn.tool("report", message="found a leak"))["message_id"])

    runtime.scripts["reviewer"] = report
    number = int((await prompt(desk, reviewer, "look")).answer or "")
    (message,) = await final(desk, number)
    assert (message.sender, message.to, message.answer) == ("reviewer", "operator", "operator answers found a leak")
    assert "your child" in runtime.inputs["operator"][0].input
    await at_rest(desk)
    assert len(runtime.inputs["reviewer"]) == 1  # the answer to a report wakes nobody


@pytest.mark.row("S0-41")
async def test_nothing_passes_between_sessions_that_are_not_attached(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    tester = await place.session(desk, "tester")
    results: list[dict] = []

    async def try_all(turn: Scripted) -> str:
        for target in ("tester", tester.id, "operator", "nobody"):
            results.append(await turn.tool("send_message", target=target, message="psst"))
        return "tried"

    runtime.scripts["operator"] = try_all
    await prompt(desk, operator, "go")
    assert [result["error"]["code"] for result in results] == ["no_edge"] * 4
    assert (await refused(desk, Send(tester.id, "x", sender=operator.id))).code == "no_edge"
    assert runtime.bodies("tester") == []


async def test_an_agent_writes_only_from_within_a_turn(desk: Desk, operator: ThreadView, reviewer: ThreadView) -> None:
    assert (await refused(desk, Ask(reviewer.id, "x"), agent(operator))).code == "origin_agent"
    assert (await refused(desk, Report(operator.id, "x"), agent(reviewer))).code == "origin_agent"


async def test_an_agent_cannot_write_from_a_turn_that_has_ended(desk: Desk, operator: ThreadView, reviewer: ThreadView) -> None:
    ended = (await prompt(desk, operator, "hello")).turn_id
    assert (await refused(desk, Ask(reviewer.id, "x"), agent(operator, ended))).code == "origin_agent"


async def test_an_agent_cannot_write_from_somebody_elses_turn(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    gate = runtime.scripts["reviewer"] = Gate()
    sent = await desk.do(Send(reviewer.id, "hold"))
    await gate.began.wait()
    assert (await refused(desk, Ask(reviewer.id, "x"), agent(operator, desk.message(sent.id).turn_id))).code == "origin_agent"
    gate.open.set()


# --- 2.3: delivery ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S1-06")
async def test_after_turn_is_a_queue_in_which_one_message_is_one_turn(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
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


# --- 2.4: states ------------------------------------------------------------------------------------------------------------------------------


async def test_a_turn_without_a_last_message_fails_its_message(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    async def silent(turn: Scripted) -> None:
        return None

    runtime.scripts["operator"] = silent
    message = await prompt(desk, operator, "go")
    assert (message.state, message.reason) == ("failed", "no answer")


async def test_a_turn_that_the_model_failed_says_why(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    async def broken(turn: Scripted) -> TurnOutcome:
        return TurnOutcome("failed", reason="the endpoint said 401: put a key in the variable OPENAI_API_KEY")

    runtime.scripts["operator"] = broken
    message = await prompt(desk, operator, "go")
    assert (message.state, message.reason) == ("failed", "the endpoint said 401: put a key in the variable OPENAI_API_KEY")
    assert (desk.thread(operator.id).status, desk.thread(operator.id).reason) == ("error", message.reason)


@pytest.mark.row("S1-02")
async def test_every_turn_has_one_start_and_one_end_on_record(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", turn.body)

    runtime.scripts["operator"] = ask
    for n in range(3):
        await prompt(desk, operator, f"go {n}")
    turns = desk.rows("SELECT id, state, started_at, ended_at FROM turn")
    assert len(turns) == 6
    assert all(turn["state"] == "completed" and turn["ended_at"] >= turn["started_at"] for turn in turns)
    for thread in (operator, reviewer):
        own = [row.kind for row in desk.audit(thread.id) if row.kind in ("started", "answered")]
        assert own.count("started") == own.count("answered") > 0


# --- 2.5: numbers, order, edit, remove --------------------------------------------------------------------------------------------------------


async def test_send_returns_the_number_of_a_message_that_is_already_durable(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    runtime.scripts["operator"] = Gate()
    sent = await desk.do(Send(operator.id, "hello"))
    async with place.open("none") as other:
        assert other.message(sent.id).body == "hello"


async def test_the_user_edits_his_own_prompt_before_it_runs(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    gate = runtime.scripts["operator"] = Gate()
    await desk.do(Send(operator.id, "first"))
    waiting = await desk.do(Send(operator.id, "secnd"))
    await gate.began.wait()
    edited = await desk.do(Edit(waiting.id, "second"))
    assert (edited.body, edited.original) == ("second", "secnd")
    gate.open.set()
    assert (await final(desk, waiting.id))[0].answer == "operator answers second"
    assert "edited" in kinds(desk, operator)


async def test_an_edited_message_of_an_agent_keeps_its_original_and_is_a_line_on_both_sides(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    gate = runtime.scripts["reviewer"] = Gate()
    await desk.do(Send(reviewer.id, "busy"))
    await gate.began.wait()

    async def send(turn: Scripted) -> str:
        return str(await turn.send("reviewer", "delete everything"))

    runtime.scripts["operator"] = send
    number = int((await prompt(desk, operator, "go")).answer or "")
    edited = await desk.do(Edit(number, "delete nothing"))
    assert (edited.body, edited.original, edited.origin) == ("delete nothing", "delete everything", "agent")
    again = await desk.do(Edit(number, "delete nothing at all"))
    assert again.original == "delete everything"
    for thread in (operator, reviewer):
        assert f"#{number} edited by the user: delete nothing" in lines(desk, thread)
        assert kinds(desk, thread).count("edited") == 2
    runtime.scripts["operator"] = runtime.default
    gate.open.set()
    await at_rest(desk)
    assert runtime.bodies("reviewer") == ["busy", "delete nothing at all"]
    assert "not from the user" in runtime.inputs["reviewer"][-1].input


async def test_a_removed_message_is_cancelled_with_a_line_on_both_sides_and_never_runs(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    gate = runtime.scripts["reviewer"] = Gate()
    await desk.do(Send(reviewer.id, "busy"))
    await gate.began.wait()
    waiting = await desk.do(Send(reviewer.id, "from the operator", sender=operator.id))
    removed = await desk.do(Remove(waiting.id))
    assert (removed.state, removed.reason) == ("cancelled", "removed by the user")
    for thread in (operator, reviewer):
        assert any(f"#{waiting.id} cancelled" in line for line in lines(desk, thread))
    gate.open.set()
    await at_rest(desk)
    assert runtime.bodies("reviewer") == ["busy"]


async def test_what_runs_or_has_ended_can_be_neither_edited_nor_removed(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    gate = runtime.scripts["operator"] = Gate()
    sent = await desk.do(Send(operator.id, "go"))
    await gate.began.wait()
    assert (await refused(desk, Edit(sent.id, "x"))).code == "too_late"
    gate.open.set()
    await final(desk, sent.id)
    assert (await refused(desk, Remove(sent.id))).code == "too_late"


# --- 2.6: what the receiver sees --------------------------------------------------------------------------------------------------------------


async def test_an_envelope_is_the_input_and_a_prompt_stands_as_it_was_written(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    body = "line one\n  --- end 0 ---\n«ünïcode» ```py\nprint()\n```"

    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", body)

    runtime.scripts["operator"] = ask
    await prompt(desk, operator, body)
    assert runtime.inputs["operator"][0].input == body
    sealed = runtime.inputs["reviewer"][0].input
    assert body in sealed
    assert sealed.startswith("Message #2 from operator, your parent")


@pytest.mark.row("S0-33")
async def test_what_the_user_writes_for_a_parent_says_so(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    message = await prompt(desk, reviewer, "please look", sender=operator.id)
    assert (message.sender, message.origin) == ("operator", "human")
    assert "the user wrote this for operator" in runtime.inputs["reviewer"][0].input
    assert [item.data["author"] for item in desk.items(reviewer.id) if item.kind == "message_in"] == ["the user for operator"]


async def test_the_user_may_speak_for_a_child_to_its_parent(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    await prompt(desk, operator, "a note", sender=reviewer.id)
    assert "the user wrote this for reviewer, your child" in runtime.inputs["operator"][0].input


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


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [("no_such_tool", {}), ("send_message", {"target": "reviewer"}), ("wait_agent", {"targets": []}), ("send_message", {"target": 1, "message": "x"})],
)
async def test_unknown_tools_and_broken_arguments_are_results(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView, tool: str, arguments: dict
) -> None:
    results: list[dict] = []

    async def call(turn: Scripted) -> str:
        for _ in range(3):
            results.append(await turn.tool(tool, **arguments))
        return "still here"

    runtime.scripts["operator"] = call
    assert (await prompt(desk, operator, "go")).answer == "still here"
    assert {result["error"]["code"] for result in results} == {"unknown_tool" if tool == "no_such_tool" else "bad_arguments"}


async def test_desk_tools_are_offered_only_where_they_can_be_used(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    offered: dict[str, set[str]] = {}

    async def look(turn: Scripted) -> str:
        offered[turn.handle] = turn.tools & {"list_agents", "send_message", "wait_agent", "report", "close_agent"}
        return "looked"

    runtime.default = look
    loner = await place.session(desk, "loner")
    for thread in (operator, reviewer, loner):
        await prompt(desk, thread, "look")
    assert offered == {
        "operator": {"list_agents", "send_message", "wait_agent", "close_agent"},
        "reviewer": {"list_agents", "report"},
        "loner": set(),
    }
