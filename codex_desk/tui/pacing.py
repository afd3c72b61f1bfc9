"""How often the screen is painted: what comes in from many agents at once must not take the time that keys and turns need."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from textual.screen import Screen

SHARE = 0.25
"""Of the time that frames may take where one follows the other."""
AT_ONCE_S = 0.3
"""Seconds of painting that are never put off: a few lines that come are shown at once."""

PRESSED_S = 0.05
"""After a key, in which what it changes has been changed."""


class Budget:
    """Seconds that were spent and are not made up for yet: what is spent is a debt, and time pays it off."""

    def __init__(self, share: float, at_once: float) -> None:
        self._share = share
        self._at_once = at_once
        self._debt = 0.0
        self._at = 0.0

    def spent(self, seconds: float, now: float) -> None:
        self._settle(now)
        self._debt += seconds

    def allows(self, now: float) -> bool:
        """Whether more may be spent now."""
        self._settle(now)
        return self._debt < self._at_once

    def _settle(self, now: float) -> None:
        self._debt = max(0.0, self._debt - max(0.0, now - self._at) * self._share)
        self._at = now


class PacedScreen(Screen[None]):
    """A screen that puts the next frame off where frames have just taken too much; what a person does is shown at once."""

    def __init__(self, *args: Any, clock: Callable[[], float] = perf_counter, **more: Any) -> None:
        super().__init__(*args, **more)
        self._clock = clock
        self._budget = Budget(SHARE, AT_ONCE_S)
        self._pressed_until = 0.0

    def paint_soon(self) -> None:
        """Somebody pressed a key: what it changes is painted at once, though where everything stands may be worked out later."""
        self._pressed_until = self._clock() + PRESSED_S

    def _on_timer_update(self) -> None:
        began = self._clock()
        if self._budget.allows(began):
            super()._on_timer_update()
            now = self._clock()
            self._budget.spent(now - began, now)
        elif began < self._pressed_until:
            self._paint_only()
        # else the timer goes on, until there is time for a frame

    def _paint_only(self) -> None:
        """A frame without a layout; whoever waits for the next layout goes on waiting for it."""
        wanted, self._layout_required = self._layout_required, False
        waiting, self._callbacks = self._callbacks, []
        super()._on_timer_update()
        self._layout_required = self._layout_required or wanted
        self._callbacks = [*waiting, *self._callbacks]
        self._update_timer.resume()
