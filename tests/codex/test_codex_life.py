"""What happens to sessions on the real Codex beside their turns: crashes, subagents, names, archiving, other programs."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from codex_desk.engine.approvals import Decide
from codex_desk.engine.errors import Refusal
from codex_desk.engine.links import Archive, Detach, Unarchive
from codex_desk.engine.sessions import Fork, Rename
from codex_desk.runtimes.codex.client import Client
from codex_desk.runtimes.codex.runtime import CodexRuntime
from codex_desk.runtimes.codex.standing import TYPE
from tests.codex.conftest import Office
from tests.codex.test_codex_messages import asks, pending
from tests.codex.test_codex_turns import Held
from tests.codex_program import Play
from tests.responses_server import Answer, Asked, Call, Gate, Say

T = TypeVar("T")


async def runtime_of(office: Office) -> CodexRuntime:
    runtime = await office.desk.elsewhere.runtime()
    assert isinstance(runtime, CodexRuntime)
    return runtime


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def client_of(office: Office) -> Client:
    return await (await runtime_of(office)).client()


async def kill_codex(office: Office) -> None:
    pid = (await runtime_of(office)).process.pid
    assert pid is not None
    os.killpg(pid, signal.SIGKILL)


async def test_codex_killed_in_mid_turn_is_said_what_was_done_is_kept_and_the_next_prompt_starts_it_again(office: Office) -> None:
    play = Held()
    thread = await office.session("killed", play)
    message = await office.send(thread, "work")
    await office.opened(play.began)
    await kill_codex(office)
    ended = await office.final(message)
    play.go.open()
    assert ended.state == "failed" and "Codex gave this turn up in the middle (signal SIGKILL)" in (ended.reason or "")
    assert [item.text for item in office.items(thread, "command")] == ["echo looked"]
    assert len(office.items(thread, "user_message")) == 1
    office.codex.plays.pop("killed")
    assert (await office.prompt(thread, "and now?")).answer == "answer to and now?"
    assert [item.text for item in office.items(thread, "user_message")] == ["work", "and now?"]


def spawns(task: str, *, wait: bool = True) -> Play:
    def play(asked: Asked) -> Answer:
        if asked.headers.get("x-openai-subagent"):
            if not asked.outputs and "escalate" in asked.asked:
                return Call(
                    "exec_command", {"cmd": "echo free", "sandbox_permissions": "require_escalated", "justification": "the child has to"}
                )
            return Say(f"child did {asked.asked}")
        made = [json.loads(text)["agent_id"] for text in asked.texts if text.startswith('{"agent_id"')]
        if "<subagent_notification>" in asked.text:
            return Say("parent done")
        if not made:
            return Call("multi_agent_v1.spawn_agent", {"message": task})
        if wait and len(asked.outputs) == 1:
            return Call("multi_agent_v1.wait_agent", {"targets": made, "timeout_ms": 20_000})
        return Say("parent done")

    return play


async def test_codexs_own_subagent_stands_under_its_thread_with_its_task_and_its_answer(office: Office) -> None:
    parent = await office.session("spawner", spawns("count the files"))
    assert (await office.prompt(parent, "delegate")).answer == "parent done"
    [child] = office.desk.children(parent.id)
    assert (child.kind, child.relation, child.status, child.parent) == ("subagent", "spawned", "finished", "spawner")
    kinds = {item.kind: item.text for item in office.items(child)}
    assert (kinds["message_in"], kinds["agent_message"]) == ("count the files", "child did count the files")
    calls = office.items(parent, "tool_call")
    assert [call.text for call in calls] == ["spawn_agent", "wait_agent"]
    assert calls[0].data["subagent_thread_id"] == child.id
    assert [event.kind for event in office.desk.audit(child.id)] == ["spawned", "sent", "answered"]
    row = office.desk.row("SELECT settings FROM thread WHERE id = ?", (child.id,))
    assert row is not None and json.loads(row["settings"])["model_provider"] == "mock"  # what answers, whatever a role's file asks for


async def test_a_subagents_approval_comes_to_the_inbox_with_the_chain(office: Office) -> None:
    parent = await office.session("asker", spawns("escalate now"))
    message = await office.send(parent, "delegate")
    child = await office.until(lambda: next(iter(office.desk.children(parent.id)), None))
    asked = await pending(office, child)
    assert asked.id.startswith("sub-asker-") and asked.chain == ("human", "asker", child.handle)
    await office.desk.do(Decide(asked.id, True))
    assert (await office.final(message)).state == "answered"


async def test_its_own_agent_tools_can_be_switched_off(office: Office) -> None:
    thread = await office.session("alone", settings={"agents.enabled": False})
    await office.prompt(thread, "hello")
    tools = office.codex.asked_in("alone")[-1].tools
    assert not [name for name in tools if "agent" in name and not name.startswith("desk.")]
    assert "desk.send_message" in tools


async def test_an_attachment_can_be_seen_by_codexs_other_clients(office: Office) -> None:
    boss, hand = await office.session("seen-boss"), await office.session("seen-hand")
    for thread in (boss, hand):
        await office.prompt(thread, "hello")
    client, external_id = await client_of(office), office.desk.thread(hand.id).external_id

    async def mirrored() -> list[dict[str, Any]]:
        return [
            each
            for each in (await client.call("thread/attachment/list", {"threadId": external_id}))["data"]
            if each["attachmentType"] == TYPE
        ]

    await office.attach(hand, boss)
    await eventually(mirrored, lambda found: [each["payload"]["parent"] for each in found] == ["seen-boss"])
    await office.desk.do(Detach(hand.id))
    await eventually(mirrored, lambda found: found == [])


async def eventually(look: Callable[[], Awaitable[T]], holds: Callable[[T], bool]) -> None:
    """Look again until it holds: Codex tells nobody when somebody else's write is done."""
    async with asyncio.timeout(20):
        while not holds(await look()):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.05)


