"""One stream of events to everybody who listens, in commit order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeVar

from codex_desk.engine.events import Event, Live

T = TypeVar("T")

BACKLOG = 10_000
"""Events that a subscriber may lag behind before deltas are left out for it; what is durable is never left out."""


class Subscription:
    """`async with desk.subscribe() as events: async for event in events: …`"""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._events: deque[Event] = deque()
        self._wake = asyncio.Event()

    async def __aenter__(self) -> Subscription:
        self._hub.add(self._offer)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._hub.remove(self._offer)

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            while self._events:
                yield self._events.popleft()
            self._wake.clear()
            await self._wake.wait()

    async def batch(self) -> Sequence[Event]:
        """Wait for events and take all that have come, for a reader that repaints once for many."""
        while not self._events:
            self._wake.clear()
            await self._wake.wait()
        taken = list(self._events)
        self._events.clear()
        return taken

    def _offer(self, event: Event) -> None:
        if isinstance(event, Live) and len(self._events) > BACKLOG:
            return
        self._events.append(event)
        self._wake.set()


class Hub:
    """Hands each event to every listener, at once and in order. Listeners are quick and do not raise."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Event], None]] = []

    def add(self, listener: Callable[[Event], None]) -> None:
        self._listeners.append(listener)

    def remove(self, listener: Callable[[Event], None]) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    def publish(self, events: Sequence[Event]) -> None:
        for event in events:
            for listener in tuple(self._listeners):
                listener(event)

    def subscribe(self) -> Subscription:
        return Subscription(self)

    async def until(self, check: Callable[[], T | None], relevant: Callable[[Event], bool], timeout: float | None = None) -> T:
        """What `check` first returns that is not None. It is asked now and after each relevant event. Raises `TimeoutError` after `timeout` seconds."""
        heard = asyncio.Event()

        def listener(event: Event) -> None:
            if relevant(event):
                heard.set()

        self.add(listener)
        try:
            async with asyncio.timeout(timeout):
                while (found := check()) is None:
                    await heard.wait()
                    heard.clear()
                return found
        finally:
            self.remove(listener)
