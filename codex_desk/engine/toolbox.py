"""What the model of one running turn may call: the desk tools, performed as actions, and the workspace tools."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from codex_desk.engine import agents, asking, board_tools, links, mailbox, reading
from codex_desk.engine.consent import Consent
from codex_desk.engine.delegating import Delegated, Delegator
from codex_desk.engine.errors import Refusal
from codex_desk.engine.hub import Hub
from codex_desk.engine.identity import By
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.spawning import Offer, Spawner
from codex_desk.engine.turns import Claimed
from codex_desk.engine.views import ThreadView
from codex_desk.frozen import frozen
from codex_desk.runtimes.base import ApprovalRequest, Delta, ItemDraft, ToolResult, ToolSpec
from codex_desk.tools.board import BOARD_TOOLS
from codex_desk.tools.catalog import WORKSPACE_SPECS, run_workspace_tool
from codex_desk.tools.delegation import DelegateAgent, DelegateSessions
from codex_desk.tools.desk import (
    DESK_TOOLS,
    BoardUse,
    CloseAgent,
    InterruptAgent,
    ListAgents,
    Report,
    SendMessage,
    SpawnAgent,
    WaitAgent,
    desk_specs,
)
from codex_desk.tools.workspace import Ask, Verdict, Workspace

NOTHING_TO_SPAWN = Offer()

DIGITS = 19
"""A number with as many may not fit the store's 64 bits; no message has one."""


@frozen
class Bench:
    """What a turn's tools work with."""

    ledger: Ledger
    reader: reading.Reader
    hub: Hub
    workspace: Workspace | None
    """None where the runtime has tools of its own."""
    patience: float | None
    """Seconds that an approval waits where no screen is open; None where one is."""
    post: Callable[[mailbox.Ask, By], Awaitable[int]]
    """Sends a message to another agent."""
    spawner: Spawner | None = None
    """None where nothing is spawned from."""


