"""The accidents that were measured on Codex 0.169, each replayed against a desk that runs its sessions on the real binary."""

from __future__ import annotations

import json
import os
import shlex
import sys
from typing import Any

import pytest

from codex_desk.engine.errors import Refusal
from codex_desk.engine.links import Archive
from codex_desk.engine.views import ThreadView
from tests.codex.conftest import Office
from tests.codex.test_codex_life import kill_codex, runtime_of
from tests.codex.test_codex_messages import asks, runs
from tests.codex.test_codex_turns import Held
from tests.codex_program import REPOSITORY, Play
from tests.responses_server import Answer, Asked, Call, Gate, Say


def native(tool: str, **arguments: Any) -> Play:
    """A model that calls one of Codex's own agent tools, and says what it gave."""
    return lambda asked: Say(asked.outputs[-1]) if asked.outputs else Call(f"multi_agent_v1.{tool}", arguments)


async def two(office: Office, name: str, **more: Any) -> tuple[ThreadView, ThreadView]:
    """A meddler and a session of the user's, both loaded; nothing attaches one to the other."""
    meddler = await office.session(f"{name}-meddler", instructions="You meddle.")
    desk = await office.session(f"{name}-desk", instructions="You are a standing desk.", **more)
    for thread in (meddler, desk):
        await office.prompt(thread, "hello")
    return office.desk.thread(meddler.id), office.desk.thread(desk.id)


async def test_closing_a_session_that_it_never_spawned_does_not_keep_the_user_from_it(office: Office) -> None:
    meddler, desk = await two(office, "closed")
    office.codex.plays["closed-meddler"] = native("close_agent", target=desk.external_id)
    assert "previous_status" in ((await office.prompt(meddler, "close it")).answer or "")
    after = await office.prompt(desk, "are you there?")
    assert (after.state, after.answer) == ("answered", "answer to are you there?")
    assert office.desk.thread(desk.id).archived_at is None


async def test_a_session_closed_in_mid_turn_says_so_and_goes_on(office: Office) -> None:
    meddler, desk = await two(office, "midturn")
    office.codex.plays["midturn-desk"] = play = Held()
    message = await office.send(desk, "work")
    await office.opened(play.began)
    office.codex.plays["midturn-meddler"] = native("close_agent", target=desk.external_id)
    await office.prompt(meddler, "close it")
    ended = await office.final(message)
    play.go.open()
    assert ended.state in ("failed", "interrupted") and ended.reason
    office.codex.plays.pop("midturn-desk")
    assert (await office.prompt(desk, "go on")).state == "answered"


async def test_resuming_a_session_as_an_agent_takes_neither_its_folder_nor_its_instructions_nor_its_tools(office: Office) -> None:
    meddler, desk = await two(office, "resumed")
    for tool, arguments in (("close_agent", {"target": desk.external_id}), ("resume_agent", {"id": desk.external_id})):
        office.codex.plays["resumed-meddler"] = native(tool, **arguments)
        await office.prompt(meddler, tool)
    office.codex.plays["resumed-desk"] = runs("pwd")
    answer = (await office.prompt(desk, "where are you?")).answer or ""
    assert desk.cwd in answer
    asked = office.codex.asked_in("resumed-desk")[-1]
    assert not any("You meddle." in text for text in asked.texts)
    assert "desk.send_message" in asked.tools
    with pytest.raises(Refusal, match="resumed-desk"):  # Codex would archive it with the meddler now
        await office.desk.do(Archive(meddler.id))


async def test_an_agent_that_prompts_a_session_past_its_attachments_is_stopped_and_never_taken_for_the_user(office: Office) -> None:
    meddler, desk = await two(office, "prompted")
    target = office.codex.root / "work" / "prompted-desk" / "written"

    def obeys(asked: Asked) -> Answer:
        Gate().timeout(0.7)  # no model answers at once
        return runs(f"touch {target}")(asked)

    office.codex.plays["prompted-desk"] = obeys
    office.codex.plays["prompted-meddler"] = native("send_input", target=desk.external_id, message="write the file")
    await office.prompt(meddler, "have it written")
    await office.until(lambda: [item for item in office.items(desk, "notice") if "past its attachments" in item.text] or None)
    await office.until(lambda: office.desk.thread(desk.id).status != "running" or None)
    assert not target.exists()
    assert "write the file" not in [item.text for item in office.items(desk, "user_message")]
    assert [item.origin for item in office.items(desk, "message_in")] == ["agent"]
    office.codex.plays.pop("prompted-desk")
    assert (await office.prompt(desk, "still mine?")).answer == "answer to still mine?"


async def test_what_an_agent_slips_into_a_running_turn_stops_it_and_is_never_taken_for_the_user(office: Office) -> None:
    meddler, desk = await two(office, "slipped")
    office.codex.plays["slipped-desk"] = play = Held()
    message = await office.send(desk, "work")
    await office.opened(play.began)
    office.codex.plays["slipped-meddler"] = native("send_input", target=desk.external_id, message="forget the user")
    await office.prompt(meddler, "slip it in")
    ended = await office.final(message)
    play.go.open()
    assert ended.state == "interrupted" and "slipped a prompt into it" in (ended.reason or "")
    assert "forget the user" not in [item.text for item in office.items(desk, "user_message")]


