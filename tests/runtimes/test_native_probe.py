"""Trying an endpoint out."""

from __future__ import annotations

import pytest

from codex_desk.runtimes.base import Endpoint
from codex_desk.runtimes.native import probe
from tests.model_server import ModelServerFactory, calls, error, text
from tests.runtimes.raw_server import chat_stream, raw_server, status


async def test_a_working_endpoint_answers_calls_tools_and_is_timed(model_server: ModelServerFactory) -> None:
    server = model_server([text("ready", match="Answer with"), calls(("note", {"text": "ready"}), match="Call the tool", after_tools=None)])

    report = await probe(Endpoint("acme", server.base_url, "m", "responses", "k"))

    assert (report.answers, report.calls_tools, report.reason) == (True, True, None)
    assert report.first_token_s is not None
    assert report.first_token_s > 0


async def test_a_model_that_calls_no_tools_is_found_out(model_server: ModelServerFactory) -> None:
    server = model_server([text("ready")])

    report = await probe(Endpoint("acme", server.base_url, "m", "chat", "k"))

    assert (report.answers, report.calls_tools) == (True, False)


@pytest.mark.parametrize(
    "fields", [{"context_length": 4096}, {"max_model_len": 4096}, {"context_window": 4096}, {"meta": {"n_ctx_train": 4096}}]
)
async def test_the_context_window_is_read_where_the_server_tells_it(fields: dict[str, object]) -> None:
    listed = status(200, {"object": "list", "data": [{"id": "other"}, {"id": "m", "object": "model", **fields}]})
    async with raw_server(listed, chat_stream("ready", ends=True)) as server:
        report = await probe(Endpoint("acme", server.base_url, "m", "chat"))

    assert report.context_window == 4096
    assert report.answers


async def test_a_failure_is_in_the_report(model_server: ModelServerFactory) -> None:
    server = model_server([error(401, "no", code="invalid_api_key")])

    report = await probe(Endpoint("acme", server.base_url, "m", "chat", "k"))

    assert not report.answers
    assert report.reason is not None
    assert report.reason.startswith("the key for provider acme was refused")
