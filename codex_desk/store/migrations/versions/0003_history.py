"""Codex's history: what an imported thread was, the files that were read, what they say of other threads, and what was not understood."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "history",
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("cli_version", sa.String(), nullable=False),
        sa.Column("originator", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("nickname", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("agent_path", sa.String(), nullable=True),
        sa.Column("branch", sa.String(), nullable=True),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("parent_id", sa.String(), nullable=True),
        sa.Column("base_thread_id", sa.String(), nullable=True),
        sa.Column("base_seq", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("dynamic_tools", sa.Boolean(), nullable=False),
        sa.Column("own_instructions", sa.Boolean(), nullable=False),
        sa.Column("fresh", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_history_thread_id_thread")),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_history")),
    )
    op.create_index("ix_history_base", "history", ["base_thread_id"], unique=False, sqlite_where=sa.text("base_thread_id IS NOT NULL"))
    op.create_index("ix_history_fresh", "history", ["thread_id"], unique=False, sqlite_where=sa.text("fresh = 1"))
    op.create_table(
        "history_link",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("peer_id", sa.String(), nullable=True),
        sa.Column("path", sa.String(), nullable=True),
        sa.Column("linked", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_history_link_thread_id_thread")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_history_link")),
    )
    op.create_index("ix_history_link_open", "history_link", ["seq"], unique=False, sqlite_where=sa.text("linked = 0"))
    op.create_index("ix_history_link_peer", "history_link", ["peer_id"], unique=False)
    op.create_index("ix_history_link_thread", "history_link", ["thread_id"], unique=False)
    op.create_table(
        "rollout",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("segment_id", sa.String(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=True),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("device", sa.Integer(), nullable=False),
        sa.Column("inode", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("mtime_ns", sa.Integer(), nullable=False),
        sa.Column("offset", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("tail", sa.String(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("first_seq", sa.Integer(), nullable=True),
        sa.Column("base_segment", sa.String(), nullable=True),
        sa.Column("base_ordinal", sa.Integer(), nullable=True),
        sa.Column("unknown", sa.JSON(), nullable=False),
        sa.Column("sealed", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_rollout_thread_id_thread")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollout")),
        sa.UniqueConstraint("segment_id", name=op.f("uq_rollout_segment_id")),
    )
    op.create_index("ix_rollout_base", "rollout", ["base_segment"], unique=False, sqlite_where=sa.text("base_segment IS NOT NULL"))
    op.create_index(op.f("ix_rollout_thread_id"), "rollout", ["thread_id"], unique=False)
    op.create_table(
        "rollout_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rollout_id", sa.Integer(), nullable=False),
        sa.Column("offset", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("line", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["rollout_id"], ["rollout.id"], name=op.f("fk_rollout_line_rollout_id_rollout")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollout_line")),
    )
    op.create_index(op.f("ix_rollout_line_rollout_id"), "rollout_line", ["rollout_id"], unique=False)
    op.create_index("ix_thread_side_chat_of", "thread", ["side_chat_of"], unique=False, sqlite_where=sa.text("side_chat_of IS NOT NULL"))
    living = "archived_at IS NULL AND status != 'history'"  # a history of thousands is not looked through for the few that live
    op.create_index("ix_thread_living", "thread", ["last_activity_at"], unique=False, sqlite_where=sa.text(living))
