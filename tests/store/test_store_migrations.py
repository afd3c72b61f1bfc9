from __future__ import annotations

import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from codex_desk.store import database as module
from codex_desk.store import migrating
from codex_desk.store.database import SCHEMA_VERSION, Database
from codex_desk.store.errors import StoreError
from codex_desk.store.history_tables import EVERY_TABLE

NEXT = """
from alembic import op

revision = "0099"
down_revision = "{before}"


def upgrade() -> None:
    op.execute("ALTER TABLE meta ADD COLUMN note TEXT")
    op.execute("{more}")
"""


def ours(name: str | None, kind: str) -> bool:
    """The full-text index and Alembic's own table are no part of the metadata."""
    return not (kind == "table" and name is not None and (name.startswith("item_text") or name == "alembic_version"))


def test_the_migrations_make_what_the_tables_say(database: Database) -> None:
    engine = create_engine(f"sqlite:///{database.path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "compare_server_default": True, "include_name": lambda name, kind, _: ours(name, kind)},
        )
        assert compare_metadata(context, EVERY_TABLE) == []
    engine.dispose()


def shape(connection: sqlite3.Connection) -> dict[str, object]:
    """Columns of each table and the text of each index, conditions included, which autogenerate does not compare."""
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'") if ours(name, "table")]
    tables = {
        name: sorted(row[1:] for row in connection.execute(f'PRAGMA table_info("{name}")'))
        for name in names
        if not name.startswith("sqlite")
    }
    indexes = {
        name: re.sub(r"\s+", " ", sql)
        for name, sql in connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        if not name.startswith("item_text")
    }
    keys = {name: sorted(row[2:5] for row in connection.execute(f'PRAGMA foreign_key_list("{name}")')) for name in tables}
    return {"tables": tables, "indexes": indexes, "keys": keys}


def test_indexes_and_keys_are_those_of_the_tables_to_the_letter(path: Path, database: Database) -> None:
    plain = create_engine("sqlite://")
    EVERY_TABLE.create_all(plain)
    with sqlite3.connect(path) as migrated, plain.connect() as made:
        raw = made.connection.driver_connection
        assert raw is not None
        assert shape(migrated) == shape(raw)  # type: ignore[arg-type]


def with_another_migration(path: Path, monkeypatch: pytest.MonkeyPatch, more: str = "SELECT 1") -> None:
    """As if this program were one version further on."""
    source = Path(migrating.__file__).parent / "migrations"
    copy = path.parent / "code"
    shutil.copytree(source, copy / "migrations")
    latest = max(each.stem.split("_")[0] for each in (source / "versions").glob("0*.py"))
    revision = re.search(r'^revision(?::.*?)? = "(.*)"', next((source / "versions").glob(f"{latest}_*.py")).read_text(), re.MULTILINE)
    assert revision is not None
    (copy / "migrations" / "versions" / "0099_more.py").write_text(NEXT.format(before=revision[1], more=more))
    monkeypatch.setattr(migrating, "__file__", str(copy / "migrating.py"))
    monkeypatch.setattr(module, "SCHEMA_VERSION", SCHEMA_VERSION + 1)


def used(path: Path) -> None:
    database = Database.open(path, path.parent / "backups")
    with database.write_engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO meta (key, value) VALUES ('last_thread', 'x')")
    database.close()


def test_an_older_store_is_backed_up_and_brought_up_to_date(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used(path)
    with_another_migration(path, monkeypatch)
    Database.open(path, path.parent / "backups").close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION + 1,)
        assert connection.execute("SELECT key, value, note FROM meta").fetchall() == [("last_thread", "x", None)]
    (backup,) = (path.parent / "backups").iterdir()
    assert f"before-v{SCHEMA_VERSION + 1}" in backup.name
    with sqlite3.connect(backup) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("SELECT * FROM meta").fetchall() == [("last_thread", "x")]


@pytest.mark.parametrize(
    "more",
    [
        "SELECT * FROM nowhere",
        "INSERT INTO message (to_id, kind, origin, delivery, state, body, chain_id, hops, created_at, quiet, changed) VALUES ('nobody', '', '', '', '', '', '', 0, '', 0, 0)",
    ],
)
def test_a_migration_that_fails_leaves_the_store_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch, more: str) -> None:
    used(path)
    with sqlite3.connect(path) as connection:
        before = list(connection.iterdump())
    with_another_migration(path, monkeypatch, more)
    with pytest.raises(StoreError):
        Database.open(path, path.parent / "backups").close()
    with sqlite3.connect(path) as connection:
        assert list(connection.iterdump()) == before
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_a_current_store_needs_no_alembic(path: Path) -> None:
    import subprocess
    import sys

    Database.open(path, path.parent / "backups").close()
    program = (
        "import sys; from pathlib import Path; from codex_desk.store.database import Database; p = Path(sys.argv[1]);"
        " Database.open(p, p.parent / 'backups').close(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == 0
