"""`response_item`: what the model was given and gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from codex_desk.rollouts import agents, calls, injected
from codex_desk.rollouts.dialects import talk, tools

if TYPE_CHECKING:
    from codex_desk.rollouts.parser import Parser
    from codex_desk.rollouts.shapes import Fate

Payload = Mapping[str, Any]


def response_item(reader: Parser, payload: Payload) -> Fate:
    handler = KINDS.get(payload.get("type", ""))
    return "unknown" if handler is None else handler(reader, payload)


def _message(reader: Parser, payload: Payload) -> Fate:
    content, role = payload.get("content"), payload.get("role")
    match role:
        case "assistant":
            return talk.unproved_agent(reader, calls.text_of(content), item_id=payload.get("id"))
        case "user":
            return _of_user(reader, payload)
        case "developer" | "system":
            return "context"
        case _:
            return "unknown"


def _of_user(reader: Parser, payload: Payload) -> Fate:
    """The parts of a user-role message: some that Codex injected, some that may be somebody's words."""
    content = payload.get("content")
    parts = content if isinstance(content, list) else [{"text": content}]
    fate: Fate = "context"
    said: list[str] = []
    any_injected = False
    for part in parts:
        if not isinstance(part, dict) or not isinstance(text := part.get("text"), str):
            continue
        kind = injected.kind_of(text)
        if kind is None:
            if not injected.is_image_mark(text):
                said.append(text)
            continue
        any_injected = True
        if kind == injected.NOTIFICATION:
            fate = talk.notification(reader, text)
        elif kind == "user_shell_command":
            fate = tools.user_shell(reader, text)
    if any_injected and not said:
        return fate
    words = "".join(said)
    passed = payload.get("internal_chat_message_metadata_passthrough")
    names = passed.get("content_item_kinds") if isinstance(passed, dict) else None
    own = isinstance(names, list) and any(str(name).startswith("user.") for name in names)
    return talk.unproved_user(reader, words, own=own, item_id=payload.get("id"))


def _reasoning(reader: Parser, payload: Payload) -> Fate:
    texts: list[str] = []
    for key in ("summary", "content"):
        parts = payload.get(key)
        texts += [calls.text_of([part]) for part in parts] if isinstance(parts, list) else []
    return talk.unproved_thought(reader, texts, item_id=payload.get("id"))


def _call(reader: Parser, payload: Payload) -> Fate:
    call_id = payload.get("call_id") or payload.get("id")
    raw = payload.get("arguments", payload.get("input"))
    return tools.called(reader, str(payload.get("name", "")), payload.get("namespace"), raw, call_id)


def _output(reader: Parser, payload: Payload) -> Fate:
    call_id = payload.get("call_id")
    if not isinstance(call_id, str) or not call_id:
        return talk.external(reader, payload)
    return tools.returned(reader, call_id, payload.get("output"))


def _local_shell(reader: Parser, payload: Payload) -> Fate:
    action = payload.get("action")
    action = action if isinstance(action, dict) else {}
    made = calls.made_of_command(action.get("command") or "", action.get("working_directory"))
    return tools.made(reader, made, payload.get("call_id") or payload.get("id"), "command")


def _web_search(reader: Parser, payload: Payload) -> Fate:
    return tools.searched(reader, payload, payload.get("id"))


def _image(reader: Parser, payload: Payload) -> Fate:
    return tools.painted(reader, payload, payload.get("id"))


def _tool_search(reader: Parser, payload: Payload) -> Fate:
    return tools.called(reader, "tool_search", None, payload.get("arguments"), payload.get("call_id") or payload.get("id"))


def _tool_search_output(reader: Parser, payload: Payload) -> Fate:
    found = payload.get("tools")
    names = [str(tool.get("name")) for tool in found if isinstance(tool, dict)] if isinstance(found, list) else []
    return tools.returned(reader, str(payload.get("call_id")), ", ".join(names))


def _agent_message(reader: Parser, payload: Payload) -> Fate:
    mail = agents.mail_of(payload)
    return "unknown" if mail is None else talk.deliver(reader, mail)


def _context(reader: Parser, payload: Payload) -> Fate:
    return "context"


def _bookkeeping(reader: Parser, payload: Payload) -> Fate:
    return "bookkeeping"


KINDS: dict[str, Callable[[Parser, Payload], Fate]] = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _call,
    "function_call_output": _output,
    "custom_tool_call": _call,
    "custom_tool_call_output": _output,
    "local_shell_call": _local_shell,
    "local_shell_call_output": _output,
    "web_search_call": _web_search,
    "image_generation_call": _image,
    "tool_search_call": _tool_search,
    "tool_search_output": _tool_search_output,
    "agent_message": _agent_message,
    "additional_tools": _context,
    "compaction": _bookkeeping,
    "compaction_summary": _bookkeeping,
    "context_compaction": _bookkeeping,
    "compaction_trigger": _bookkeeping,
    "ghost_snapshot": _bookkeeping,
}
"""By the type of a response item."""
