"""Asking the human, and waiting for the answer."""

from __future__ import annotations

import asyncio

from codex_desk.engine import approvals
from codex_desk.engine.hub import Hub
from codex_desk.engine.identity import SYSTEM
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.reading import Reader
from codex_desk.runtimes.base import ApprovalRequest, Decision

WITHDRAWN = "it is not asked any more: it was answered elsewhere, or its turn is being stopped"


class Consent:
    """The inbox as one turn uses it. `patience`: seconds that a request waits where no screen is open; None where one is."""

    def __init__(self, ledger: Ledger, reader: Reader, hub: Hub, patience: float | None, thread_id: str, turn_id: str) -> None:
        self._ledger = ledger
        self._reader = reader
        self._hub = hub
        self._patience = patience
        self._thread_id = thread_id
        self._turn_id = turn_id

    async def ask(self, wanted: ApprovalRequest) -> Decision:
        """Put an action before the human and wait. Cancelled, it is withdrawn from the inbox."""
        asked = await self._ledger.do(
            approvals.Request(
                self._thread_id, self._turn_id, wanted.kind, wanted.text, wanted.cwd, wanted.why, wanted.command, tuple(wanted.offers)
            ),
            SYSTEM,
        )
        if asked.id is None:
            return Decision(True)

        def decided() -> str | None:
            state = self._reader.approval(asked.id).state
            return None if state == "pending" else state

        try:
            await self._hub.until(decided, lambda event: getattr(event, "approval_id", None) == asked.id, self._patience)
        except TimeoutError:
            await self._ledger.do(approvals.Expire(asked.id, approvals.NOBODY), SYSTEM)
        except asyncio.CancelledError:
            await asyncio.shield(self._ledger.do(approvals.Expire(asked.id, WITHDRAWN), SYSTEM))
            raise
        view = self._reader.approval(asked.id)
        if view.state == "approved":
            return Decision(True, view.scope == "thread" and "thread" in wanted.offers, view.answer)
        return Decision(False, reason="the user refused it" if view.state == "denied" else approvals.NOBODY)
