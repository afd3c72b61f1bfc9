"""The collector of garbage, kept out of a person's way.

A start makes hundreds of thousands of objects, nearly all of which stay. Looking through them again and again as they grow in number is a tenth of its
time, and later, with the engine's there too, a pause that a person feels in a key. So nothing is collected until the desk stands; and after that the young
are looked through as always, all of them only while nobody types and nothing works.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

YOUNG = (5_000, 10, 2_000)
"""Objects made before the youngest are looked through, and how often that before the next older ones: looking through all of them is left to `Tidying`."""
ENOUGH = 20
"""Times that the older ones were looked through since all of them were, from which on it is worth it."""
RESTED_S = 10.0
"""After the last key."""
AT_LATEST_S = 1800.0
"""Where the desk never rests, a pause of a tenth of a second is better than what piles up."""


def begin() -> None:
    """Nothing is collected until `end`."""
    gc.disable()


def end() -> None:
    """What is there now stays, and is not looked through any more. Without a `begin` nothing happens."""
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(*YOUNG)
        gc.enable()


def is_due(collections: int, since_last: float, since_key: float, *, busy: bool) -> bool:
    """Whether all objects are to be looked through now. `collections`: of the older ones since that was done last; the times in seconds."""
    if collections < ENOUGH:
        return False
    return since_last >= AT_LATEST_S or (not busy and since_key >= RESTED_S)


class Tidying:
    """Looks through all objects while nobody is kept waiting by it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = self._key = clock()
        self._collections = _of_the_older()

    def key(self) -> None:
        """Somebody is here."""
        self._key = self._clock()

    def look(self, *, busy: bool) -> None:
        """Called now and then. `busy`: a turn runs."""
        now = self._clock()
        if is_due(_of_the_older() - self._collections, now - self._last, now - self._key, busy=busy):
            gc.collect()
            self._last, self._collections = now, _of_the_older()


def _of_the_older() -> int:
    return gc.get_stats()[1]["collections"]
