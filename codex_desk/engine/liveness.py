"""Which processes live. A host proves it by an OS lock on a file of its own under `run/`: a killed one is dead at once."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from codex_desk.engine.identity import new_id


class HostLock:
    """This process as a host; it lives until `release`, or until the process ends, however that comes."""

    def __init__(self, run: Path) -> None:
        self.id = new_id()
        self._path = lock_file(run, self.id)
        self._descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def release(self) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def lock_file(run: Path, host_id: str) -> Path:
    return run / f"{host_id}.lock"


def is_alive(run: Path, host_id: str) -> bool:
    """Whether the process behind a host id holds its lock."""
    try:
        descriptor = os.open(lock_file(run, host_id), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
