from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codex_desk.store import database as module
from codex_desk.store.database import SCHEMA_VERSION, Database, back_up
from codex_desk.store.errors import StoreError, explain


def opened(path: Path) -> Database:
    return Database.open(path, path.parent / "backups")


def refused(path: Path) -> StoreError:
    with pytest.raises(StoreError) as caught:
        opened(path).close()
    return caught.value


def contents(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_the_first_start_makes_a_store_of_this_version(path: Path) -> None:
    opened(path).close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("SELECT next_seq, audit_hash, audit_count FROM head").fetchall() == [(1, "", 0)]


def test_an_empty_file_counts_as_no_store(path: Path) -> None:
    path.touch()
    opened(path).close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_opening_a_store_again_changes_nothing_in_it(path: Path) -> None:
    opened(path).close()
    with sqlite3.connect(path) as connection:
        before = list(connection.iterdump())
    opened(path).close()
    with sqlite3.connect(path) as connection:
        assert list(connection.iterdump()) == before


def test_a_store_of_a_newer_version_is_refused_and_not_a_byte_of_it_is_touched(path: Path) -> None:
    opened(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()
    before = contents(path.parent)
    error = refused(path)
    assert error.code == "store_newer"
    assert str(path) in error.message and "CODEX_DESK_HOME" in error.message
    assert contents(path.parent) == before


def scrambled(path: Path) -> None:
    path.write_bytes(b"this is no database, but a text that somebody saved here" * 200)


def torn(path: Path) -> None:
    """A real store whose pages behind the first were overwritten."""
    opened(path).close()
    with path.open("r+b") as file:
        size = path.stat().st_size
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))


def cut_off(path: Path) -> None:
    opened(path).close()
    with path.open("r+b") as file:
        file.truncate(5000)


@pytest.mark.parametrize("damage", [scrambled, torn, cut_off])
def test_a_damaged_store_is_refused_with_what_to_do_and_left_as_it_is(path: Path, damage: Callable[[Path], None]) -> None:
    damage(path)
    before = path.read_bytes()
    error = refused(path)
    assert error.code == "store_corrupt"
    assert "backups" in error.message
    assert path.read_bytes() == before


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY_MS", 20)


def test_a_store_that_another_program_holds_locked_is_refused_after_a_while(path: Path, impatient: None) -> None:
    opened(path).close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    holder.execute("UPDATE head SET next_seq = next_seq")
    try:
        assert refused(path).code == "store_locked"
    finally:
        holder.close()
    opened(path).close()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (sqlite3.OperationalError("database or disk is full"), "disk_full"),
        (OSError(28, "No space left on device"), "disk_full"),
        (sqlite3.OperationalError("database is locked"), "store_locked"),
        (sqlite3.DatabaseError("file is not a database"), "store_corrupt"),
        (sqlite3.DatabaseError("database disk image is malformed"), "store_corrupt"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "store_unwritable"),
        (sqlite3.OperationalError("unable to open database file"), "store_unwritable"),
        (PermissionError(13, "Permission denied"), "store_unwritable"),
        (sqlite3.OperationalError("disk I/O error"), "store_unwritable"),
        (sqlite3.OperationalError("no such column: x"), "store_failed"),
    ],
)
def test_a_drivers_error_is_told_in_the_stores_words(error: BaseException, code: str) -> None:
    told = explain(error, "/somewhere/desk.db")
    assert told.code == code
    assert "/somewhere/desk.db" in told.message


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Nothing is private by itself."""
    old = os.umask(0)
    yield
    os.umask(old)


def modes(folder: Path) -> dict[str, int]:
    return {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.rglob("*") if each.is_file()}


def test_every_file_of_the_store_is_its_owners_alone(path: Path, open_umask: None) -> None:
    database = opened(path)
    with database.write_engine.begin() as connection:
        connection.exec_driver_sql("UPDATE head SET next_seq = 2")
    back_up(path, path.parent / "backups", "by-hand")
    found = modes(path.parent)
    database.close()
    assert {"desk.db", "desk.db-wal", "desk.db-shm", "desk.lock"} <= set(found)
    assert len(found) == 5
    assert set(found.values()) == {0o600}


def test_a_backup_is_a_whole_store_even_while_it_is_written(path: Path) -> None:
    database = opened(path)
    with database.write_engine.begin() as connection:
        connection.exec_driver_sql("UPDATE head SET next_seq = 7")
    copy = back_up(path, path.parent / "backups", "by-hand")
    database.close()
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT next_seq FROM head").fetchone() == (7,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_writing_is_durable_and_checked(database: Database) -> None:
    with database.write_engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        found = {
            name: driver.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_what_is_for_reading_cannot_write(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.reading().execute("UPDATE head SET next_seq = 0")


OPEN = "import sys; from pathlib import Path; from codex_desk.store.database import Database; p = Path(sys.argv[1]); Database.open(p, p.parent / 'backups').close()"


def test_processes_that_start_at_once_make_one_store(path: Path) -> None:
    starters = [subprocess.Popen([sys.executable, "-c", OPEN, str(path)], stderr=subprocess.PIPE, text=True) for _ in range(4)]
    errors = [starter.communicate()[1] for starter in starters]
    assert [starter.returncode for starter in starters] == [0] * 4, errors
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM head").fetchone() == (1,)
    assert list((path.parent / "backups").iterdir()) == []
