"""The native runtime against a real endpoint, over a socket, in both wire formats."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from codex_desk.runtimes.base import Endpoint, ThreadSpec, TurnInput, TurnOutcome
from codex_desk.runtimes.native import NativeRuntime
from tests.model_server import ModelServer, ModelServerFactory, calls, error, text
from tests.runtimes.fakes import ECHO, FakeHost, make_turn

Wire = Literal["responses", "chat"]
SECRET = "key-that-nobody-may-see"

both_wires = pytest.mark.parametrize("wire", ["responses", "chat"])


def endpoint(server: ModelServer, wire: Wire, **changes: Any) -> Endpoint:
    return Endpoint("acme", server.base_url, "test-model", wire, SECRET, **changes)


async def run(turn: TurnInput, host: FakeHost) -> TurnOutcome:
    """One turn whose back-off takes no time; what it would have waited is in the notices."""

    async def no_sleep(_: float) -> None: ...

    thread = await NativeRuntime(sleep=no_sleep).open(ThreadSpec("id", "reviewer", Path("/work")))
    return await thread.run_turn(turn, host)


async def echo(arguments: Mapping[str, Any]) -> str:
    return json.dumps({"echo": arguments["text"]})


@both_wires
async def test_text_and_reasoning_stream_and_usage_is_counted(model_server: ModelServerFactory, wire: Wire) -> None:
    usage = {"prompt_tokens": 11, "completion_tokens": 3, "input_tokens": 11, "output_tokens": 3, "total_tokens": 14}
    server = model_server([text("Hello there, all of you.", reasoning="They greet.", usage=usage)])
    host = FakeHost()

    outcome = await run(make_turn("hi", endpoint=endpoint(server, wire)), host)

    assert (outcome.state, outcome.answer) == ("completed", "Hello there, all of you.")
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens, outcome.usage.context_tokens) == (11, 3, 14)
    assert host.streamed("text") == "Hello there, all of you."
    assert len([delta for delta in host.deltas if delta.kind == "text"]) > 1
    assert host.streamed("reasoning") == "They greet."
    assert [(item.kind, item.text) for item in host.items] == [("reasoning", "They greet."), ("agent_message", "Hello there, all of you.")]
    assert {item.data["key"] for item in host.items} == {delta.key for delta in host.deltas}


@both_wires
async def test_context_goes_first_prompt_last_and_instructions_beside_them(model_server: ModelServerFactory, wire: Wire) -> None:
    server = model_server([text("Fine.")])
    earlier = FakeHost()
    await run(make_turn("first question", endpoint=endpoint(server, wire)), earlier)

    await run(make_turn("second question", history=earlier.chunks, endpoint=endpoint(server, wire)), FakeHost())

    sent = server.journal()[-1]["body"]
    spoken = [(message["role"], _plain(message["content"])) for message in sent["messages"]]
    assert spoken == [
        ("system", "You are reviewer."),
        ("user", make_turn("").context),
        ("user", "first question"),
        ("assistant", "Fine."),
        ("user", "second question"),
    ]


@both_wires
async def test_reasoning_is_never_sent_back_as_something_that_was_said(model_server: ModelServerFactory, wire: Wire) -> None:
    server = model_server([text("Fine.", reasoning="They greet.")])
    earlier = FakeHost()
    await run(make_turn("hi", endpoint=endpoint(server, wire)), earlier)

    for provider in ("acme", "another"):
        elsewhere = dataclasses.replace(endpoint(server, wire), provider=provider)
        await run(make_turn("go on", history=earlier.chunks, endpoint=elsewhere), FakeHost())
        said = [_plain(message["content"]) for message in server.journal()[-1]["body"]["messages"] if message["role"] == "assistant"]
        assert said == ["Fine."]


@both_wires
async def test_the_key_goes_into_the_header_and_nowhere_else(model_server: ModelServerFactory, wire: Wire) -> None:
    server = model_server([text("Fine.")])

    await run(make_turn("hi", endpoint=endpoint(server, wire)), FakeHost())

    assert SECRET not in json.dumps(server.journal()[-1]["body"])


async def test_the_environment_of_the_openai_sdk_does_not_leak_in(
    model_server: ModelServerFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_API_KEY", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "from-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/nowhere")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Leak: from-the-environment")
    server = model_server([text("Fine.")])

    outcome = await run(make_turn("hi", endpoint=Endpoint("local", server.base_url, "test-model", "chat")), FakeHost())

    assert outcome.state == "completed"
    headers = json.dumps(server.journal()[-1]["headers"]).lower()
    assert "from-the-environment" not in headers
    assert "authorization" not in headers


@both_wires
async def test_parallel_tool_calls_are_made_and_their_results_sent_back(model_server: ModelServerFactory, wire: Wire) -> None:
    server = model_server(
        [calls(("echo", {"text": "one"}), ("echo", {"text": "two"})), text("Both said.", after_tools=True)],
    )
    host = FakeHost({"echo": echo})

    outcome = await run(make_turn("echo twice", tools=[ECHO], endpoint=endpoint(server, wire)), host)

    assert outcome.answer == "Both said."
    assert [arguments["text"] for _, _, arguments in host.called] == ["one", "two"]
    sent = server.journal()[-1]["body"]
    results = {message["tool_call_id"]: _plain(message["content"]) for message in sent["messages"] if message["role"] == "tool"}
    assert results == {"call_1": '{"echo": "one"}', "call_2": '{"echo": "two"}'}
    assert sent["tools"][0]["function"]["parameters"] == ECHO.parameters


@both_wires
async def test_broken_arguments_and_unknown_tools_are_results_however_often(model_server: ModelServerFactory, wire: Wire) -> None:
    rounds: list[Mapping[str, Any]] = []
    for number in range(12):
        broken = "{not json" if number % 2 else "[1]"
        response = {
            "toolCalls": [
                {"id": f"a{number}", "name": "echo", "arguments": broken},
                {"id": f"b{number}", "name": "nope", "arguments": "{}"},
            ]
        }
        rounds.append({"match": {"sequenceIndex": number}, "response": response})
    server = model_server([*rounds, text("I give up.")])
    host = FakeHost({"echo": echo})

    outcome = await run(make_turn("break it", tools=[ECHO], endpoint=endpoint(server, wire)), host)

    assert outcome.answer == "I give up."
    results = [json.loads(item.data["result"])["error"]["code"] for item in host.items if item.kind == "tool_call"]
    assert sorted(results) == ["broken_arguments"] * 12 + ["unknown_tool"] * 12


@both_wires
async def test_a_steer_goes_in_at_the_tool_boundary_as_its_own_item(model_server: ModelServerFactory, wire: Wire) -> None:
    server = model_server([text("Steered.", match="and be quick"), calls(("echo", {"text": "one"}))])
    host = FakeHost({"echo": echo}, steers=["and be quick"])

    outcome = await run(make_turn("echo", tools=[ECHO], endpoint=endpoint(server, wire)), host)

    assert outcome.answer == "Steered."
    roles = [message["role"] for message in server.journal()[-1]["body"]["messages"]]
    assert roles[-2:] == ["tool", "user"]


@both_wires
async def test_a_refused_key_says_whose_it_is_and_never_which(model_server: ModelServerFactory, wire: Wire) -> None:
    server = model_server([error(401, f"Incorrect API key provided: {SECRET}", code="invalid_api_key")])
    host = FakeHost()

    outcome = await run(make_turn("hi", endpoint=endpoint(server, wire)), host)

    assert outcome.state == "failed"
    assert outcome.reason is not None
    assert outcome.reason.startswith("the key for provider acme was refused (401)")
    assert SECRET not in outcome.reason
    assert len(server.journal()) == 1


@both_wires
async def test_an_unknown_model_is_named_with_its_provider(model_server: ModelServerFactory, wire: Wire) -> None:
    server = model_server([error(404, "The model `test-model` does not exist", code="model_not_found")])

    outcome = await run(make_turn("hi", endpoint=endpoint(server, wire)), FakeHost())

    assert outcome.reason is not None
    assert outcome.reason.startswith("provider acme does not know the model test-model (404)")


@both_wires
@pytest.mark.parametrize(
    ("status", "named"), [(429, "rate limited (429)"), (500, "the provider failed (500)"), (503, "the provider failed (503)")]
)
async def test_a_passing_failure_is_asked_again(model_server: ModelServerFactory, wire: Wire, status: int, named: str) -> None:
    failing = error(status, "not now")
    failing["match"] = {"sequenceIndex": 0}
    server = model_server([failing, text("Now.")])
    host = FakeHost()

    outcome = await run(make_turn("hi", endpoint=endpoint(server, wire)), host)

    assert outcome.answer == "Now."
    assert next(delta.text for delta in host.deltas if delta.kind == "tool").startswith(named)


@both_wires
async def test_a_lasting_failure_ends_the_turn_after_max_retries(model_server: ModelServerFactory, wire: Wire) -> None:
    server = model_server([error(500, "broken for good")])

    outcome = await run(make_turn("hi", endpoint=endpoint(server, wire, max_retries=2)), FakeHost())

    assert outcome.state == "failed"
    assert outcome.reason == "provider acme failed (500); try again later (broken for good)"
    assert len(server.journal()) == 3


@both_wires
async def test_a_stream_cut_for_good_fails_and_keeps_what_came(model_server: ModelServerFactory, wire: Wire) -> None:
    server = model_server([text("A long answer that never ends.", match="hi") | {"chunkSize": 5, "truncateAfterChunks": 8, "latency": 20}])
    host = FakeHost()

    outcome = await run(make_turn("hi", endpoint=endpoint(server, wire, max_retries=1)), host)

    assert outcome.state == "failed"
    assert outcome.reason is not None
    assert "stopped in the middle" in outcome.reason
    assert len(server.journal()) == 2
    (kept,) = [item for item in host.items if item.kind == "agent_message"]
    assert kept.text
    assert "A long answer that never ends.".startswith(kept.text)
    assert kept.data["interrupted"] is True


async def test_a_refused_connection_names_the_address() -> None:
    nobody = Endpoint("acme", "http://127.0.0.1:9/v1", "test-model", "chat", SECRET)

    outcome = await run(make_turn("hi", endpoint=nobody), FakeHost())

    assert outcome.reason is not None
    assert outcome.reason.startswith("nothing answers at http://127.0.0.1:9/v1")


def _plain(content: object) -> str:
    """Text of a message, whether it is a string or a list of parts."""
    if isinstance(content, str):
        return content
    assert isinstance(content, list)
    return "".join(part["text"] for part in content)
