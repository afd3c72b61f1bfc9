"""What a tool call was about and what came of it, in one row; and how its arguments and its result read once the call is opened."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from codex_desk.text import one_line
from codex_desk.tui.model import board_words
from codex_desk.tui.model.words import WORDS

LARGEST = 1_000_000
"""Characters of a result that are looked into; a longer one is shown as it is."""
PART = 60
"""Characters of one argument in a row."""
ROW = 400
"""Characters of a row; more than any pane is wide."""
DEEPEST = 8
"""Levels of a value that are written out; what is below stays JSON."""

Fields = Mapping[str, object]


def subject(tool: str, arguments: object) -> str:
    """What a call is about: values alone where their names add nothing, `key=value` for a tool that is not known here."""
    if not isinstance(arguments, Mapping):
        return one_line(str(arguments), ROW) if arguments else ""
    match tool, arguments:
        case "read" | "list", {"path": str(path)}:
            return one_line(path, ROW)
        case "grep", {"pattern": str(pattern), **rest}:
            where = rest.get("path")
            return one_line(f"{pattern} in {where}" if isinstance(where, str) and where not in ("", ".") else pattern, ROW)
        case "git", {"question": str(question)}:
            return one_line(" ".join((question, *_words(arguments.get("args")))), ROW)
        case "wait_agent", {"targets": targets}:
            names = [f"#{one}" if isinstance(one, int) else str(one) for one in _list(targets)]
            return one_line(("any of " if len(names) > 1 and arguments.get("mode", "any") == "any" else "") + ", ".join(names), ROW)
        case "send_message", {"target": str(target), "message": str(message)}:
            return one_line(f"{target}: {message}", ROW)
        case "report", {"message": str(text)} | {"text": str(text)}:
            return one_line(text, ROW)
        case "shell", {"command": str(command)}:
            return one_line(command, ROW)
        case "close_agent" | "interrupt_agent", {"target": str(target)}:
            return one_line(target, ROW)
        case "spawn_agent", {"message": str(message)}:
            who = arguments.get("task_name") or arguments.get("agent_type")
            return one_line(f"{who}: {message}" if who else message, ROW)
        case "delegate_agent", {"batch": [*tasks]}:
            return one_line("; ".join(f"{one.get('agent_id')}: {one.get('prompt')}" for one in _fields(tasks)), ROW)
        case "delegate_agent", {"prompt": str(prompt)}:
            who = arguments.get("agent_id")
            return one_line(f"{who}: {prompt}" if who else f"again: {prompt}", ROW)
        case "delegate_sessions", {"operation": str(operation)}:
            return one_line(operation, ROW)
    if (words := board_words.subject(tool, arguments)) is not None:
        return one_line(words, ROW)
    return one_line(" ".join(f"{key}={_short(value)}" for key, value in arguments.items()), ROW)


def outcome(tool: str, arguments: object, result: object, *, ok: bool) -> str:
    """What came of a call; empty where it gave nothing. `result` is the text that the model was given, most often JSON."""
    found = parsed(result)
    if not isinstance(found, Mapping):
        return one_line(str(found), ROW) if found else ""
    if isinstance(error := found.get("error"), Mapping):
        return one_line(str(error.get("message") or error.get("code") or "failed"), ROW)
    words = _outcome(tool, arguments if isinstance(arguments, Mapping) else {}, found) if ok or tool == "git" else None
    return one_line(" ".join(f"{key}={_short(value)}" for key, value in found.items()) if words is None else words, ROW)


def opened(tool: str, result: object) -> str:
    """A result to read: what a tool read or printed as it stands, everything else field by field."""
    found = parsed(result)
    if isinstance(found, Mapping) and (entries := board_words.opened(tool, found)) is not None:
        return entries
    match found:
        case {"error": {"message": str(message)}}:
            return message
        case {"text": str(text), **rest} if tool == "read":
            return "\n".join(part for part in (text.rstrip("\n"), str(rest.get("note", ""))) if part)
        case {"output": str(output), **rest} if tool == "git":
            return "\n".join(part for part in (output.rstrip("\n"), str(rest.get("errors", "")).rstrip("\n")) if part) or "no output"
        case {"matches": [*matches]} if tool == "grep":
            return "\n".join(f"{one.get('path')}:{one.get('line')}: {one.get('text')}" for one in _fields(matches)) or "no match"
        case {"entries": [*entries]} if tool == "list":
            return "\n".join(f"{one.get('name')}{'/' if one.get('kind') == 'folder' else ''}" for one in _fields(entries)) or "nothing"
    return readable(found)


def readable(value: object, depth: int = 0) -> str:
    """A value that came as JSON, field by field and without its punctuation. What is empty is left out."""
    if depth >= DEEPEST:
        return json.dumps(value, ensure_ascii=False)
    match value:
        case str():
            return value
        case Mapping():
            return "\n".join(_field(str(key), one, depth) for key, one in value.items() if one not in (None, "", [], {}))
        case list() | tuple():
            return "\n".join("- " + readable(one, depth + 1).replace("\n", "\n  ") for one in value)
    return json.dumps(value, ensure_ascii=False)


def _field(key: str, value: object, depth: int) -> str:
    text = readable(value, depth + 1)
    if isinstance(value, Mapping | list | tuple) or "\n" in text:
        return f"{key}:\n  " + text.replace("\n", "\n  ")
    return f"{key}: {text}"


def parsed(result: object) -> object:
    """What a result's JSON says; a text that is none, or too much of one, is itself."""
    if not isinstance(result, str) or len(result) > LARGEST or not result.lstrip().startswith(("{", "[")):
        return result
    try:
        return json.loads(result)
    except (ValueError, RecursionError):
        return result


