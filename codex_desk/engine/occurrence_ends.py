"""The outcome of a planned run: written once, by whoever ends what it caused, in the same transaction."""

from __future__ import annotations

from typing import Any

from codex_desk.engine.approvals import NOBODY
from codex_desk.engine.events import AutomationChanged
from codex_desk.engine.journal import Tx
from codex_desk.store.automation_tables import Automation, Occurrence
from codex_desk.store.tables import Message
from codex_desk.store.words import Outcome
from codex_desk.text import one_line

FAILURES = 3
"""So many runs that fail one after the other pause an automation."""
PROCESS_ENDED = "process ended"


def change(tx: Tx, row: Automation, **values: Any) -> None:
    """Change an automation; subscribers hear it."""
    tx.update(row, **values)
    tx.tell(AutomationChanged(row.id))


def settle(tx: Tx, run: Occurrence, outcome: Outcome, reason: str | None = None, turn_id: str | None = None) -> None:
    """Give a run its outcome; one that has one keeps it."""
    if run.outcome is not None:
        return
    tx.update(run, outcome=outcome, reason=reason, turn_id=turn_id, settled_at=tx.now, claimed_by=None)
    row = tx.get(Automation, run.automation_id)
    assert row is not None  # a key into it
    values: dict[str, Any] = {}
    if row.last_run_at is None or run.scheduled_for >= row.last_run_at:
        values |= {"last_run_at": run.scheduled_for, "last_outcome": outcome}
    if outcome == "failed":
        values["failures"] = row.failures + 1
    elif outcome in ("ran", "caught_up"):
        values["failures"] = 0
    change(tx, row, **values)
    if outcome == "failed" and row.failures >= FAILURES and row.state == "active":
        why = f"it failed {FAILURES} times in a row, the last time: {one_line(reason or 'no reason', 200)}"
        change(tx, row, state="paused", reason=why)
        line = f"automation {row.handle} is paused: {why}. /automations resumes it"
        tx.item(row.target_id, "notice", line, "automation", data={"event": "automation", "automation": row.handle})


def message_ended(tx: Tx, message: Message) -> None:
    """A message that an automation sent has come to its end."""
    run = tx.first(Occurrence, "message_id = ?", message.id)
    if run is None:
        return
    outcome, reason = _told(tx, run, message)
    settle(tx, run, outcome, reason, message.turn_id)


def _told(tx: Tx, run: Occurrence, message: Message) -> tuple[Outcome, str | None]:
    ran: Outcome = "caught_up" if run.late else "ran"
    reason = message.reason
    if reason is not None and reason.startswith("budget"):
        return "budget", reason
    refused = _unanswered_approval(tx, message) if message.state in ("answered", "failed", "delivered") else None
    if refused is not None:
        return "failed", f"needs approval: {refused}"
    match message.state:
        case "answered" | "delivered":
            return ran, f"due {run.scheduled_for:%Y-%m-%d %H:%M} UTC, nothing was open then" if run.late else None
        case "failed":
            return "failed", reason
        case "expired":
            return "expired", reason
        case "interrupted" if reason == PROCESS_ENDED:
            return "failed", reason
        case _:
            return "cancelled", reason


def _unanswered_approval(tx: Tx, message: Message) -> str | None:
    """What one of the turns that a message caused wanted to do, and nobody could be asked."""
    rows = tx.rows(
        "WITH RECURSIVE caused(turn_id) AS (SELECT ? UNION SELECT m.turn_id FROM message m JOIN caused c ON m.asking_turn_id = c.turn_id"
        " WHERE m.turn_id IS NOT NULL) SELECT a.id, a.text FROM caused c JOIN turn t ON t.id = c.turn_id"
        " JOIN approval a ON a.thread_id = t.thread_id AND a.turn_id = t.id WHERE a.state = 'expired' AND a.reason = ? ORDER BY a.number LIMIT 1",
        (message.turn_id, NOBODY),
    )
    return f"{rows[0][0]} {one_line(rows[0][1], 120)}" if rows else None
