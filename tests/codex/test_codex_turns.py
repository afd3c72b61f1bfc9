"""Turns on the real Codex: prompts, steers, interrupts, failures."""

from __future__ import annotations

import pytest

from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import Live
from codex_desk.engine.mailbox import Remove
from codex_desk.engine.turns import Compact, Interrupt, Resume
from tests.codex.conftest import Office
from tests.responses_server import Answer, Asked, Call, Gate, Refuse, Say, Think


class Held:
    """A play whose first step is a command, and whose second waits until the test lets it go."""

    def __init__(self) -> None:
        self.began, self.go = Gate(), Gate()

    def __call__(self, asked: Asked) -> Answer:
        if not asked.outputs:
            return Call("exec_command", {"cmd": "echo looked"})
        self.began.open()
        self.go.wait()
        return Call("exec_command", {"cmd": "echo again"}) if len(asked.outputs) == 1 else Say(f"done after {asked.text[-40:]!r}")


async def test_a_prompt_runs_as_a_turn_of_codex_and_its_answer_is_on_the_message(office: Office) -> None:
    thread = await office.session("greeter")
    message = await office.prompt(thread, "good day")
    assert (message.state, message.answer) == ("answered", "answer to good day")
    assert office.desk.thread(thread.id).external_id is not None
    again = await office.prompt(thread, "and again")
    assert again.answer == "answer to and again"
    assert [text for text in office.codex.asked_in("greeter")[-1].texts if "good day" in text]


async def test_what_a_turn_does_becomes_items(office: Office) -> None:
    def play(asked: Asked) -> Answer:
        if not asked.outputs:
            return [Think("what is here?"), Say("I look."), Call("exec_command", {"cmd": "echo one; sleep 0.3; echo two"})]
        if len(asked.outputs) == 1:
            return Call(
                "exec_command", {"cmd": "apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch\nEOF\n"}
            )
        return Say("done", pieces=3)

    thread = await office.session("worker", play)
    deltas: list[Live] = []
    office.desk.hub.add(listener := lambda event: deltas.append(event) if isinstance(event, Live) else None)
    message = await office.prompt(thread, "work")
    office.desk.hub.remove(listener)
    kinds = [item.kind for item in office.items(thread) if item.kind != "notice"]
    assert kinds == ["user_message", "reasoning", "agent_message", "command", "file_change", "agent_message"]
    [command] = office.items(thread, "command")
    assert command.text == "echo one; sleep 0.3; echo two" and command.data["exit_code"] == 0 and "one\ntwo" in command.data["output"]
    [change] = office.items(thread, "file_change")
    assert change.data["ok"] and change.data["changes"][0]["diff"].endswith("+hello\n")
    row = office.desk.row("SELECT input_tokens, output_tokens FROM turn WHERE id = ?", (message.turn_id,))
    assert row is not None and (row[0], row[1]) == (300, 30)
    last = office.items(thread, "agent_message")[-1]
    assert "".join(live.delta.text for live in deltas if live.delta.key == last.data["key"]) == "done"
    assert any(live.delta.kind == "output" and "two" in live.delta.text for live in deltas)


async def test_what_the_user_ran_by_hand_is_told_to_the_next_turn_alone_and_before_the_prompt(office: Office) -> None:
    thread = await office.session("handy")
    await office.prompt(thread, "good day")
    await office.desk.shell(thread.id, "echo seven of nine")
    await office.until(lambda: True if office.desk.shell_of(thread.id) is None else None)
    assert (await office.prompt(thread, "and now?")).answer == "answer to and now?"
    await office.prompt(thread, "and then?")
    for asked in office.codex.asked_in("handy")[1:]:
        [told] = [place for place, text in enumerate(asked.texts) if "seven of nine" in text]
        assert asked.texts[told + 1] == "and now?"
    assert [item.text for item in office.items(thread, "user_message")] == ["good day", "and now?", "and then?"]


async def test_prompts_to_a_busy_session_wait_and_each_gets_a_turn_of_its_own(office: Office) -> None:
    play = Held()
    thread = await office.session("busy", play)
    first = await office.send(thread, "first")
    second, third = await office.send(thread, "second"), await office.send(thread, "third")
    play.go.open()
    answers = [(await office.final(message)).answer for message in (first, second, third)]
    assert [answer is not None for answer in answers] == [True, True, True]
    turns = {asked.asked for asked in office.codex.asked_in("busy")}
    assert turns == {"first", "second", "third"}


async def test_a_steer_enters_the_running_turn_and_cannot_be_changed_any_more(office: Office) -> None:
    play = Held()
    thread = await office.session("steered", play)
    message = await office.send(thread, "go on")
    await office.opened(play.began)
    steer = await office.send(thread, "look at the tests too", delivery="next_step")
    await office.until(lambda: office.desk.row("SELECT 1 FROM message WHERE id = ? AND turn_id IS NOT NULL", (steer.id,)))
    with pytest.raises(Refusal, match="handed to the running turn"):
        await office.desk.do(Remove(steer.id))
    play.go.open()
    assert (await office.final(steer)).state == "delivered"
    assert (await office.final(message)).state == "answered"
    assert "look at the tests too" in office.codex.asked_in("steered")[-1].texts
    steered = [item for item in office.items(thread, "user_message") if item.data.get("steer")]
    assert [item.text for item in steered] == ["look at the tests too"]


async def test_a_steer_that_comes_too_late_waits_for_a_turn_of_its_own(office: Office) -> None:
    gate, began = Gate(), Gate()

    def play(asked: Asked) -> Answer:
        if asked.asked == "late":
            return Say("the second")
        began.open()
        gate.wait()
        return Say("the first")

    thread = await office.session("late", play)
    message = await office.send(thread, "early")
    await office.opened(began)
    gate.open()
    await office.until(lambda: office.items(thread, "agent_message") or None)
    steer = await office.send(thread, "late", delivery="next_step")
    assert (await office.final(message)).answer == "the first"
    assert ((await office.final(steer)).state, office.desk.message(steer.id).answer) == ("answered", "the second")


async def test_interrupting_keeps_what_was_done_and_what_waits(office: Office) -> None:
    play = Held()
    thread = await office.session("stopped", play)
    message = await office.send(thread, "work")
    waiting = await office.send(thread, "later")
    await office.opened(play.began)
    await office.desk.do(Interrupt(thread.id))
    ended = await office.final(message)
    play.go.open()
    assert (ended.state, ended.reason) == ("interrupted", "by the user")
    assert [item.text for item in office.items(thread, "command")] == ["echo looked"]
    assert office.desk.message(waiting.id).state == "queued"
    await office.desk.do(Resume(thread.id))
    assert (await office.final(waiting)).state == "answered"


async def test_a_failing_model_is_an_error_to_see_and_the_session_goes_on(office: Office) -> None:
    answers = iter([Refuse(401, "bad key"), Refuse(500, "on fire")])
    thread = await office.session("failing", lambda asked: next(answers, Say("well again")))
    first = await office.prompt(thread, "one")
    assert first.state == "failed" and "codex login" in (first.reason or "")
    second = await office.prompt(thread, "two")
    assert second.state == "failed" and office.desk.thread(thread.id).status == "error"
    assert (await office.prompt(thread, "three")).answer == "well again"


async def test_compacting_is_codexs_own(office: Office) -> None:
    thread = await office.session("long")
    await office.prompt(thread, "remember this")
    message = await office.desk.do(Compact(thread.id))
    assert (await office.final(message)).state == "answered"
    assert office.items(thread, "compaction")
    assert (await office.prompt(thread, "and now")).state == "answered"