async def test_names_go_both_ways(office: Office) -> None:
    thread = await office.session("old-name")
    await office.prompt(thread, "hello")
    client, external_id = await client_of(office), office.desk.thread(thread.id).external_id
    await office.desk.do(Rename(thread.id, "new-name"))

    async def name() -> str:
        return (await client.call("thread/read", {"threadId": external_id}))["thread"]["name"]

    await eventually(name, lambda found: found == "new-name")
    await client.call("thread/name/set", {"threadId": external_id, "name": "Named Elsewhere"})
    await office.until(lambda: office.desk.thread(thread.id).title == "Named Elsewhere" or None)


async def test_archiving_is_done_in_codex_too_and_back(office: Office) -> None:
    thread = await office.session("put-away")
    await office.prompt(thread, "hello")
    client, external_id = await client_of(office), office.desk.thread(thread.id).external_id

    async def listed(archived: bool) -> bool:
        found = await client.call("thread/list", {"archived": archived, "modelProviders": [], "limit": 100})
        return external_id in [each["id"] for each in found["data"]]

    await office.desk.do(Archive(thread.id))
    assert (await listed(True), await listed(False)) == (True, False)
    await office.desk.do(Unarchive(thread.id))
    assert (await listed(True), await listed(False)) == (False, True)
    assert (await office.prompt(thread, "still there?")).answer == "answer to still there?"


async def test_archiving_is_refused_while_a_session_of_the_desk_was_spawned_below(office: Office) -> None:
    parent = await office.session("matriarch", spawns("be born"))
    await office.prompt(parent, "delegate")
    [child] = office.desk.children(parent.id)
    assert await office.desk.archived_with(parent.id) == ["be born"]
    # As Codex's own resume_agent does it: a session of the user's becomes somebody's spawned child.
    await office.desk.ledger.run(lambda tx: tx.update(tx.thread(child.id), kind="session", spawned_by=None) and None)
    with pytest.raises(Refusal, match=str(child.handle)) as refusal:
        await office.desk.do(Archive(parent.id))
    assert refusal.value.code == "spawned_on_desk"
    assert office.desk.thread(parent.id).archived_at is None


async def test_a_turn_of_another_program_on_the_same_server_shows_here(office: Office) -> None:
    gate = Gate()
    thread = await office.session("joined")
    await office.prompt(thread, "hello")

    def holds(asked: Asked) -> Answer:
        if asked.asked == "from over there":
            gate.wait()
        return Say(f"answer to {asked.asked}")

    office.codex.plays["joined"] = holds
    client, external_id = await client_of(office), office.desk.thread(thread.id).external_id
    await client.call("turn/start", {"threadId": external_id, "input": [{"type": "text", "text": "from over there"}]})
    await office.until(lambda: office.desk.thread(thread.id).status == "running" or None)
    mine = await office.send(thread, "from here")
    gate.open()
    assert (await office.final(mine)).answer == "answer to from here"
    assert [item.text for item in office.items(thread, "user_message")] == ["hello", "from over there", "from here"]
    assert [item.text for item in office.items(thread, "agent_message")][1:] == ["answer to from over there", "answer to from here"]


async def test_a_turn_of_another_program_has_the_desks_tools(office: Office) -> None:
    thread = await office.session("typed-into", asks("helper", "what is it?"))
    await office.attach(await office.session("helper"), thread)
    command = await office.desk.beside(thread.id)
    assert command[1:3] == ("resume", "--remote") and command[-1] == office.desk.thread(thread.id).external_id
    assert mode_of(Path(command[3].removeprefix("unix://"))) == 0o600
    client = await client_of(office)
    await client.call("turn/start", {"threadId": command[-1], "input": [{"type": "text", "text": "ask the helper"}]})
    said = await office.until(lambda: office.items(thread, "agent_message") or None)
    assert said[0].text.startswith("heard: answer to Message #")
    assert [item.text for item in office.items(thread, "message_out")] == ["what is it?"]


async def test_a_fork_starts_with_the_history(office: Office) -> None:
    thread = await office.session("original")
    await office.prompt(thread, "the word is cerulean")
    fork = await office.desk.do(Fork(thread.id, "copy"))
    message = await office.prompt(fork, "which word?")
    assert message.state == "answered"
    asked = office.codex.asked_in("original")[-1]
    assert "the word is cerulean" in asked.texts and asked.thread_id == office.desk.thread(fork.id).external_id
