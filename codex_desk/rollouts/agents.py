"""Codex's own agents in a rollout: the calls that spawn them, ask them and wait for them, in all spellings over the years, as values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from codex_desk.rollouts.calls import arguments_of, text_of
from codex_desk.rollouts.injected import is_sealed
from codex_desk.rollouts.names import id_or_none

SPAWN = "spawn_agent"
WAITS = frozenset({"wait", "wait_agent"})
SENDS = frozenset({"send_input", "send_message", "followup_task"})
TOOLS = frozenset({SPAWN, "resume_agent", "list_agents", "wait_agent", "close_agent", "interrupt_agent", *SENDS})

FINAL = frozenset({"completed", "errored"})
"""Statuses after which an agent has said what it was asked for."""

SEALED = "sealed: only its provider can read it"
"""What stands for an encrypted text."""

_AGENT_ID = re.compile(r"agent_id:\s*([0-9a-f-]{36})")


class Status(NamedTuple):
    word: str
    """pending_init, running, interrupted, completed, errored, shutdown, not_found."""
    text: str | None = None


def is_agent_tool(name: str, namespace: object, arguments: object) -> bool:
    """Whether a call is one of Codex's agent tools, and not another's of that name."""
    space = namespace if isinstance(namespace, str) else ""
    if space.startswith("mcp__") or space in ("desk", "functions"):
        return False
    if name == "wait":  # once its name; later one of the code mode's tools
        return isinstance(arguments, dict) and not {"id", "ids", "targets"}.isdisjoint(arguments)
    return name in TOOLS


def status_of(value: object) -> Status | None:
    """A status as Codex writes it: a word, or a word with a text."""
    match value:
        case str() if value:
            return Status(value)
        case {"completed": text}:
            return Status("completed", text if isinstance(text, str) else None)
        case {"errored": text}:
            return Status("errored", text if isinstance(text, str) else None)
        case _:
            return None


def statuses_of(value: object) -> Iterator[tuple[str, Status]]:
    """The statuses of several agents, by id or path: `{id: status}`, or a list of entries with `thread_id` and `status`."""
    match value:
        case dict():
            for agent, raw in value.items():
                if (status := status_of(raw)) is not None:
                    yield str(agent), status
        case list():
            for entry in value:
                if isinstance(entry, dict) and (status := status_of(entry.get("status"))) is not None:
                    yield str(entry.get("thread_id") or entry.get("agent_path") or entry.get("agent_name") or ""), status
        case _:
            return


class Spawned(NamedTuple):
    agent_id: str | None = None
    path: str | None = None
    nickname: str | None = None
    failed: str | None = None


def spawned_of(output: object) -> Spawned:
    """What spawning gave: `{"agent_id", "nickname"}`, `{"task_name"}`, `agent_id: …` in old versions, or why it gave nothing."""
    text = text_of(output)
    match arguments_of(text):
        case {"agent_id": str(agent_id), **rest}:
            nickname = rest.get("nickname")
            return Spawned(id_or_none(agent_id), nickname=nickname if isinstance(nickname, str) else None)
        case {"task_name": str(path)}:
            return Spawned(path=path)
        case _:
            found = _AGENT_ID.search(text)
            return Spawned(found[1]) if found else Spawned(failed=text)


def targets_of(arguments: object) -> list[str]:
    """Whom a call is about: `id`, `ids`, `target` or `targets`."""
    if not isinstance(arguments, dict):
        return []
    found: list[str] = []
    for key in ("id", "ids", "target", "targets"):
        value = arguments.get(key)
        found += [value] if isinstance(value, str) else [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
    return list(dict.fromkeys(found))


class Said(NamedTuple):
    text: str
    sealed: bool


def message_of(arguments: object) -> Said:
    """The task or the message of a call; in old versions it may come in parts."""
    if not isinstance(arguments, dict):
        return Said(str(arguments or ""), False)
    message = arguments.get("message")
    text = message if isinstance(message, str) else text_of(arguments.get("items"))
    return Said(SEALED, True) if is_sealed(text) else Said(text, False)


def without_seal(arguments: object) -> Any:
    """The arguments of a call, with a word in the place of what is encrypted."""
    if not isinstance(arguments, dict):
        return arguments
    return {key: "[sealed]" if isinstance(value, str) and is_sealed(value) else value for key, value in arguments.items()}


class Notice(NamedTuple):
    agent: str
    status: Status


def notification_of(inner: str) -> Notice | None:
    """`{"agent_id" | "agent_path": …, "status": …}`, as a notification carries it."""
    value = arguments_of(inner)
    if not isinstance(value, dict):
        return None
    agent, status = value.get("agent_id") or value.get("agent_path") or value.get("thread_id"), status_of(value.get("status"))
    return Notice(str(agent), status) if agent and status is not None else None


class Mail(NamedTuple):
    """A message between agents, as the one who gets it reads it."""

    author: str
    recipient: str
    kind: str
    """NEW_TASK, MESSAGE, FINAL_ANSWER; empty where it does not say."""
    text: str
    sealed: bool


_HEAD = re.compile(r"Message Type: (?P<kind>\w+)\n(?:[^\n]*\n){0,6}?Payload:\n?")


def mail_of(payload: Mapping[str, Any]) -> Mail | None:
    """From a response item `agent_message`, a line `inter_agent_communication`, or the JSON that some versions put in a message's text."""
    author, recipient, content = payload.get("author"), payload.get("recipient"), payload.get("content")
    if not isinstance(author, str) or not isinstance(recipient, str):
        return None
    parts = content if isinstance(content, list) else [{"text": content}]
    if isinstance(payload.get("encrypted_content"), str):
        parts = [*parts, {"encrypted_content": payload["encrypted_content"]}]
    plain = "".join(part.get("text") or "" for part in parts if isinstance(part, dict))
    hidden = [text for part in parts if isinstance(part, dict) and isinstance(text := part.get("encrypted_content"), str)]
    head = _HEAD.match(plain)
    body = plain[head.end() :] if head else plain
    sealed = any(is_sealed(text) for text in hidden) or (not hidden and is_sealed(body))
    return Mail(author, recipient, head["kind"] if head else "", SEALED if sealed else body + "".join(hidden), sealed)


def is_below(path: str, parent: str) -> bool:
    """Whether an agent's path is that of a child of another's."""
    return path.rpartition("/")[0] == parent


_DELEGATION = re.compile(
    r"\s*<codex_delegation>\s*<source_thread_id>(?P<source>[^<]*)</source_thread_id>\s*<input>(?P<input>.*)</input>\s*</codex_delegation>\s*",
    re.DOTALL,
)


def delegation_of(text: str) -> tuple[str | None, str] | None:
    """The thread that sent a `<codex_delegation>`, and what it said."""
    found = _DELEGATION.fullmatch(text)
    return (id_or_none(found["source"].strip()), found["input"]) if found else None
