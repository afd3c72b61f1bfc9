"""The tables of automations: schedules that target a thread, and the runs that they planned, each with exactly one outcome, by trigger."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, String, Text, text
from sqlmodel import Field

from codex_desk.store.tables import METADATA, Row, _moment, _thread
from codex_desk.store.words import AutomationState, Outcome

EVERY_TABLE = METADATA
"""Those of the desk and these."""


class Automation(Row, table=True):
    """A schedule that prompts a thread."""

    __table_args__ = (
        Index("uq_automation_handle", "handle", unique=True, sqlite_where=text("removed_at IS NULL")),
        Index("ix_automation_next", "next_run_at", sqlite_where=text("next_run_at IS NOT NULL")),
        Index("ix_automation_planned", "planned_at", sqlite_where=text("next_run_at IS NOT NULL")),
    )

    id: str = Field(primary_key=True)
    handle: str
    target_id: str = _thread(index=True)
    schedule: str
    """The user's own text."""
    zone: str
    anchor: datetime = _moment()
    """What intervals count from."""
    prompt: str = Field(sa_column=Column(Text, nullable=False))
    guard: str | None = None
    overlap: str = "skip"
    busy: str = "queue_one"
    catch_up: str = "latest_once"
    until: datetime | None = _moment(nullable=True)
    until_told: bool = False
    """The user said when it ends; else it expires by itself."""
    remaining: int | None = None
    """Runs that it may still plan; null for no count."""
    budget_tokens: int | None = None
    """What its runs may take in a day."""
    state: AutomationState = Field(default="active", sa_type=String)
    reason: str | None = None
    """Why it is paused or has ended."""
    failures: int = 0
    """Runs that failed, one after the other."""
    seen: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    """What its last run saw of the work: the guard, and what the prompt says has changed since, compare with it."""
    next_run_at: datetime | None = _moment(nullable=True)
    """The first run that is not planned yet; null once there is none."""
    planned_at: datetime = _moment()
    """When that was worked out; a clock that shows less has been put back."""
    last_run_at: datetime | None = _moment(nullable=True)
    last_outcome: Outcome | None = Field(default=None, sa_type=String)
    source: str | None = None
    """Where it was imported from."""
    created_at: datetime = _moment()
    removed_at: datetime | None = _moment(nullable=True)
    changed: int = Field(default=0, index=True)


class Occurrence(Row, table=True):
    """One planned run; or, where many were missed in a row, the stretch of them."""

    __table_args__ = (
        Index("uq_occurrence_time", "automation_id", "scheduled_for", unique=True),
        Index("ix_occurrence_open", "due_at", sqlite_where=text("outcome IS NULL")),
        Index("ix_occurrence_unsettled", "automation_id", "scheduled_for", sqlite_where=text("outcome IS NULL")),
        Index("ix_occurrence_message", "message_id", sqlite_where=text("message_id IS NOT NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    automation_id: str = Field(sa_column=Column(String, ForeignKey("automation.id"), nullable=False))
    scheduled_for: datetime = _moment()
    through: datetime | None = _moment(nullable=True)
    """The last time of a stretch; null for one run."""
    times: int | None = 1
    """How many runs it stands for; null where nobody counted."""
    due_at: datetime = _moment()
    """Not before: what is caught up is spread out."""
    late: bool = False
    """It runs under the catch-up policy."""
    by_hand: bool = False
    claimed_by: str | None = None
    """The host that sees to it: looks at its guard, fires it, and waits for its end."""
    message_id: int | None = Field(default=None, foreign_key="message.id")
    """The message that it sent."""
    context: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    """What the prompt says has changed since the last run."""
    outcome: Outcome | None = Field(default=None, sa_type=String)
    reason: str | None = None
    turn_id: str | None = None
    fired_at: datetime | None = _moment(nullable=True)
    settled_at: datetime | None = _moment(nullable=True)
    changed: int = Field(default=0, index=True)