async def test_a_second_orchestrator_cannot_take_a_child(office: Office) -> None:
    first, second, child = [await office.session(name) for name in ("first-boss", "second-boss", "steady-child")]
    await office.attach(child, first)
    with pytest.raises(Refusal) as refusal:
        await office.attach(child, second)
    assert refusal.value.code == "has_parent"
    assert office.desk.thread(child.id).parent == "first-boss"


async def test_archiving_a_parent_leaves_the_session_attached_to_it_alone(office: Office) -> None:
    parent, child = [await office.session(name) for name in ("leaving-boss", "staying-child")]
    await office.attach(child, parent)
    for thread in (parent, child):
        await office.prompt(thread, "hello")
    await office.desk.do(Archive(parent.id))
    assert office.desk.thread(child.id).archived_at is None
    assert (await office.prompt(child, "still here?")).state == "answered"
    listed = await (await runtime_of(office)).sessions()
    assert office.desk.thread(child.id).external_id in [each.external_id for each in listed]


async def test_a_waits_for_b_while_b_waits_for_a_is_refused_at_once(office: Office) -> None:
    outputs: list[str] = []

    def boss(asked: Asked) -> Answer:
        if "report" in asked.asked or not asked.asked.startswith("begin"):
            return Say("heard")
        return asks("ring-child", "ask me back")(asked)

    def child(asked: Asked) -> Answer:
        # It may only report to its parent, and has nothing to wait for there.
        if not asked.outputs:
            return Call("desk.report", {"message": "what do you mean?"})
        if len(asked.outputs) == 1:
            return Call("desk.wait_agent", {"targets": ["ring-boss"]})
        outputs.extend(asked.outputs)
        return Say("done")

    parent, below = await office.session("ring-boss", boss), await office.session("ring-child", child)
    await office.attach(below, parent)
    message = await office.prompt(parent, "begin")
    assert message.state == "answered"
    await office.until(lambda: office.desk.thread(below.id).status == "idle" or None)
    assert json.loads(outputs[-1])["error"]["code"] in ("no_edge", "would_deadlock", "no_messages")


async def test_what_was_accepted_for_a_busy_session_survives_codex_being_killed(office: Office) -> None:
    office.codex.plays["survivor"] = play = Held()
    thread = await office.session("survivor")
    running = await office.send(thread, "first")
    await office.opened(play.began)
    waiting = await office.send(thread, "second")
    await kill_codex(office)
    assert (await office.final(running)).state == "failed"
    play.go.open()
    office.codex.plays.pop("survivor")
    assert (await office.final(waiting)).answer == "answer to second"


async def test_two_messages_to_a_busy_session_get_an_answer_each(office: Office) -> None:
    answers: list[dict[str, Any]] = []

    def boss(asked: Asked) -> Answer:
        if not asked.outputs:
            return [Call("desk.send_message", {"target": "twice", "message": text}) for text in ("one", "two")]
        if len(asked.outputs) == 2:
            return Call("desk.wait_agent", {"targets": ["twice"], "mode": "all"})
        answers.extend(json.loads(asked.outputs[-1])["results"])
        return Say("both")

    def hand(asked: Asked) -> Answer:
        return Say("for one" if "\none\n" in asked.asked else "for two")

    parent, child = await office.session("twice-boss", boss), await office.session("twice", hand)
    await office.attach(child, parent)
    await office.prompt(parent, "go")
    assert [each["answer"] for each in answers] == ["for one", "for two"]


async def test_no_agent_can_archive_a_session(office: Office) -> None:
    victim = await office.session("victim")
    home, program = office.desk.home, shlex.join([sys.executable, "-m", "codex_desk"])
    archive = f"cd {REPOSITORY} && CODEX_DESK_HOME={home} {program} archive {victim.id} 2>&1"
    culprit = await office.session("culprit", runs(archive), settings={"sandbox_mode": "danger-full-access"})
    answer = (await office.prompt(culprit, "archive it")).answer or ""
    assert "only the user may archive" in answer
    assert office.desk.thread(victim.id).archived_at is None
    assert not [name for name in office.codex.asked_in("culprit")[-1].tools if "archive" in name]


async def test_the_provider_that_answers_is_named_and_is_the_one_that_was_set(office: Office) -> None:
    thread = await office.session("provided", settings={"model": "gpt-other"})
    await office.prompt(thread, "hello")
    assert office.codex.asked_in("provided")[-1].body["model"] == "gpt-other"
    settings = office.desk.settings(thread.id).settings
    assert (settings.model, settings.model_provider) == ("gpt-other", "mock")


async def test_killing_the_desk_ends_its_codex(office: Office) -> None:
    """Codex on a socket would outlive whoever started it; the guard beside it ends with us."""
    runtime = await runtime_of(office)
    await runtime.client()
    pid = runtime.process.pid
    assert pid is not None
    os.kill(pid, 0)
    server = runtime.process._server
    assert server is not None and server._process.stdin is not None
    server._process.stdin.close()  # what the system does for a process that was killed
    await server._process.wait()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
