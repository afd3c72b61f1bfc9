"""Automations: schedules, and the runs that they planned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ONE_OUTCOME = (
    "CREATE TRIGGER occurrence_one_outcome BEFORE UPDATE ON occurrence WHEN OLD.outcome IS NOT NULL AND NEW.outcome IS NOT OLD.outcome "
    "BEGIN SELECT RAISE(ABORT, 'a run has one outcome'); END",
    "CREATE TRIGGER occurrence_no_delete BEFORE DELETE ON occurrence BEGIN SELECT RAISE(ABORT, 'a planned run stays on record'); END",
    "CREATE TRIGGER automation_no_delete BEFORE DELETE ON automation BEGIN SELECT RAISE(ABORT, 'a planned run stays on record'); END",
)


def upgrade() -> None:
    op.create_table(
        "automation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.Column("schedule", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("anchor", sa.String(27), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("guard", sa.String(), nullable=True),
        sa.Column("overlap", sa.String(), nullable=False),
        sa.Column("busy", sa.String(), nullable=False),
        sa.Column("catch_up", sa.String(), nullable=False),
        sa.Column("until", sa.String(27), nullable=True),
        sa.Column("until_told", sa.Boolean(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=True),
        sa.Column("budget_tokens", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=True),
        sa.Column("next_run_at", sa.String(27), nullable=True),
        sa.Column("planned_at", sa.String(27), nullable=False),
        sa.Column("last_run_at", sa.String(27), nullable=True),
        sa.Column("last_outcome", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("removed_at", sa.String(27), nullable=True),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["target_id"], ["thread.id"], name=op.f("fk_automation_target_id_thread")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation")),
    )
    op.create_index(op.f("ix_automation_target_id"), "automation", ["target_id"], unique=False)
    op.create_index(op.f("ix_automation_changed"), "automation", ["changed"], unique=False)
    op.create_index("uq_automation_handle", "automation", ["handle"], unique=True, sqlite_where=sa.text("removed_at IS NULL"))
    to_come = sa.text("next_run_at IS NOT NULL")
    op.create_index("ix_automation_next", "automation", ["next_run_at"], unique=False, sqlite_where=to_come)
    op.create_index("ix_automation_planned", "automation", ["planned_at"], unique=False, sqlite_where=to_come)
    _occurrences()
    for trigger in ONE_OUTCOME:
        op.execute(trigger)


def _occurrences() -> None:
    op.create_table(
        "occurrence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("automation_id", sa.String(), nullable=False),
        sa.Column("scheduled_for", sa.String(27), nullable=False),
        sa.Column("through", sa.String(27), nullable=True),
        sa.Column("times", sa.Integer(), nullable=True),
        sa.Column("due_at", sa.String(27), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("context", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("turn_id", sa.String(), nullable=True),
        sa.Column("fired_at", sa.String(27), nullable=True),
        sa.Column("settled_at", sa.String(27), nullable=True),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["automation_id"], ["automation.id"], name=op.f("fk_occurrence_automation_id_automation")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_occurrence_message_id_message")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrence")),
    )
    op.create_index(op.f("ix_occurrence_changed"), "occurrence", ["changed"], unique=False)
    op.create_index("uq_occurrence_time", "occurrence", ["automation_id", "scheduled_for"], unique=True)
    still_open = sa.text("outcome IS NULL")
    op.create_index("ix_occurrence_open", "occurrence", ["due_at"], unique=False, sqlite_where=still_open)
    op.create_index("ix_occurrence_unsettled", "occurrence", ["automation_id", "scheduled_for"], unique=False, sqlite_where=still_open)
    sent = sa.text("message_id IS NOT NULL")
    op.create_index("ix_occurrence_message", "occurrence", ["message_id"], unique=False, sqlite_where=sent)
