"""Notes when the human is here, and tells them in one quiet line what happened while they were not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from textual import events

from codex_desk.tui.bridge import Bridge
from codex_desk.tui.failures import reason_of
from codex_desk.tui.model.away import away_line
from codex_desk.tui.model.presence import AWAY_S, NOTE_EVERY_S, Attendance
from codex_desk.tui.widgets.strips import Flash

if TYPE_CHECKING:
    from codex_desk.tui.terminal.app import TerminalApp

SIGNS = (events.Key, events.MouseDown, events.MouseScrollDown, events.MouseScrollUp, events.Paste)
LEAVING_S = 1.0
"""Seconds that leaving waits for the last note at most."""


class Presence:
    """Watches for signs of the human. Nothing here happens before the engine is open."""

    def __init__(self, app: TerminalApp, bridge: Bridge, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._bridge, self._clock = app, bridge, clock
        self._attendance = Attendance(clock())
        app.watch(app, "app_focus", self._focus_changed, init=False)

    def sign(self, event: events.Event) -> bool:
        """Look at an event; those that come from the human are signs of them. Whether this is one."""
        if isinstance(event, SIGNS):
            self._here()
            return True
        return False

    def begin(self) -> None:
        """The desk is open: say what happened since the human was here last."""
        self._app.set_interval(NOTE_EVERY_S, self._note)
        self._run(partial(self._welcome, opening=True))

    async def leave(self) -> None:
        """The human leaves the desk."""
        if self._bridge.desk is not None:
            try:
                await asyncio.wait_for(self._write(returned=False), LEAVING_S)
            except TimeoutError:
                self._app.log.warning("it could not be noted that you left")

    def _here(self) -> None:
        if self._attendance.sign(self._clock()):
            self._run(partial(self._welcome, opening=False))

    def _focus_changed(self, focused: bool) -> None:
        if focused:
            self._here()
        else:
            self._note(at_once=True)

    def _note(self, *, at_once: bool = False) -> None:
        if self._bridge.desk is not None and self._attendance.is_due(self._clock(), at_once=at_once):
            self._run(partial(self._write, returned=False))

    async def _welcome(self, *, opening: bool) -> None:
        """From here on `away` tells of the time until now; where something happened in it, one line says so. A desk that is left and opened again at
        once tells what it told before."""
        desk = self._bridge.desk
        if desk is None:
            return
        seen = await asyncio.to_thread(desk.last_seen)
        away = await asyncio.to_thread(desk.away, seen) if seen is not None else None
        long = seen is None or time.time() - seen.at.timestamp() >= AWAY_S
        await self._write(returned=not opening or long or (away is not None and away.happened))
        if away is not None and (line := away_line(away)):
            self._say(line)

    def _say(self, line: str) -> None:
        """Where the person looks; what is wrong there stays."""
        if any(flash.display and flash.has_class("-error") for flash in self._app.screen.query(Flash)):
            self._app.notify(line, markup=False)
        else:
            self._app.say(line)

    async def _write(self, *, returned: bool) -> None:
        from codex_desk.engine.away import NoteSeen

        try:
            await self._bridge.do(NoteSeen(returned))
        except Exception as error:  # a full disk is told by what the human does next
            self._app.log.warning(reason_of(error))

    def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        self._app.run_worker(work, group="presence")
