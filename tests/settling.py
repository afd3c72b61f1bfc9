"""When a screen under test has nothing left to do."""

from __future__ import annotations

import asyncio

from textual._context import active_app
from textual.app import App
from textual.screen import Screen

QUIET_TURNS = 3
"""Turns of the event loop in which nothing was left: a handler that ends may still be about to pass something on."""
TURNS = 5000
"""After that it is a screen that always has something to do."""


async def settled(min_sleep: float = 0, max_sleep: float = 1) -> None:
    """Stands in for Textual's own wait after each key, which sleeps for 20 ms and more and goes by the CPU time then: every message that is there is
    dealt with, every change of the screen is drawn, and so is what follows from them."""
    app = active_app.get()
    quiet = 0
    for _ in range(TURNS):
        await asyncio.sleep(0)
        quiet = 0 if _busy(app) else quiet + 1
        if quiet == QUIET_TURNS:
            return


def _busy(app: App[object]) -> bool:
    """Whether something is left to do; what waits for the next frame is done now."""
    if not app.is_running:
        return False
    if app._resize_timer is not None:
        app._check_resize()
        return True
    screen = app.screen
    pumps = (app, *screen.walk_children(with_self=True))
    if any(not pump._message_queue.empty() or pump._next_callbacks for pump in pumps):
        return True
    if _undrawn(screen):
        screen._on_timer_update()
        return True
    return False


def _undrawn(screen: Screen[object]) -> bool:
    changed = screen._layout_required or screen._scroll_required or screen._repaint_required or screen._recompose_required
    return bool(changed or screen._dirty_widgets or screen._callbacks)
