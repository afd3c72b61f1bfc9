"""The accidents that were measured on Codex 0.169 (codex-facts §11), each shown not to happen here; the names are that table's."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.errors import Refusal
from codex_desk.engine.links import Archive, Attach, Detach
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import New, Set
from codex_desk.engine.views import ThreadView
from tests.engine.processes import killed, processes, told
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, agent, final, kinds, lines, prompt
from tests.runtimes.raw_server import chat_stream, raw_server


async def test_close_agent_on_a_top_level_session_that_the_caller_never_spawned_leaves_it_alive(
    desk: Desk, runtime: ScriptedRuntime, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def closes(turn: Scripted) -> str:
        error = (await turn.tool("close_agent", target="reviewer"))["error"]
        assert "simply stop sending" in error["message"]
        return error["code"]

    runtime.scripts["operator"] = closes
    assert (await prompt(desk, operator, "go")).answer == "attached_session"
    assert (await prompt(desk, reviewer, "still there?")).state == "answered"
    assert desk.thread(reviewer.id).parent == "operator"


async def test_taking_up_a_session_keeps_its_folder_its_instructions_and_its_own_tools(
    place: Place, desk: Desk, runtime: ScriptedRuntime, operator: ThreadView
) -> None:
    (place.folder("operator") / "AGENTS.md").write_text("THE OPERATOR'S RULES")
    (place.folder("reviewer") / "AGENTS.md").write_text("THE REVIEWER'S RULES")
    reviewer = await place.session(desk, "reviewer")
    await prompt(desk, reviewer, "before")
    await desk.do(Attach(reviewer.id, operator.id))
    await prompt(desk, reviewer, "after")

    async def asks(turn: Scripted) -> str:
        return await turn.ask("reviewer", "for another")

    runtime.scripts["operator"] = asks
    await prompt(desk, operator, "go")
    before, after, for_another = runtime.inputs["reviewer"]
    assert desk.thread(reviewer.id).cwd == str(place.folder("reviewer"))
    for turn in (after, for_another):
        assert "THE REVIEWER'S RULES" in turn.context
        assert "THE OPERATOR'S RULES" not in turn.context
        assert {tool.name for tool in before.tools} <= {tool.name for tool in turn.tools}


async def test_a_second_orchestrator_gets_the_child_only_when_the_user_moves_it_and_all_three_are_told(
    place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    second = await place.session(desk, "second")
    with pytest.raises(Refusal) as refused:
        await desk.do(Attach(reviewer.id, second.id))
    assert refused.value.code == "has_parent"
    with pytest.raises(Refusal) as refused:
        await desk.do(Attach(reviewer.id, second.id, move=True), agent(second))
    assert refused.value.code == "origin_agent"
    assert desk.thread(reviewer.id).parent == "operator"
    await desk.do(Attach(reviewer.id, second.id, move=True))
    assert ["moved" in kinds(desk, each) for each in (operator, second, reviewer)] == [True, True, True]


async def test_archiving_the_parent_leaves_the_attached_session_alive(desk: Desk, operator: ThreadView, reviewer: ThreadView) -> None:
    await desk.do(Archive(operator.id))
    child = desk.thread(reviewer.id)
    assert (child.status, child.archived_at, child.parent) == ("idle", None, None)
    assert (await prompt(desk, reviewer, "still there?")).state == "answered"


async def test_a_read_only_thread_that_sends_work_to_a_full_access_one_gets_no_file_written(
    place: Place, desk: Desk, runtime: ScriptedRuntime, operator: ThreadView, reviewer: ThreadView
) -> None:
    await desk.do(Set(operator.id, "sandbox_mode", "read-only"))
    await desk.do(Set(operator.id, "approval_policy", "never"))
    await desk.do(Set(reviewer.id, "sandbox_mode", "danger-full-access"))

    async def asks(turn: Scripted) -> str:
        return await turn.ask("reviewer", "write the file")

    async def writes(turn: Scripted) -> str:
        await turn.call("apply_patch", patch="*** Begin Patch\n*** Add File: patched\n+x\n*** End Patch")
        await turn.call("shell", command="touch touched")
        return "tried"

    runtime.scripts |= {"operator": asks, "reviewer": writes}
    await prompt(desk, operator, "go")
    assert names_in(place.folder("reviewer")) == []
    await prompt(desk, reviewer, "the user may")
    assert names_in(place.folder("reviewer")) == ["patched", "touched"]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_waits_for_b_while_b_waits_for_a_is_refused_at_once_with_the_path(
    place: Place, desk: Desk, runtime: ScriptedRuntime, operator: ThreadView, reviewer: ThreadView
) -> None:
    """The user turns the attachment round while both run, so that each has a question to the other."""
    await desk.do(Attach((await place.session(desk, "helper")).id, reviewer.id))
    runs, turned, sent_back = asyncio.Event(), asyncio.Event(), asyncio.Event()
    results: list[dict[str, Any]] = []

    async def asks(turn: Scripted) -> str:
        number = await turn.send("reviewer", "look")
        await sent_back.wait()
        results.append(await turn.wait(number))
        return "went on"

    async def asks_back(turn: Scripted) -> str:
        runs.set()
        await turned.wait()
        number = await turn.send("operator", "you look")
        sent_back.set()
        results.append(await turn.wait(number))
        return "looked"

    runtime.scripts |= {"operator": asks, "reviewer": asks_back}
    sent = await desk.do(Send(operator.id, "go"))
    await runs.wait()
    await desk.do(Detach(reviewer.id))
    await desk.do(Attach(operator.id, reviewer.id))
    turned.set()
    await final(desk, sent.id)
    [refused] = [result["error"] for result in results if "error" in result]
    assert refused["code"] == "would_deadlock"
    assert "operator → reviewer" in refused["message"] or "reviewer → operator" in refused["message"]


async def test_kill_nine_while_the_target_was_busy_loses_no_acknowledged_message(place: Place) -> None:
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        reviewer = await place.session(desk, "reviewer")
        await desk.do(Attach(reviewer.id, operator.id))
        sent = [(await desk.do(Send(operator.id, text))).id for text in ("one", "two", "three")]
    with processes("hang", place.root, ("desk", 0)) as (host,):
        assert told(host) == "running"
        killed(host)
    async with place.open() as desk:
        assert [message.state for message in await final(desk, *sent)] == ["interrupted", "answered", "answered"]


async def test_two_messages_to_a_busy_target_and_a_wait_bring_each_question_its_own_answer(
    desk: Desk, runtime: ScriptedRuntime, operator: ThreadView, reviewer: ThreadView
) -> None:
    busy, free = asyncio.Event(), asyncio.Event()

    async def answers(turn: Scripted) -> str:
        if turn.body == "something else":
            busy.set()
            await free.wait()
        return f"answer to {turn.body}"

    async def asks(turn: Scripted) -> str:
        numbers = [await turn.send("reviewer", question) for question in ("one", "two")]
        free.set()
        results = (await turn.wait(*numbers, mode="all"))["results"]
        return ", ".join(result["answer"] for result in results)

    runtime.scripts |= {"operator": asks, "reviewer": answers}
    await desk.do(Send(reviewer.id, "something else"))
    await busy.wait()
    assert (await prompt(desk, operator, "go")).answer == "answer to one, answer to two"
    assert runtime.bodies("reviewer") == ["something else", "one", "two"]


async def test_an_agent_that_archives_another_running_thread_is_refused(
    desk: Desk, runtime: ScriptedRuntime, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def archives(turn: Scripted) -> str:
        with pytest.raises(Refusal) as refused:
            await desk.do(Archive(reviewer.id), agent(operator, turn.input.turn_id))
        return refused.value.code

    runtime.scripts["operator"] = archives
    assert (await prompt(desk, operator, "go")).answer == "origin_agent"
    assert desk.thread(reviewer.id).archived_at is None


async def test_a_profile_with_a_model_provider_is_answered_by_that_provider_and_the_turn_says_so(place: Place) -> None:
    async with (
        raw_server(chat_stream("from the first", ends=True)) as first,
        raw_server(chat_stream("from the second", ends=True)) as second,
    ):
        (place.home / "config.toml").write_text(
            f'model = "m"\nmodel_provider = "first"\n[profiles.cheap]\nmodel = "small"\nmodel_provider = "second"\n'
            f'[model_providers.first]\nbase_url = "{first.base_url}"\nwire_api = "chat"\n'
            f'[model_providers.second]\nbase_url = "{second.base_url}"\nwire_api = "chat"\n'
        )
        async with Desk.open(place.home, host="desk", env=place.env) as desk:
            operator = await desk.do(New("operator", place.folder("operator"), runtime="native", profile="cheap"))
            assert (await prompt(desk, operator, "go")).answer == "from the second"
            [ran] = desk.rows(
                "SELECT json_extract(settings, '$.model') AS model, json_extract(settings, '$.model_provider') AS provider FROM turn"
            )
    assert (ran["model"], ran["provider"]) == ("small", "second")
    assert first.requests == []


async def test_three_prompts_to_a_busy_thread_are_one_turn_and_one_answer_each_in_order(
    desk: Desk, runtime: ScriptedRuntime, operator: ThreadView
) -> None:
    sent = [await desk.do(Send(operator.id, text)) for text in ("same", "same", "other")]
    messages = await final(desk, *(message.id for message in sent))
    assert [message.answer for message in messages] == ["operator answers same", "operator answers same", "operator answers other"]
    assert len({message.turn_id for message in messages}) == 3


async def test_what_a_model_is_given_is_shown_in_the_transcript(
    desk: Desk, runtime: ScriptedRuntime, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def asks(turn: Scripted) -> str:
        return await turn.ask("reviewer", "a question that nobody typed")

    runtime.scripts["operator"] = asks
    await prompt(desk, operator, "a prompt")
    assert runtime.bodies("reviewer") == ["a question that nobody typed"]
    assert "a question that nobody typed" in lines(desk, reviewer)
    assert "a question that nobody typed" in lines(desk, operator)
    assert "a prompt" in lines(desk, operator)
