"""The words that rows hold, as types. Nothing is imported, so that read models can use them before the store is loaded."""

from __future__ import annotations

from typing import Literal

ThreadStatus = Literal["idle", "running", "waiting", "needs_human", "error", "finished", "archived", "history"]
ThreadKind = Literal["session", "subagent"]
MessageState = Literal["queued", "running", "answered", "failed", "interrupted", "cancelled", "expired", "held", "delivered"]
MessageKind = Literal["prompt", "ask", "report", "wake", "compact", "summary"]
"""prompt: from the human; ask: parent to child; report: child to parent; wake, compact and summary: the engine's own."""
Delivery = Literal["after_turn", "next_step", "interrupt"]
Origin = Literal["human", "agent", "automation", "import", "system"]
TurnState = Literal["running", "completed", "failed", "interrupted"]
EdgeRights = Literal["lesser", "own"]
Wake = Literal["answers", "never"]
FoldMode = Literal["qa", "summary", "replace", "none"]
FoldState = Literal["waiting", "there", "taken", "read", "undone"]
"""waiting: for the end of the parent's turn; there: brought, and can be taken back; taken: a turn has begun that is to be told of it; read: a turn has."""
AutomationState = Literal["active", "paused", "ended"]
Outcome = Literal[
    "ran",
    "skipped_busy",
    "skipped_overlap",
    "missed_offline",
    "caught_up",
    "guard_false",
    "budget",
    "paused",
    "expired",
    "failed",
    "cancelled",
]
"""What became of a planned run of an automation."""