class Toolbox:
    """The tools of one turn. `call` answers every call with a result; only cancellation leaves it as an exception."""

    def __init__(
        self,
        bench: Bench,
        claimed: Claimed,
        *,
        has_children: bool,
        parent_id: str | None,
        deltas: Callable[[Delta], None],
        offer: Offer = NOTHING_TO_SPAWN,
        board: BoardUse = "none",
    ) -> None:
        self._bench = bench
        self._claimed = claimed
        self._by = By("agent", claimed.thread_id, claimed.turn_id)
        self._parent_id = parent_id
        self._deltas = deltas
        self.specs: tuple[ToolSpec, ...]
        self._waits = asking.Waiting(bench.ledger, bench.reader, bench.hub, self._by)
        self._delegator = bench.spawner and Delegator(bench.ledger, bench.reader, bench.spawner, self._waits, bench.post, self._by)
        self.consent = Consent(bench.ledger, bench.reader, bench.hub, bench.patience, claimed.thread_id, claimed.turn_id)
        if bench.workspace is None:  # such a runtime carries all of the desk's tools, whether or not they are of use now
            self.specs = desk_specs(has_children=True, has_parent=True, delegates=bench.spawner is not None, board="owner")
        else:
            mine = desk_specs(
                has_children=has_children,
                has_parent=parent_id is not None,
                may_spawn=offer.may_spawn,
                delegates=offer.delegates,
                roles=offer.roles,
                board=board,
            )
            self.specs = (*mine, *WORKSPACE_SPECS)
        self._offered = frozenset(spec.name for spec in self.specs)

    async def call(self, call_id: str, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        began = time.monotonic()
        if name not in self._offered:
            return _refused(
                name, arguments, "unknown_tool", f"there is no tool {name!r} here; there are {', '.join(sorted(self._offered))}", began
            )
        if name not in DESK_TOOLS and self._bench.workspace is not None:
            return await run_workspace_tool(name, arguments, self._bench.workspace, _Port(self, call_id))
        try:
            parsed = DESK_TOOLS[name].model_validate(dict(arguments))
        except ValidationError as error:
            return _refused(name, arguments, "bad_arguments", _broken(error), began)
        try:
            result = await self._desk_tool(parsed)
        except Refusal as refusal:
            return _refused(name, arguments, refusal.code, refusal.message, began)
        if isinstance(result, Delegated):
            given, made = result.result, result.made
        else:
            given, made = result, (result["agent_id"],) if isinstance(parsed, SpawnAgent) else ()
        text = json.dumps(given, ensure_ascii=False)
        if isinstance(parsed, SendMessage | Report) or (isinstance(parsed, DelegateAgent) and not made):
            return ToolResult(text)
        return ToolResult(text, True, _item(name, arguments, text, True, began, _children(made)))

    async def _desk_tool(self, arguments: Any) -> dict[str, Any] | Delegated:
        do, reader, by = self._bench.ledger.do, self._bench.reader, self._by
        match arguments:
            case ListAgents():
                return asking.agents(reader, self._claimed.thread_id)
            case SendMessage(target=target, message=text, delivery=delivery):
                number = await self._bench.post(mailbox.Ask(self._child(target), text, delivery), by)
                message = reader.message(number)
                queue = [each.id for each in reader.queue(message.to_id)]
                position = queue.index(number) + 1 if number in queue else 0  # its turn may have begun by now
                return {"message_id": number, "state": message.state, "delivery": message.delivery, "position": position}
            case Report(message=text):
                if self._parent_id is None:
                    raise Refusal("no_edge", "you have no parent to report to")
                number = await do(mailbox.Report(self._parent_id, text), by)
                return {"message_id": number, "state": reader.message(number).state}
            case SpawnAgent() if self._bench.spawner is not None:
                return await self._bench.spawner.spawn(arguments, by, self.consent)
            case DelegateAgent() if self._delegator is not None:
                return await self._delegator.delegate(arguments, self.consent)
            case DelegateSessions() if self._delegator is not None:
                return await self._delegator.sessions(arguments)
            case InterruptAgent(target=target):
                return await do(agents.InterruptAgent(self._child(target)), by)
            case CloseAgent(target=target) if self._bench.spawner is not None:
                return await self._bench.spawner.close(self._child(target), by)
            case CloseAgent(target=target):
                return await do(links.CloseAgent(self._child(target)), by)
            case WaitAgent(targets=targets, mode=mode, timeout_ms=timeout_ms):
                children = reader.children(self._claimed.thread_id)  # once for them all: there may be fifty
                wanted = tuple(target if isinstance(target, int) else self._target(target, children) for target in targets)
                return await self._waits.wait(wanted, mode, timeout_ms)
            case _ if isinstance(arguments, tuple(BOARD_TOOLS.values())):
                return await board_tools.run(self._bench.ledger, reader, by, self._claimed.thread_id, arguments)
            case _:
                raise Refusal("unknown_tool", "no such tool")

    def _target(self, name: str, children: Sequence[ThreadView]) -> int | str:
        digits = name.removeprefix("#")
        return int(digits) if digits.isdecimal() and len(digits) < DIGITS else self._child(name, children)

    def _child(self, name: str, children: Sequence[ThreadView] | None = None) -> str:
        """The child that a model names, by handle or id."""
        wanted = name.removeprefix("@")
        children = self._bench.reader.children(self._claimed.thread_id) if children is None else children
        for child in children:
            if wanted in (child.handle, child.id):
                return child.id
        parent = self._parent_id and self._bench.reader.thread(self._parent_id)
        if parent and wanted in (parent.handle, parent.id):
            raise Refusal("no_edge", f"{wanted} is your parent: use report")
        names = ", ".join(child.handle or child.id for child in children) or "nobody"
        raise Refusal(
            "no_edge",
            f"{wanted} is not attached to you and you did not spawn it. You can reach: {names}. The user can attach a session to you",
        )

    async def approve(self, ask: Ask) -> Verdict:
        """Put an action before the human and wait for the answer."""
        decision = await self.consent.ask(ApprovalRequest(ask.kind, ask.text, ask.cwd, ask.why, ask.command))
        return Verdict(decision.approved, decision.reason)

    def output(self, call_id: str, text: str) -> None:
        self._deltas(Delta("output", call_id, text))


class _Port:
    """One call's way back to the engine (tools.workspace.ToolPort)."""

    def __init__(self, toolbox: Toolbox, call_id: str) -> None:
        self._toolbox = toolbox
        self._call_id = call_id

    def output(self, text: str) -> None:
        self._toolbox.output(self._call_id, text)

    async def approve(self, ask: Ask) -> Verdict:
        return await self._toolbox.approve(ask)


def _children(made: Sequence[str]) -> dict[str, Any]:
    """What the record of a call says of the threads that it made; a line of the transcript tells of each of them."""
    match made:
        case []:
            return {}
        case [child]:
            return {"subagent_thread_id": child, "told": True}
    return {"subagent_thread_ids": list(made), "told": True}


def _broken(error: ValidationError) -> str:
    """What is wrong with the arguments, by name."""
    return "; ".join(
        f"{'.'.join(str(part) for part in each['loc']) or 'arguments'}: {each['msg']}" for each in error.errors(include_input=False)[:5]
    )


def _refused(name: str, arguments: Mapping[str, Any], code: str, message: str, began: float) -> ToolResult:
    text = json.dumps({"error": {"code": code, "message": message}}, ensure_ascii=False)
    return ToolResult(text, False, _item(name, arguments, text, False, began))


def _item(
    name: str, arguments: Mapping[str, Any], result: str, ok: bool, began: float, more: Mapping[str, Any] = MappingProxyType({})
) -> ItemDraft:
    spent = int((time.monotonic() - began) * 1000)
    data = {"tool": name, "arguments": dict(arguments), "result": result, "ok": ok, "duration_ms": spent, **more}
    return ItemDraft("tool_call", name, data)
