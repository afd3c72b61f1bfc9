"""Folds: what the human brought from a child into its parent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("edge", sa.String(), nullable=False),
        sa.Column("parent_id", sa.String(), nullable=False),
        sa.Column("child_id", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("messages", sa.JSON(), nullable=False),
        sa.Column("turns", sa.JSON(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("item_seq", sa.Integer(), nullable=True),
        sa.Column("segment_id", sa.Integer(), nullable=True),
        sa.Column("hidden", sa.JSON(), nullable=False),
        sa.Column("shown", sa.JSON(), nullable=False),
        sa.Column("wakes", sa.JSON(), nullable=False),
        sa.Column("back_to", sa.String(), nullable=True),
        sa.Column("turn_id", sa.String(), nullable=True),
        sa.Column("made_at", sa.String(27), nullable=False),
        sa.Column("undone_at", sa.String(27), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["thread.id"], name=op.f("fk_fold_parent_id_thread")),
        sa.ForeignKeyConstraint(["child_id"], ["thread.id"], name=op.f("fk_fold_child_id_thread")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fold")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fold_edge", "fold", ["edge"], unique=False)
    op.create_index("ix_fold_child", "fold", ["child_id", "id"], unique=False)
    op.create_index(op.f("ix_fold_parent_id"), "fold", ["parent_id"], unique=False)
    op.create_index("ix_fold_open", "fold", ["parent_id"], unique=False, sqlite_where=sa.text("state IN ('waiting', 'there', 'taken')"))
