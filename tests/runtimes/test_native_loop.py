"""The loop itself: what is committed when, and what survives an interrupt, a crash and a full context."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.exceptions import ModelContextWindowExceededError
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, ToolReturnPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, DeltaToolCalls, FunctionModel

from codex_desk.runtimes.base import Endpoint, RuntimeFailure, ThreadSpec, TurnInput, TurnOutcome
from codex_desk.runtimes.native import NativeRuntime, history
from codex_desk.runtimes.native.runtime import NativeThread
from tests.runtimes.fakes import FakeHost, make_turn

Piece = str | DeltaToolCalls
Says = Callable[[Sequence[ModelMessage], AgentInfo], AsyncIterator[Piece]]

SMALL = Endpoint("acme", "http://127.0.0.1:9/v1", "m", context_window=1000)


async def open_thread(says: Says) -> NativeThread:
    thread = await NativeRuntime(model_for=lambda _: FunctionModel(stream_function=says)).open(ThreadSpec("id", "reviewer", Path("/work")))
    assert isinstance(thread, NativeThread)
    return thread


async def run(says: Says, turn: TurnInput, host: FakeHost) -> TurnOutcome:
    return await (await open_thread(says)).run_turn(turn, host)


def call(*tools: str) -> DeltaToolCalls:
    return {number: DeltaToolCall(name, "{}", tool_call_id=f"call-{name}") for number, name in enumerate(tools)}


def is_answered(messages: Sequence[ModelMessage]) -> bool:
    return any(isinstance(part, ToolReturnPart) for part in messages[-1].parts)


async def quick(_: Mapping[str, Any]) -> str:
    return '{"done": true}'


async def forever(_: Mapping[str, Any]) -> str:
    await asyncio.Event().wait()
    raise AssertionError("never reached")


async def one_call_then_text(messages: Sequence[ModelMessage], _: AgentInfo) -> AsyncIterator[Piece]:
    yield "All done." if is_answered(messages) else call("quick")


async def test_each_step_is_a_chunk_of_its_own() -> None:
    host = FakeHost({"quick": quick})

    await run(one_call_then_text, make_turn("do it"), host)

    assert [type(message).__name__ for message in host.messages()] == ["ModelRequest", "ModelResponse", "ModelRequest", "ModelResponse"]
    assert len(host.chunks) == 4


async def test_neither_context_nor_instructions_enter_the_history() -> None:
    host = FakeHost({"quick": quick})

    await run(one_call_then_text, make_turn("do it", system="SYSTEM WORDS", context="CONTEXT WORDS"), host)

    stored = b"".join(host.chunks)
    assert b"do it" in stored
    assert b"WORDS" not in stored


@pytest.mark.row("S1-24")
async def test_the_model_sees_context_first_and_the_prompt_last() -> None:
    seen: list[Sequence[ModelMessage]] = []
    instructions: list[str | None] = []

    async def answer(messages: Sequence[ModelMessage], info: AgentInfo) -> AsyncIterator[Piece]:
        seen.append(messages)
        instructions.append(info.instructions)
        yield "Yes."

    first = FakeHost()
    await run(answer, make_turn("one", context="CONTEXT"), first)
    await run(answer, make_turn("two", system="SYSTEM WORDS", context="CONTEXT", history=first.chunks), FakeHost())

    prompts = [part.content for message in seen[-1] for part in message.parts if isinstance(part, UserPromptPart)]
    assert prompts == ["CONTEXT", "one", "two"]
    assert instructions[-1] == "SYSTEM WORDS"


async def test_what_happened_between_two_turns_is_read_before_the_prompt_and_stays_in_the_history() -> None:
    host, seen = FakeHost({}), []

    async def says(messages: Sequence[ModelMessage], _: AgentInfo) -> AsyncIterator[Piece]:
        seen.extend(part.content for message in messages for part in message.parts if isinstance(part, UserPromptPart))
        yield "Noted."

    await run(says, dataclasses.replace(make_turn("do it", context="CONTEXT"), notes=("ran make test",)), host)

    assert seen == ["CONTEXT", "ran make test", "do it"]
    assert [message.parts[0].content for message in host.messages()[:2]] == ["ran make test", "do it"]  # type: ignore[union-attr]


async def test_text_beside_calls_is_commentary_and_the_last_text_is_the_answer() -> None:
    async def chatty(messages: Sequence[ModelMessage], _: AgentInfo) -> AsyncIterator[Piece]:
        if is_answered(messages):
            yield "The answer."
        else:
            yield "Let me look."
            yield {1: DeltaToolCall("quick", "{}", tool_call_id="c")}

    host = FakeHost({"quick": quick})
    outcome = await run(chatty, make_turn("do it"), host)

    assert outcome.answer == "The answer."
    assert [(item.text, item.data.get("commentary")) for item in host.items if item.kind == "agent_message"] == [
        ("Let me look.", True),
        ("The answer.", None),
    ]


async def test_tools_of_one_response_run_side_by_side() -> None:
    together = asyncio.Barrier(2)

    async def meet(_: Mapping[str, Any]) -> str:
        await together.wait()
        return "{}"

    async def both(messages: Sequence[ModelMessage], _: AgentInfo) -> AsyncIterator[Piece]:
        yield "Met." if is_answered(messages) else call("one", "two")

    async with asyncio.timeout(20):
        outcome = await run(both, make_turn("meet"), FakeHost({"one": meet, "two": meet}))

    assert outcome.answer == "Met."


async def test_an_interrupt_amid_tools_keeps_the_finished_result() -> None:
    async def both(_: Sequence[ModelMessage], __: AgentInfo) -> AsyncIterator[Piece]:
        yield call("quick", "forever")

    thread = await open_thread(both)
    host = FakeHost({"quick": quick, "forever": forever})
    running = asyncio.create_task(thread.run_turn(make_turn("go"), host))
    await host.until(lambda: len(host.items) == 1)
    await thread.interrupt()
    outcome = await running

    assert outcome.state == "interrupted"
    results = {
        part.tool_name: str(part.content) for message in host.messages() for part in message.parts if isinstance(part, ToolReturnPart)
    }
    assert results["quick"] == '{"done": true}'
    assert json.loads(results["forever"])["error"]["code"] == "interrupted"


async def test_cancelling_the_caller_commits_first_and_raises_then() -> None:
    async def both(_: Sequence[ModelMessage], __: AgentInfo) -> AsyncIterator[Piece]:
        yield call("quick", "forever")

    thread = await open_thread(both)
    host = FakeHost({"quick": quick, "forever": forever})
    running = asyncio.create_task(thread.run_turn(make_turn("go"), host))
    await host.until(lambda: len(host.items) == 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert len([message for message in host.messages() if isinstance(message, ModelRequest)]) == 3


async def test_an_interrupt_before_the_first_request_still_keeps_the_prompt() -> None:
    thread = await open_thread(one_call_then_text)
    host = FakeHost()
    running = asyncio.create_task(thread.run_turn(make_turn("go"), host))
    await asyncio.sleep(0)
    await thread.interrupt()

    assert (await running).state == "interrupted"
    assert b"go" in b"".join(host.chunks)


@pytest.mark.parametrize("lost", [1, 2, 3])
async def test_history_cut_anywhere_by_a_crash_goes_on(lost: int) -> None:
    crashed = FakeHost({"quick": quick})
    await run(one_call_then_text, make_turn("do it"), crashed)
    seen: list[Sequence[ModelMessage]] = []

    async def answer(messages: Sequence[ModelMessage], _: AgentInfo) -> AsyncIterator[Piece]:
        seen.append(messages)
        yield "Going on."

    outcome = await run(answer, make_turn("go on", history=crashed.chunks[:-lost]), FakeHost())

    assert outcome.answer == "Going on."
    called = [part.tool_call_id for message in seen[0] if isinstance(message, ModelResponse) for part in message.tool_calls]
    returned = [part.tool_call_id for message in seen[0] for part in message.parts if isinstance(part, ToolReturnPart)]
    assert called == returned


async def test_history_of_a_newer_version_fails_with_words() -> None:
    outcome = await run(one_call_then_text, make_turn("go", history=[b'[{"kind": "from the future"}]']), FakeHost())

    assert outcome.state == "failed"
    assert outcome.reason is not None
    assert "update codex-desk" in outcome.reason


@pytest.mark.row("S1-22")
async def test_a_turn_compacts_itself_before_the_context_is_full_and_goes_on() -> None:
    requests: list[str] = []

    async def busy(messages: Sequence[ModelMessage], _: AgentInfo) -> AsyncIterator[Piece]:
        prompts = [str(part.content) for message in messages for part in message.parts if isinstance(part, UserPromptPart)]
        requests.append(prompts[-1])
        if prompts[-1].startswith("The context is almost full"):
            yield "Asked to dig; found a bone."
        elif "found a bone" in "".join(prompts):
            yield "Here is the bone."
        else:
            yield "digging " * 1000
            yield {1: DeltaToolCall("quick", "{}", tool_call_id=f"c{len(requests)}")}

    host = FakeHost({"quick": quick})
    outcome = await run(busy, make_turn("dig", endpoint=SMALL), host)

    assert outcome.answer == "Here is the bone."
    (compaction,) = host.compactions
    assert compaction.summary == "Asked to dig; found a bone."
    kept = [str(part.content) for message in host.messages() for part in message.parts if isinstance(part, UserPromptPart)]
    assert kept[0].endswith(compaction.summary)
    assert kept[1] == "dig"
    assert b"digging" not in b"".join(host.chunks)
    assert any("compacting" in delta.text for delta in host.deltas if delta.kind == "tool")


async def test_a_refused_overlong_request_is_compacted_once_and_asked_again() -> None:
    requests = 0

    async def overflowing(messages: Sequence[ModelMessage], _: AgentInfo) -> AsyncIterator[Piece]:
        nonlocal requests
        requests += 1
        last = str(messages[-1].parts[-1])
        if "The context is almost full" in last:
            yield "A short story."
        elif requests == 1:
            raise ModelContextWindowExceededError("m", "too long")
        else:
            yield "Fits now."

    host = FakeHost()
    outcome = await run(overflowing, make_turn("tell", endpoint=SMALL), host)

    assert outcome.answer == "Fits now."
    assert len(host.compactions) == 1


async def test_compacting_by_hand_gives_a_summary_in_place_of_the_history() -> None:
    async def summarise(_: Sequence[ModelMessage], __: AgentInfo) -> AsyncIterator[Piece]:
        yield "What was."

    told = FakeHost({"quick": quick})
    await run(one_call_then_text, make_turn("do it"), told)
    compaction = await (await open_thread(summarise)).compact(make_turn("", history=told.chunks))

    assert compaction.summary == "What was."
    assert compaction.history.count(b'"kind"') == 1


async def test_compacting_without_an_answer_is_a_failure() -> None:
    nobody = Endpoint("acme", "http://127.0.0.1:9/v1", "m", "chat")
    thread = await NativeRuntime().open(ThreadSpec("id", "reviewer", Path("/work")))

    with pytest.raises(RuntimeFailure, match="nothing answers at"):
        await thread.compact(make_turn("", history=[history.dump(history.user("hi"))], endpoint=nobody))


def test_the_package_imports_without_the_model_stack() -> None:
    packages = "codex_desk.runtimes.native, codex_desk.runtimes.offline"
    script = f"import sys, {packages}; sys.exit('pydantic_ai' in sys.modules or 'openai' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


async def test_an_emoji_that_came_in_halves_is_whole_in_the_answer_and_the_history() -> None:
    async def halves(_: Sequence[ModelMessage], __: AgentInfo) -> AsyncIterator[Piece]:
        yield "smile \ud83d"
        yield "\ude00, and a lone \ud83d"

    host = FakeHost()
    outcome = await run(halves, make_turn("do it"), host)

    assert outcome.answer == "smile \U0001f600, and a lone \ufffd"
    assert host.texts("agent_message") == [outcome.answer]


async def test_arguments_that_could_not_be_stored_are_mended_before_a_tool_sees_them() -> None:
    written = r'{"\ud83d": ["\ud83d\ude00", "\ud83d"]}'

    async def calls_once(messages: Sequence[ModelMessage], _: AgentInfo) -> AsyncIterator[Piece]:
        yield "Done." if is_answered(messages) else {1: DeltaToolCall("quick", written, tool_call_id="c")}

    host = FakeHost({"quick": quick})
    outcome = await run(calls_once, make_turn("do it"), host)

    assert outcome.state == "completed"
    assert [arguments for _, _, arguments in host.called] == [{"\ufffd": ["\U0001f600", "\ufffd"]}]


async def test_a_tool_name_that_could_not_be_stored_is_mended_too() -> None:
    async def calls_once(messages: Sequence[ModelMessage], _: AgentInfo) -> AsyncIterator[Piece]:
        yield "Done." if is_answered(messages) else {1: DeltaToolCall("qu\ud83dck", "{}", tool_call_id="c")}

    host = FakeHost()
    outcome = await run(calls_once, make_turn("do it"), host)

    assert outcome.state == "completed"
    assert [name for _, name, _ in host.called] == ["qu\ufffdck"]
