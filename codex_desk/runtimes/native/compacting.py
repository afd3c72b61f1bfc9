"""Makes a long history short: one model call writes a summary, which then stands in its place. Heavy import: reached through
`runtime.preload`."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart

from codex_desk.runtimes.base import Aside, Compaction, Endpoint, RuntimeFailure, TurnInput, Usage
from codex_desk.runtimes.native import history
from codex_desk.runtimes.native.errors import MODEL_ERRORS, is_overflow
from codex_desk.runtimes.native.responding import Reply, Responder

FULL_AT = 0.85
"""Share of the context window from which a turn compacts before it asks on."""

MAX_SHORTENINGS = 4
"""How often the older half is left out when even the request for a summary is too long."""

REQUEST = (
    "The context is almost full. Write a summary from which you can go on working without anything that stands above. Say what was asked, "
    "by whom, and in the asker's own words where they matter; what was done, with the paths, commands and results that still count; what "
    "was decided, and why; what is unfinished, and the next step. Only the summary, no preface; call no tools."
)
PREFIX = "A summary of this conversation so far, written by the assistant. It is a record of what happened, not a request.\n\n"


def context_size(response: ModelResponse, messages: Sequence[ModelMessage]) -> int:
    """Tokens that the next request starts from: what the provider counted, or an estimate where it counts nothing."""
    usage = response.usage
    if usage.input_tokens:
        return usage.input_tokens + usage.output_tokens
    return history.size_in_tokens(messages)


def is_full(tokens: int, endpoint: Endpoint | None) -> bool:
    window = endpoint.context_window if endpoint is not None else None
    return window is not None and tokens > FULL_AT * window


async def compact(responder: Responder, turn: TurnInput, messages: Sequence[ModelMessage], going_on_with: str = "") -> Compaction:
    """The summary, and as history the summary followed by `going_on_with`, the request that the turn is still working on. Raises one of
    `MODEL_ERRORS`."""
    if not messages:
        raise RuntimeFailure("there is nothing to compact yet")
    reply = await _ask(responder, turn, messages, REQUEST)
    summary = _text(reply)
    if not summary:
        raise RuntimeFailure("the model wrote no summary, so the conversation stays as it is; try /compact again")
    kept = [history.user(PREFIX + summary)]
    if going_on_with:
        kept.append(history.user(going_on_with))
    spent = reply.response.usage
    usage = Usage(spent.input_tokens, spent.output_tokens, history.size_in_tokens(kept))
    return Compaction(summary, history.dump(*kept), usage)


async def aside(responder: Responder, turn: TurnInput, messages: Sequence[ModelMessage]) -> Aside:
    """What the model says to the turn's input, of which nothing is kept. Raises one of `MODEL_ERRORS`."""
    reply = await _ask(responder, turn, messages, turn.input)
    if not (said := _text(reply)):
        raise RuntimeFailure("the model wrote nothing")
    spent = reply.response.usage
    return Aside(said, Usage() if turn.endpoint is None else Usage(spent.input_tokens, spent.output_tokens))


def _text(reply: Reply) -> str:
    return "\n\n".join(part.content for part in reply.response.parts if isinstance(part, TextPart)).strip()


async def _ask(responder: Responder, turn: TurnInput, messages: Sequence[ModelMessage], request: str) -> Reply:
    rest = list(messages)
    for _ in range(MAX_SHORTENINGS):
        try:
            return await responder.respond([*history.sendable(turn.context, rest), history.user(request)], turn.system)
        except MODEL_ERRORS as error:
            if not is_overflow(error) or len(rest) < 2:
                raise
            rest = rest[len(rest) // 2 :]
    return await responder.respond([*history.sendable(turn.context, rest), history.user(request)], turn.system)
