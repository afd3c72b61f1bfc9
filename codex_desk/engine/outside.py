"""The engine's side of a runtime that keeps its threads itself: it is told what the desk knows, and what it reports is recorded."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codex_desk.config import Resolved
from codex_desk.engine.board_sharing import asks_for_board
from codex_desk.engine.consent import Consent
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import Event, TurnChanged
from codex_desk.engine.hub import Hub
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.reading import Reader
from codex_desk.engine.reported import Began, CatchUp, Closed, Keep, KeepState, Renamed, Spawn
from codex_desk.engine.spawning import Spawner
from codex_desk.engine.surroundings import Surroundings
from codex_desk.engine.toolbox import Bench, Toolbox
from codex_desk.engine.turn_run import TurnRun
from codex_desk.engine.turns import Claimed, Finish
from codex_desk.engine.views import LiveTurn
from codex_desk.runtimes.base import RuntimeFailure, ThreadSpec, TurnHost, TurnOutcome
from codex_desk.runtimes.outside import Facts, OutsideHost, OutsideRuntime, PastItem, ReportedTurn, Spawned, Standing
from codex_desk.store.errors import StoreError
from codex_desk.store.tables import Thread
from codex_desk.tools.desk import desk_specs

LOG = logging.getLogger(__name__)

BATCH = 200
"""Items of a past that are written in one transaction, so that nobody else waits long."""


class Outside(OutsideHost):
    """One for each such runtime of a process. `host_id` is that of a process that runs turns; empty for one that does not: it records none."""

    def __init__(
        self,
        host_id: str,
        ledger: Ledger,
        reader: Reader,
        hub: Hub,
        surroundings: Surroundings,
        patience: float | None,
        alive: Callable[[], frozenset[str]],
    ) -> None:
        self._host_id = host_id
        self._ledger = ledger
        self._reader = reader
        self._hub = hub
        self._surroundings = surroundings
        self._patience = patience
        self._alive = alive
        self._runs: dict[str, tuple[TurnRun, Callable[[Event], None]]] = {}
        self._stopping: set[asyncio.Task[None]] = set()

    def live(self, thread_id: str) -> LiveTurn | None:
        """A reported turn that runs in this thread."""
        found = next((run for run, _ in self._runs.values() if run.claimed.thread_id == thread_id), None)
        return None if found is None else found.live()

    # --- what it asks -----------------------------------------------------------------------------------------------------------------------

    def thread_of(self, external_id: str) -> str | None:
        row = self._reader.row("SELECT id FROM thread WHERE external_id = ? AND status != 'history'", (external_id,))
        return None if row is None else row["id"]

    def known_items(self, thread_id: str) -> frozenset[str]:
        rows = self._reader.rows("SELECT DISTINCT json_extract(data, '$.key') AS key FROM item WHERE thread_id = ?", (thread_id,))
        return frozenset(row["key"] for row in rows if isinstance(row["key"], str))

    def known_turns(self, thread_id: str) -> frozenset[str]:
        rows = self._reader.rows("SELECT json_extract(settings, '$.external_id') AS id FROM turn WHERE thread_id = ?", (thread_id,))
        return frozenset(row["id"] for row in rows if row["id"])

    # --- what it tells ----------------------------------------------------------------------------------------------------------------------

    async def keep(self, thread_id: str, facts: Facts) -> None:
        await self._ledger.do(Keep(thread_id, facts))

    async def keep_state(self, thread_id: str, state: Mapping[str, Any]) -> None:
        await self._ledger.do(KeepState(thread_id, state))

    async def catch_up(self, thread_id: str, items: Sequence[PastItem]) -> None:
        for start in range(0, len(items), BATCH):
            await self._ledger.do(CatchUp(thread_id, items[start : start + BATCH]))

    async def spawned(self, child: Spawned) -> str | None:
        return await self._ledger.do(Spawn(child))

    async def closed(self, external_id: str) -> None:
        await self._ledger.do(Closed(external_id))

    async def renamed(self, external_id: str, name: str) -> str | None:
        return await self._ledger.do(Renamed(external_id, name))

    async def began(self, turn: ReportedTurn, interrupt: Callable[[], Awaitable[None]]) -> TurnHost | None:
        thread_id = self.thread_of(turn.thread)
        if thread_id is None or not self._host_id:
            return None
        own = self._surroundings.rights(self._reader.row_of(Thread, thread_id))
        claimed: Claimed | None = await self._ledger.do(Began(turn, self._host_id, own, self._alive()))
        if claimed is None:
            return None
        consent = Consent(self._ledger, self._reader, self._hub, self._patience, claimed.thread_id, claimed.turn_id)
        run = TurnRun(claimed, self._ledger, self._reader, self._hub, consent)
        thread = self._reader.thread(thread_id)
        if thread.kind == "session" and turn.by != "agent":  # who prompts it in another program has the desk's tools there as here
            spawner = Spawner(self._host_id, self._ledger, self._reader, self._hub, self._surroundings)
            bench = Bench(self._ledger, self._reader, self._hub, None, self._patience, self._ledger.do, spawner)
            run.toolbox = Toolbox(bench, claimed, has_children=True, parent_id=thread.parent_id, deltas=run.delta)
        listener = self._stopper(claimed, interrupt)
        self._hub.add(listener)
        self._runs[claimed.turn_id] = (run, listener)
        listener(TurnChanged(claimed.thread_id, claimed.turn_id, "running"))  # it may have been stopped as it was recorded
        return run

    async def ended(self, host: TurnHost, outcome: TurnOutcome) -> None:
        if not isinstance(host, TurnRun):
            return
        claimed = host.claimed
        _, listener = self._runs.pop(claimed.turn_id, (host, None))
        if listener is not None:
            self._hub.remove(listener)
        reason = outcome.reason
        if outcome.state == "interrupted":
            reason = self._stop_reason(claimed) or reason or ("stopped by the desk" if claimed.origin == "agent" else "in another program")
        try:
            await self._ledger.do(Finish(claimed, outcome.state, outcome.answer, reason, outcome.usage))
        except (Refusal, StoreError) as error:  # another process has taken it over, or recovers it with this one's other turns
            LOG.warning("the end of a turn was not recorded: %s", error)

    def _stopper(self, claimed: Claimed, interrupt: Callable[[], Awaitable[None]]) -> Callable[[Event], None]:
        """Hears when the turn should end, once."""
        asked = False

        def listen(event: Event) -> None:
            nonlocal asked
            if asked or not isinstance(event, TurnChanged) or event.turn_id != claimed.turn_id or not self._stop_reason(claimed):
                return
            asked = True
            task = asyncio.ensure_future(_awaited(interrupt))
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)

        return listen

    def _stop_reason(self, claimed: Claimed) -> str | None:
        row = self._reader.row("SELECT stop_reason FROM turn WHERE id = ?", (claimed.turn_id,))
        return None if row is None else row["stop_reason"]


async def _awaited(work: Callable[[], Awaitable[None]]) -> None:
    await work()


def state_of(reader: Reader, thread_id: str) -> dict[str, Any]:
    """What a runtime asked to be kept for a thread."""
    row = reader.row("SELECT content FROM runtime_state WHERE thread_id = ?", (thread_id,))
    return {} if row is None else json.loads(row["content"])


def outside_spec(reader: Reader, surroundings: Surroundings, thread: Thread) -> ThreadSpec:
    """A thread as such a runtime gets it. Raises `ConfigError`."""
    row = None if thread.forked_from is None else reader.row("SELECT external_id FROM thread WHERE id = ?", (thread.forked_from,))
    return ThreadSpec(
        id=thread.id,
        handle=thread.handle or thread.id,
        cwd=Path(thread.cwd),
        tools=desk_specs(
            has_children=True,
            has_parent=True,
            delegates=True,
            board="owner" if asks_for_board(reader, surroundings, thread.id) else "none",
        ),
        external_id=thread.external_id,
        continues=None if row is None else row["external_id"],
        chosen=dict(thread.settings),
        defaults=chosen_settings(surroundings.of(thread, {})),
        state=state_of(reader, thread.id),
    )


def chosen_settings(resolved: Resolved) -> dict[str, Any]:
    """The settings that somebody made, by dotted key: what is merely a default of the desk is left out."""
    flat, sources = resolved.flat(), resolved.sources
    return {key: value for key, value in flat.items() if sources[key] != "default"}


def is_outside(reader: Reader, thread_id: str) -> bool:
    """Whether a runtime keeps this session itself, and has it by now."""
    row = reader.row(
        "SELECT 1 FROM thread WHERE id = ? AND external_id IS NOT NULL AND kind = 'session' AND status != 'history'", (thread_id,)
    )
    return row is not None


def outside_sessions(reader: Reader) -> list[str]:
    """The live sessions that a runtime keeps itself."""
    rows = reader.rows(
        "SELECT id FROM thread WHERE external_id IS NOT NULL AND kind = 'session' AND status != 'history' AND archived_at IS NULL"
    )
    return [row["id"] for row in rows]


def standing_of(reader: Reader, thread_id: str) -> Standing:
    """How a session stands on the desk now."""
    view = reader.thread(thread_id)
    row = reader.row(
        "SELECT a.id, a.parent_id, a.created_at, p.handle, p.external_id FROM attachment a JOIN thread p ON p.id = a.parent_id"
        " WHERE a.child_id = ? AND a.ended_at IS NULL",
        (thread_id,),
    )
    attachment = None
    if row is not None:
        attachment = {
            "id": row["id"],
            "parent": row["handle"],
            "parent_id": row["external_id"] or row["parent_id"],
            "since": row["created_at"],
        }
    return Standing(view.external_id or "", view.handle or "", attachment, state_of(reader, thread_id))


async def show_standing(reader: Reader, ledger: Ledger, runtime: OutsideRuntime, thread_id: str) -> None:
    """Bring what the runtime's other programs see of a session up to date. That it could not be done is logged: our store stays the truth."""
    try:
        state = await runtime.show(standing_of(reader, thread_id))
        if state is not None:
            await ledger.do(KeepState(thread_id, state))
    except (RuntimeFailure, Refusal, StoreError) as error:
        LOG.warning("how %s stands could not be shown elsewhere: %s", thread_id, error)
