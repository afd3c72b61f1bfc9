"""What Codex asks of the human, as a request for the inbox, and the decision in Codex's own terms. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from codex_desk.runtimes.base import ApprovalRequest, Decision
from codex_desk.runtimes.codex import wire
from codex_desk.runtimes.codex.items import diffs_of, inner_command

COMMAND = "item/commandExecution/requestApproval"
CHANGE = "item/fileChange/requestApproval"
PERMISSIONS = "item/permissions/requestApproval"
USER_INPUT = "item/tool/requestUserInput"
ELICITATION = "mcpServer/elicitation/request"
METHODS = frozenset({COMMAND, CHANGE, PERMISSIONS, USER_INPUT, ELICITATION})

Json = Mapping[str, Any]


def request_of(method: str, params: Json, item: wire.Item | None, cwd: str) -> ApprovalRequest | None:
    """What to put before the human; None for something that can only be declined. `item` is what the request is about, where Codex has told."""
    match method:
        case "item/commandExecution/requestApproval":
            return _command(params, cwd)
        case "item/fileChange/requestApproval":
            return _change(params, item, cwd)
        case "item/permissions/requestApproval":
            text = "\n".join(_permissions(params.get("permissions") or {})) or "nothing that it names"
            return ApprovalRequest(
                "permission", text, str(params.get("cwd") or cwd), _why(params, "more than its sandbox allows"), offers=("thread",)
            )
        case "item/tool/requestUserInput":
            return _question(params, cwd)
        case "mcpServer/elicitation/request":
            return _elicitation(params, cwd)
    return None


def answer_of(method: str, params: Json, decision: Decision) -> Json:
    """The result to send."""
    match method:
        case "item/commandExecution/requestApproval":
            return {"decision": "accept" if decision.approved else "decline"}
        case "item/fileChange/requestApproval":
            yes = "acceptForSession" if decision.for_thread else "accept"
            return {"decision": yes if decision.approved else "decline"}
        case "item/permissions/requestApproval":
            granted = params.get("permissions") or {} if decision.approved else {}
            return {
                "permissions": {key: value for key, value in granted.items() if value is not None},
                "scope": "session" if decision.approved and decision.for_thread else "turn",
            }
        case "item/tool/requestUserInput":
            return {"answers": _answers(params, decision)}
        case _:
            return _elicited(params, decision)


def withdrawn(method: str) -> Json:
    """The result where nobody decides any more, because the turn is being stopped."""
    match method:
        case "item/commandExecution/requestApproval" | "item/fileChange/requestApproval":
            return {"decision": "cancel"}
        case "item/permissions/requestApproval":
            return {"permissions": {}, "scope": "turn"}
        case "item/tool/requestUserInput":
            return {"answers": {}}
        case _:
            return {"action": "cancel"}


def _why(params: Json, otherwise: str) -> str:
    reason = params.get("reason")
    return reason if isinstance(reason, str) and reason.strip() else otherwise


def _command(params: Json, cwd: str) -> ApprovalRequest:
    why = _why(params, "it goes beyond the sandbox")
    place = str(params.get("cwd") or cwd)
    network = params.get("networkApprovalContext")
    if isinstance(network, Mapping) and network.get("host"):
        text = f"{network.get('protocol') or 'network'} to {network['host']}"
        return ApprovalRequest("permission", text, place, _why(params, "it reaches out of the sandbox's network"))
    more = params.get("additionalPermissions")
    if isinstance(more, Mapping) and (wanted := _permissions(more)):
        why = f"{why}; with more than the sandbox allows: {', '.join(wanted)}"
    command = str(params.get("command") or "")
    if params.get("kind") == "writeStdin":
        return ApprovalRequest("permission", command, place, f"typed into a running program: {why}")
    return ApprovalRequest("command", inner_command(command), place, why)


def _change(params: Json, item: wire.Item | None, cwd: str) -> ApprovalRequest | None:
    if not isinstance(item, wire.FileChange) or not item.changes:
        return None  # nobody can say yes to a change that cannot be seen
    text = "\n".join(change["diff"] for change in diffs_of(item))
    root = params.get("grantRoot")
    why = _why(params, "the sandbox does not let it write there")
    return ApprovalRequest("change", text, cwd, f"{why}; it wants to write below {root}" if root else why, offers=("thread",))


def _permissions(wanted: Json) -> list[str]:
    """What a set of permissions comes to, one line each."""
    lines: list[str] = []
    files = wanted.get("fileSystem")
    if isinstance(files, Mapping):
        for access in ("read", "write"):
            lines += [f"{access} {path}" for path in files.get(access) or ()]
        for entry in files.get("entries") or ():
            if isinstance(entry, Mapping):
                lines.append(f"{entry.get('access')} {_place(entry.get('path'))}")
    network = wanted.get("network")
    if isinstance(network, Mapping) and network.get("enabled"):
        lines.append("the network")
    return lines


def _place(path: object) -> str:
    if isinstance(path, Mapping):
        return str(path.get("path") or path.get("special") or json.dumps(dict(path), ensure_ascii=False))
    return str(path)


def _question(params: Json, cwd: str) -> ApprovalRequest | None:
    questions = _questions(params)
    if not questions:
        return None
    blocks: list[str] = []
    for question in questions:
        lines = [str(question.get("question") or question.get("header") or "")]
        lines += [f"  - {option.get('label')}: {option.get('description')}" for option in _options(question)]
        blocks.append("\n".join(lines))
    takes_first = all(_options(question) for question in questions)
    why = "it asks you" + (", one answer a line" if len(questions) > 1 else "")
    return ApprovalRequest(
        "question", "\n".join(blocks), cwd, why + ("; a plain yes takes the first choice" if takes_first else ""), offers=("answer",)
    )


def _questions(params: Json) -> list[Json]:
    return [question for question in params.get("questions") or () if isinstance(question, Mapping)]


def _options(question: Json) -> list[Json]:
    return [option for option in question.get("options") or () if isinstance(option, Mapping)]


def _answers(params: Json, decision: Decision) -> Json:
    if not decision.approved:
        return {}
    questions = _questions(params)
    given = [] if decision.answer is None else [decision.answer] if len(questions) == 1 else decision.answer.split("\n")
    answers: dict[str, Any] = {}
    for number, question in enumerate(questions):
        first = next((str(option.get("label")) for option in _options(question)), None)
        said = given[number].strip() if number < len(given) and given[number].strip() else first
        answers[str(question.get("id"))] = {"answers": [] if said is None else [said]}
    return answers


def _elicitation(params: Json, cwd: str) -> ApprovalRequest | None:
    server = params.get("serverName") or "an MCP server"
    message = str(params.get("message") or params.get("title") or "")
    match params.get("mode"):
        case "url":
            text = f"{message}\n{params.get('url')}"
            return ApprovalRequest("question", text, cwd, f"{server} wants you to open an address; say yes once you have done so")
        case "form" | None:
            fields = _fields(params)
            lines = [message, *(f"  - {name}: {_shape(shape)}" for name, shape in fields.items())]
            why = f"{server} asks" + ("; answer with a JSON object" if fields else "")
            return ApprovalRequest("question", "\n".join(lines), cwd, why, offers=("answer",) if fields else ())
    return None


def _fields(params: Json) -> Json:
    schema = params.get("requestedSchema")
    fields = schema.get("properties") if isinstance(schema, Mapping) else None
    return fields if isinstance(fields, Mapping) else {}


def _shape(shape: object) -> str:
    if not isinstance(shape, Mapping):
        return ""
    words = [str(shape[key]) for key in ("type", "title", "description") if shape.get(key)]
    if isinstance(shape.get("enum"), list):
        words.append("one of " + ", ".join(map(str, shape["enum"])))
    return ", ".join(words)


def _elicited(params: Json, decision: Decision) -> Json:
    if not decision.approved:
        return {"action": "decline"}
    if not _fields(params):
        return {"action": "accept", "content": {}}
    try:
        content = json.loads(decision.answer or "")
    except ValueError:
        return {"action": "decline"}
    return {"action": "accept", "content": content} if isinstance(content, dict) else {"action": "decline"}
