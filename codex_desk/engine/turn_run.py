"""The engine's side of one running turn: what `runtimes.base.TurnHost` asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from codex_desk.engine.consent import Consent
from codex_desk.engine.events import Live, MessageChanged
from codex_desk.engine.hub import Hub
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.reading import Reader
from codex_desk.engine.reported import RanAs
from codex_desk.engine.steering import HandIn, OfferSteers, TakeSteers
from codex_desk.engine.toolbox import Toolbox
from codex_desk.engine.turns import Claimed, Commit, ReplaceHistory
from codex_desk.engine.views import LiveTurn
from codex_desk.rights import Rights
from codex_desk.runtimes.base import ApprovalRequest, Compaction, Decision, Delta, ItemDraft, Steer, ToolResult
from codex_desk.tools.commands import simple_command

KEPT = 200_000
"""Characters of an open text that a pane gets when it opens in the middle of a turn; the end of it, where there is more."""


NOT_ITS_TOOLS = ToolResult(
    '{"error": {"code": "no_edge", "message": "only the session itself works with the desk; a subagent\'s answer goes to it"}}', False
)


class TurnRun:
    """Implements `TurnHost` for a claimed turn."""

    def __init__(self, claimed: Claimed, ledger: Ledger, reader: Reader, hub: Hub, consent: Consent) -> None:
        self.claimed = claimed
        self._reader = reader
        self.toolbox: Toolbox | None = None
        """None for a turn that has nothing to do with the desk's tools, such as a subagent's of its runtime."""
        self._consent = consent
        self._ledger = ledger
        self._hub = hub
        self._started_at = datetime.now(UTC)
        self._open: dict[str, tuple[str, str]] = {}

    def live(self) -> LiveTurn:
        """The turn as far as it has come."""
        claimed = self.claimed
        return LiveTurn(
            claimed.turn_id,
            claimed.thread_id,
            self._started_at,
            claimed.origin,
            claimed.message_id,
            claimed.rights,
            dict(self._open),
        )

    def delta(self, event: Delta) -> None:
        kind, text = self._open.get(event.key, (event.kind, ""))
        self._open[event.key] = (kind if event.kind == "output" else event.kind, (text + event.text)[-KEPT:])
        self._hub.publish((Live(self.claimed.thread_id, self.claimed.turn_id, event),))

    async def commit(self, items: Sequence[ItemDraft], history: bytes | None) -> None:
        await self._ledger.do(Commit(self.claimed, tuple(items), history))
        for item in items:
            self._open.pop(item.data.get("key", ""), None)

    async def call_tool(self, call_id: str, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        if self.toolbox is None:
            return NOT_ITS_TOOLS
        result = await self.toolbox.call(call_id, name, arguments)
        if result.item is None:
            self._open.pop(call_id, None)
            return result
        return ToolResult(result.text, result.ok, ItemDraft(result.item.kind, result.item.text, {**result.item.data, "key": call_id}))

    async def take_steers(self) -> Sequence[str]:
        return await self._ledger.do(TakeSteers(self.claimed))

    async def compact(self, compaction: Compaction) -> None:
        await self._ledger.do(ReplaceHistory(self.claimed, compaction))

    async def approve(self, request: ApprovalRequest) -> Decision:
        if request.kind == "command" and request.command is None:
            request = replace(request, command=simple_command(request.text))
        return await self._consent.ask(request)

    async def next_steers(self, besides: Set[int]) -> Sequence[Steer]:
        thread_id = self.claimed.thread_id
        heard = asyncio.Event()

        def listen(event: object) -> None:
            if isinstance(event, MessageChanged) and event.to_id == thread_id and event.state == "queued":
                heard.set()

        self._hub.add(listen)
        try:
            while True:
                if self._steers_wait(besides):
                    offered: list[Steer] = await self._ledger.do(OfferSteers(self.claimed))
                    fresh = [steer for steer in offered if steer.number not in besides]
                    if fresh:
                        return fresh
                await heard.wait()
                heard.clear()
        finally:
            self._hub.remove(listen)

    def _steers_wait(self, besides: Set[int]) -> bool:
        waiting = "SELECT id FROM message WHERE to_id = ? AND state = 'queued' AND delivery = 'next_step'"
        return any(row["id"] not in besides for row in self._reader.rows(waiting, (self.claimed.thread_id,)))

    async def steering(self, number: int) -> bool:
        return await self._ledger.do(HandIn(self.claimed, number))

    async def steered(self, number: int) -> None:
        await self._ledger.do(TakeSteers(self.claimed, number))

    async def ran_as(self, *, external_id: str | None = None, rights: Rights | None = None) -> None:
        await self._ledger.do(RanAs(self.claimed, external_id, rights))
