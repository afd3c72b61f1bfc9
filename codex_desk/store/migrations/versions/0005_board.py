"""Boards: the shared, append-only scopes of workflows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    *(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, 'the board is append-only'); END"
        for table in ("board_cite", "board_path", "board_promotion")
        for verb in ("UPDATE", "DELETE")
    ),
    "CREATE TRIGGER board_entry_no_delete BEFORE DELETE ON board_entry BEGIN SELECT RAISE(ABORT, 'the board is append-only'); END",
    # A text may be taken out, and nothing else: who wrote what kind of entry, when, and what it stands to, stays.
    "CREATE TRIGGER board_entry_redact_only BEFORE UPDATE ON board_entry WHEN NEW.redacted != 1 OR "
    + " OR ".join(
        f"NEW.{column} IS NOT OLD.{column}"
        for column in [
            "id",
            "board_id",
            "thread_id",
            "origin",
            "turn_id",
            "kind",
            "to_id",
            "refers_to",
            "invalidates",
            "supersedes",
            "cites",
            "open",
            "at",
        ]
    )
    + " BEGIN SELECT RAISE(ABORT, 'the board is append-only'); END",
    "CREATE TRIGGER board_no_delete BEFORE DELETE ON board BEGIN SELECT RAISE(ABORT, 'the board is append-only'); END",
    "CREATE TRIGGER board_no_reopen BEFORE UPDATE ON board WHEN OLD.closed_at IS NOT NULL OR NEW.id IS NOT OLD.id OR NEW.parent_id IS NOT OLD.parent_id "
    "BEGIN SELECT RAISE(ABORT, 'the board is append-only'); END",
)


def upgrade() -> None:
    op.create_table(
        "board",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("parent_id", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("visibility", sa.String(), nullable=False),
        sa.Column("write_policy", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=True),
        sa.Column("opened_at", sa.String(27), nullable=False),
        sa.Column("closed_at", sa.String(27), nullable=True),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["thread.id"], name=op.f("fk_board_parent_id_thread")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board")),
    )
    op.create_index(op.f("ix_board_parent_id"), "board", ["parent_id"], unique=False)
    op.create_index(op.f("ix_board_changed"), "board", ["changed"], unique=False)
    op.create_index("uq_board_parent_live", "board", ["parent_id"], unique=True, sqlite_where=sa.text("closed_at IS NULL"))
    in_project = "closed_at IS NULL AND visibility = 'project'"
    op.create_index("ix_board_project_live", "board", ["project"], unique=False, sqlite_where=sa.text(in_project))
    _entries()
    _beside_entries()
    _readers()
    for trigger in APPEND_ONLY:
        op.execute(trigger)


def _entries() -> None:
    op.create_table(
        "board_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("board_id", sa.String(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("turn_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("to_id", sa.String(), nullable=True),
        sa.Column("refers_to", sa.Integer(), nullable=True),
        sa.Column("invalidates", sa.Integer(), nullable=True),
        sa.Column("supersedes", sa.Integer(), nullable=True),
        sa.Column("paths", sa.JSON(), nullable=True),
        sa.Column("cites", sa.JSON(), nullable=True),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("redacted", sa.Boolean(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"], name=op.f("fk_board_entry_board_id_board")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_board_entry_thread_id_thread")),
        sa.ForeignKeyConstraint(["to_id"], ["thread.id"], name=op.f("fk_board_entry_to_id_thread")),
        sa.ForeignKeyConstraint(["refers_to"], ["board_entry.id"], name=op.f("fk_board_entry_refers_to_board_entry")),
        sa.ForeignKeyConstraint(["invalidates"], ["board_entry.id"], name=op.f("fk_board_entry_invalidates_board_entry")),
        sa.ForeignKeyConstraint(["supersedes"], ["board_entry.id"], name=op.f("fk_board_entry_supersedes_board_entry")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_entry")),
    )
    op.create_index("ix_board_entry_open", "board_entry", ["board_id", "open", "id"], unique=False)
    op.create_index("ix_board_entry_board", "board_entry", ["board_id", "id"], unique=False)
    op.create_index("ix_board_entry_author", "board_entry", ["board_id", "thread_id", "id"], unique=False)
    for column in ("invalidates", "supersedes"):
        op.create_index(f"ix_board_entry_{column}", "board_entry", [column], unique=False, sqlite_where=sa.text(f"{column} IS NOT NULL"))


def _beside_entries() -> None:
    op.create_table(
        "board_cite",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["decision_id"], ["board_entry.id"], name=op.f("fk_board_cite_decision_id_board_entry")),
        sa.ForeignKeyConstraint(["entry_id"], ["board_entry.id"], name=op.f("fk_board_cite_entry_id_board_entry")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_cite")),
    )
    op.create_index("ix_board_cite_entry", "board_cite", ["entry_id"], unique=False)
    op.create_table(
        "board_path",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("board_id", sa.String(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"], name=op.f("fk_board_path_board_id_board")),
        sa.ForeignKeyConstraint(["entry_id"], ["board_entry.id"], name=op.f("fk_board_path_entry_id_board_entry")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_path")),
    )
    op.create_index("ix_board_path_path", "board_path", ["board_id", "path"], unique=False)
    op.create_table(
        "board_promotion",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("board_id", sa.String(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"], name=op.f("fk_board_promotion_board_id_board")),
        sa.ForeignKeyConstraint(["entry_id"], ["board_entry.id"], name=op.f("fk_board_promotion_entry_id_board_entry")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_board_promotion")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_board_promotion_entry_id")),
    )
    op.create_index("ix_board_promotion_board", "board_promotion", ["board_id", "seq"], unique=False)


def _readers() -> None:
    op.create_table(
        "board_cursor",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("board_id", sa.String(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"], name=op.f("fk_board_cursor_board_id_board")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_board_cursor_thread_id_thread")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_cursor")),
    )
    op.create_index(op.f("ix_board_cursor_board_id"), "board_cursor", ["board_id"], unique=False)
    op.create_table(
        "board_seen",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["board_entry.id"], name=op.f("fk_board_seen_entry_id_board_entry")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_board_seen_thread_id_thread")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_seen")),
    )
    op.create_index("uq_board_seen_entry_thread", "board_seen", ["entry_id", "thread_id"], unique=True)
    op.create_table(
        "board_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("turn_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_board_notice_thread_id_thread")),
        sa.ForeignKeyConstraint(["entry_id"], ["board_entry.id"], name=op.f("fk_board_notice_entry_id_board_entry")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_notice")),
    )
    op.create_index("ix_board_notice_thread", "board_notice", ["thread_id"], unique=False)
