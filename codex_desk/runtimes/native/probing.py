"""Tries an endpoint out, for `provider test`. Heavy import: reached through `runtime.probe`."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from openai import OpenAIError
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart

from codex_desk.runtimes.base import Delta, Endpoint, RuntimeFailure, ToolSpec
from codex_desk.runtimes.native import history
from codex_desk.runtimes.native.errors import MODEL_ERRORS, explain
from codex_desk.runtimes.native.models import make_client, open_model
from codex_desk.runtimes.native.report import ProbeReport
from codex_desk.runtimes.native.responding import Responder

SYSTEM = "This is a test of the connection. Be brief."
ASK_TEXT = "Answer with the one word: ready"
ASK_TOOL = "Call the tool `note` with the text: ready"
NOTE = ToolSpec(
    "note",
    "Takes a note.",
    {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"], "additionalProperties": False},
)

WINDOW_FIELDS = ("context_window", "context_length", "max_model_len", "max_context_length", "max_input_tokens")
"""What servers call it in /models: Groq, OpenRouter, vLLM, LM Studio and Mistral, LiteLLM."""


async def probe(endpoint: Endpoint) -> ProbeReport:
    """One plain answer, one tool call, and what /models says. Failures are in the report."""
    window = await _context_window(endpoint)
    try:
        async with open_model(endpoint) as model:
            clock = _Clock()
            responder = Responder(model, endpoint, "probe", clock.hear, asyncio.sleep)
            plain = await responder.respond([history.user(ASK_TEXT)], SYSTEM)
            first_token_s = clock.first_token_s
            called = await responder.respond([history.user(ASK_TOOL)], SYSTEM, [NOTE])
    except MODEL_ERRORS as error:
        return ProbeReport(endpoint.provider, endpoint.model, endpoint.wire_api, context_window=window, reason=explain(error, endpoint))
    return ProbeReport(
        endpoint.provider,
        endpoint.model,
        endpoint.wire_api,
        answers=any(isinstance(part, TextPart) and part.content for part in plain.response.parts),
        calls_tools=_calls_note(called.response),
        first_token_s=first_token_s,
        context_window=window,
    )


class _Clock:
    """Takes the time of the first increment."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self.first_token_s: float | None = None

    def hear(self, delta: Delta) -> None:
        if self.first_token_s is None and delta.kind in ("text", "reasoning"):
            self.first_token_s = time.monotonic() - self._start


def _calls_note(response: ModelResponse) -> bool:
    return any(isinstance(part, ToolCallPart) and part.tool_name == NOTE.name for part in response.parts)


async def _context_window(endpoint: Endpoint) -> int | None:
    """What /models says of the model; None where there is no such page, or it does not say."""
    try:
        client = make_client(endpoint)
    except RuntimeFailure:
        return None
    async with client:
        try:
            listed = await client.models.list()
        except OpenAIError:
            return None
    named = next((model for model in listed.data or [] if model.id == endpoint.model), None)
    return _window_of(named.model_extra or {}) if named is not None else None


def _window_of(fields: dict[str, Any]) -> int | None:
    meta = fields.get("meta")
    # llama.cpp puts it into `meta`.
    nested = meta.get("n_ctx_train") if isinstance(meta, dict) else None
    found = (fields.get(name) for name in WINDOW_FIELDS)
    return next((value for value in (*found, nested) if isinstance(value, int) and value > 0), None)
