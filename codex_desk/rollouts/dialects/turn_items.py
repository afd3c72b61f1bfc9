"""`item_completed`: the items of a turn, as the paginated mode records them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from codex_desk.rollouts import calls
from codex_desk.rollouts.dialects import delegation, talk, tools
from codex_desk.text import one_line

if TYPE_CHECKING:
    from codex_desk.rollouts.parser import Parser
    from codex_desk.rollouts.shapes import Fate

Payload = Mapping[str, Any]
TurnId = object


def completed(reader: Parser, item: Payload, turn_id: TurnId) -> Fate:
    """An item that is complete. One of a type that is not known here is shown as a notice, and kept whole."""
    kind = str(item.get("type", ""))
    handler = KINDS.get(kind)
    if handler is not None:
        return handler(reader, item, turn_id)
    said = item.get("text")
    text = f"{kind or 'an item'}: {said}" if isinstance(said, str) and said else f"{kind or 'an item'}, which this version does not know"
    reader.add("notice", text, {"event": "unknown", "raw": dict(item)}, item.get("id"), turn_id)
    return "unknown"


def _user(reader: Parser, item: Payload, turn_id: TurnId) -> Fate:
    content = item.get("content")
    parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    text = "".join(part["text"] for part in parts if isinstance(part.get("text"), str))
    images = [where for part in parts if (where := _image(part)) is not None]
    return talk.user(reader, text, images, item_id=item.get("id"), turn_id=turn_id, client_id=item.get("client_id"))


def _image(part: Payload) -> str | None:
    """Where an attached thing is: its path, `inline` for one that stands in the file; None for what is text."""
    kind = str(part.get("type", ""))
    if kind in ("text", "input_text") or "text" in part:
        return None
    path = part.get("path")
    return str(path) if path else "inline" if "image" in kind.lower() else kind or None


def _agent(reader: Parser, item: Payload, turn_id: TurnId) -> Fate:
    return talk.agent(reader, calls.text_of(item.get("content")), item_id=item.get("id"), turn_id=turn_id, phase=item.get("phase"))


def _reasoning(reader: Parser, item: Payload, turn_id: TurnId) -> Fate:
    parts = [part for part in (*(item.get("summary_text") or []), *(item.get("raw_content") or [])) if isinstance(part, str) and part]
    state, item_id = reader.state, item.get("id")
    if state.thought and state.thought[0] == item_id:
        parts, known = parts[state.thought[1] :], state.thought[1]
    else:
        known = 0
    state.thought = [item_id, known + len(parts)] if isinstance(item_id, str) else []
    text = "\n\n".join(parts)
    fate = talk.thought(reader, text, item_id=item_id, turn_id=turn_id)
    for part in parts:
        if part != text:
            state.expect("reasoning", part)
    return fate


def _plan(reader: Parser, item: Payload, turn_id: TurnId) -> Fate:
    reader.add("plan", calls.text_of(item.get("text")), None, item.get("id"), turn_id)
    return "item"


def _hook(reader: Parser, item: Payload, turn_id: TurnId) -> Fate:
    fragments = item.get("fragments")
    texts = [str(each.get("text", "")) for each in fragments if isinstance(each, dict)] if isinstance(fragments, list) else []
    reader.add("notice", "\n".join(texts), {"event": "hook"}, item.get("id"), turn_id)
    return "item"


def _external(reader: Parser, item: Payload, turn_id: TurnId) -> Fate:
    return talk.external(reader, item)


def _collab(reader: Parser, item: Payload, turn_id: TurnId) -> Fate:
    return delegation.collab(reader, item)


def _activity(reader: Parser, item: Payload, turn_id: TurnId) -> Fate:
    return delegation.activity(reader, item)


def _compaction(reader: Parser, item: Payload, turn_id: TurnId) -> Fate:
    return compaction(reader)


def compaction(reader: Parser) -> Fate:
    """That the history was compacted; the line `compacted` says it too, and more."""
    if reader.state.was_expected("compaction", ""):
        return "copy"
    reader.state.doubt("compaction", reader.add("compaction", "context compacted"), "")
    return "item"


def _review(reader: Parser, item: Payload, turn_id: TurnId) -> Fate:
    return review(reader, item, turn_id)


def review(reader: Parser, payload: Payload, turn_id: TurnId = None) -> Fate:
    """A review began or ended: items and events `EnteredReviewMode`, `ExitedReviewMode`."""
    output = payload.get("review_output")
    if "xited" in str(payload.get("type")):
        reader.add("notice", _findings(output) if isinstance(output, dict) else "review ended", {"event": "review"}, None, turn_id)
    else:
        hint = payload.get("user_facing_hint") or payload.get("review") or ""
        reader.add("notice", f"review: {one_line(str(hint))}" if hint else "review", {"event": "review"}, None, turn_id)
        if isinstance(turn_id, str):
            reader.state.turns.append(turn_id)  # it causes the next one: what that is sent is the user's
    return "item"


def _findings(output: Payload) -> str:
    lines = [str(output.get("overall_explanation") or "review ended")]
    for finding in output.get("findings") or []:
        if isinstance(finding, dict):
            where = finding.get("code_location")
            path = where.get("absolute_file_path") if isinstance(where, dict) else None
            lines.append(f"- {finding.get('title', '')}{f' ({path})' if path else ''}\n  {finding.get('body', '')}".rstrip())
    return "\n".join(lines)


def _by_id(handler: Callable[[Parser, Payload, object, object], Fate]) -> Callable[[Parser, Payload, TurnId], Fate]:
    return lambda reader, item, turn_id: handler(reader, item, item.get("id"), turn_id)


KINDS: dict[str, Callable[[Parser, Payload, TurnId], Fate]] = {
    "UserMessage": _user,
    "AgentMessage": _agent,
    "Reasoning": _reasoning,
    "Plan": _plan,
    "HookPrompt": _hook,
    "CommandExecution": _by_id(tools.ran),
    "FileChange": _by_id(tools.changed),
    "McpToolCall": _by_id(tools.asked_mcp),
    "DynamicToolCall": _by_id(tools.asked_client),
    "FunctionCallOutput": _external,
    "CollabAgentToolCall": _collab,
    "SubAgentActivity": _activity,
    "WebSearch": _by_id(tools.searched),
    "ImageView": _by_id(tools.viewed),
    "ImageGeneration": _by_id(tools.painted),
    "Sleep": _by_id(tools.slept),
    "ContextCompaction": _compaction,
    "EnteredReviewMode": _review,
    "ExitedReviewMode": _review,
}
"""By the type of an item."""
