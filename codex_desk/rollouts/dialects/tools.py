"""What was done: tool calls, and what came of them. A call, the event that tells of it and its output are one item, found by the call's
id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from codex_desk.rollouts import calls, injected
from codex_desk.rollouts.agents import is_agent_tool
from codex_desk.rollouts.calls import Made
from codex_desk.rollouts.changes import of_item
from codex_desk.rollouts.dialects import delegation
from codex_desk.rollouts.state import RUNNING

if TYPE_CHECKING:
    from codex_desk.rollouts.parser import Parser
    from codex_desk.rollouts.shapes import Fate

Payload = Mapping[str, Any]


def called(reader: Parser, name: str, namespace: object, raw: object, call_id: object) -> Fate:
    """A call, as the model made it."""
    arguments = calls.arguments_of(raw)
    if is_agent_tool(name, namespace, arguments):
        return delegation.called(reader, name, arguments, call_id)
    if namespace in ("mcp__codex_tui", "codex_tui") and name in delegation.CROSS_THREAD:
        return delegation.sent_across(reader, name, arguments, call_id)
    made_item = calls.made_of(name, namespace, arguments)
    return made(reader, made_item, call_id, "command" if made_item.kind == "command" else "tool")


def made(reader: Parser, item: Made, call_id: object, what: str) -> Fate:
    if isinstance(call_id, str) and call_id in reader.state.calls:
        entry = reader.state.calls[call_id]  # an event told of it before
        return "copy" if entry[2] else _richer(reader, int(entry[0]), item)
    index = reader.add(item.kind, item.text, item.data, call_id)
    if isinstance(call_id, str):
        reader.state.called(call_id, index, what)
    return "item"


def _richer(reader: Parser, index: int, item: Made) -> Fate:
    reader.patch(index, item.kind, item.text, item.data)
    return "item"


def returned(reader: Parser, call_id: str, output: object) -> Fate:
    """The output of a call."""
    entry = reader.state.calls.get(call_id)
    came = calls.came_of(output)
    if entry is None:
        reader.add("tool_call", "output of a call that is not in the file", {"tool": "unknown", "result": came.text}, call_id)
        return "item"
    index, what, told = int(entry[0]), str(entry[1]), entry[2]
    if told == 1:
        return "copy"
    if what in delegation.KINDS:
        return delegation.returned(reader, index, what, call_id, output)
    if came.runs:
        entry[2] = RUNNING
    if what == "command":
        data: dict[str, Any] = {"output": came.text, "exit_code": came.exit_code, "duration_ms": came.duration_ms}
        reader.patch(index, data={key: value for key, value in data.items() if value is not None} | ({"ok": False} if came.refused else {}))
    else:
        ok = False if came.refused else None if came.exit_code is None else came.exit_code == 0
        data = {"result": came.text, "ok": ok, "duration_ms": came.duration_ms}
        reader.patch(index, data={key: value for key, value in data.items() if value is not None})
    return "item"


def _told(reader: Parser, made_item: Made, call_id: object, what: str, turn_id: object = None) -> Fate:
    """An event that says all there is to say of a call."""
    entry = reader.state.calls.get(call_id) if isinstance(call_id, str) else None
    if entry is None:
        index = reader.add(made_item.kind, made_item.text, made_item.data, call_id, turn_id)
        if isinstance(call_id, str):
            reader.state.called(call_id, index, what)
            reader.state.calls[call_id][2] = 1
        return "item"
    entry[2] = 1
    stale = {"command": None, "cwd": None} if made_item.kind == "file_change" else {}
    reader.patch(int(entry[0]), made_item.kind, made_item.text, stale | made_item.data)
    return "item"


# --- events -------------------------------------------------------------------------------------------------------------------------------


def ran(reader: Parser, payload: Payload, call_id: object, turn_id: object = None) -> Fate:
    """A command that ended: item `CommandExecution`, event `exec_command_end`."""
    made_item = calls.made_of_command(payload.get("command") or "", payload.get("cwd"))
    output = payload.get("aggregated_output")
    if not isinstance(output, str) or not output:
        output = f"{payload.get('stdout') or ''}{payload.get('stderr') or ''}"
    code = payload.get("exit_code")
    data = {"output": output, "exit_code": code if isinstance(code, int) else None}
    data |= {"duration_ms": calls.milliseconds(payload.get("duration")), "by": _ran_by(payload)}
    if payload.get("status") == "declined":
        data["ok"] = False
    if _ran_by(payload):
        reader.state.expect("user_shell", made_item.text)
    found = {key: value for key, value in data.items() if value is not None}
    return _told(reader, made_item._replace(data=made_item.data | found), call_id, "command", turn_id)


def _ran_by(payload: Payload) -> str | None:
    return "user" if payload.get("source") in ("user_shell", "userShell") else None


_SHELL = re.compile(r"<command>\n?(?P<command>.*?)\n?</command>\s*<result>\n?(?P<result>.*?)\n?</result>", re.DOTALL)


def user_shell(reader: Parser, text: str) -> Fate:
    """A command that the user ran themselves, as the model was told of it; older files tell of it nowhere else."""
    match = _SHELL.search(injected.inner_of(text))
    if match is None:
        return "context"
    if reader.state.was_expected("user_shell", match["command"]):
        return "copy"
    came = calls.came_of(match["result"])
    data = {"command": match["command"], "output": came.text, "exit_code": came.exit_code, "duration_ms": came.duration_ms, "by": "user"}
    reader.add("command", match["command"], data)
    return "item"


def changed(reader: Parser, payload: Payload, call_id: object, turn_id: object = None) -> Fate:
    """Files that were changed: item `FileChange`, event `patch_apply_end`."""
    status = payload.get("status")
    ok = payload.get("success") is not False and status not in ("failed", "declined")
    made_item = calls.made_of_changes(of_item(payload.get("changes")))
    data: dict[str, Any] = made_item.data | {"ok": ok}
    if not ok:
        data["result"] = f"{payload.get('stdout') or ''}{payload.get('stderr') or ''}"
    return _told(reader, made_item._replace(data=data), call_id, "tool", turn_id)


def asked_mcp(reader: Parser, payload: Payload, call_id: object, turn_id: object = None) -> Fate:
    """A tool of an MCP server: item `McpToolCall`, event `mcp_tool_call_end`."""
    invocation = payload.get("invocation")
    asked = invocation if isinstance(invocation, dict) else payload
    server, name, arguments = str(asked.get("server", "")), str(asked.get("tool", "")), asked.get("arguments")
    result, ok = _mcp_result(payload)
    if server == "codex_tui" and name in delegation.CROSS_THREAD:
        return delegation.came_across(reader, name, arguments, call_id, result, ok)
    tool = f"{server}.{name}" if server else name
    data = {"tool": tool, "arguments": arguments, "result": result, "ok": ok, "duration_ms": calls.milliseconds(payload.get("duration"))}
    found = {key: value for key, value in data.items() if value is not None}
    return _told(reader, Made("tool_call", calls.line_of(tool, arguments), found), call_id, "tool", turn_id)


def _mcp_result(payload: Payload) -> tuple[str, bool]:
    result, error = payload.get("result"), payload.get("error")
    if isinstance(error, dict):
        return str(error.get("message", "")), False
    if isinstance(result, dict) and ("Ok" in result or "Err" in result):
        if "Err" in result:
            return str(result["Err"]), False
        result = result["Ok"]
    failed = isinstance(result, dict) and bool(result.get("isError", result.get("is_error")))
    return calls.text_of(result), not failed and payload.get("status") != "failed"


def asked_client(reader: Parser, payload: Payload, call_id: object, turn_id: object = None) -> Fate:
    """A tool that a client of Codex brought: item `DynamicToolCall`."""
    tool, arguments = calls.tool_name(str(payload.get("tool", "")), payload.get("namespace")), payload.get("arguments")
    ok = payload.get("success") is not False and payload.get("status") != "failed"
    data = {"tool": tool, "arguments": arguments, "ok": ok, "duration_ms": calls.milliseconds(payload.get("duration"))}
    data["result"] = calls.text_of(payload.get("content_items")) or payload.get("error")
    found = {key: value for key, value in data.items() if value is not None}
    return _told(reader, Made("tool_call", calls.line_of(tool, arguments), found), call_id, "tool", turn_id)


def searched(reader: Parser, payload: Payload, call_id: object, turn_id: object = None) -> Fate:
    """A search of the web: item `WebSearch`, event `web_search_end`, response item `web_search_call`."""
    action = payload.get("action")
    action = action if isinstance(action, dict) else {}
    query = payload.get("query") or action.get("query") or action.get("url") or ""
    if isinstance(call_id, str) and call_id in reader.state.ids:
        return "copy"
    reader.add("tool_call", f"web_search {query}".strip(), {"tool": "web_search", "arguments": {"query": query}}, call_id, turn_id)
    return "item"


def painted(reader: Parser, payload: Payload, call_id: object, turn_id: object = None) -> Fate:
    """An image that was made. The image itself is left in the file."""
    if isinstance(call_id, str) and call_id in reader.state.ids:
        return "copy"
    prompt, saved, size = payload.get("revised_prompt"), payload.get("saved_path"), payload.get("result")
    data = {
        "tool": "image_generation",
        "arguments": {"prompt": prompt},
        "result": saved or (f"[image, {len(size)} bytes]" if size else None),
    }
    reader.add("tool_call", f"image_generation {prompt or ''}".strip(), data, call_id, turn_id)
    return "item"


def viewed(reader: Parser, payload: Payload, call_id: object, turn_id: object = None) -> Fate:
    """An image that the model looked at: item `ImageView`, event `view_image_tool_call`."""
    path = calls.path_of(str(payload.get("path", "")))
    return _told(
        reader, Made("tool_call", f"view_image {path}", {"tool": "view_image", "arguments": {"path": path}}), call_id, "tool", turn_id
    )


def slept(reader: Parser, payload: Payload, call_id: object, turn_id: object = None) -> Fate:
    duration = payload.get("duration_ms")
    return _told(reader, Made("tool_call", "sleep", {"tool": "sleep", "arguments": {"duration_ms": duration}}), call_id, "tool", turn_id)
