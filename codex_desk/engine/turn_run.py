"""The engine's side of one running turn: what `runtimes.base.TurnHost` asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from codex_desk.engine.events import Live
from codex_desk.engine.hub import Hub
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.toolbox import Toolbox
from codex_desk.engine.turns import Claimed, Commit, ReplaceHistory, TakeSteers
from codex_desk.engine.views import LiveTurn
from codex_desk.runtimes.base import Compaction, Delta, ItemDraft, ToolResult

KEPT = 200_000
"""Characters of an open text that a pane gets when it opens in the middle of a turn; the end of it, where there is more."""


class TurnRun:
    """Implements `TurnHost` for a claimed turn."""

    def __init__(self, claimed: Claimed, ledger: Ledger, hub: Hub) -> None:
        self.claimed = claimed
        self.toolbox: Toolbox | None = None
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
            raise RuntimeError("a turn calls tools only while it runs")
        result = await self.toolbox.call(call_id, name, arguments)
        if result.item is None:
            self._open.pop(call_id, None)
            return result
        return ToolResult(result.text, result.ok, ItemDraft(result.item.kind, result.item.text, {**result.item.data, "key": call_id}))

    async def take_steers(self) -> Sequence[str]:
        return await self._ledger.do(TakeSteers(self.claimed))

    async def compact(self, compaction: Compaction) -> None:
        await self._ledger.do(ReplaceHistory(self.claimed, compaction))
