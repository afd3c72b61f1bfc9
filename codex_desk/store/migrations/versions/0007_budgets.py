"""Budgets: what each chain has used, which of its edges are held, and its turns and open messages by chain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CHAINS_SO_FAR = """INSERT INTO chain_use (chain_id, thread_id, message_id, origin, began_at, hops, wakes, turns, input_tokens, output_tokens,
    granted, offered, asked, trips, stopped, refused)
  SELECT u.chain_id, f.thread_id, f.message_id, f.origin, u.began_at, u.hops,
    (SELECT count(*) FROM message w WHERE w.kind = 'wake' AND w.chain_id = u.chain_id), u.turns, u.taken, u.given, '{}', '{}', '{}', '[]', NULL, 0
  FROM (SELECT chain_id, min(started_at) AS began_at, max(hops) AS hops, count(*) AS turns, sum(input_tokens) AS taken, sum(output_tokens) AS given
        FROM turn GROUP BY chain_id) u
  JOIN turn f ON f.rowid = (SELECT g.rowid FROM turn g WHERE g.chain_id = u.chain_id ORDER BY g.started_at, g.rowid LIMIT 1)"""


def upgrade() -> None:
    op.create_index("ix_turn_chain", "turn", ["chain_id"], unique=False)
    still_open = "state IN ('queued', 'held', 'running')"
    op.create_index("ix_message_chain_open", "message", ["chain_id"], unique=False, sqlite_where=sa.text(still_open))
    op.create_table(
        "chain_use",
        sa.Column("chain_id", sa.String(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("began_at", sa.String(27), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("hops", "wakes", "turns", "input_tokens", "output_tokens")),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("granted", "offered", "asked", "trips")),
        sa.Column("stopped", sa.JSON(), nullable=True),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_chain_use_thread_id_thread")),
        sa.PrimaryKeyConstraint("chain_id", name=op.f("pk_chain_use")),
    )
    op.create_table(
        "chain_talk",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_talk")),
    )
    op.create_table(
        "spawn_hold",
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_spawn_hold_thread_id_thread")),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_spawn_hold")),
    )
    op.execute(CHAINS_SO_FAR)
