from __future__ import annotations

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Archive
from codex_desk.engine.mailbox import Ask, Edit, Remove, Report, Send
from codex_desk.engine.sessions import Set
from codex_desk.engine.views import ThreadView
from codex_desk.runtimes.base import TurnOutcome
from codex_desk.tools.desk import DESK_TOOLS
from tests.engine.scripted import Gate, Place, Scripted, ScriptedRuntime, agent, at_rest, final, kinds, lines, prompt, refused

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


@pytest.mark.row("S0-04")
@pytest.mark.row("S0-05")
@pytest.mark.row("S0-18")
async def test_an_orchestrator_asks_its_child_and_gets_the_answer(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", "look at this")

    runtime.scripts["operator"] = ask
    assert (await prompt(desk, operator, "go")).answer == "reviewer answers look at this"
    assert runtime.bodies("reviewer") == ["look at this"]


@pytest.mark.row("S0-30")
@pytest.mark.row("S0-32")
async def test_an_operator_has_its_plan_after_the_review_it_asked_for(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def review(turn: Scripted) -> str:
        return "one leak, in store.py"

    async def plan(turn: Scripted) -> str:
        found = await turn.ask("reviewer", "review the diff of store.py")
        await turn.call("update_plan", plan=[{"step": f"fix: {found}", "status": "in_progress"}])
        return "planned"

    runtime.scripts |= {"operator": plan, "reviewer": review}
    await prompt(desk, operator, "go")
    (item,) = [item for item in desk.items(operator.id) if item.kind == "plan"]
    assert item.data["steps"][0]["step"] == "fix: one leak, in store.py"


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


async def test_what_runs_or_has_ended_can_be_neither_edited_nor_removed(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
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


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("no_such_tool", {}),
        ("send_message", {"target": "reviewer"}),
        ("wait_agent", {"targets": []}),
        ("send_message", {"target": 1, "message": "x"}),
    ],
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
        offered[turn.handle] = turn.tools & set(DESK_TOOLS)
        return "looked"

    runtime.default = look
    loner = await place.session(desk, "loner")
    for thread in (operator, reviewer, loner):
        await desk.do(Set(thread.id, "agents.max_threads", "0"))
        await prompt(desk, thread, "look")
    assert offered == {
        "operator": {"list_agents", "send_message", "wait_agent", "interrupt_agent", "close_agent"},
        "reviewer": {"list_agents", "report"},
        "loner": set(),
    }
