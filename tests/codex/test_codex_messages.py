"""What passes between sessions on the real Codex: envelopes, rights, approvals."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from codex_desk.engine.approvals import Decide
from codex_desk.engine.automations import Add
from codex_desk.engine.events import ApprovalChanged
from codex_desk.engine.identity import SYSTEM, By
from codex_desk.engine.journal import Action
from codex_desk.engine.turns import Claim
from codex_desk.engine.views import ApprovalView, ThreadView
from tests.codex.conftest import Office
from tests.codex_program import Play
from tests.responses_server import Answer, Asked, Call, Gate, Refuse, Say

OUTSIDE = "/opt/codex-desk-was-here"


def asks(target: str, text: str) -> Play:
    """A model that sends one message, waits for the answer, and repeats it."""

    def play(asked: Asked) -> Answer:
        if not asked.outputs:
            return Call("desk.send_message", {"target": target, "message": text})
        last = json.loads(asked.outputs[-1])
        if "results" not in last or last["reason"] == "needs_human":
            return Call("desk.wait_agent", {"targets": [target]})
        return Say(f"heard: {last['results'][0]['answer']} {last['results'][0]['reason'] or ''}")

    return play


def runs(command: str, **more: Any) -> Play:
    """A model that runs one command and says what came of it."""
    return lambda asked: Say(asked.outputs[-1]) if asked.outputs else Call("exec_command", {"cmd": command, **more})


def escalates(command: str) -> Play:
    return runs(command, sandbox_permissions="require_escalated", justification="it has to be")


async def pending(office: Office, thread: ThreadView) -> ApprovalView:
    """The approval that a thread asks for."""

    def found() -> ApprovalView | None:
        return next((each for each in office.desk.approvals() if each.thread_id == thread.id), None)

    return await office.desk.hub.until(found, lambda event: isinstance(event, ApprovalChanged), 20)


async def test_an_operator_asks_its_reviewer_and_gets_the_answer(office: Office) -> None:
    operator = await office.session("operator", asks("reviewer", "is the sky blue?"))
    reviewer = await office.session("reviewer", instructions="You are the reviewer.")
    await office.attach(reviewer, operator)
    message = await office.prompt(operator, "ask around")
    assert (message.answer or "").startswith("heard: answer to Message #")
    [asked] = office.codex.asked_in("reviewer")
    assert asked.last["type"] == "function_call_output" and (asked.last["name"], asked.last["namespace"]) == ("message", "desk")
    assert "is the sky blue?" in asked.text and "not from the user" in asked.text
    assert any("You are the reviewer." in text for text in asked.texts)
    assert [item.text for item in office.items(reviewer, "message_in")] == ["is the sky blue?"]
    assert [item.text for item in office.items(operator, "message_out")] == ["is the sky blue?"]
    assert not office.items(reviewer, "user_message")


@pytest.mark.row("S0-29", "S0-43")
async def test_an_automation_prompts_below_the_user_and_with_the_sessions_own_rights(office: Office) -> None:
    operator = await office.session("timed", asks("critic", "is the sky blue?"))
    await office.attach(await office.session("critic"), operator)
    view = await office.desk.add_automation(Add("morning", operator.id, "0 9 * * *", "ask around", "UTC"))
    run = await office.desk.finish((await office.desk.run_automation(view.id)).id)
    assert (run.outcome, run.reason) == ("ran", None)
    asked = office.codex.asked_in("timed")[0]
    assert asked.last["type"] == "function_call_output"
    assert "The automation morning runs now" in asked.text and "ask around" in asked.text
    assert [item.origin for item in office.items(operator, "message_in")] == ["automation"]
    turns = office.desk.rows("SELECT rights FROM turn WHERE thread_id = ? ORDER BY started_at", (operator.id,))
    assert {json.loads(row["rights"])["mode"] for row in turns} == {office.desk.settings(operator.id).settings.sandbox_mode}


async def test_a_question_to_a_session_that_stands_ready_is_queued_together_with_its_turn(office: Office) -> None:
    ask = {"target": "quick", "message": "?"}
    wait = Call("desk.wait_agent", {"targets": ["quick"]})
    steps = [Call("desk.send_message", ask), wait, Call("desk.send_message", ask), wait]
    steps.append(Call("desk.send_message", {**ask, "delivery": "interrupt"}))
    asker = await office.session("asker", lambda asked: [*steps, Say("done")][len(asked.outputs)])
    quick = await office.session("quick")
    await office.attach(quick, asker)
    queued: list[tuple[str, asyncio.Future[Any]]] = []
    behind_a_question: list[bool] = []
    ledger = office.desk.ledger
    submit = ledger.submit

    def watched(action: Action, by: By = SYSTEM) -> asyncio.Future[Any]:
        if isinstance(action, Claim) and action.thread == quick.id:
            behind_a_question.append(bool(queued) and queued[-1][0] == "Ask" and not queued[-1][1].done())
        future = submit(action, by)
        queued.append((type(action).__name__, future))
        return future

    ledger.submit = watched  # type: ignore[method-assign]
    try:
        await office.prompt(asker, "ask")
    finally:
        ledger.submit = submit  # type: ignore[method-assign]
    assert behind_a_question == [False, True, True]  # the first one opened the session; the last question was refused
    assert "no_interrupt" in office.codex.asked_in("asker")[-1].outputs[-1]
    assert len(office.codex.asked_in("quick")) == 2
    assert office.desk.thread(quick.id).status == "idle"


async def test_a_message_runs_with_the_lesser_rights_and_the_own_ones_are_back_before_the_next_prompt(office: Office) -> None:
    boss = await office.session(
        "readonly-boss", asks("hand", "write it"), settings={"sandbox_mode": "read-only", "approval_policy": "never"}
    )
    hand = await office.session("hand", runs("touch written && echo wrote"))
    await office.attach(hand, boss)
    first = await office.prompt(boss, "have it written")
    assert "Read-only file system" in (first.answer or "")
    row = office.desk.row("SELECT rights FROM turn WHERE thread_id = ?", (hand.id,))
    assert row is not None and json.loads(row["rights"]) == {"mode": "read-only", "may_escalate": False, "network": False}
    own = await office.prompt(hand, "write it yourself")
    assert "wrote" in (own.answer or "")


async def test_own_rights_on_the_edge_are_the_targets(office: Office) -> None:
    boss = await office.session("trusted-boss", asks("free-hand", "write it"), settings={"sandbox_mode": "read-only"})
    hand = await office.session("free-hand", runs("touch written && echo wrote"))
    await office.attach(hand, boss, rights="own")
    assert "wrote" in ((await office.prompt(boss, "have it written")).answer or "")


async def test_an_approval_comes_to_the_inbox_with_its_chain_and_a_yes_goes_back(office: Office) -> None:
    boss = await office.session("chain-boss", asks("chain-hand", "do it"))
    hand = await office.session("chain-hand", escalates("echo out of the box"))
    await office.attach(hand, boss)
    message = await office.send(boss, "have it done")
    asked = await pending(office, hand)
    assert (asked.kind, asked.text, asked.why) == ("command", "echo out of the box", "it has to be")
    assert asked.chain == ("human", "chain-boss", "chain-hand")
    await office.desk.do(Decide(asked.id, True))
    assert "out of the box" in ((await office.final(message)).answer or "")


async def test_a_no_is_read_by_the_model_and_the_turn_goes_on(office: Office) -> None:
    thread = await office.session("refused", escalates("echo never"))
    message = await office.send(thread, "try it")
    asked = await pending(office, thread)
    await office.desk.do(Decide(asked.id, False))
    ended = await office.final(message)
    assert ended.state == "answered" and "rejected by user" in (ended.answer or "")


async def test_a_yes_for_the_thread_is_a_grant_of_ours_that_can_be_revoked(office: Office) -> None:
    from codex_desk.engine.approvals import Revoke

    thread = await office.session("granted", escalates("echo granted"))
    message = await office.send(thread, "once")
    await office.desk.do(Decide((await pending(office, thread)).id, True, "thread"))
    await office.final(message)
    assert "granted" in ((await office.prompt(thread, "again")).answer or "")
    [grant] = [each for each in office.desk.grants() if each.thread == "granted"]
    await office.desk.do(Revoke(grant.id))
    message = await office.send(thread, "and again")
    await office.desk.do(Decide((await pending(office, thread)).id, False))
    assert "rejected" in ((await office.final(message)).answer or "")


async def test_a_change_is_asked_for_with_its_whole_diff(office: Office) -> None:
    patch = "apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: new.txt\n+one\n+two\n*** End Patch\nEOF\n"
    thread = await office.session("patched", runs(patch), settings={"sandbox_mode": "read-only"})
    message = await office.send(thread, "patch it")
    asked = await pending(office, thread)
    assert asked.kind == "change" and asked.text.endswith("+one\n+two\n") and "thread" in asked.offers
    await office.desk.do(Decide(asked.id, True))
    await office.final(message)
    assert (office.codex.root / "work" / "patched" / "new.txt").read_text() == "one\ntwo\n"


async def test_interrupting_withdraws_what_was_asked(office: Office) -> None:
    from codex_desk.engine.turns import Interrupt

    thread = await office.session("withdrawn", escalates("echo late"))
    message = await office.send(thread, "try it")
    asked = await pending(office, thread)
    await office.desk.do(Interrupt(thread.id))
    assert (await office.final(message)).state == "interrupted"
    assert office.desk.approval(asked.id).state == "expired"


async def test_an_agents_step_enters_below_the_user(office: Office) -> None:
    began, go = Gate(), Gate()

    def works(asked: Asked) -> Answer:
        if "one thing more" in "".join(asked.texts):
            return Say("with one thing more")
        if not asked.outputs:
            return Call("exec_command", {"cmd": "echo step"})
        began.open()
        go.wait()
        return Call("exec_command", {"cmd": "echo step again"}) if len(asked.outputs) == 1 else Say("done alone")

    def adds(asked: Asked) -> Answer:
        match asked.outputs:
            case []:
                return Call("desk.send_message", {"target": "stepper", "message": "work"})
            case [_]:
                began.wait()
                return Call("desk.send_message", {"target": "stepper", "message": "one thing more", "delivery": "next_step"})
            case _:
                go.open()
                return Say(asked.outputs[-1])

    boss = await office.session("step-boss", adds)
    hand = await office.session("stepper", works)
    await office.attach(hand, boss)
    said = json.loads((await office.prompt(boss, "go")).answer or "")
    assert (await office.final(said["message_id"])).state == "delivered"
    await office.until(lambda: office.desk.thread(hand.id).status == "idle" or None)
    last = office.codex.asked_in("stepper")[-1]
    [step] = [item for item in last.input if "one thing more" in json.dumps(item)]
    assert step["type"] == "function_call_output"


async def test_where_the_endpoint_refuses_a_tool_output_the_envelope_enters_as_input_and_the_turn_is_read_only(office: Office) -> None:
    def picky(asked: Asked) -> Answer:
        if any(item.get("type") == "function_call_output" and not item.get("call_id") for item in asked.input):
            return Refuse(400, "Missing required parameter: input[2].call_id")
        return runs("touch written && echo wrote")(asked)

    boss = await office.session("picky-boss", asks("picky", "write it"))
    hand = await office.session("picky", picky)
    await office.attach(hand, boss)
    answer = (await office.prompt(boss, "have it written")).answer or ""
    assert "Read-only file system" in answer
    told = [item.text for item in office.items(hand, "notice") if "ordinary input" in item.text]
    assert len(told) == 1 and "read-only" in told[0]
    assert "wrote" in ((await office.prompt(hand, "write it yourself")).answer or "")


async def test_a_session_on_codex_delegates_to_a_role_that_runs_here_and_is_told_of_one_that_cannot(office: Office) -> None:
    for name, runtime in (("scout", 'runtime = "offline"\n'), ("plain", "")):
        folder = office.desk.home / "agents" / name
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(f'description = "d"\n{runtime}')

    def play(asked: Asked) -> Answer:
        given = [json.loads(output) for output in asked.outputs]
        match len(given):
            case 0:
                return Call("desk.delegate_agent", {"agent_id": "plain", "prompt": "hello"})
            case 1:
                return Call("desk.delegate_agent", {"agent_id": "scout", "prompt": "run echo found"})
            case 2:
                return Call("desk.delegate_sessions", {"operation": "dismiss", "conversation_id": "scout"})
        refused, run, dismissed = given
        return Say(f"{refused['error']['code']}, {run['status']}: {run['summary']}, {dismissed['dismissed']}")

    lead = await office.session("lead", play)
    answer = (await office.prompt(lead, "delegate it")).answer or ""
    assert answer.startswith("bad_value, completed: ")
    assert "found" in answer and answer.endswith("True")
    assert [item.data["role"] for item in office.items(lead, "message_out")] == ["scout"]
    await office.prompt(lead, "and again?")  # nobody is woken, and the session goes on
