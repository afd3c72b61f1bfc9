"""Being told by the kernel that a file was written, instead of looking again and again. Linux only: inotify(7), for which the standard library has no
door; elsewhere one goes on looking."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

MODIFY, ATTRIB, DELETE_SELF, MOVE_SELF, ONESHOT = 0x2, 0x4, 0x400, 0x800, 0x80000000
"""From Linux's `inotify.h`."""
PIECE = 4096
"""Bytes of events read at once; each takes 16."""


class Bell:
    """Rings once for each time that it is set; a selector can wait for it."""

    def __init__(self) -> None:
        """Raises `OSError` where there is none to be had."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(self._libc, "inotify_init1"):
            raise OSError("this system has no inotify")
        self._descriptor = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def fileno(self) -> int:
        """Something to read stands there once it has rung."""
        return self._descriptor

    def set(self, file: Path) -> None:
        """Ring at the next change of a file. Raises `OSError`, such as where it is not there."""
        events = MODIFY | ATTRIB | DELETE_SELF | MOVE_SELF | ONESHOT
        self._checked(self._libc.inotify_add_watch(self._descriptor, os.fsencode(file), ctypes.c_uint32(events)))

    def hush(self) -> None:
        """Take what it rang."""
        try:
            while os.read(self._descriptor, PIECE):
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        os.close(self._descriptor)

    @staticmethod
    def _checked(result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result
