"""From the screen to the engine and back: opened after the first frame, and read from a glance until then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.message import Message

from codex_desk.engine.events import Event, ThreadChanged
from codex_desk.engine.views import ItemView, ThreadView
from codex_desk.paths import Home
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.failures import EngineUnavailable, explained
from codex_desk.tui.messages import EngineFailed, EngineReady, Heard
from codex_desk.tui.settings.watching import stamp

if TYPE_CHECKING:
    from codex_desk.config import Resolved
    from codex_desk.engine.glance import Glance
    from codex_desk.engine.journal import Action

Opener = Callable[[], AbstractAsyncContextManager[DeskDoor]]
Tell = Callable[[Message], object]

AT_A_TIME = 4
"""Events that wait for the screen at once: a key that is pressed waits behind no more of them than that."""


class Bridge:
    """The desk as far as it is there, and the threads as they were last heard of."""

    def __init__(self, home: Path, glance: Glance, opener: Opener) -> None:
        """`opener` is called in a worker thread, since it imports the engine."""
        self.home = home
        """The folder of everything that the desk keeps."""
        self._opener = opener
        self._glance = glance
        self._desk: DeskDoor | None = None
        self._settled = asyncio.Event()
        self._closing = asyncio.Event()
        self._failure: str | None = None
        self._opened = glance.opened
        self.tier = ""
        """What confines commands here (`Desk.sandbox_tier`), empty until it was tried."""
        self._task: asyncio.Task[None] | None = None
        self._last: list[Callable[[], Awaitable[None]]] = []
        self._threads: dict[str, ThreadView] = {thread.id: thread for thread in glance.threads}
        self._settings: dict[str, tuple[object, Resolved]] = {}
        """By thread, with what they were looked up for."""

    @property
    def desk(self) -> DeskDoor | None:
        """The engine's door, None until it is open."""
        return self._desk

    @property
    def failure(self) -> str | None:
        """Why there is no engine, once that is known."""
        return self._failure

    @property
    def threads(self) -> Sequence[ThreadView]:
        """Live sessions and subagents, archived threads that were heard of included."""
        return tuple(self._threads.values())

    @property
    def opened(self) -> str | None:
        """The thread to begin with."""
        return self._opened

    def open_first(self, thread_id: str) -> None:
        """Begin with this thread instead."""
        self._opened = thread_id

    @property
    def themes_folder(self) -> Path:
        """Where the user's own themes are."""
        return Home(self.home).themes

    def thread(self, thread_id: str) -> ThreadView | None:
        return self._threads.get(thread_id)

    def items(self, thread_id: str, limit: int) -> list[ItemView]:
        """The newest items of a thread, ascending, as far as they can be read now."""
        if self._desk is not None:
            return self._desk.items(thread_id, limit=limit)
        return [item for item in self._glance.items if item.thread_id == thread_id][-limit:]

    def start(self, tell: Tell) -> None:
        """Begin to open the engine; `tell` is given `EngineReady` or `EngineFailed`, and then everything that is heard."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(tell), name="engine")

    def before_closing(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have something done while the engine is still open, when it is about to be closed."""
        self._last.append(work)

    async def close(self) -> None:
        """Close the engine in the task that opened it, and wait until it is closed."""
        for work in self._last if self._task is not None else ():
            await work()
        self._closing.set()
        if self._task is not None:
            await self._task

    async def settled(self) -> None:
        """As soon as the engine is open, or cannot be opened."""
        await self._settled.wait()

    async def ready(self) -> DeskDoor:
        """The engine's door, as soon as it is open. Raises `EngineUnavailable`."""
        await self._settled.wait()
        if self._desk is None:
            raise EngineUnavailable(self._failure or "the desk is closed")
        return self._desk

    async def find_tier(self) -> str:
        """Try once what confines commands here. Raises `EngineUnavailable`."""
        self.tier = self.tier or await (await self.ready()).sandbox_tier()
        return self.tier

    async def do(self, action: Action) -> Any:
        """Carry out a human's action. Raises `Refusal`, `EngineUnavailable`."""
        try:
            return await (await self.ready()).do(action)
        finally:
            self._settings.clear()  # it may have changed them, or what is trusted

    def settings(self, thread: ThreadView) -> Resolved:
        """What a thread's next turn would run on, looked up again once the thread or a file has changed. Raises `ConfigError`, `EngineUnavailable`."""
        if self._desk is None:
            raise EngineUnavailable(self._failure or "the desk is not open yet")
        places = Home(self.home)
        files = (places.config_toml, places.settings_toml, Path(thread.project, ".codex-desk", "config.toml"))
        state = (thread, tuple(map(stamp, files)))
        known = self._settings.get(thread.id)
        if known is None or known[0] != state:
            known = self._settings[thread.id] = (state, self._desk.settings(thread.id))
        return known[1]

    async def _run(self, tell: Tell) -> None:
        try:
            opening = await asyncio.to_thread(self._opener)
            async with opening as desk, desk.subscribe() as events:
                self._threads = {thread.id: thread for thread in await asyncio.to_thread(desk.living)}  # a thousand of them take a moment
                self._desk = desk
                self._settled.set()
                tell(EngineReady())
                listening = asyncio.create_task(self._listen(desk, events, tell), name="engine events")
                closing = asyncio.create_task(self._closing.wait())
                await asyncio.wait({listening, closing}, return_when=asyncio.FIRST_COMPLETED)
                for task in (listening, closing):
                    task.cancel()
                await asyncio.gather(listening, closing, return_exceptions=True)
                if listening.done() and not listening.cancelled() and (error := listening.exception()):
                    raise error
        except Exception as error:
            reason = explained(error)
            self._failure = reason or f"the engine stopped: {type(error).__name__}: {error}"
            tell(EngineFailed(self._failure))
            if reason is None:
                raise  # a fault: `close` shows it whole
        finally:
            self._desk = None
            self._settled.set()

    async def _listen(self, desk: DeskDoor, events: AsyncIterable[Event], tell: Tell) -> None:
        room = asyncio.Semaphore(AT_A_TIME)
        async for event in events:
            if isinstance(event, ThreadChanged):
                self._threads[event.thread_id] = desk.thread(event.thread_id)
            await room.acquire()
            tell(Heard(event, room.release))


def engine_opener(home: Path) -> Opener:
    """Opens the desk at `home` as the open desk that runs every thread's turns."""

    def load() -> AbstractAsyncContextManager[DeskDoor]:
        from codex_desk.engine.desk import Desk

        return Desk.open(home, host="desk")

    return load
