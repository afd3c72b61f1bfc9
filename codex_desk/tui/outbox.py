"""Prompts on their way to the engine: in order, and none lost while it opens."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from codex_desk.engine.views import Delivery, MessageView
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.widgets.strips import Unsent


class Outbox:
    """Sends what people type; knows what has not been taken yet."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._unsent: dict[str, list[Unsent]] = {}
        self._order = asyncio.Lock()

    def unsent(self, thread_id: str) -> tuple[Unsent, ...]:
        """What waits for the engine, first typed first."""
        opening = self._bridge.desk is None
        return tuple(replace(entry, opening=opening) for entry in self._unsent.get(thread_id, ()))

    async def send(self, thread_id: str, text: str, delivery: Delivery) -> MessageView:
        """The message, once it is committed. Raises `Refusal`, `EngineUnavailable`; the text is then the caller's to keep."""
        waiting = self._unsent.setdefault(thread_id, [])
        entry = Unsent(text)
        waiting.append(entry)
        try:
            async with self._order:
                await self._bridge.ready()
                from codex_desk.engine.mailbox import Send  # imports the store: only once the engine is there

                return await self._bridge.do(Send(thread_id, text, delivery=delivery))
        finally:
            waiting.remove(entry)
