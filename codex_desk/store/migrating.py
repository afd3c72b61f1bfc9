"""Runs Alembic. Imported only when a store is new or old."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event

from codex_desk.store.errors import StoreError


def upgrade(path: Path, version: int) -> None:
    """Bring the store at `path` to `version`, in one transaction, with foreign keys off (a batch migration drops and renames tables, which would
    cascade) and checked afterwards."""
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise StoreError(
                    "store_corrupt", f"{path}: the migration would leave {len(broken)} rows without what they belong to; it was undone."
                )
            connection.exec_driver_sql(f"PRAGMA user_version={version}")
    finally:
        engine.dispose()