def _outcome(tool: str, arguments: Fields, found: Fields) -> str | None:
    """The words for a tool that is known and for a result of its shape; None for any other."""
    match tool, found:
        case "wait_agent", {"results": [*results]}:
            return _waited(_fields(results), found)
        case "list_agents", {"agents": [*agents]}:
            return ", ".join(map(_agent, _fields(agents))) or "nobody"
        case "close_agent" | "interrupt_agent", {"previous_status": str(status)}:
            kept = found.get("worktree")
            return f"it was {status.replace('_', ' ')}" + (f"; {kept}" if isinstance(kept, str) else "")
        case "delegate_agent" | "delegate_sessions", {"runs": [*runs]}:
            return ", ".join(map(_run, _fields(runs)))
        case "delegate_agent" | "delegate_sessions", {"run_id": int()}:
            return _run(found)
        case "delegate_sessions", {"sessions": [*sessions]}:
            return ", ".join(map(_run, _fields(sessions))) or "nothing delegated"
        case "delegate_sessions", {"messages": [*messages]}:
            return f"{found.get('agent_id')}, {_count(len(messages), 'message')}"
        case "read", {"text": str(text)}:
            more = found.get("next_offset")
            return _count(text.count("\n"), "line") + (f", more from line {more}" if more else "")
        case "list", {"entries": [*entries]}:
            left = found.get("left_out")
            return _count(len(entries), "entry", "entries") + (f" and {left} more" if left else "")
        case "grep", {"matches": [*matches]}:
            files = {str(one.get("path")) for one in _fields(matches)}
            shown = f"{_count(len(matches), 'match', 'matches')} in {_count(len(files), 'file')}" if matches else "no match"
            return f"{shown}, the first of more" if found.get("note") else shown
        case "git", {"exit_code": int(code)}:
            return _git(arguments, found, code)
    return board_words.outcome(tool, arguments, found)


def _waited(results: Sequence[Fields], found: Fields) -> str:
    needs = next((str(one["needs_human"]) for one in results if one.get("needs_human")), "")
    if found.get("reason") == "needs_human" and needs:
        return f"needs you: {needs}"
    said = ", ".join(map(_came, results))
    if found.get("timed_out"):
        return f"timed out, {said}"
    return f"you wrote; {said}" if found.get("reason") == "interrupted_by_user" else said


def _came(one: Fields) -> str:
    """`reviewer #2 answered`, `reviewer #2 failed: no answer`, `reviewer #2 still working`."""
    who = f"{one.get('agent')} #{one.get('message_id')}"
    if one.get("report"):
        return f"{who} reports: {one['report']}"
    match one.get("state"):
        case "running":
            return f"{who} still working"
        case "queued":
            behind = ", ".join(f"#{number}" for number in _list(one.get("queued_behind")))
            return f"{who} still queued" + (f" behind {behind}" if behind else "")
        case "answered" | "delivered" as state:
            return f"{who} {state}"
        case state:
            return f"{who} {state}" + (f": {one['reason']}" if one.get("reason") else "")


def _run(one: Fields) -> str:
    """`critic #12 completed`, `scout #3 needs human: sub-operator-1: make test`, `critic #12 completed, dismissed`."""
    words = f"{one.get('name') or one.get('agent_id')} #{one.get('run_id')} {str(one.get('status')).replace('_', ' ')}"
    why = one.get("reason") or (one.get("summary") if one.get("status") not in ("completed", "detached") else None)
    return words + (f": {why}" if why else "") + (", dismissed" if one.get("dismissed") else "")


def _agent(one: Fields) -> str:
    relation = {"spawned": "subagent"}.get(str(one.get("relation")), str(one.get("relation") or ""))
    status = str(one.get("status") or "")
    words = (str(one.get("name")), relation, next((words for key, words in WORDS.items() if key == status), status))
    return " ".join(word for word in words if word)


def _git(arguments: Fields, found: Fields, code: int) -> str:
    output = str(found.get("output") or "")
    if code or found.get("timed_out"):
        why = one_line(str(found.get("errors") or ""), 120)
        return ("timed out" if found.get("timed_out") else f"exit {code}") + (f": {why}" if why else "")
    question, args = arguments.get("question"), _words(arguments.get("args"))
    if question == "status" and any(one in ("-s", "--short", "--porcelain") for one in args):
        changed = sum(bool(line) and not line.startswith("##") for line in output.split("\n"))
        return _count(changed, "changed path") if changed else "nothing changed"
    if question == "diff" and not output.strip():
        return "no difference"
    return f"exit {code}, {_count(len(output.splitlines()), 'line')}" if output else f"exit {code}"


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def _words(value: object) -> list[str]:
    return [str(one) for one in _list(value)]


def _fields(values: Sequence[object]) -> list[Fields]:
    return [one for one in values if isinstance(one, Mapping)]


def _short(value: object) -> str:
    return one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), PART)
