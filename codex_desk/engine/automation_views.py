"""Read models of automations. The `to_json` of each is the contract that scripts read."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from codex_desk.engine.rows import Row, maybe, moment
from codex_desk.engine.views import stamp
from codex_desk.frozen import frozen
from codex_desk.store.words import AutomationState, Outcome

AUTOMATION = "SELECT a.*, coalesce(t.handle, t.title, t.id) AS target, t.archived_at AS target_archived FROM automation a JOIN thread t ON t.id = a.target_id"
OCCURRENCE = "SELECT o.*, a.handle AS automation, a.zone AS zone FROM occurrence o JOIN automation a ON a.id = o.automation_id"


@frozen
class AutomationView:
    id: str
    handle: str
    target: str
    target_id: str
    schedule: str
    zone: str
    state: AutomationState
    prompt: str
    created_at: datetime
    next_run_at: datetime | None = None
    """None where nothing will run: it is paused or has ended."""
    last_outcome: Outcome | None = None
    # What people are shown beside the contract.
    last_run_at: datetime | None = None
    """The planned time of what `last_outcome` is about."""
    reason: str | None = None
    """Why it is paused or has ended."""
    guard: str | None = None
    overlap: str = "skip"
    busy: str = "queue_one"
    catch_up: str = "latest_once"
    until: datetime | None = None
    until_told: bool = False
    remaining: int | None = None
    budget_tokens: int | None = None
    failures: int = 0
    source: str | None = None
    target_archived: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "handle": self.handle,
            "target": self.target,
            "schedule": self.schedule,
            "zone": self.zone,
            "next_run_at": stamp(self.next_run_at),
            "last_outcome": self.last_outcome,
            "state": self.state,
        }


@frozen
class OccurrenceView:
    id: int
    automation_id: str
    automation: str
    zone: str
    scheduled_for: datetime
    outcome: Outcome | None
    """None while it has not ended."""
    reason: str | None
    turn_id: str | None
    through: datetime | None = None
    times: int | None = 1
    late: bool = False
    by_hand: bool = False
    message: int | None = None
    due_at: datetime | None = None
    fired_at: datetime | None = None
    settled_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        return {"scheduled_for": stamp(self.scheduled_for), "outcome": self.outcome, "reason": self.reason, "turn_id": self.turn_id}


def automation_view(row: Row) -> AutomationView:
    """A row of `AUTOMATION`."""
    state: AutomationState = row["state"]
    return AutomationView(
        id=row["id"],
        handle=row["handle"],
        target=row["target"],
        target_id=row["target_id"],
        schedule=row["schedule"],
        zone=row["zone"],
        state=state,
        prompt=row["prompt"],
        created_at=moment(row["created_at"]),
        next_run_at=maybe(row["next_run_at"]) if state == "active" else None,
        last_outcome=row["last_outcome"],
        last_run_at=maybe(row["last_run_at"]),
        reason=row["reason"],
        guard=row["guard"],
        overlap=row["overlap"],
        busy=row["busy"],
        catch_up=row["catch_up"],
        until=maybe(row["until"]),
        until_told=bool(row["until_told"]),
        remaining=row["remaining"],
        budget_tokens=row["budget_tokens"],
        failures=row["failures"],
        source=row["source"],
        target_archived=row["target_archived"] is not None,
    )


def occurrence_view(row: Row) -> OccurrenceView:
    """A row of `OCCURRENCE`."""
    return OccurrenceView(
        id=row["id"],
        automation_id=row["automation_id"],
        automation=row["automation"],
        zone=row["zone"],
        scheduled_for=moment(row["scheduled_for"]),
        outcome=row["outcome"],
        reason=row["reason"],
        turn_id=row["turn_id"],
        through=maybe(row["through"]),
        times=row["times"],
        late=bool(row["late"]),
        by_hand=bool(row["by_hand"]),
        message=row["message_id"],
        due_at=moment(row["due_at"]),
        fired_at=maybe(row["fired_at"]),
        settled_at=maybe(row["settled_at"]),
    )


def clock_in(moment: datetime, zone: str) -> str:
    """A moment as the clock of a zone shows it, for people: `2026-11-21 09:00`."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
