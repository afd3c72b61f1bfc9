"""One response of a model: streamed, and asked for again where that may help. Heavy import: reached through `runtime.preload`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

from pydantic_ai import ModelAPIError
from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import (
    InstructionPart,
    ModelMessage,
    ModelResponse,
    ModelResponsePart,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
)
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.tools import ToolDefinition

from codex_desk.frozen import frozen
from codex_desk.runtimes.base import Delta, Endpoint, ToolSpec
from codex_desk.runtimes.native import history
from codex_desk.runtimes.native.errors import MODEL_ERRORS, CutStream, is_retryable, retry_delay, trouble
from codex_desk.runtimes.native.reasoning import replayable

Sleep = Callable[[float], Awaitable[None]]
Show = Callable[[Delta], None]

OFFLINE_RETRIES = 0
"""Without an endpoint there is nobody who could do better a moment later."""


@frozen
class Reply:
    response: ModelResponse
    key: str
    """Part `n` of the response streamed under the delta key `<key>.<n>`."""


class Responder:
    """Asks one model, for one turn; increments go to `show`, under keys that begin with `key`."""

    def __init__(self, model: Model, endpoint: Endpoint | None, key: str, show: Show | None = None, sleep: Sleep = asyncio.sleep) -> None:
        self._model = model
        self._endpoint = endpoint
        self._retries = OFFLINE_RETRIES if endpoint is None else endpoint.max_retries
        self._key = key
        self._show = show or _show_nothing
        self._sleep = sleep
        self._responses = 0
        self._stream: StreamedResponse | None = None
        self._best_partial: Reply | None = None
        self._stream_key = key

    def quiet(self) -> Responder:
        """The same model for a request beside the turn, such as a summary, which the transcript does not show while it is written."""
        return Responder(self._model, self._endpoint, f"{self._key}.aside", sleep=self._sleep)

    @property
    def partial(self) -> Reply | None:
        """What has come of a response that never became whole: of the latest try that brought any text."""
        if self._stream is None:
            return self._best_partial
        now = Reply(history.well_formed(self._stream.get()), self._stream_key)
        return now if self._best_partial is None or any(_has_text(part) for part in now.response.parts) else self._best_partial

    async def respond(self, messages: Sequence[ModelMessage], system: str, tools: Sequence[ToolSpec] = ()) -> Reply:
        """The whole response. Raises one of `MODEL_ERRORS` when the tries are used up or another try cannot help; `partial` then holds what
        the last stream brought."""
        self._responses += 1
        messages = replayable(messages, self._model)
        parameters = _parameters(system, tools)
        self._best_partial = None
        attempt = 0
        while True:
            self._stream_key = f"{self._key}.{self._responses}.{attempt}"
            try:
                return await self._respond_once(messages, parameters)
            except MODEL_ERRORS as error:
                if attempt >= self._retries or not is_retryable(error):
                    raise
                self._best_partial = self.partial
                await self._pause(error, attempt)
                attempt += 1

    async def _respond_once(self, messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> Reply:
        self._stream = None
        async with model_request_stream(self._model, messages, model_request_parameters=parameters) as stream:
            self._stream = stream
            try:
                async for event in stream:
                    self._show_event(event)
            except ModelAPIError as error:
                # No category and not the provider's own words: the adapter found no end where one belongs.
                if type(error) is ModelAPIError and not error.in_stream:
                    raise CutStream(error.message) from error
                raise
            response = stream.get()
        if response.state != "complete":
            raise CutStream("the stream ended before the response did")
        self._stream = self._best_partial = None
        return Reply(history.well_formed(response), self._stream_key)

    async def _pause(self, error: Exception, attempt: int) -> None:
        delay = retry_delay(attempt, getattr(error, "retry_after", None), random.random())
        line = f"{trouble(error)}; asking again in {delay:.1f} s ({attempt + 1} of {self._retries})"
        self._show(Delta("tool", f"{self._stream_key}.retry", line))
        await self._sleep(delay)

    def _show_event(self, event: ModelResponseStreamEvent) -> None:
        match event:
            case PartStartEvent(index=index, part=TextPart(content=text)) if text:
                self._show(Delta("text", f"{self._stream_key}.{index}", text))
            case PartStartEvent(index=index, part=ThinkingPart(content=text)) if text:
                self._show(Delta("reasoning", f"{self._stream_key}.{index}", text))
            case PartDeltaEvent(index=index, delta=TextPartDelta(content_delta=text)) if text:
                self._show(Delta("text", f"{self._stream_key}.{index}", text))
            case PartDeltaEvent(index=index, delta=ThinkingPartDelta(content_delta=text)) if text:
                self._show(Delta("reasoning", f"{self._stream_key}.{index}", text))
            case _:
                pass


def _has_text(part: ModelResponsePart) -> bool:
    return isinstance(part, TextPart) and bool(part.content)


def _show_nothing(_: Delta) -> None:
    pass


def _parameters(system: str, tools: Sequence[ToolSpec]) -> ModelRequestParameters:
    """Instructions go beside the messages, so that no history holds them. Schemas go as they are: the engine checks arguments itself."""
    return ModelRequestParameters(
        function_tools=[
            ToolDefinition(name=tool.name, description=tool.description, parameters_json_schema=dict(tool.parameters), strict=False)
            for tool in tools
        ],
        instruction_parts=[InstructionPart(content=system)] if system else [],
    )
