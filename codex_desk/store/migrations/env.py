"""Alembic's entry: always online, on the connection that `store.migrating` opened."""

from __future__ import annotations

from alembic import context

from codex_desk.store import automation_tables, board_tables, budget_tables, fold_tables  # noqa: F401 - they declare their tables in the same metadata
from codex_desk.store.history_tables import EVERY_TABLE

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=EVERY_TABLE, render_as_batch=True, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
