"""The database file: opened, checked, migrated, read.

SQLite in WAL with `synchronous=FULL` and foreign keys on. Writing goes through one connection that begins with `BEGIN IMMEDIATE`; reading has
connections of its own. Python's own transaction handling is switched off: it would lose updates between processes without an error.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from codex_desk.paths import guard_file
from codex_desk.store.errors import DRIVER_ERRORS, StoreError, explain

SCHEMA_VERSION = 8
"""`PRAGMA user_version` of a store that this program made; each migration raises it by one."""

BUSY_MS = 10_000
"""How long a writer waits for another process's transaction; none of ours takes longer than tens of milliseconds."""

CHECKPOINT_PAGES = 8_000
"""How long the write-ahead log grows before its pages go into the file: 32 MB. SQLite's own thousand pages would be there every tenth commit
while many threads write, because each of them has an index page of its own."""


class Database:
    """An open store. `write_engine` belongs to the writer alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write_engine = _write_engine(path)
        self._readers = threading.local()
        self._opened: list[sqlite3.Connection] = []

    @classmethod
    def open(cls, path: Path, backups: Path) -> Database:
        """Open `path`, making or migrating it where needed. Raises `StoreError`; a store from a newer version is never touched."""
        try:
            version = _version(path)
            if version > SCHEMA_VERSION:
                raise StoreError(
                    "store_newer",
                    f"{path} was made by a newer codex-desk (store version {version}, this one knows {SCHEMA_VERSION}); it was not touched. "
                    "Update codex-desk, or set CODEX_DESK_HOME to another folder.",
                )
            if version < SCHEMA_VERSION:
                _bring_up_to_date(path, backups)
            database = cls(path)
            database.write_engine.connect().close()  # it stays open in its pool; the writer's thread has nobody to tell that it cannot be had
            database.reading().execute("SELECT next_seq FROM head").fetchone()
        except StoreError:
            raise
        except DRIVER_ERRORS as error:
            raise explain(error, str(path)) from error
        except Exception as error:
            raise explain(getattr(error, "orig", None) or error, str(path)) from error
        return database

    def reading(self) -> sqlite3.Connection:
        """This thread's connection for reading; each statement sees one committed state. Rows are `sqlite3.Row`."""
        connection = getattr(self._readers, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                f"file:{self.path}?mode=rw", uri=True, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA query_only=ON")
            self._readers.connection = connection
            self._opened.append(connection)
        return connection

    def forget_log(self) -> None:
        """Bring the write-ahead log into the file and empty it, so that nothing removed lingers there. Where a reader is in the way, the next
        checkpoint does it."""
        connection = sqlite3.connect(self.path, timeout=BUSY_MS / 1000)
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()

    def close(self) -> None:
        for connection in self._opened:
            connection.close()
        self.write_engine.dispose()


def _write_engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000, "cached_statements": 512},
        poolclass=StaticPool,
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _: object) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            "temp_store=MEMORY",
            f"wal_autocheckpoint={CHECKPOINT_PAGES}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _version(path: Path) -> int:
    """The store's version, read without changing a byte; 0 where there is no store yet."""
    if not path.exists():
        return 0
    if path.stat().st_size == 0:
        return 0
    if not path.with_name(f"{path.name}-wal").exists():
        return _version_in_header(path)  # SQLite itself would leave files behind beside a store that it may only read
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=BUSY_MS / 1000)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def _version_in_header(path: Path) -> int:
    """`user_version` as the file format has it: four bytes at 60, the highest first (sqlite.org/fileformat.html)."""
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(b"SQLite format 3\0") or len(header) < 100:
        raise sqlite3.DatabaseError("file is not a database")
    return int.from_bytes(header[60:64], "big")


def _bring_up_to_date(path: Path, backups: Path) -> None:
    with _only_one(path.with_suffix(".lock")):
        version = _version(path)
        if version == SCHEMA_VERSION:
            return  # another process was first
        if version:
            back_up(path, backups, f"before-v{SCHEMA_VERSION}")
        guard_file(path)
        from codex_desk.store.migrating import upgrade  # Alembic takes a fifth of a second; a current store never needs it

        upgrade(path, SCHEMA_VERSION)


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """One process migrates at a time."""
    descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def back_up(path: Path, backups: Path, label: str) -> Path:
    """A consistent copy of the store in `backups`, mode 0600. Returns its path. Raises `HomeError`."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    target = backups / f"desk-{stamp}-{label}.db"
    guard_file(target)
    source, copy = sqlite3.connect(path), sqlite3.connect(target)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()
    return target
