"""The native runtime on connections that die, fall silent, or speak of something else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic_ai.messages import ModelResponse

from codex_desk.runtimes.base import Endpoint, ThreadSpec, TurnInput, TurnOutcome
from codex_desk.runtimes.native import NativeRuntime
from tests.runtimes.fakes import FakeHost, make_turn
from tests.runtimes.raw_server import Script, chat_stream, raw_server, responses_stream, status


async def run(turn: TurnInput, host: FakeHost, pauses: list[float] | None = None) -> TurnOutcome:
    """One turn whose back-off takes no time; the pauses that it would have made are noted."""

    async def note(seconds: float) -> None:
        if pauses is not None:
            pauses.append(seconds)

    thread = await NativeRuntime(sleep=note).open(ThreadSpec("id", "reviewer", Path("/work")))
    return await thread.run_turn(turn, host)


def cut_streams() -> dict[str, tuple[Script, str]]:
    return {
        "chat, chunks missing": (chat_stream("half an ", "answer"), "chat"),
        "chat, closed": (chat_stream("half an ", "answer", chunked=False), "chat"),
        "responses, chunks missing": (responses_stream("half an ", "answer"), "responses"),
        "responses, closed": (responses_stream("half an ", "answer", chunked=False), "responses"),
    }


@pytest.mark.parametrize("name", cut_streams())
async def test_a_stream_cut_in_the_middle_is_asked_for_again_whole(name: str) -> None:
    script, wire = cut_streams()[name]
    async with raw_server(script) as server:
        endpoint = Endpoint("acme", server.base_url, "m", "chat" if wire == "chat" else "responses", "k", max_retries=2)
        host = FakeHost()
        outcome = await run(make_turn("hi", endpoint=endpoint), host)

    assert outcome.state == "failed"
    assert outcome.reason is not None
    assert "stopped in the middle" in outcome.reason
    assert outcome.answer == "half an answer"
    assert len(server.requests) == 3
    assert [(item.text, item.data.get("interrupted")) for item in host.items] == [("half an answer", True)]
    assert [delta.text.split(";")[0] for delta in host.deltas if delta.kind == "tool"] == ["the connection broke"] * 2


async def test_the_answer_after_a_cut_stream_stands_alone() -> None:
    async with raw_server(chat_stream("half"), chat_stream("the whole answer", ends=True)) as server:
        host = FakeHost()
        outcome = await run(make_turn("hi", endpoint=Endpoint("acme", server.base_url, "m", "chat")), host)

    assert outcome.answer == "the whole answer"
    assert host.texts("agent_message") == ["the whole answer"]
    (key,) = [item.data["key"] for item in host.items]
    assert "".join(delta.text for delta in host.deltas if delta.key == key) == "the whole answer"


async def test_a_connection_dropped_before_the_first_byte_is_asked_again() -> None:
    async with raw_server(Script(b""), chat_stream("here", ends=True)) as server:
        outcome = await run(make_turn("hi", endpoint=Endpoint("acme", server.base_url, "m", "chat")), FakeHost())

    assert outcome.answer == "here"


async def test_a_stream_that_falls_silent_is_given_up_after_the_idle_time() -> None:
    async with raw_server(chat_stream("well, ", holds=True)) as server:
        endpoint = Endpoint("acme", server.base_url, "m", "chat", stream_idle_timeout_s=0.05, max_retries=0)
        host = FakeHost()
        outcome = await run(make_turn("hi", endpoint=endpoint), host)

    assert outcome.reason is not None
    assert outcome.reason.startswith("provider acme sent nothing for")
    assert host.texts("agent_message") == ["well, "]


async def test_a_missing_responses_path_says_to_speak_chat() -> None:
    async with raw_server(status(404, {"detail": "Not Found"})) as server:
        outcome = await run(make_turn("hi", endpoint=Endpoint("acme", server.base_url, "m", "responses")), FakeHost())

    assert outcome.reason is not None
    assert 'set wire_api = "chat"' in outcome.reason
    assert server.base_url in outcome.reason


async def test_the_pause_that_a_provider_asks_for_is_kept() -> None:
    busy = status(429, {"error": {"message": "slow down"}}, b"Retry-After: 17\r\n")
    pauses: list[float] = []
    async with raw_server(busy, chat_stream("now", ends=True)) as server:
        outcome = await run(make_turn("hi", endpoint=Endpoint("acme", server.base_url, "m", "chat")), FakeHost(), pauses)

    assert outcome.answer == "now"
    assert pauses == [17.0]


async def test_a_spent_quota_is_not_asked_again() -> None:
    body = {"error": {"message": "You exceeded your current quota", "type": "insufficient_quota", "code": "insufficient_quota"}}
    async with raw_server(status(429, body)) as server:
        outcome = await run(make_turn("hi", endpoint=Endpoint("acme", server.base_url, "m", "chat")), FakeHost())

    assert outcome.reason is not None
    assert "quota or credit is used up" in outcome.reason
    assert len(server.requests) == 1


async def test_what_is_no_model_response_is_said_to_be_none() -> None:
    async with raw_server(status(200, {"hello": "I am a web site"})) as server:
        endpoint = Endpoint("acme", server.base_url, "m", "chat", max_retries=1)
        outcome = await run(make_turn("hi", endpoint=endpoint), FakeHost())

    assert outcome.state == "failed"
    assert outcome.reason


async def test_a_base_url_that_is_none_is_named() -> None:
    outcome = await run(make_turn("hi", endpoint=Endpoint("acme", "localhost:8000", "m", "chat")), FakeHost())

    assert outcome.reason == "the base_url of provider acme is not an http or https address: 'localhost:8000'"


async def test_interrupting_a_silent_stream_keeps_the_partial_text() -> None:
    async with raw_server(chat_stream("as far as ", "it went", holds=True)) as server:
        thread = await NativeRuntime().open(ThreadSpec("id", "reviewer", Path("/work")))
        host = FakeHost()
        turn = make_turn("hi", endpoint=Endpoint("acme", server.base_url, "m", "chat"))
        running = asyncio.create_task(thread.run_turn(turn, host))
        await host.until(lambda: host.streamed("text") == "as far as it went")
        await thread.interrupt()
        outcome = await running

    assert (outcome.state, outcome.answer) == ("interrupted", "as far as it went")
    assert [(item.kind, item.text, item.data["interrupted"]) for item in host.items] == [("agent_message", "as far as it went", True)]
    last = host.messages()[-1]
    assert isinstance(last, ModelResponse)
    assert (last.state, last.text) == ("interrupted", "as far as it went")
