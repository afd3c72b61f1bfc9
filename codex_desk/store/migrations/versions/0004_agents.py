"""Subagents: the role that one has, and the worktree that was made for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subagent",
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("worktree", sa.JSON(), nullable=True),
        sa.Column("worktree_gone", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_subagent_thread_id_thread")),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_subagent")),
    )
