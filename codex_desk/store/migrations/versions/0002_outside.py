"""Threads that a runtime keeps outside of the store, and answers of more than yes or no."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "runtime_state",
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_runtime_state_thread_id_thread")),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_runtime_state")),
    )
    op.create_index("ix_thread_external_id", "thread", ["external_id"], unique=False, sqlite_where=sa.text("external_id IS NOT NULL"))
    op.add_column("approval", sa.Column("offers", sa.JSON(), nullable=True))
    op.add_column("approval", sa.Column("answer", sa.Text(), nullable=True))
