"""Subagents on the native loop: the history is a model's own, the model is a script."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelRequest, ToolReturnPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, DeltaToolCalls, FunctionModel

from codex_desk.engine.desk import Desk
from codex_desk.engine.sessions import New
from codex_desk.runtimes.base import TurnInput
from codex_desk.runtimes.native import NativeRuntime
from tests.engine.scripted import Place, body_of, kinds, lines, prompt

PROVIDERS = """
model = "big"
model_provider = "first"
[model_providers.first]
base_url = "http://127.0.0.1:1/v1"
"""
CRITIC = """
name = "critic"
description = "finds faults"
developer_instructions = "Be strict."
model = "small"
model_provider = "second"
[model_providers.second]
base_url = "http://127.0.0.1:2/v1"
"""
SPAWNS = [
    {"message": "Judge the plan", "agent_type": "critic", "task_name": "judge"},
    {"message": "Go on from here", "fork_turns": "all", "task_name": "twin"},
]


def said(messages: list[ModelMessage]) -> list[str]:
    """The user-role texts that a model was given, without the context."""
    parts = [part for message in messages if isinstance(message, ModelRequest) for part in message.parts]
    return [body_of(part.content) for part in parts if isinstance(part, UserPromptPart) and isinstance(part.content, str)][1:]


def returned(messages: list[ModelMessage]) -> list[ToolReturnPart]:
    return [part for part in messages[-1].parts if isinstance(part, ToolReturnPart)]


def model_for(turn: TurnInput) -> FunctionModel:
    """The parent spawns two, waits for both and gives their answers; any other says who it is and what it was told."""
    endpoint = turn.endpoint
    assert endpoint is not None

    async def stream(messages: list[ModelMessage], _: AgentInfo) -> AsyncIterator[str | DeltaToolCalls]:
        if "spawn_agent" not in {tool.name for tool in turn.tools}:
            yield f"{endpoint.provider}/{endpoint.model} heard {said(messages)}"
            return
        results = returned(messages)
        match [result.tool_name for result in results]:
            case []:
                wanted: list[tuple[str, dict[str, Any]]] = [("spawn_agent", spawn) for spawn in SPAWNS]
            case ["spawn_agent", "spawn_agent"]:
                names = sorted(json.loads(str(result.content))["name"] for result in results)  # calls side by side end in any order
                wanted = [("wait_agent", {"targets": names, "mode": "all"})]
            case _:
                yield "\n".join(row["answer"] for row in json.loads(str(results[0].content))["results"])
                return
        yield {n: DeltaToolCall(name, json.dumps(given), tool_call_id=f"{name}-{n}") for n, (name, given) in enumerate(wanted)}

    return FunctionModel(stream_function=stream, model_name=endpoint.model)


@pytest.mark.row("S1-05")
@pytest.mark.row("S4-05")
@pytest.mark.row("S4-07")
@pytest.mark.row("S4-09")
async def test_a_turn_spawns_on_two_providers_waits_and_answers_with_what_they_said(place: Place) -> None:
    (place.home / "config.toml").write_text(PROVIDERS)
    (place.home / "agents").mkdir(exist_ok=True)
    (place.home / "agents" / "critic.toml").write_text(CRITIC)
    async with Desk.open(place.home, host="desk", env=place.env, runtimes={"native": NativeRuntime(model_for)}) as desk:
        operator = await desk.do(New("operator", place.folder("operator"), runtime="native"))
        answer = (await prompt(desk, operator, "Plan it")).answer
        assert (answer or "").splitlines() == [
            "second/small heard ['Judge the plan']",
            "first/big heard ['Plan it', 'Go on from here']",
        ]
        judge, twin = sorted(desk.children(operator.id), key=lambda child: child.handle or "")
        ran = [json.loads(desk.rows("SELECT settings FROM turn WHERE thread_id = ?", (each.id,))[0]["settings"]) for each in (judge, twin)]
        assert [(each["model_provider"], each["model"]) for each in ran] == [("second", "small"), ("first", "big")]
        assert "spawned by operator as critic, on native · small · second" in lines(desk, judge)
        assert "begins with the history of operator: all of it" in lines(desk, twin)
        assert {"spawned", "sent", "started", "answered", "returned"} <= set(kinds(desk, judge)) & set(kinds(desk, operator))
        assert desk.verify_audit().verified


def delegating_model(turn: TurnInput) -> FunctionModel:
    """The parent delegates a batch and a follow-up to one of them, and answers with all summaries."""
    endpoint = turn.endpoint
    assert endpoint is not None

    async def stream(messages: list[ModelMessage], _: AgentInfo) -> AsyncIterator[str | DeltaToolCalls]:
        if "delegate_agent" not in {tool.name for tool in turn.tools}:
            yield f"{endpoint.provider}/{endpoint.model} heard {said(messages)}"
            return
        returns = [
            json.loads(str(part.content))
            for message in messages
            if isinstance(message, ModelRequest)
            for part in message.parts
            if isinstance(part, ToolReturnPart)
        ]
        match returns:
            case []:
                given: dict[str, Any] = {"batch": [{"agent_id": "critic", "prompt": "Judge"}, {"agent_id": "twin", "prompt": "Look"}]}
            case [{"runs": [first, _]}]:
                given = {"conversation_id": first["conversation_id"], "prompt": "Again"}
            case [{"runs": runs}, again, *_]:
                yield "\n".join(run["summary"] for run in (*runs, again))
                return
            case _:
                raise AssertionError(returns)
        yield {0: DeltaToolCall("delegate_agent", json.dumps(given), tool_call_id=f"call-{len(returns)}")}

    return FunctionModel(stream_function=stream, model_name=endpoint.model)


@pytest.mark.row("S4-05")
@pytest.mark.row("S4-07")
@pytest.mark.row("S4-10")
@pytest.mark.row("S4-17")
@pytest.mark.row("S4-22")
async def test_a_model_delegates_a_batch_to_two_providers_and_asks_one_of_them_again(place: Place) -> None:
    (place.home / "config.toml").write_text(PROVIDERS + '[profiles.cheap]\nmodel = "tiny"\n')
    (place.home / "agents").mkdir(exist_ok=True)
    (place.home / "agents" / "critic.toml").write_text(CRITIC)
    twin = 'name = "twin"\ndescription = "d"\ndeveloper_instructions = "i"\nprofile = "cheap"\nagents = []\n'
    (place.home / "agents" / "twin.toml").write_text(twin)
    async with Desk.open(place.home, host="desk", env=place.env, runtimes={"native": NativeRuntime(delegating_model)}) as desk:
        operator = await desk.do(New("operator", place.folder("operator"), runtime="native"))
        assert ((await prompt(desk, operator, "Plan it")).answer or "").splitlines() == [
            "second/small heard ['Judge']",
            "first/tiny heard ['Look']",
            "second/small heard ['Judge', 'Again']",
        ]
        assert [child.handle for child in desk.children(operator.id)] == ["critic", "twin"]
        assert desk.verify_audit().verified
