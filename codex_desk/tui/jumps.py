"""From one end of a message to the other, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codex_desk.engine.views import ItemView

if TYPE_CHECKING:
    from codex_desk.tui.screens.main import MainScreen
    from codex_desk.tui.widgets.pane import Pane

MOST = 50
"""Jumps whose beginning is remembered."""


class Jumps:
    """Where the person came from: a thread and a line in it, the last jump at the end."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self._came_from: list[tuple[str, int]] = []

    async def to(self, item: ItemView, origin: ItemView) -> None:
        """Show a line in the pane that shows its thread, else in the next pane, else in this one."""
        if await self._show(item.thread_id, item.seq, beside=True):
            self._came_from = [*self._came_from[1 - MOST :], (origin.thread_id, origin.seq)]

    async def back(self) -> None:
        """Show the line from which the last jump went."""
        if not self._came_from:
            self._screen.panes.active.say("there is no way back: no jump led here")
            return
        *self._came_from, (thread_id, seq) = self._came_from
        await self._show(thread_id, seq, beside=False)

    async def _show(self, thread_id: str, seq: int, *, beside: bool) -> bool:
        thread = self._screen.bridge.thread(thread_id)
        if thread is None:
            self._screen.panes.active.say("that thread is not on this desk any more")
            return False
        pane = self._pane_for(thread_id, beside=beside)
        if pane.thread is None or pane.thread.id != thread_id:
            await self._screen.show_in(pane, thread)
        self._screen.panes.activate(pane)
        await pane.go_to(seq)
        return True

    def _pane_for(self, thread_id: str, *, beside: bool) -> Pane:
        panes, here = self._screen.panes.all, self._screen.panes.active
        other = here if self._screen.one_pane or not beside else panes[(panes.index(here) + 1) % len(panes)]
        return next((one for one in panes if one.thread and one.thread.id == thread_id), other)
