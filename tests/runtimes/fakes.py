"""The engine's side of a turn, in memory, and the turns themselves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, NoReturn

from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter

from codex_desk.rights import Rights
from codex_desk.runtimes.base import ApprovalRequest, Compaction, Delta, Endpoint, ItemDraft, ToolResult, ToolSpec, TurnInput

Tool = Callable[[Mapping[str, Any]], Awaitable[str]]

ECHO = ToolSpec("echo", "Says it again.", {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]})


@dataclass
class FakeHost:
    """Keeps what a runtime commits. Tools are functions from arguments to the result's text; unknown names are error results."""

    tools: Mapping[str, Tool] = field(default_factory=dict)
    steers: list[str] = field(default_factory=list)
    items: list[ItemDraft] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    deltas: list[Delta] = field(default_factory=list)
    called: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    compactions: list[Compaction] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def delta(self, event: Delta) -> None:
        self.deltas.append(event)
        self.news.set()

    async def commit(self, items: Sequence[ItemDraft], history: bytes | None) -> None:
        await asyncio.sleep(0)
        self.items.extend(items)
        if history is not None:
            self.chunks.append(history)
        self.news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits for something that the runtime tells its host."""
        while not condition():
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 20)

    async def call_tool(self, call_id: str, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        self.called.append((call_id, name, arguments))
        tool = self.tools.get(name)
        if tool is None:
            text = json.dumps({"error": {"code": "unknown_tool", "message": f"there is no tool {name}"}})
        else:
            text = await tool(arguments)
        ok = not text.startswith('{"error"')
        data = {"tool": name, "arguments": dict(arguments), "result": text, "ok": ok, "duration_ms": 1}
        return ToolResult(text, ok, ItemDraft("tool_call", name, data))

    async def take_steers(self) -> Sequence[str]:
        taken, self.steers = self.steers, []
        return taken

    async def compact(self, compaction: Compaction) -> None:
        self.compactions.append(compaction)
        self.chunks = [compaction.history]

    async def approve(self, request: ApprovalRequest) -> NoReturn:
        _not_for_these(request.text)

    async def next_steers(self, besides: Set[int]) -> NoReturn:
        _not_for_these("what waits")

    async def steering(self, number: int) -> NoReturn:
        _not_for_these(f"#{number}")

    async def steered(self, number: int) -> NoReturn:
        _not_for_these(f"#{number}")

    async def ran_as(self, *, external_id: str | None = None, rights: Rights | None = None) -> NoReturn:
        _not_for_these(str(external_id))

    def texts(self, kind: str) -> list[str]:
        return [item.text for item in self.items if item.kind == kind]

    def streamed(self, kind: str) -> str:
        return "".join(delta.text for delta in self.deltas if delta.kind == kind)

    def messages(self) -> list[ModelMessage]:
        return [message for chunk in self.chunks for message in ModelMessagesTypeAdapter.validate_json(chunk)]


def _not_for_these(what: str) -> NoReturn:
    raise AssertionError(f"a runtime that keeps its history here asked what only others have to ask: {what}")


def make_turn(
    prompt: str,
    *,
    history: Sequence[bytes] = (),
    system: str = "You are reviewer.",
    context: str = "<environment_context>\ncwd: /work\n</environment_context>",
    tools: Sequence[ToolSpec] = (),
    endpoint: Endpoint | None = None,
) -> TurnInput:
    return TurnInput("turn-1", prompt, history, system, context, tools, Rights(), endpoint)
