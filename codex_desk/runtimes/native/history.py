"""History chunks as pydantic-ai messages. Heavy import: reached through `runtime.preload`.

A chunk is a JSON list of model messages. What a turn begins with is the concatenation of the live chunks; instructions and context are
never in them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from pydantic import ValidationError
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    ModelResponsePart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
    repair_messages,
)

from codex_desk import text
from codex_desk.runtimes.base import RuntimeFailure


def dump(*messages: ModelMessage) -> bytes:
    """One chunk."""
    return ModelMessagesTypeAdapter.dump_json(list(messages))


def load(chunks: Iterable[bytes]) -> list[ModelMessage]:
    """The messages of all chunks, in order. Raises `RuntimeFailure` for a chunk that a newer version wrote."""
    messages: list[ModelMessage] = []
    try:
        for chunk in chunks:
            messages.extend(ModelMessagesTypeAdapter.validate_json(chunk))
    except ValidationError as error:
        raise RuntimeFailure(
            "this thread's history holds a part that this version does not know; update codex-desk to go on with it"
        ) from error
    return [dataclasses.replace(message, instructions=None) if isinstance(message, ModelRequest) else message for message in messages]


def user(said: str) -> ModelRequest:
    """One user-role input item."""
    return ModelRequest(parts=[UserPromptPart(content=said)])


def returned(call: ToolCallPart, result: str) -> ModelRequest:
    return ModelRequest(parts=[ToolReturnPart(tool_name=call.tool_name, content=result, tool_call_id=call.tool_call_id)])


def sendable(context: str, messages: Sequence[ModelMessage]) -> list[ModelMessage]:
    """What goes to the model: the context first, then the history, where every call has its return, also one that a killed process left
    without."""
    first = [user(context)] if context else []
    return repair_messages([*first, *messages])


def well_formed(response: ModelResponse) -> ModelResponse:
    """The response with every string such that it can be stored and sent again."""
    return dataclasses.replace(response, parts=[_well_formed(part) for part in response.parts])


def _well_formed(part: ModelResponsePart) -> ModelResponsePart:
    match part:
        case TextPart() | ThinkingPart():
            return dataclasses.replace(part, content=text.well_formed(part.content))
        case ToolCallPart(args=str() as args):
            return dataclasses.replace(part, tool_name=text.well_formed(part.tool_name), args=text.well_formed(args))
        case ToolCallPart():
            return dataclasses.replace(part, tool_name=text.well_formed(part.tool_name))
    return part


def interrupted(response: ModelResponse) -> ModelResponse | None:
    """What a response that broke off leaves in the history: its text. Calls in it were never made, their arguments may be half; reasoning
    without what follows it is refused by providers. None where there is no text."""
    texts = [TextPart(content=part.content) for part in response.parts if isinstance(part, TextPart) and part.content]
    if not texts:
        return None
    return ModelResponse(
        parts=texts, model_name=response.model_name, timestamp=response.timestamp, usage=response.usage, state="interrupted"
    )


def size_in_tokens(messages: Iterable[ModelMessage]) -> int:
    """A rough size, four characters to a token, for where no provider has counted."""
    return sum(len(_text(message)) for message in messages) // 4


def _text(message: ModelMessage) -> str:
    texts: list[str] = []
    for part in message.parts:
        match part:
            case TextPart() | ThinkingPart():
                texts.append(part.content)
            case ToolCallPart():
                texts.append(part.args_as_json_str())
            case ToolReturnPart() | UserPromptPart():
                texts.append(str(part.content))
            case _:
                pass
    return "".join(texts)
