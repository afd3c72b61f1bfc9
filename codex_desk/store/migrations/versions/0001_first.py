"""The first version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from codex_desk.store.tables import Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
    "CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
    "CREATE TRIGGER audit_body_no_delete BEFORE DELETE ON audit_body BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
    "CREATE TRIGGER audit_body_redact_only BEFORE UPDATE ON audit_body WHEN NEW.seq != OLD.seq OR NEW.redacted != 1 "
    "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
)

FULL_TEXT = "CREATE VIRTUAL TABLE item_text USING fts5(text, content='item', content_rowid='seq', tokenize='unicode61')"


def upgrade() -> None:
    op.create_table(
        "head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("next_seq", sa.Integer(), nullable=False),
        sa.Column("audit_hash", sa.String(), nullable=False),
        sa.Column("audit_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_head")),
    )
    op.create_table(
        "host",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host")),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "thread",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=True),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("cwd", sa.String(), nullable=False),
        sa.Column("cwd_device", sa.Integer(), nullable=False),
        sa.Column("cwd_inode", sa.Integer(), nullable=False),
        sa.Column("runtime", sa.String(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("last_activity_at", Moment(), nullable=False),
        sa.Column("archived_at", Moment(), nullable=True),
        sa.Column("archived_with", sa.String(), nullable=True),
        sa.Column("spawned_by", sa.String(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("forked_from", sa.String(), nullable=True),
        sa.Column("side_chat_of", sa.String(), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("last_line", sa.String(), nullable=False),
        sa.Column("context_tokens", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["spawned_by"], ["thread.id"], name=op.f("fk_thread_spawned_by_thread")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread")),
    )
    op.create_index(op.f("ix_thread_changed"), "thread", ["changed"], unique=False)
    op.create_index(op.f("ix_thread_last_activity_at"), "thread", ["last_activity_at"], unique=False)
    op.create_index(op.f("ix_thread_spawned_by"), "thread", ["spawned_by"], unique=False)
    op.create_index("uq_thread_project_handle", "thread", ["project", "handle"], unique=True, sqlite_where=sa.text("handle IS NOT NULL"))
    op.create_table(
        "trusted_folder",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("trusted_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_trusted_folder")),
    )
    op.create_table(
        "approval",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("turn_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("cwd", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("command", sa.JSON(), nullable=True),
        sa.Column("chain", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_approval_thread_id_thread")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_approval")),
        sa.UniqueConstraint("id", name=op.f("uq_approval_id")),
    )
    op.create_index(op.f("ix_approval_changed"), "approval", ["changed"], unique=False)
    op.create_index("ix_approval_pending", "approval", ["turn_id"], unique=False, sqlite_where=sa.text("state = 'pending'"))
    op.create_index(op.f("ix_approval_thread_id"), "approval", ["thread_id"], unique=False)
    op.create_table(
        "attachment",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("parent_id", sa.String(), nullable=False),
        sa.Column("child_id", sa.String(), nullable=False),
        sa.Column("rights", sa.String(), nullable=False),
        sa.Column("wake", sa.String(), nullable=False),
        sa.Column("interrupt", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=True),
        sa.Column("held_reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["child_id"], ["thread.id"], name=op.f("fk_attachment_child_id_thread")),
        sa.ForeignKeyConstraint(["parent_id"], ["thread.id"], name=op.f("fk_attachment_parent_id_thread")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index("ix_attachment_child_ended", "attachment", ["child_id", "ended_at"], unique=False)
    op.create_index("ix_attachment_parent_live", "attachment", ["parent_id"], unique=False, sqlite_where=sa.text("ended_at IS NULL"))
    op.create_index("uq_attachment_child_live", "attachment", ["child_id"], unique=True, sqlite_where=sa.text("ended_at IS NULL"))
    op.create_table(
        "audit_event",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("peer_id", sa.String(), nullable=True),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("body_hash", sa.String(), nullable=False),
        sa.Column("prev", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["peer_id"], ["thread.id"], name=op.f("fk_audit_event_peer_id_thread")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_audit_event_thread_id_thread")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_event")),
    )
    op.create_index(op.f("ix_audit_event_thread_id"), "audit_event", ["thread_id"], unique=False)
    op.create_table(
        "grant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=True),
        sa.Column("folder", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("prefix", sa.JSON(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_grant_thread_id_thread")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant")),
    )
    op.create_table(
        "item",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("turn_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_item_thread_id_thread")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_item")),
    )
    op.create_index("ix_item_thread_seq", "item", ["thread_id", "seq"], unique=False)
    op.create_table(
        "lease",
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("host_id", sa.String(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_lease_thread_id_thread")),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_lease")),
    )
    op.create_table(
        "segment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("turn_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_segment_thread_id_thread")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_segment_thread_live", "segment", ["thread_id", "live", "id"], unique=False)
    op.create_table(
        "wait",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("turn_id", sa.String(), nullable=False),
        sa.Column("messages", sa.JSON(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("deadline", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_wait_thread_id_thread")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wait")),
    )
    op.create_index(op.f("ix_wait_thread_id"), "wait", ["thread_id"], unique=False)
    op.create_table(
        "wake",
        sa.Column("turn_id", sa.String(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_wake_thread_id_thread")),
        sa.PrimaryKeyConstraint("turn_id", name=op.f("pk_wake")),
    )
    op.create_index(op.f("ix_wake_thread_id"), "wake", ["thread_id"], unique=False)
    op.create_table(
        "audit_body",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("redacted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["seq"], ["audit_event.seq"], name=op.f("fk_audit_body_seq_audit_event")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_body")),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("to_id", sa.String(), nullable=False),
        sa.Column("from_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("delivery", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("original", sa.Text(), nullable=True),
        sa.Column("edge_id", sa.String(), nullable=True),
        sa.Column("asking_turn_id", sa.String(), nullable=True),
        sa.Column("rights", sa.JSON(), nullable=True),
        sa.Column("chain_id", sa.String(), nullable=False),
        sa.Column("hops", sa.Integer(), nullable=False),
        sa.Column("turn_id", sa.String(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("answered_at", Moment(), nullable=True),
        sa.Column("returned_at", Moment(), nullable=True),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("out_seq", sa.Integer(), nullable=True),
        sa.Column("in_seq", sa.Integer(), nullable=True),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["edge_id"], ["attachment.id"], name=op.f("fk_message_edge_id_attachment")),
        sa.ForeignKeyConstraint(["from_id"], ["thread.id"], name=op.f("fk_message_from_id_thread")),
        sa.ForeignKeyConstraint(["to_id"], ["thread.id"], name=op.f("fk_message_to_id_thread")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_message_asking_turn", "message", ["asking_turn_id"], unique=False)
    op.create_index(op.f("ix_message_changed"), "message", ["changed"], unique=False)
    op.create_index(
        "ix_message_edge_open", "message", ["edge_id", "id"], unique=False, sqlite_where=sa.text("state IN ('queued', 'held', 'running')")
    )
    op.create_index("ix_message_pair", "message", ["from_id", "to_id", "id"], unique=False)
    op.create_index("ix_message_to_state", "message", ["to_id", "state", "id"], unique=False)
    op.create_table(
        "turn",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("chain_id", sa.String(), nullable=False),
        sa.Column("hops", sa.Integer(), nullable=False),
        sa.Column("host_id", sa.String(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("rights", sa.JSON(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("instructions_hash", sa.String(), nullable=True),
        sa.Column("instructions", sa.JSON(), nullable=True),
        sa.Column("input_tokens", sa.Integer(), nullable=False),
        sa.Column("output_tokens", sa.Integer(), nullable=False),
        sa.Column("stop_reason", sa.String(), nullable=True),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_turn_message_id_message")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_turn_thread_id_thread")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turn")),
    )
    op.create_index(op.f("ix_turn_changed"), "turn", ["changed"], unique=False)
    op.create_index("ix_turn_thread_started", "turn", ["thread_id", "started_at"], unique=False)
    op.create_index("uq_turn_running", "turn", ["thread_id"], unique=True, sqlite_where=sa.text("state = 'running'"))

    for statement in (*APPEND_ONLY, FULL_TEXT):
        op.execute(statement)
    op.execute("INSERT INTO head (id, next_seq, audit_hash, audit_count) VALUES (1, 1, '', 0)")
