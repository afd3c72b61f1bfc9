"""One turn: ask the model, run the tools it calls, until it answers. Heavy import: reached through `runtime.preload`.

The loop stands on pydantic-ai's messages and models and not on its `Agent`, because everything that an agent run keeps to itself is the
engine's here: each response and each tool return is committed at once with the chunk of history that goes with it, history is replaced in
the middle of a turn, a request is asked again whole, and no number of broken tool calls ends the turn.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal

from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ThinkingPart, ToolCallPart
from pydantic_ai.models import Model

from codex_desk.runtimes.base import Compaction, Delta, ItemDraft, ToolResult, TurnHost, TurnInput, TurnOutcome, Usage
from codex_desk.runtimes.native import compacting, history
from codex_desk.runtimes.native.calls import broken, cut_short, describe, parse_arguments
from codex_desk.runtimes.native.errors import MODEL_ERRORS, explain, is_overflow
from codex_desk.runtimes.native.responding import Reply, Responder, Sleep

OpenModel = Callable[[], AbstractAsyncContextManager[Model]]


class Turn:
    """One run of the loop; used once."""

    def __init__(self, turn: TurnInput, host: TurnHost, open_model: OpenModel, sleep: Sleep = asyncio.sleep) -> None:
        self._turn = turn
        self._host = host
        self._open_model = open_model
        self._sleep = sleep
        self._responder: Responder | None = None
        self._messages: list[ModelMessage] = []
        self._usage = Usage()
        self._answer: str | None = None
        self._compaction_helps = True
        self._task: asyncio.Task[TurnOutcome] | None = None
        self._is_interrupted = False

    def interrupt(self) -> None:
        """Stop at once; what was done is committed, and `run` returns `interrupted`."""
        if self._is_interrupted:
            return
        self._is_interrupted = True
        if self._task is not None:
            self._task.cancel()

    async def run(self) -> TurnOutcome:
        """To the end. Must run in a task of its own, which `interrupt` cancels."""
        self._task = asyncio.current_task()
        try:
            await self._take_in(history.load(self._turn.history))
            if self._is_interrupted:
                return self._outcome("interrupted")
            async with self._open_model() as model:
                await self._converse(model)
            return self._outcome("completed")
        except asyncio.CancelledError:
            await self._keep_partial()
            return self._outcome("interrupted")
        except MODEL_ERRORS as error:
            await self._keep_partial()
            return self._outcome("failed", explain(error, self._turn.endpoint))

    def _outcome(self, state: Literal["completed", "interrupted", "failed"], reason: str | None = None) -> TurnOutcome:
        return TurnOutcome(state, self._answer, reason, self._usage)

    async def _take_in(self, messages: list[ModelMessage]) -> None:
        self._messages = messages
        for note in self._turn.notes:
            await self._commit([], history.user(note))
        await self._commit([], history.user(self._turn.input))

    async def _converse(self, model: Model) -> None:
        self._responder = Responder(model, self._turn.endpoint, self._turn.turn_id, self._host.delta, self._sleep)
        while True:
            reply = await self._respond(self._responder)
            await self._commit(_items(reply), reply.response)
            self._answer = _last_text(reply.response)
            calls = [part for part in reply.response.parts if isinstance(part, ToolCallPart)]
            if not calls:
                return
            await self._run_tools(calls)
            await finish(self._take_steers())
            await self._make_room(self._responder)

    async def _take_steers(self) -> None:
        """A steer that was handed over counts as delivered, so it is in the history before anything can stop the turn."""
        for steer in await self._host.take_steers():
            await self._commit_now([], history.user(steer))

    async def _respond(self, responder: Responder) -> Reply:
        try:
            reply = await self._ask(responder)
        except MODEL_ERRORS as error:
            if not is_overflow(error):
                raise
            await self._compact(responder)
            reply = await self._ask(responder)
        context = compacting.context_size(reply.response, [*self._messages, reply.response])
        self._charge(reply.response, context)
        return reply

    def _charge(self, response: ModelResponse, context_tokens: int = 0) -> None:
        """Counts what a provider counted; without an endpoint nobody was asked, and nothing was spent."""
        spent = response.usage
        if self._turn.endpoint is None:
            self._usage += Usage(context_tokens=context_tokens)
        else:
            self._usage += Usage(spent.input_tokens, spent.output_tokens, context_tokens)

    async def _ask(self, responder: Responder) -> Reply:
        messages = history.sendable(self._turn.context, self._messages)
        return await responder.respond(messages, self._turn.system, self._turn.tools)

    async def _make_room(self, responder: Responder) -> None:
        """Compact before the context is full; not again where the last compaction left it full, since context and instructions stay."""
        if not compacting.is_full(self._usage.context_tokens, self._turn.endpoint):
            self._compaction_helps = True
        elif self._compaction_helps:
            self._compaction_helps = False
            await self._compact(responder)

    async def _compact(self, responder: Responder) -> None:
        self._host.delta(Delta("tool", f"{self._turn.turn_id}.compact", "compacting: the context is almost full"))
        compaction = await compacting.compact(responder.quiet(), self._turn, self._messages, going_on_with=self._turn.input)
        await finish(self._replace(compaction))

    async def _replace(self, compaction: Compaction) -> None:
        await self._host.compact(compaction)
        self._messages = history.load([compaction.history])
        self._usage += compaction.usage

    async def _run_tools(self, calls: Sequence[ToolCallPart]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for call in calls:
                    group.create_task(self._run_tool(call))
        except BaseExceptionGroup as failures:
            # Only a commit can fail here, and it fails for all of them alike.
            raise failures.exceptions[0] from failures

    async def _run_tool(self, call: ToolCallPart) -> None:
        self._host.delta(Delta("tool", call.tool_call_id, describe(call)))
        try:
            result = await self._call(call)
        except asyncio.CancelledError:
            await self._commit_return(call, cut_short(call))
            raise
        await self._commit_return(call, result)

    async def _call(self, call: ToolCallPart) -> ToolResult:
        match parse_arguments(call):
            case str() as complaint:
                return broken(call, complaint)
            case arguments:
                return await self._host.call_tool(call.tool_call_id, call.tool_name, arguments)

    async def _commit_return(self, call: ToolCallPart, result: ToolResult) -> None:
        items = [_keyed(result.item, call.tool_call_id)] if result.item is not None else []
        await self._commit(items, history.returned(call, result.text))

    async def _keep_partial(self) -> None:
        """What a response had said when it was stopped, or when its stream broke for the last time."""
        partial = self._responder.partial if self._responder is not None else None
        if partial is None:
            return
        items = _items(partial, {"interrupted": True})
        kept = history.interrupted(partial.response)
        self._charge(partial.response)
        if kept is not None:
            self._answer = _last_text(kept)
        if items:
            await self._commit(items, kept)

    async def _commit(self, items: Sequence[ItemDraft], message: ModelMessage | None) -> None:
        await finish(self._commit_now(items, message))

    async def _commit_now(self, items: Sequence[ItemDraft], message: ModelMessage | None) -> None:
        await self._host.commit(items, history.dump(message) if message is not None else None)
        if message is not None:
            self._messages.append(message)


async def finish(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end, also when the caller is cancelled meanwhile, and raise that afterwards: a commit is whole or not begun."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        task.result()
        raise


def _items(reply: Reply, extra: Mapping[str, object] | None = None) -> list[ItemDraft]:
    """What people see of a response. Text beside tool calls is commentary, not yet the answer."""
    parts = reply.response.parts
    marks = dict(extra or {})
    if extra is None and any(isinstance(part, ToolCallPart) for part in parts):
        marks["commentary"] = True
    items: list[ItemDraft] = []
    for index, part in enumerate(parts):
        key = f"{reply.key}.{index}"
        match part:
            case ThinkingPart(content=text) if text:
                items.append(ItemDraft("reasoning", text, {"key": key} | dict(extra or {})))
            case TextPart(content=text) if text:
                items.append(ItemDraft("agent_message", text, {"key": key} | marks))
            case _:
                pass
    return items


def _last_text(response: ModelResponse) -> str | None:
    texts = [part.content for part in response.parts if isinstance(part, TextPart) and part.content]
    return texts[-1] if texts else None


def _keyed(item: ItemDraft, key: str) -> ItemDraft:
    return dataclasses.replace(item, data={**item.data, "key": key})
