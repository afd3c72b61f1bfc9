"""What the store says when it cannot be used."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

ROOM = 1 << 16
"""Bytes; with less than this free, a disk is full."""


class StoreError(Exception):
    """The store cannot be read or written. `code` is for scripts: store_newer, store_locked, store_corrupt, store_unwritable, disk_full, store_failed."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def explain(error: BaseException, path: str) -> StoreError:
    """The store's word for a driver's error on the database at `path`."""
    text = str(error)
    lowered = text.lower()
    if "database or disk is full" in lowered or "no space left" in lowered or ("disk i/o" in lowered and _is_full(path)):
        return StoreError("disk_full", f"the disk that holds {path} is full; nothing was changed. Make room and try again.")
    if "locked" in lowered or "busy" in lowered:
        return StoreError("store_locked", f"another program holds {path} locked; nothing was changed. Close it, or try again.")
    if "malformed" in lowered or "not a database" in lowered or "corrupt" in lowered:
        return StoreError(
            "store_corrupt",
            f"{path} is damaged ({text}). It was not touched. Move it away, and put a copy in its place: one of your own, or one from backups/ beside it, "
            "where the desk keeps those that it makes before it changes a store's version.",
        )
    if "readonly" in lowered or "unable to open" in lowered or "disk i/o" in lowered or isinstance(error, PermissionError):
        return StoreError(
            "store_unwritable", f"{path} cannot be written ({text}). Check who owns it and its folder, and that the disk is writable."
        )
    return StoreError("store_failed", f"{path}: {text}")


def _is_full(path: str) -> bool:
    """Whether the disk has no room left; SQLite calls it an I/O error where not even the memory that its processes share can be laid out."""
    try:
        return shutil.disk_usage(Path(path).parent).free < ROOM
    except OSError:
        return False


DRIVER_ERRORS = (sqlite3.Error, OSError)
