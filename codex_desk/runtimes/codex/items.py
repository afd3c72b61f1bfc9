"""Codex's items as ours. Pure: what each becomes in a transcript, and what is shown of it while it runs."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from codex_desk.runtimes.base import Delta, ItemDraft
from codex_desk.runtimes.codex import wire
from codex_desk.text import one_line, visible

DESK = "desk"
"""The namespace of the desk's own tools, and the name of its MCP server: their calls are recorded by the engine."""

COMPACTED = "Codex compacted its context; what was said before stands above."

ThreadOf = Callable[[str], str | None]
"""The desk's id of a thread, by Codex's."""

_AGENT_TOOLS = {
    "spawnAgent": "spawn_agent",
    "sendInput": "send_input",
    "resumeAgent": "resume_agent",
    "wait": "wait_agent",
    "closeAgent": "close_agent",
    "sendMessage": "send_message",
    "followupTask": "followup_task",
    "interruptAgent": "interrupt_agent",
    "listAgents": "list_agents",
}
_ACTIVITIES = {"started": "spawn_agent", "interacted": "send_message", "interrupted": "interrupt_agent"}
_STATUSES = {"inProgress": "in_progress"}


def draft_of(item: wire.Item, thread_of: ThreadOf = lambda _: None) -> ItemDraft | None:
    """A completed item as it stands in a transcript; None for what has no place there: what the engine records itself, and what is empty."""
    match item:
        case wire.AgentMessage(text=text) | wire.Plan(text=text) if text.strip():
            return ItemDraft("agent_message", text, {"key": item.id})
        case wire.Reasoning():
            thought = "\n\n".join(part for part in (item.summary or item.content) if part.strip())
            return ItemDraft("reasoning", thought, {"key": item.id}) if thought else None
        case wire.Command():
            return _command(item)
        case wire.FileChange():
            return _file_change(item)
        case wire.McpToolCall(server=server) if server != DESK:
            result = item.error.get("message") if item.error else _content(item.result)
            return _call(item.id, f"{server}.{item.tool}", item.arguments, result, item.status == "completed", item.duration_ms)
        case wire.DynamicToolCall(namespace=namespace) if namespace != DESK:
            name = f"{namespace}.{item.tool}" if namespace else item.tool
            said = "\n".join(part.text for part in item.content_items or ())
            return _call(item.id, name, item.arguments, said, item.success is not False and item.status != "failed", item.duration_ms)
        case wire.AgentCall():
            return _agent_call(item, thread_of)
        case wire.AgentActivity(kind=kind) if kind in _ACTIVITIES:
            return _agent_activity(item, thread_of)
        case wire.WebSearch(query=query):
            return _call(item.id, "web_search", {"query": query}, None, True, None)
        case wire.ImageView(path=path):
            return _call(item.id, "view_image", {"path": path}, None, True, None)
        case wire.Review(type="enteredReviewMode"):
            return ItemDraft("notice", f"review: {one_line(item.review)}", {"key": item.id})
        case wire.Review(review=review) if review.strip():
            return ItemDraft("agent_message", review, {"key": item.id})
        case wire.ContextCompaction():
            return ItemDraft("compaction", COMPACTED, {"key": item.id})
    return None


def input_draft(item: wire.Item) -> ItemDraft | None:
    """What opened or steered a turn that did not come from the desk; None for any other item."""
    match item:
        case wire.UserMessage() if item.text.strip():
            return ItemDraft("user_message", item.text, {"key": item.id})
        case wire.FunctionCallOutput():
            return ItemDraft("notice", f"{item.name}: {item.text}", {"key": item.id, "event": "message"})
    return None


def opening(item: wire.Item) -> Delta | None:
    """What is shown of an item as it starts: one line that says what is being done. None where its own text will come."""
    match item:
        case wire.Command():
            return Delta("tool", item.id, f"$ {one_line(command_line(item))}")
        case wire.FileChange():
            return Delta("tool", item.id, f"changing {one_line(_files(item))}")
        case wire.McpToolCall(server=server) if server != DESK:
            return Delta("tool", item.id, f"{one_line(server)}.{one_line(item.tool)}")
        case wire.DynamicToolCall(namespace=namespace) if namespace != DESK:
            return Delta("tool", item.id, one_line(item.tool))
        case wire.AgentCall():
            return Delta("tool", item.id, _agent_tool(item))
        case wire.WebSearch():
            return Delta("tool", item.id, f"searching the web: {one_line(item.query)}" if item.query else "searching the web")
    return None


def delta_of(method: str, params: wire.Json) -> Delta | None:
    """An increment that a notification brings; None for a notification that brings none."""
    key, text = params.get("itemId"), params.get("delta")
    if not isinstance(key, str):
        return None
    match method:
        case "item/agentMessage/delta" | "item/plan/delta" if isinstance(text, str):
            return Delta("text", key, text)
        case "item/reasoning/summaryTextDelta" | "item/reasoning/textDelta" if isinstance(text, str):
            return Delta("reasoning", key, text)
        case "item/reasoning/summaryPartAdded" if params.get("summaryIndex"):
            return Delta("reasoning", key, "\n\n")
        case "item/commandExecution/outputDelta" | "item/fileChange/outputDelta" if isinstance(text, str):
            return Delta("output", key, visible(text))
        case "item/mcpToolCall/progress" if isinstance(message := params.get("message"), str):
            return Delta("output", key, visible(message) + "\n")
    return None


