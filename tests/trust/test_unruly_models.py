"""A model that calls what is not there, writes broken arguments, and stops in the middle: no turn is lost over it (tools.md, issue's bad input)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Attach
from codex_desk.engine.sessions import New, Set
from codex_desk.engine.views import ItemView, ThreadView
from tests.engine.scripted import Place, prompt
from tests.runtimes.raw_server import Script, chat_calls, chat_stream, raw_server

SETTINGS = 'model = "m"\nmodel_provider = "acme"\n[model_providers.acme]\nbase_url = "{}"\nwire_api = "chat"\nrequest_max_retries = 0\n'

Call = tuple[str, Mapping[str, Any] | str]

REFUSED: list[tuple[str, Call]] = [
    ("unknown_tool", ("launch_missiles", {})),
    ("unknown_tool", ("", {})),
    ("unknown_tool", ("SHELL", {"command": "true"})),
    ("unknown_tool", ("report", {"message": "a thread without a parent is offered no report"})),
    ("unknown_tool", ("sh\ud83dell", {})),
    ("broken_arguments", ("shell", '{"command": ')),
    ("broken_arguments", ("shell", "[1, 2]")),
    ("broken_arguments", ("shell", '"ls"')),
    ("broken_arguments", ("shell", "null")),
    ("broken_arguments", ("shell", "[" * 100_000)),
    ("broken_arguments", ("wait_agent", '{"targets": [' + "9" * 5000 + "]}")),
    ("bad_arguments", ("shell", "")),
    ("bad_arguments", ("shell", {"cmd": "ls"})),
    ("bad_arguments", ("shell", {"command": "true", "timeout_ms": 10**30})),
    ("bad_arguments", ("shell", {"command": "echo \0"})),
    ("broken_arguments", ("shell", '{"command": NaN}')),
    ("broken_arguments", ("shell", '{"command": "true", "timeout_ms": 1e999}')),
    ("bad_arguments", ("read", {"path": "a\0b"})),
    ("bad_arguments", ("git", {"question": "push"})),
    ("bad_arguments", ("git", {"question": "log", "args": ["--output=/tmp/x"]})),
    ("bad_arguments", ("send_message", {"target": "reviewer", "message": ""})),
    ("bad_arguments", ("send_message", {"target": "reviewer", "message": "x", "delivery": "now"})),
    ("bad_arguments", ("wait_agent", {"targets": []})),
    ("bad_arguments", ("wait_agent", {"targets": ["reviewer"], "timeout_ms": -1})),
    ("bad_arguments", ("list_agents", {"all": True})),
    ("not_found", ("read", {"path": "\ud83d"})),
    ("bad_patch", ("apply_patch", {"patch": "\ud83d"})),
    ("no_edge", ("send_message", {"target": "ghost", "message": "x"})),
    ("no_edge", ("send_message", {"target": "operator", "message": "to myself"})),
    ("no_edge", ("close_agent", {"target": "ghost"})),
    ("no_edge", ("wait_agent", {"targets": ["9" * 5000]})),
    ("no_interrupt", ("send_message", {"target": "reviewer", "message": "x", "delivery": "interrupt"})),
    ("attached_session", ("close_agent", {"target": "reviewer"})),
    ("no_messages", ("wait_agent", {"targets": ["reviewer"]})),
    ("unknown_message", ("wait_agent", {"targets": [10**30]})),
    ("unknown_message", ("wait_agent", {"targets": [-1]})),
]


@asynccontextmanager
async def office(place: Place, *scripts: Script) -> AsyncIterator[tuple[Desk, ThreadView]]:
    """An operator on the native runtime, whose model answers with these scripts, and a reviewer attached to it."""
    async with raw_server(*scripts) as server:
        (place.home / "config.toml").write_text(SETTINGS.format(server.base_url))
        async with Desk.open(place.home, host="desk", env=place.env) as desk:
            operator, reviewer = [await desk.do(New(name, place.folder(name), runtime="native")) for name in ("operator", "reviewer")]
            await desk.do(Set(operator.id, "approval_policy", "never"))
            await desk.do(Attach(reviewer.id, operator.id))
            yield desk, operator


def calls_of(desk: Desk, thread: ThreadView) -> list[ItemView]:
    return [item for item in desk.items(thread.id, limit=1000) if item.kind == "tool_call"]


async def test_every_call_that_cannot_be_is_answered_with_what_is_wrong_and_the_turn_goes_on(place: Place) -> None:
    scripts = [chat_calls(call) for _, call in REFUSED]
    async with office(place, *scripts, chat_stream("done", ends=True)) as (desk, operator):
        message = await prompt(desk, operator, "go")
        results = [json.loads(item.data["result"]) for item in calls_of(desk, operator)]
    assert (message.state, message.answer) == ("answered", "done")
    assert [(result["error"]["code"], call) for result, (_, call) in zip(results, REFUSED, strict=True)] == REFUSED
    assert all(result["error"]["message"] for result in results)


async def test_many_such_calls_at_once_each_get_their_own_answer(place: Place) -> None:
    async with office(place, chat_calls(*(call for _, call in REFUSED)), chat_stream("done", ends=True)) as (desk, operator):
        message = await prompt(desk, operator, "go")
        codes = sorted(json.loads(item.data["result"])["error"]["code"] for item in calls_of(desk, operator))
    assert message.state == "answered"
    assert codes == sorted(code for code, _ in REFUSED)


@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "closed"])
async def test_a_stream_that_stops_in_the_middle_keeps_what_came_and_the_next_prompt_goes_on(place: Place, chunked: bool) -> None:
    cut = chat_stream("the first half, ", chunked=chunked)
    async with office(place, cut, chat_stream("whole", ends=True)) as (desk, operator):
        first = await prompt(desk, operator, "go")
        assert first.state == "failed"
        assert "stopped in the middle" in (first.reason or "")
        assert "the first half, " in [item.text for item in desk.items(operator.id)]
        assert (await prompt(desk, operator, "again")).answer == "whole"
        assert desk.rows("SELECT 1 FROM turn WHERE state = 'running'") == []
