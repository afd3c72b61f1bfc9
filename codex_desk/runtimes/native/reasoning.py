"""Which reasoning of earlier responses a model is given back. Heavy import: reached through `runtime.preload`.

What an adapter cannot send in the protocol's own place it writes into the conversation as `<think>` text, as if the assistant had said it.
Here it is left out instead: reasoning of another provider, and on Responses what is neither encrypted nor raw.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from pydantic_ai.messages import ModelMessage, ModelResponse, ThinkingPart
from pydantic_ai.models import Model
from pydantic_ai.models.openai import OpenAIResponsesModel


def replayable(messages: Sequence[ModelMessage], model: Model) -> list[ModelMessage]:
    """The messages with only such reasoning as the model can take back; responses that held nothing else are gone."""
    kept: list[ModelMessage] = []
    for message in messages:
        if not isinstance(message, ModelResponse):
            kept.append(message)
            continue
        parts = [part for part in message.parts if not isinstance(part, ThinkingPart) or _takes_back(model, part)]
        if parts:
            kept.append(dataclasses.replace(message, parts=parts) if len(parts) < len(message.parts) else message)
    return kept


def _takes_back(model: Model, part: ThinkingPart) -> bool:
    if part.provider_name != model.system:
        return False
    if not isinstance(model, OpenAIResponsesModel):
        return True
    is_encrypted = bool(part.signature) and bool(model.profile.get("openai_supports_encrypted_reasoning_content"))
    return is_encrypted or bool((part.provider_details or {}).get("raw_content"))
