"""Agents that Codex spawned, in all the spellings that it had."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codex_desk.rollouts import agents
from codex_desk.rollouts.agents import SEALED, Status
from codex_desk.rollouts.shapes import Draft, Spawn
from tests.rollouts.samples import event, items, line, meta, parsed, response, rollout, sample

PARENT, CHILD = "01a1f7f9-6105-71b1-b7e0-de050e59c801", "01a1f7f9-6151-7bc2-a7d8-16a9092ff00d"


def call(name: str, call_id: str = "c1", **arguments: Any) -> bytes:
    return response("function_call", name=name, call_id=call_id, arguments=json.dumps(arguments))


def output(text: object, call_id: str = "c1") -> bytes:
    return response("function_call_output", call_id=call_id, output=text if isinstance(text, str) else json.dumps(text))


def notified(status: object, key: str = "agent_id", agent: str = CHILD) -> bytes:
    text = f"<subagent_notification>\n{json.dumps({key: agent, 'status': status})}\n</subagent_notification>"
    return response("message", role="user", content=[{"type": "input_text", "text": text}])


def read(*lines: bytes) -> list[Draft]:
    return items(rollout(meta(PARENT), *lines))


SPAWN = (call("spawn_agent", message="look"), output({"agent_id": CHILD, "nickname": "Volta"}))


@pytest.mark.row("S2-02")
@pytest.mark.row("S2-03")
@pytest.mark.parametrize(
    ("folder", "thread", "agents_made"),
    [
        ("0.98.0/spawn_wait_close", "dc7b-7e40", ["01a1f901-eaff-79b0-b2f3-6c53ca84528f"]),
        ("0.115.0/spawn_wait_close", "e339-78f3", ["01a1f7f8-e389-77a2-b89f-9ba0d83d0a4d"]),
        ("0.169.0/v1_spawn_wait", "ec7f-79a2", ["01a1f7d9-ecf8-7ed0-9472-c6a5a276e9ad"]),
        ("0.169.0/legacy_v1", "a976-7e31", ["01a1f7e3-a9f4-73b1-9631-bbcfc6f86be9", "01a1f7e3-aa4b-7812-9f83-6f4823fde1a4"]),
        ("0.169.0/v2_spawn2_wait", "f296-7771", ["01a1f7da-f31e-79e3-b194-e9e93af73a7d", "01a1f7da-f3b1-7012-933e-07997e1ef8b3"]),
    ],
)
def test_the_agent_that_a_call_spawned_is_read_from_what_came_of_it(folder: str, thread: str, agents_made: list[str]) -> None:
    chunk = parsed(sample(folder, thread))
    assert [item.data["agent_id"] for item in chunk.items if item.data.get("tool") == "spawn_agent"] == agents_made
    assert [spawn.agent_id for spawn in chunk.spawns.values()] == agents_made


@pytest.mark.row("S2-03")
@pytest.mark.parametrize("text", [{"agent_id": CHILD}, {"agent_id": CHILD, "nickname": "Volta"}, f"agent_id: {CHILD}"])
def test_every_form_of_a_spawns_output_gives_the_agent(text: object) -> None:
    assert agents.spawned_of(text if isinstance(text, str) else json.dumps(text)).agent_id == CHILD


def test_a_spawn_that_failed_says_why() -> None:
    [item] = read(call("spawn_agent", message="look"), output("collab spawn failed: agent thread limit reached"))
    assert (item.data["agent_status"], item.data["ok"]) == ("failed", False)
    assert "limit reached" in item.data["result"]


@pytest.mark.row("S2-10")
@pytest.mark.row("S2-11")
@pytest.mark.row("S2-18")
@pytest.mark.parametrize("status", [{"completed": "found 3 files"}, {"errored": "no such luck"}])
@pytest.mark.parametrize(
    "wait",
    [
        lambda status: (call("wait", "c2", id=CHILD, timeout_ms=1), output({"status": status, "timed_out": False}, "c2"), notified(status)),
        lambda status: (call("wait", "c2", ids=[CHILD]), output({"status": {CHILD: status}, "timed_out": False}, "c2")),
        lambda status: (call("wait_agent", "c2", targets=[CHILD]), output({"status": {CHILD: status}, "timed_out": False}, "c2")),
        lambda status: (notified(status),),
        lambda status: (notified(status, "agent_path"),),
        lambda status: (event("collab_waiting_end", call_id="c2", sender_thread_id=PARENT, statuses={CHILD: status}),),
        lambda status: (event("collab_waiting_end", call_id="c2", agent_statuses=[{"thread_id": CHILD, "status": status}], statuses={}),),
    ],
    ids=["wait one", "wait ids", "wait_agent", "notification", "notification by path", "event", "event entries"],
)
def test_how_an_agent_ended_is_on_the_call_that_spawned_it(wait: Any, status: dict[str, str]) -> None:
    [(word, text)] = status.items()
    found = read(*SPAWN, *wait(status))
    spawn = found[0]
    assert (spawn.data["agent_status"], spawn.data["result"], spawn.data["ok"]) == (word, text, word == "completed")
    assert not any(item.kind in ("user_message", "notice") for item in found)
    assert not any("{" in str(item.data.get("result", "")) for item in found)


def test_a_wait_says_in_words_what_it_saw() -> None:
    *_, wait = read(*SPAWN, call("wait", "c2", ids=[CHILD]), output({"status": {}, "timed_out": True}, "c2"))
    assert (wait.text, wait.data["result"]) == ("wait Volta", "timed out")


def test_what_is_told_of_an_agent_that_another_thread_spawned_is_kept() -> None:
    [item] = read(notified({"completed": "from elsewhere"}))
    assert item.kind == "notice"
    assert "from elsewhere" in item.text


def test_an_agent_that_is_put_away_keeps_what_it_answered() -> None:
    spawn, *_ = read(
        *SPAWN, notified({"completed": "done"}), call("close_agent", "c2", id=CHILD), output({"status": {"completed": "done"}}, "c2")
    )
    assert (spawn.data["agent_status"], spawn.data["result"], spawn.data["closed"]) == ("completed", "done", True)


def test_an_agent_that_is_stopped_before_it_answered_is_shut_down() -> None:
    spawn, *_ = read(*SPAWN, call("close_agent", "c2", id=CHILD), output({"status": "running"}, "c2"), notified("shutdown"))
    assert (spawn.data["agent_status"], spawn.data["closed"]) == ("shutdown", True)


def test_the_latest_answer_of_an_agent_counts() -> None:
    spawn, out, *_ = read(
        *SPAWN,
        notified({"completed": "one"}),
        call("send_input", "c2", id=CHILD, message="more"),
        output({"submission_id": "1"}, "c2"),
        notified({"completed": "two"}),
    )
    assert spawn.data["result"] == "two"
    assert (out.kind, out.text, out.data["peer"], out.data["peer_id"]) == ("message_out", "more", "Volta", CHILD)


def test_a_v2_agent_is_known_by_its_path_until_its_id_is() -> None:
    chunk = parsed(rollout(meta(PARENT), call("spawn_agent", task_name="scout", message="look"), output({"task_name": "/root/scout"})))
    assert list(chunk.spawns.values()) == [Spawn(None, "/root/scout")]
    mail = response(
        "agent_message",
        author="/root/scout",
        recipient="/root",
        content=[{"type": "input_text", "text": "Message Type: FINAL_ANSWER\nTask name: /root\nSender: /root/scout\nPayload:\nfound it"}],
    )
    [spawn] = read(call("spawn_agent", task_name="scout", message="look"), output({"task_name": "/root/scout"}), mail)
    assert (spawn.data["agent_status"], spawn.data["result"]) == ("completed", "found it")


def test_an_encrypted_task_is_shown_as_sealed_on_both_sides() -> None:
    parent, child = parsed(sample("0.169.0/v2_sealed", "2ee1-7b63")), parsed(sample("0.169.0/v2_sealed", "3342-7612"))
    assert (parent.sealed, child.sealed) == (1, 3)
    for chunk in (parent, child):
        assert [item.text for item in chunk.items if item.data.get("sealed")] == [SEALED] * chunk.sealed
        assert not any("gAAAAABpHbbb" in f"{item.text} {item.data}" for item in chunk.items if item.kind != "user_message")


def test_an_encrypted_task_of_a_spawn_leaves_its_name() -> None:
    secret = "gAAAAABpHb" + "x" * 90
    [item] = read(call("spawn_agent", task_name="scout", message=secret))
    assert item.text == f"spawn_agent scout: {SEALED}"
    assert secret not in str(item.data)


@pytest.mark.parametrize("form", ["line", "text"])
def test_messages_between_agents_in_the_forms_of_the_middle_versions(form: str) -> None:
    mail = {"author": "/root/other", "recipient": "/root", "other_recipients": [], "content": "ready", "trigger_turn": False}
    told = (
        line("inter_agent_communication", mail)
        if form == "line"
        else response("message", role="assistant", content=[{"type": "output_text", "text": json.dumps(mail)}])
    )
    [item] = read(told)
    assert (item.kind, item.text, item.data["peer"]) == ("message_in", "ready", "/root/other")


def test_a_tool_of_the_desk_with_a_name_of_codexs_is_not_codexs() -> None:
    asked = response("function_call", name="spawn_agent", namespace="desk", call_id="c1", arguments='{"role":"scout","task":"look"}')
    [item] = read(asked, output('{"agent":"scout"}'))
    assert item.data["tool"] == "desk.spawn_agent"
    assert "agent_status" not in item.data


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("running", Status("running")),
        ({"completed": None}, Status("completed")),
        ({"errored": "x"}, Status("errored", "x")),
        (7, None),
        ({}, None),
    ],
)
def test_a_status_is_a_word_with_or_without_a_text(value: object, status: Status | None) -> None:
    assert agents.status_of(value) == status
