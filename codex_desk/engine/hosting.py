"""A host: this process while it runs turns. An open desk runs every thread; a one-shot host runs what it was asked for and what its turns ask for."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from codex_desk.engine import claims, releasing, turns, waking
from codex_desk.engine.events import ApprovalChanged, Event, MessageChanged, ThreadChanged, TurnChanged
from codex_desk.engine.hub import Hub
from codex_desk.engine.identity import By
from codex_desk.engine.journal import Action, Tx
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.liveness import HostLock, is_alive
from codex_desk.engine.mailbox import Ask
from codex_desk.engine.outside import Outside, is_outside, outside_sessions, show_standing
from codex_desk.engine.reading import Reader
from codex_desk.engine.rows import moment
from codex_desk.engine.surroundings import Surroundings
from codex_desk.engine.thread import Stage, ThreadActor
from codex_desk.engine.views import LiveTurn
from codex_desk.runtimes.base import Runtime, RuntimeThread, ThreadSpec
from codex_desk.runtimes.outside import OutsideRuntime
from codex_desk.store.errors import StoreError
from codex_desk.store.tables import Host as HostRow
from codex_desk.store.tables import Turn
from codex_desk.tools.sandbox import Sandbox

LOG = logging.getLogger(__name__)

HANDS_OFF_S = 10.0
"""After a keystroke in a thread's composer, nobody but the human starts a turn there for so long."""

TRY_AGAIN_S = 1.0
"""After a queue stopped by an error, such as a store that cannot be written, it is looked at again."""

AT_ONCE_S = 0.01
"""Until a timer that is due has been heard."""

SHOW_AFTER_S = 0.2
"""After a change, so that several at once are shown as one."""

SHOW_AT_START_S = 3.0
"""After a desk opened, so that nobody waits for it."""

Kind = Literal["desk", "once"]


