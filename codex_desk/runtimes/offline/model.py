"""The stand-in as a pydantic-ai model. Heavy import: reached when a turn runs."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Sequence
from typing import cast

from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, DeltaToolCalls, FunctionModel

from codex_desk.runtimes.asked import BOARD_SUMMARY, FOLD_SUMMARY_BEGINS, GO_ON, WOKEN_ABOVE
from codex_desk.runtimes.base import TurnInput
from codex_desk.runtimes.native.compacting import REQUEST
from codex_desk.runtimes.offline.alone import work
from codex_desk.runtimes.offline.board import write_up
from codex_desk.runtimes.offline.delegating import delegate, parse_delegations
from codex_desk.runtimes.offline.leading import acknowledge, go_on, lead
from codex_desk.runtimes.offline.parsing import Body, parse_context, unwrap
from codex_desk.runtimes.offline.script import Call, Result, Script
from codex_desk.runtimes.offline.spawning import parse_orders, spawn

MARK = "[offline stand-in]"
"""Opens every answer, so that nobody takes one for a model's."""

FOLD_BEGINS = "The user went into "
"""How the engine's envelope of a fold begins."""

DIGEST_LINES = 40
DIGEST_WIDTH = 200


def make_model(turn: TurnInput) -> FunctionModel:
    """A model for one turn: it follows scripts, and remembers where in them it is."""
    actor = _Actor(turn)

    async def stream(messages: list[ModelMessage], _: AgentInfo) -> AsyncIterator[str | DeltaToolCalls]:
        match actor.act(messages):
            case str() as text:
                for line in text.splitlines(keepends=True):
                    yield line
            case calls:
                yield {
                    index: DeltaToolCall(call.tool_name, cast(str, call.args), tool_call_id=call.tool_call_id)
                    for index, call in enumerate(calls)
                }

    def whole(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
        match actor.act(messages):
            case str() as text:
                return ModelResponse(parts=[TextPart(content=text)])
            case calls:
                return ModelResponse(parts=list(calls))

    return FunctionModel(whole, stream_function=stream, model_name="offline")


class _Actor:
    def __init__(self, turn: TurnInput) -> None:
        self._context = turn.context
        self._place = parse_context(turn.context)
        offered = {tool.name for tool in turn.tools}
        self._spawns = "spawn_agent" in offered
        self._delegates = "delegate_agent" in offered
        self._leads = "send_message" in offered and (turn.has_children or not self._spawns)
        self._reads_board = any(tool.name == "board_read" for tool in turn.tools)
        self._asked: list[str] = [turn.input]
        self._brought: tuple[Body, ...] = ()
        """What the user folded into the conversation since its last answer."""
        self._answers: list[str] = []
        self._script: Script | None = None
        self._calls: Sequence[ToolCallPart] = ()

    def act(self, messages: Sequence[ModelMessage]) -> str | Sequence[ToolCallPart]:
        """The next response: tool calls, or the answer, in which every text that came in during the turn is dealt with."""
        last = messages[-1].parts
        said = [part.content for part in last if isinstance(part, UserPromptPart) and isinstance(part.content, str)]
        if said and (said[-1] == REQUEST or said[-1].startswith(FOLD_SUMMARY_BEGINS)):
            return digest(messages[:-1], self._context)
        if self._script is None and not self._answers:
            self._brought = brought_in(messages)
        results: Sequence[Result] | None = None
        if self._script is not None:
            returned = {part.tool_call_id: str(part.content) for part in last if isinstance(part, ToolReturnPart)}
            results = [Result.parse(returned.get(call.tool_call_id, "{}")) for call in self._calls]
            self._asked += said
        while self._asked or self._script is not None:
            if self._script is None:
                self._script, results = self._begin(self._asked.pop(0)), None
            try:
                wanted = next(self._script) if results is None else self._script.send(results)
            except StopIteration as end:
                self._answers.append(cast(str, end.value))
                self._script = None
            else:
                self._calls = [_part(call) for call in wanted]
                return self._calls
        return f"{MARK} " + "\n\n".join(self._answers)

    def _begin(self, text: str) -> Script:
        prompt = unwrap(text)
        if prompt.text in (GO_ON, WOKEN_ABOVE):
            return _say(go_on(self._brought))
        if prompt.sender in ("child", "desk"):
            return _say(acknowledge(prompt.bodies))
        if self._spawns and (orders := parse_orders(prompt.text)):
            return spawn(orders)
        if self._delegates and (delegations := parse_delegations(prompt.text)):
            return delegate(delegations)
        if prompt.text == BOARD_SUMMARY and self._reads_board:
            return write_up()
        return self._lead(prompt.text) if self._leads else work(prompt.text, self._place)

    def _lead(self, text: str) -> Script:
        (listing,) = yield [Call("list_agents")]
        handles = [str(row["name"]) for row in listing.rows("agents") if row.get("name")]
        return (yield from lead(text, handles) if handles and text.strip() else work(text, self._place))


def brought_in(messages: Sequence[ModelMessage]) -> tuple[Body, ...]:
    """The bodies of the folds that stand between the last answer and the prompt of this turn."""
    bodies: list[Body] = []
    for message in messages:
        if isinstance(message, ModelResponse):
            bodies.clear()
            continue
        for part in message.parts:
            if isinstance(part, UserPromptPart) and isinstance(part.content, str) and part.content.startswith(FOLD_BEGINS):
                bodies += unwrap(part.content).bodies
    return tuple(bodies)


def _say(text: str) -> Script:
    yield from ()
    return text


def _part(call: Call) -> ToolCallPart:
    return ToolCallPart(call.name, json.dumps(call.arguments, ensure_ascii=False), tool_call_id=f"call_{secrets.token_hex(8)}")


def digest(messages: Sequence[ModelMessage], context: str) -> str:
    """A summary by rule: who said what, one line each, the latest of them. The context is not part of what happened."""
    lines: list[str] = []
    for message in messages:
        for part in message.parts:
            match part:
                case UserPromptPart(content=str() as text) if text != context:
                    lines.append(f"- asked: {_short(unwrap(text).text)}")
                case TextPart(content=text) if text:
                    lines.append(f"- answered: {_short(text)}")
                case ToolCallPart():
                    lines.append(f"- called {part.tool_name}: {_short(part.args_as_json_str())}")
                case _:
                    pass
    left_out = f"{len(lines) - DIGEST_LINES} earlier lines are left out.\n" if len(lines) > DIGEST_LINES else ""
    return f"{MARK} What happened, one line each.\n{left_out}" + "\n".join(lines[-DIGEST_LINES:])


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= DIGEST_WIDTH else line[: DIGEST_WIDTH - 1] + "…"