def plan_draft(params: wire.Json) -> ItemDraft:
    """The plan of a turn as it stands now."""
    steps = [
        {"step": str(step.get("step", "")), "status": _STATUSES.get(str(step.get("status")), step.get("status"))}
        for step in params.get("plan", ())
        if isinstance(step, Mapping)
    ]
    done = sum(step["status"] == "completed" for step in steps)
    return ItemDraft("plan", f"{done} of {len(steps)} done", {"steps": steps})


def ends_talk(item: wire.Item) -> bool:
    """Whether the model did something in this item after which it is asked again: what it said before was not its last word."""
    return not isinstance(item, wire.AgentMessage | wire.Reasoning | wire.Plan | wire.UserMessage | wire.FunctionCallOutput)


def command_line(item: wire.Command) -> str:
    return inner_command(item.command)


def inner_command(command: str) -> str:
    """What the model asked a shell to do, without the shell that Codex wraps around it."""
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    if len(words) == 3 and words[1] in ("-lc", "-c") and words[0].rpartition("/")[2] in ("bash", "zsh", "sh"):
        return words[2]
    return command


def diffs_of(item: wire.FileChange) -> list[dict[str, str]]:
    """The changes as unified diffs, whole."""
    return [{"path": change.path, "kind": _kind(change), "diff": _diff(change)} for change in item.changes]


def _command(item: wire.Command) -> ItemDraft:
    line = command_line(item)
    output = item.aggregated_output or ""
    if item.status == "declined" and not output:
        output = "not run: it was refused"
    data = {
        "command": line,
        "cwd": item.cwd,
        "exit_code": item.exit_code,
        "output": output,
        "duration_ms": item.duration_ms,
        "sandbox": "codex",
        "key": item.id,
    }
    return ItemDraft("command", line, data)


def _file_change(item: wire.FileChange) -> ItemDraft:
    count = len(item.changes)
    data = {"changes": diffs_of(item), "ok": item.status == "completed", "key": item.id}
    return ItemDraft("file_change", f"{count} file{'' if count == 1 else 's'}", data)


def _files(item: wire.FileChange) -> str:
    return ", ".join(change.path for change in item.changes[:3]) + (f" and {len(item.changes) - 3} more" if len(item.changes) > 3 else "")


def _kind(change: wire.Change) -> str:
    return "move" if change.kind.move_path else change.kind.type


def _diff(change: wire.Change) -> str:
    """Codex gives a new or a deleted file as its bare content."""
    name = change.path.lstrip("/")
    match change.kind.type:
        case "add":
            return _whole(change.diff, "/dev/null", f"b/{name}", "+")
        case "delete":
            return _whole(change.diff, f"a/{name}", "/dev/null", "-")
        case _:
            target = (change.kind.move_path or change.path).lstrip("/")
            return f"--- a/{name}\n+++ b/{target}\n{change.diff}"


def _whole(content: str, old: str, new: str, mark: str) -> str:
    lines = content.splitlines()
    span = f"1,{len(lines)}" if lines else "0,0"
    head = f"@@ -0,0 +{span} @@" if mark == "+" else f"@@ -{span} +0,0 @@"
    return "\n".join((f"--- {old}", f"+++ {new}", head, *(mark + line for line in lines), ""))


def _call(key: str, tool: str, arguments: Any, result: str | None, ok: bool, duration_ms: int | None, **more: Any) -> ItemDraft:
    given = arguments if isinstance(arguments, Mapping) else {} if arguments is None else {"input": arguments}
    data = {"tool": tool, "arguments": dict(given), "result": result, "ok": ok, "duration_ms": duration_ms, "key": key, **more}
    return ItemDraft("tool_call", tool, data)


def _content(result: wire.Json | None) -> str | None:
    """What an MCP tool gave: its texts, else its structured content."""
    if result is None:
        return None
    texts = [part["text"] for part in result.get("content") or () if isinstance(part, Mapping) and isinstance(part.get("text"), str)]
    if texts:
        return "\n".join(texts)
    structured = result.get("structuredContent")
    return None if structured is None else json.dumps(structured, ensure_ascii=False)


def _agent_tool(item: wire.AgentCall) -> str:
    return _AGENT_TOOLS.get(item.tool, item.tool)


def _agent_call(item: wire.AgentCall, thread_of: ThreadOf) -> ItemDraft:
    names = [thread_of(each) or each for each in item.receiver_thread_ids]
    arguments: dict[str, Any] = {}
    if item.prompt:
        arguments["message"] = item.prompt
    if names and item.tool != "spawnAgent":
        arguments["targets" if item.tool == "wait" else "target"] = names if item.tool == "wait" else names[0]
    states = {
        thread_of(each) or each: {"status": state.status} | ({"message": state.message} if state.message else {})
        for each, state in item.agents_states.items()
    }
    more = {"subagent_thread_id": names[0]} if item.tool == "spawnAgent" and names else {}
    result = json.dumps({"agents": states}, ensure_ascii=False) if states else None
    return _call(item.id, _agent_tool(item), arguments, result, item.status not in ("failed", "interrupted"), None, **more)


def _agent_activity(item: wire.AgentActivity, thread_of: ThreadOf) -> ItemDraft:
    child = thread_of(item.agent_thread_id) or item.agent_thread_id
    tool = _ACTIVITIES[item.kind]
    more = {"subagent_thread_id": child} if item.kind == "started" else {}
    return _call(item.id, tool, {"target": item.agent_path}, None, True, None, **more)
