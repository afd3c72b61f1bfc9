"""`event_msg`: what Codex showed. The legacy mode has an event for each thing; the paginated one has `item_completed` for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from codex_desk.rollouts import calls
from codex_desk.rollouts.dialects import delegation, talk, tools, turn_items

if TYPE_CHECKING:
    from codex_desk.rollouts.parser import Parser
    from codex_desk.rollouts.shapes import Fate

Payload = Mapping[str, Any]

TURNS = 4
"""Latest turns that are remembered: a turn may be caused by one of its own thread, as a review is."""


def event(reader: Parser, payload: Payload) -> Fate:
    kind = payload.get("type", "")
    if kind in SILENT:
        return "bookkeeping"
    handler = KINDS.get(kind)
    return "unknown" if handler is None else handler(reader, payload)


def _user_message(reader: Parser, payload: Payload) -> Fate:
    images = ["inline" for image in payload.get("images") or [] if image]
    images += [str(path) for path in payload.get("local_images") or []]
    return talk.user(reader, calls.text_of(payload.get("message")), images, client_id=payload.get("client_id"))


def _agent_message(reader: Parser, payload: Payload) -> Fate:
    return talk.agent(reader, calls.text_of(payload.get("message")), phase=payload.get("phase"))


def _reasoning(reader: Parser, payload: Payload) -> Fate:
    return talk.thought(reader, calls.text_of(payload.get("text")))


def _item_completed(reader: Parser, payload: Payload) -> Fate:
    item = payload.get("item")
    return turn_items.completed(reader, item, payload.get("turn_id")) if isinstance(item, dict) else "unknown"


# --- turns --------------------------------------------------------------------------------------------------------------------------------


def _started(reader: Parser, payload: Payload) -> Fate:
    state, turn_id = reader.state, payload.get("turn_id")
    state.turn_id = turn_id if isinstance(turn_id, str) else None
    attribution = payload.get("turn_attribution")
    if isinstance(attribution, dict):
        cause = attribution.get("parent_turn_id")
        state.caused_by = "agent" if cause is not None and cause not in state.turns else "human"
    else:
        state.caused_by = None
    if state.turn_id is not None:
        state.turns.append(state.turn_id)
        del state.turns[:-TURNS]
    state.answered = None
    reader.chunk.summary.outcome = "running"
    return "bookkeeping"


def _complete(reader: Parser, payload: Payload) -> Fate:
    """The end of a turn. It repeats the last message, which makes an item only where no other line had it."""
    error, last, summary = payload.get("error"), payload.get("last_agent_message"), reader.chunk.summary
    fate: Fate = "bookkeeping"
    if isinstance(last, str) and last and reader.state.answered is None:
        talk.agent(reader, last, turn_id=payload.get("turn_id"))
        fate = "item"
    if isinstance(error, dict):
        message = calls.plain_error(str(error.get("message") or "the turn failed"))
        reader.add("notice", message, {"event": "failed"}, None, payload.get("turn_id"))
        summary.outcome, summary.answer = "errored", message
        return "item"
    summary.outcome = "completed"
    if isinstance(last, str):
        summary.answer = last
    return fate


def _aborted(reader: Parser, payload: Payload) -> Fate:
    reason = str(payload.get("reason") or "interrupted")
    reader.add("notice", reason.replace("_", " "), {"event": "interrupted"}, None, payload.get("turn_id"))
    reader.chunk.summary.outcome = "interrupted"
    return "item"


def _rolled_back(reader: Parser, payload: Payload) -> Fate:
    turns = payload.get("num_turns")
    reader.add("notice", f"went back {turns} turn{'' if turns == 1 else 's'}; what they did to files stays", {"event": "rolled_back"})
    return "item"


# --- the thread ---------------------------------------------------------------------------------------------------------------------------


def _compacted(reader: Parser, payload: Payload) -> Fate:
    return turn_items.compaction(reader)


def _renamed(reader: Parser, payload: Payload) -> Fate:
    name = payload.get("thread_name")
    if isinstance(name, str) and name:
        reader.chunk.summary.name = name
    return "bookkeeping"


def _goal(reader: Parser, payload: Payload) -> Fate:
    goal = payload.get("goal")
    if not isinstance(goal, dict):
        return "bookkeeping"
    reader.add("notice", f"goal {goal.get('status', '')}: {goal.get('objective', '')}", {"event": "goal"})
    return "item"


def _review(reader: Parser, payload: Payload) -> Fate:
    return turn_items.review(reader, payload)


def _undone(reader: Parser, payload: Payload) -> Fate:
    reader.add("notice", str(payload.get("message") or "undone"), {"event": "undone"})
    return "item"


def _said(reader: Parser, payload: Payload) -> Fate:
    """Errors and warnings that some clients kept."""
    kind = str(payload.get("type"))
    reader.add("notice", str(payload.get("message") or kind), {"event": "failed" if "error" in kind else "warning"})
    return "item"


# --- what was done ------------------------------------------------------------------------------------------------------------------------


def _ran(reader: Parser, payload: Payload) -> Fate:
    return tools.ran(reader, payload, payload.get("call_id"), payload.get("turn_id"))


def _changed(reader: Parser, payload: Payload) -> Fate:
    return tools.changed(reader, payload, payload.get("call_id"), payload.get("turn_id"))


def _asked_mcp(reader: Parser, payload: Payload) -> Fate:
    return tools.asked_mcp(reader, payload, payload.get("call_id"))


def _asked_client(reader: Parser, payload: Payload) -> Fate:
    return tools.asked_client(reader, payload, payload.get("call_id", payload.get("callId")), payload.get("turn_id"))


def _searched(reader: Parser, payload: Payload) -> Fate:
    return tools.searched(reader, payload, payload.get("call_id"))


def _viewed(reader: Parser, payload: Payload) -> Fate:
    return tools.viewed(reader, payload, payload.get("call_id"))


def _painted(reader: Parser, payload: Payload) -> Fate:
    return tools.painted(reader, payload, payload.get("call_id"))


SILENT = frozenset(
    {
        "token_count",
        "thread_settings_applied",
        "session_configured",
        "raw_response_item",
        "item_started",
        "item_updated",
        "agent_reasoning_section_break",
        "agent_message_delta",
        "agent_message_content_delta",
        "agent_reasoning_delta",
        "agent_reasoning_raw_content_delta",
        "reasoning_content_delta",
        "reasoning_raw_content_delta",
        "plan_delta",
        "plan_update",
        "turn_diff",
        "exec_command_begin",
        "exec_command_output_delta",
        "terminal_interaction",
        "exec_approval_request",
        "apply_patch_approval_request",
        "request_permissions",
        "request_user_input",
        "elicitation_request",
        "dynamic_tool_call_request",
        "patch_apply_begin",
        "patch_apply_updated",
        "mcp_tool_call_begin",
        "mcp_startup_update",
        "mcp_startup_complete",
        "web_search_begin",
        "image_generation_begin",
        "collab_agent_spawn_begin",
        "collab_agent_interaction_begin",
        "collab_waiting_begin",
        "collab_close_begin",
        "collab_resume_begin",
        "background_event",
        "hook_started",
        "hook_completed",
        "guardian_assessment",
        "model_reroute",
        "model_verification",
        "turn_moderation_metadata",
        "safety_buffering",
        "thread_goal_cleared",
        "undo_started",
        "deprecation_notice",
        "shutdown_complete",
        "skills_update_available",
    }
)
"""Events with nothing to show, or whose end says it all."""

KINDS: dict[str, Callable[[Parser, Payload], Fate]] = {
    "user_message": _user_message,
    "agent_message": _agent_message,
    "agent_reasoning": _reasoning,
    "agent_reasoning_raw_content": _reasoning,
    "item_completed": _item_completed,
    "task_started": _started,
    "turn_started": _started,
    "task_complete": _complete,
    "turn_complete": _complete,
    "turn_aborted": _aborted,
    "thread_rolled_back": _rolled_back,
    "context_compacted": _compacted,
    "thread_name_updated": _renamed,
    "thread_goal_updated": _goal,
    "entered_review_mode": _review,
    "exited_review_mode": _review,
    "undo_completed": _undone,
    "error": _said,
    "warning": _said,
    "guardian_warning": _said,
    "stream_error": _said,
    "exec_command_end": _ran,
    "patch_apply_end": _changed,
    "mcp_tool_call_end": _asked_mcp,
    "dynamic_tool_call_response": _asked_client,
    "web_search_end": _searched,
    "view_image_tool_call": _viewed,
    "image_generation_end": _painted,
    "sub_agent_activity": delegation.activity,
    "collab_agent_spawn_end": delegation.legacy,
    "collab_agent_interaction_end": delegation.legacy,
    "collab_waiting_end": delegation.legacy,
    "collab_close_end": delegation.legacy,
    "collab_resume_end": delegation.legacy,
}
"""By the type of an event."""