class Host:
    """Runs turns. Poked by events; everything it works on is a row."""

    def __init__(
        self,
        kind: Kind,
        ledger: Ledger,
        reader: Reader,
        hub: Hub,
        surroundings: Surroundings,
        sandbox: Callable[[], Awaitable[Sandbox]],
        patience: float | None,
    ) -> None:
        self.kind = kind
        self._ledger = ledger
        self._reader = reader
        self._hub = hub
        self._run_folder = surroundings.home / "run"
        self._lock = HostLock(self._run_folder)
        self._actors: dict[str, ThreadActor] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._poked: set[str] = set()
        self._keys: dict[str, float] = {}
        self._allowed: dict[str, int] = {}
        self._runtimes: dict[str, Runtime] = {}
        self._outside: dict[str, Outside] = {}
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._firing: set[asyncio.Task[None]] = set()
        self._closing = False
        self._stage = Stage(
            host_id=self._lock.id,
            ledger=ledger,
            reader=reader,
            hub=hub,
            surroundings=surroundings,
            sandbox=sandbox,
            patience=patience,
            open_runtime=self._open_runtime,
            alive=self._alive,
            typing=self._is_typing,
            up_to=self._up_to,
            slot=self._slot,
            post=self.post,
        )

    @property
    def id(self) -> str:
        return self._lock.id

    async def start(self) -> None:
        """Be a host: on record, listening, and with what already waits taken up."""
        row = HostRow(id=self._lock.id, kind=self.kind, pid=_pid(), started_at=datetime.now(UTC))
        await self._ledger.run(lambda tx: tx.insert(row) and None)
        self._hub.add(self._hear)
        if self.kind == "desk":
            for waiting in self._reader.rows("SELECT DISTINCT to_id FROM message WHERE state = 'queued'"):
                self.poke(waiting["to_id"])
            self._plan_wakes()
            for thread in outside_sessions(self._reader):  # what was attached or detached while no desk was open
                self._show_soon(thread, SHOW_AT_START_S)

    async def close(self) -> None:
        """Stop hosting; turns that run end as `interrupted: host left`, what waits stays queued."""
        self._closing = True
        self._hub.remove(self._hear)
        for timer in self._timers.values():
            timer.cancel()
        for task in (*self._tasks.values(), *self._firing):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), *self._firing, return_exceptions=True)
        for actor in self._actors.values():
            await actor.close()
        for runtime in self._runtimes.values():
            await runtime.close()
        try:
            await self._ledger.run(self._leave)
        except StoreError as error:  # it stays on record, and the next process to open the store recovers what it left, as from a dead one
            LOG.error("this process could not sign off: %s", error)
        self._lock.release()

    def _leave(self, tx: Tx) -> None:
        host_id = self._lock.id
        # A turn whose end the store would not take, because it was full or locked, must not seem to run for ever.
        for turn in tx.find(Turn, "host_id = ? AND state = 'running'", host_id):
            turns.end_turn(tx, turn, "interrupted", turns.HOST_LEFT)
        for lease in tx.connection.exec_driver_sql("SELECT thread_id FROM lease WHERE host_id = ?", (host_id,)).scalars().all():
            row = tx.lease(lease)
            tx.set_lease(row, None, row.fence)
            tx.update(tx.thread(lease))  # so that another host hears that it may take the thread over
        claims.release(tx, host_id)
        tx.connection.exec_driver_sql("DELETE FROM host WHERE id = ?", (host_id,))

    def allow(self, thread_id: str, up_to: int) -> None:
        """A one-shot host may run this thread's queue up to this message."""
        self._allowed[thread_id] = max(up_to, self._allowed.get(thread_id, 0))
        self.poke(thread_id)

    def poke(self, thread_id: str) -> None:
        """Something about this thread changed: look whether a turn may begin."""
        if self._closing or (self.kind == "once" and thread_id not in self._allowed):
            return
        if thread_id in self._tasks:
            self._poked.add(thread_id)
            return
        actor = self._actors.get(thread_id)
        if actor is None:
            actor = self._actors[thread_id] = ThreadActor(self._stage, thread_id)
        self._start(actor, thread_id)

    async def post(self, message: Ask, by: By) -> int:
        """Send an agent's message. Where the thread that it is for stands ready and idle, its turn begins in the same commit."""
        thread_id = message.to
        actor = self._actors.get(thread_id)
        if self._closing or self.kind != "desk" or thread_id in self._tasks or actor is None or not actor.stands_ready:
            return await self._ledger.do(message, by)
        posting: list[asyncio.Future[int]] = []
        posted = asyncio.Event()

        def post() -> None:
            if not posting:
                posting.append(self._ledger.submit(message, by))
                posted.set()

        self._start(actor, thread_id, post)
        await posted.wait()
        return await posting[0]

    def _start(self, actor: ThreadActor, thread_id: str, post: Callable[[], object] | None = None) -> None:
        task = self._tasks[thread_id] = asyncio.create_task(actor.drain(post), name=f"thread {thread_id}")
        if post is not None:
            task.add_done_callback(lambda _: post())  # where it could not even look
        task.add_done_callback(lambda done: self._drained(thread_id, done))

    def keystroke(self, thread_id: str) -> None:
        self._keys[thread_id] = time.monotonic()

    def live(self, thread_id: str) -> LiveTurn | None:
        actor = self._actors.get(thread_id)
        live = actor.live if actor is not None else None
        return live or next((found for each in self._outside.values() if (found := each.live(thread_id)) is not None), None)

    @property
    def busy(self) -> bool:
        """Whether a turn of this host is running or about to."""
        return bool(self._tasks)

    async def rest(self) -> None:
        """Wait until nothing that this host started is running, or about to: the wake of one of its turns is a turn of its own too."""
        while True:
            if working := [*self._tasks.values(), *self._firing]:
                await asyncio.wait(working)
                await asyncio.sleep(0)
            elif (due := self._next_wake()) is not None:
                await asyncio.sleep(max(AT_ONCE_S, due))
            else:
                return

    def _next_wake(self) -> float | None:
        """Seconds until a turn of this host is to be woken; None where none is."""
        row = self._reader.row(
            "SELECT min(k.due_at) AS due FROM wake k JOIN turn t ON t.id = k.turn_id WHERE t.host_id = ?", (self._lock.id,)
        )
        return None if row is None or row["due"] is None else (moment(row["due"]) - datetime.now(UTC)).total_seconds()

    # --- what it hears ----------------------------------------------------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        match event:
            case MessageChanged(state="queued"):
                if self.kind == "once" and self._is_ours(event):
                    self.allow(event.to_id, event.message_id)
                self.poke(event.to_id)
            case ThreadChanged():
                if self.kind == "desk":
                    self._show_soon(event.thread_id, SHOW_AFTER_S)
                if self._reader.has_queued(event.thread_id) and (event.thread_id not in self._tasks or self._may_go_on(event.thread_id)):
                    self.poke(event.thread_id)
            case TurnChanged() if event.state != "running":
                self._plan_wakes()
            case ApprovalChanged(state="pending", approval_id=name) if self.kind == "once" and self._stage.patience is not None:
                self._at(f"expire {name}", self._stage.patience, lambda: self._perform(releasing.NobodyToAsk(name)))
            case _:
                return

    def _may_go_on(self, thread_id: str) -> bool:
        """Whether a thread whose queue is being looked at has nothing in its way: it may have been resumed just after that look found something."""
        row = self._reader.row("SELECT status FROM thread WHERE id = ?", (thread_id,))
        return row is not None and row["status"] in ("idle", "finished")

    def _is_ours(self, event: MessageChanged) -> bool:
        """Whether one of this host's own turns sent the message, or it is the wake of one."""
        row = self._reader.row(
            "SELECT t.host_id FROM message m JOIN turn t ON t.id = m.asking_turn_id OR (m.kind = 'wake' AND t.thread_id = m.to_id AND t.chain_id = m.chain_id)"
            " WHERE m.id = ? AND t.host_id = ?",
            (event.message_id, self._lock.id),
        )
        return row is not None

    def _drained(self, thread_id: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(thread_id, None)
        if task.cancelled() or self._closing:
            return
        error = task.exception()
        if error is not None:
            LOG.error("the queue of thread %s stopped: %s", thread_id, error, exc_info=error)
            self._later(thread_id, TRY_AGAIN_S)
            return
        if thread_id in self._poked:
            self._poked.discard(thread_id)
            self.poke(thread_id)
        elif self._is_typing(thread_id):
            self._later(thread_id, HANDS_OFF_S)

    # --- what others see of a thread ----------------------------------------------------------------------------------------------------------

    def _show_soon(self, thread_id: str, seconds: float) -> None:
        self._at(f"show {thread_id}", seconds, lambda: self._show(thread_id))

    def _show(self, thread_id: str) -> None:
        """Let other programs see how a thread stands, where its runtime keeps it itself."""
        if not is_outside(self._reader, thread_id):
            return

        async def show() -> None:
            runtime = await self.runtime(self._reader.thread(thread_id).runtime)
            if isinstance(runtime, OutsideRuntime):
                await show_standing(self._reader, self._ledger, runtime, thread_id)

        task = asyncio.create_task(show())
        self._firing.add(task)
        task.add_done_callback(self._firing.discard)

    # --- wakes ------------------------------------------------------------------------------------------------------------------------------

    def _plan_wakes(self) -> None:
        now = datetime.now(UTC)
        for row in self._reader.rows("SELECT k.turn_id, k.due_at, t.host_id FROM wake k JOIN turn t ON t.id = k.turn_id"):
            if self.kind == "once" and row["host_id"] != self._lock.id:
                continue
            self._at(f"wake {row['turn_id']}", (moment(row["due_at"]) - now).total_seconds(), lambda turn=row["turn_id"]: self._fire(turn))

    def _fire(self, turn_id: str) -> None:
        async def fire() -> None:
            await self._ledger.do(waking.FireWake(turn_id))
            self._plan_wakes()  # for one that was not due yet, by a clock that runs otherwise than the loop's

        task = asyncio.create_task(fire())
        self._firing.add(task)
        task.add_done_callback(self._firing.discard)

    def _perform(self, action: Action) -> None:
        async def perform() -> None:
            await self._ledger.do(action)

        task = asyncio.create_task(perform())
        self._firing.add(task)
        task.add_done_callback(self._firing.discard)

    def _later(self, thread_id: str, seconds: float) -> None:
        self._at(f"poke {thread_id}", seconds, lambda: self.poke(thread_id))

    def _at(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        old = self._timers.pop(name, None)
        if old is not None:
            old.cancel()
        self._timers[name] = asyncio.get_running_loop().call_later(max(0.0, seconds), call)

    # --- what actors ask ----------------------------------------------------------------------------------------------------------------------

    def _alive(self) -> frozenset[str]:
        others = [row["id"] for row in self._reader.rows("SELECT id FROM host WHERE id != ?", (self._lock.id,))]
        return frozenset((self._lock.id, *(host for host in others if is_alive(self._run_folder, host))))

    def _is_typing(self, thread_id: str) -> bool:
        return time.monotonic() - self._keys.get(thread_id, -HANDS_OFF_S) < HANDS_OFF_S

    def _up_to(self, thread_id: str) -> int | None:
        return self._allowed.get(thread_id, 0) if self.kind == "once" else None

    @asynccontextmanager
    async def _slot(self, provider: str, places: int | None) -> AsyncIterator[None]:
        if places is None:
            yield
            return
        slot = self._slots.setdefault(provider, asyncio.Semaphore(places))
        async with slot:
            yield

    async def _open_runtime(self, name: str, spec: ThreadSpec) -> RuntimeThread:
        return await (await self.runtime(name)).open(spec)

    async def runtime(self, name: str) -> Runtime:
        """The runtime of this name, made with its first use."""
        runtime = self._runtimes.get(name)
        if runtime is None:
            made = await asyncio.to_thread(make_runtime, name, self._stage.surroundings, self._lock.id)
            runtime = self._runtimes.get(name)
            if runtime is None:  # nobody else made one meanwhile
                runtime = made
                self.use_runtime(name, runtime)
        return runtime

    def use_runtime(self, name: str, runtime: Runtime) -> None:
        """Run threads of this runtime's name on a runtime that the caller made."""
        self._runtimes[name] = runtime
        if isinstance(runtime, OutsideRuntime):
            stage = self._stage
            outside = Outside(self._lock.id, stage.ledger, stage.reader, stage.hub, stage.surroundings, stage.patience, stage.alive)
            runtime.meet(outside)
            self._outside[name] = outside


def alive_desk(reader: Reader, surroundings: Surroundings, besides: Sequence[str] = ()) -> bool:
    """Whether a desk is open somewhere on this store."""
    rows = reader.rows("SELECT id FROM host WHERE kind = 'desk'")
    return any(row["id"] not in besides and is_alive(surroundings.home / "run", row["id"]) for row in rows)


def make_runtime(name: str, surroundings: Surroundings, label: str | None, join: Path | None = None) -> Runtime:
    """Imports what the runtime needs, which takes a while: called in a thread. `label` tells this process's sockets from others'; None where it runs no
    turns, and asks the server at `join` if there is one."""
    match name:
        case "codex":
            from codex_desk.runtimes.codex.runtime import CodexRuntime, Place

            socket = None if label is None else codex_socket(surroundings, label)
            place = Place(surroundings.codex_program, socket, join, surroundings.env)
            return CodexRuntime(place, debug=surroundings.home / "run" / "codex.log", codex_home=surroundings.codex_home)
        case "native":
            from codex_desk.runtimes.native.runtime import NativeRuntime

            return NativeRuntime()
        case "offline":
            from codex_desk.runtimes.offline import OfflineRuntime

            return OfflineRuntime()
        case _:
            raise ValueError(f"there is no runtime {name}")


def codex_socket(surroundings: Surroundings, label: str) -> Path:
    """Where the app-server of a host listens; short, because the system takes no long ones."""
    return surroundings.home / "run" / f"codex-{label[-12:]}.sock"


def _pid() -> int:
    import os

    return os.getpid()
