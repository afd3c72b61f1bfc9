"""Whether another process may have committed, told from outside of the store.

SQLite's own answer, `PRAGMA data_version`, is cheap, but it belongs to the writer's thread: to ask it twenty times a second is most of what an idle desk
would cost. In WAL mode every commit writes to the log, so the log's size and time are looked at instead, and SQLite is asked while they change. Even
that would be half of what an idle desk costs, so while the log rests, the kernel is asked to ring when it is written.
"""

from __future__ import annotations

from pathlib import Path

from codex_desk.store.bell import Bell

LOOK_S = 0.05
"""How often another process's commits are looked for, where no bell is set."""
SURE_S = 2.0
"""As long as that after the last change of the log, SQLite is asked at every look. A commit counts only once it is synced, which can be later than the
writing that is seen; and some file systems tell the time of a change to the second."""
AT_LEAST_S = 1.0
"""As often as that it is asked in any case."""


class LogWatch:
    """Looks at the write-ahead log of a store."""

    def __init__(self, store: Path) -> None:
        self._log = store.with_name(f"{store.name}-wal")
        self.bell: Bell | None = None
        """Tells of changes while nothing changes; whoever hears it calls `rung`."""
        self._stamp: tuple[int, int, int] | None = None
        self._changed = self._asked = float("-inf")
        self.patience = LOOK_S
        """Seconds until the next look, unless the bell rings before."""

    def due(self, now: float) -> bool:
        """Whether SQLite is to be asked now. `now`: seconds of a clock that only goes forward."""
        will_ring = self._rests(now) and self._set_bell()  # before the look, so that nothing falls between the two
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp, self._changed = stamp, now
        rests = self._rests(now)
        self.patience = AT_LEAST_S if rests and will_ring else LOOK_S
        if rests and now - self._asked < AT_LEAST_S:
            return False
        self._asked = now
        return True

    def rung(self, now: float) -> None:
        """The bell rang: the log has changed, whatever its size and time."""
        if self.bell is not None:
            self.bell.hush()
        self._changed = now

    def _rests(self, now: float) -> bool:
        return now - self._changed >= SURE_S

    def _set_bell(self) -> bool:
        if self.bell is None:
            return False
        try:
            self.bell.set(self._log)
        except OSError:  # no log yet, or no more bells to be had
            return False
        return True

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._log.stat()
        except OSError:  # no log: nothing was committed since the store was opened
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns
