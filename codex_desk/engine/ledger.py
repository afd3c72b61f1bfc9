"""The journal at work: actions go to the store's writer, and what they and other processes commit becomes one stream of events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from codex_desk.engine import permissions
from codex_desk.engine.events import (
    ApprovalChanged,
    Audited,
    AutomationChanged,
    BoardChanged,
    Event,
    HistoryChanged,
    ItemAdded,
    MessageChanged,
    ThreadChanged,
    TurnChanged,
)
from codex_desk.engine.hub import Hub
from codex_desk.engine.identity import SYSTEM, By
from codex_desk.engine.journal import Action, Rules, Tx
from codex_desk.engine.rows import item_view
from codex_desk.rights import Rights
from codex_desk.store.bell import Bell
from codex_desk.store.database import Database
from codex_desk.store.glance import ITEM_COLUMNS
from codex_desk.store.tables import Thread
from codex_desk.store.watching import LogWatch
from codex_desk.store.writer import Writer


class Ledger:
    """The write side of an open desk."""

    def __init__(self, database: Database, hub: Hub, rules: Callable[[], Rules], own_rights: Callable[[Thread], Rights]) -> None:
        self._hub = hub
        self._rules = rules
        self._own_rights = own_rights
        self._known = 0
        self._version = -1
        self._database = database
        self._writer: Writer[Tx] = Writer(database.write_engine, str(database.path), self._begin, self._publish, self._look_now)
        self._watch = LogWatch(database.path)
        self._bell: Bell | None = None
        self._looking: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        # Read, not asked of the writer: where another program holds the store locked, it can still be looked at.
        self._known = int(self._database.reading().execute("SELECT next_seq FROM head").fetchone()[0])
        self._writer.start()
        if (bell := _bell()) is not None:
            self._bell, self._watch.bell = bell, bell
            asyncio.get_running_loop().add_reader(bell, self._rung)
        self._look_later()

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        if self._bell is not None:
            asyncio.get_running_loop().remove_reader(self._bell)
            self._bell.close()
        await self._writer.close()

    @property
    def next_seq(self) -> int:
        """The number that the next row will have, as far as it was heard what other processes committed."""
        return self._known

    @property
    def looks_again_in(self) -> float:
        """Seconds until it is looked for other processes' commits again, unless the system tells of one before."""
        return self._watch.patience

    async def do(self, action: Action, by: By = SYSTEM) -> Any:
        """Check, perform and journal an action in one transaction; returns once it is durable. Raises `Refusal`, `StoreError`."""
        return await self.submit(action, by)

    def submit(self, action: Action, by: By = SYSTEM) -> asyncio.Future[Any]:
        """Queue an action, in order behind all that was queued before; the future is what `do` waits for. Two that are queued with nothing between
        them are mostly one commit."""

        def job(tx: Tx) -> Any:
            permissions.check(tx, action, by)
            return action.perform(tx, by)

        return self._writer.submit(job)

    async def run(self, job: Callable[[Tx], Any]) -> Any:
        """Run the engine's own job in a transaction."""
        return await self._writer.submit(job)

    # --- in the writer's thread -------------------------------------------------------------------------------------------------------------

    def _begin(self, connection: Connection) -> Tx:
        tx = Tx(connection, self._rules, self._own_rights, self._learned)
        if self._known and tx.next_seq != self._known:
            tx.hear(_since(connection, self._known))
        return tx

    def _learned(self, next_seq: int) -> None:
        self._known = next_seq

    def _look_now(self, connection: Connection) -> Sequence[Event]:
        # Past SQLAlchemy, which would begin a transaction and take the write lock at each look.
        driver: Any = connection.connection.driver_connection
        version = int(driver.execute("PRAGMA data_version").fetchone()[0])
        if version == self._version or not self._known:
            self._version = version
            return ()
        self._version = version
        with connection.begin():
            following = int(connection.exec_driver_sql("SELECT next_seq FROM head").scalar_one())
            if following == self._known:
                return ()
            events = _since(connection, self._known)
            self._known = following
            return events

    # --- on the loop ------------------------------------------------------------------------------------------------------------------------

    def _publish(self, events: Sequence[object]) -> None:
        self._hub.publish(events)  # type: ignore[arg-type]

    def _look_later(self) -> None:
        self._looking = asyncio.get_running_loop().call_later(self._watch.patience, self._look)

    def _look(self) -> None:
        if self._watch.due(time.monotonic()):
            self._writer.look_for_others()
        self._look_later()

    def _rung(self) -> None:
        self._watch.rung(time.monotonic())
        if self._looking is not None:
            self._looking.cancel()
        self._look()


def _bell() -> Bell | None:
    """What tells of writing; None where the system has none, or none to spare."""
    try:
        return Bell()
    except OSError:
        return None


def _since(connection: Connection, seq: int) -> list[Event]:
    """What other processes committed from `seq` on, as events: lines in order, then each changed row."""
    run = connection.exec_driver_sql
    history = "SELECT 1 FROM thread t WHERE t.id = item.thread_id AND t.status = 'history'"
    items = run(f"SELECT {ITEM_COLUMNS} FROM item WHERE seq >= ? AND NOT EXISTS ({history}) ORDER BY seq", (seq,)).mappings()
    events: list[Event] = [ItemAdded(item_view(row)) for row in items]
    events += [Audited(row[0]) for row in run("SELECT seq FROM audit_event WHERE seq >= ? ORDER BY seq", (seq,))]
    events += [ThreadChanged(row[0]) for row in run("SELECT id FROM thread WHERE changed >= ? AND status != 'history'", (seq,))]
    imported = tuple(row[0] for row in run("SELECT id FROM thread WHERE changed >= ? AND status = 'history'", (seq,)))
    events += [HistoryChanged(imported)] if imported else []
    events += [TurnChanged(*row) for row in run("SELECT thread_id, id, state FROM turn WHERE changed >= ?", (seq,))]
    events += [MessageChanged(*row) for row in run("SELECT id, to_id, from_id, state FROM message WHERE changed >= ?", (seq,))]
    events += [ApprovalChanged(*row) for row in run("SELECT id, thread_id, state FROM approval WHERE changed >= ?", (seq,))]
    events += [BoardChanged(row[0]) for row in run("SELECT id FROM board WHERE changed >= ?", (seq,))]
    touched = "SELECT id FROM automation WHERE changed >= ? UNION SELECT automation_id FROM occurrence WHERE changed >= ?"
    events += [AutomationChanged(row[0]) for row in run(touched, (seq, seq))]
    return events
