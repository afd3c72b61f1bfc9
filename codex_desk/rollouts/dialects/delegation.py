"""One thread at work for another: spawning agents, asking them, waiting for them, and messages to threads that nobody spawned.

What becomes known of an agent, from whatever line, is folded into the call that spawned it: `subagent_thread_id` (once that thread is
there), `agent_status` and `result`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from codex_desk.rollouts import agents
from codex_desk.rollouts.agents import FINAL, SENDS, SPAWN, WAITS, Status
from codex_desk.rollouts.calls import Came, arguments_of, came_of, text_of
from codex_desk.rollouts.names import id_or_none
from codex_desk.text import one_line

if TYPE_CHECKING:
    from codex_desk.rollouts.parser import Parser
    from codex_desk.rollouts.shapes import Fate

Payload = Mapping[str, Any]

KINDS = frozenset({"spawn", "wait", "send", "close", "stop", "resume", "agents", "across"})
ENDINGS = {"close_agent": "close", "interrupt_agent": "stop", "resume_agent": "resume"}
CROSS_THREAD = frozenset({"send_message_to_thread", "create_thread"})
"""Codex's own tools with which a thread writes to another, or makes one."""


def called(reader: Parser, name: str, arguments: Any, call_id: object) -> Fate:
    """A call of one of Codex's agent tools."""
    if isinstance(call_id, str) and call_id in reader.state.calls:
        return "copy"
    index, what = _item(reader, name, arguments, call_id)
    if isinstance(call_id, str):
        reader.state.called(call_id, index, what)
        reader.state.calls[call_id] += agents.targets_of(arguments)[:1] if what in ENDINGS.values() else []
    return "item"


def _item(reader: Parser, name: str, arguments: Any, call_id: object) -> tuple[int, str]:
    said = agents.message_of(arguments)
    given = agents.without_seal(arguments)
    targets = agents.targets_of(arguments)
    if name == SPAWN:
        reader.chunk.sealed += said.sealed
        task = arguments.get("task_name") if isinstance(arguments, dict) else None
        words = " ".join(part for part in (name, task if isinstance(task, str) else "") if part)
        data = {"tool": name, "arguments": given, "agent_status": "pending", "sealed": said.sealed or None}
        return reader.add("tool_call", f"{words}: {said.text}", data, call_id), "spawn"
    if name in SENDS:
        reader.chunk.sealed += said.sealed
        target = targets[0] if targets else ""
        data = {"tool": name, "peer": reader.agent_name(target), "peer_id": _thread_id(reader, target), "sealed": said.sealed or None}
        return reader.add("message_out", said.text, data, call_id), "send"
    named = ", ".join(reader.agent_name(target) for target in targets)
    what = "wait" if name in WAITS else ENDINGS.get(name, "agents")
    return reader.add("tool_call", f"{name} {named}".strip(), {"tool": name, "arguments": given}, call_id), what


def _thread_id(reader: Parser, target: str) -> str | None:
    return id_or_none(reader.agent(target)) or id_or_none(target)


def returned(reader: Parser, index: int, what: str, call_id: str, output: object) -> Fate:
    """The output of such a call."""
    text = text_of(output)
    found = arguments_of(text)
    match what:
        case "spawn":
            _spawned(reader, index, agents.spawned_of(output))
        case "wait":
            _waited(reader, index, found, text)
        case "close" | "stop" | "resume":
            _ended(reader, index, call_id, found, text)
        case "across":
            _sent(reader, index, came_of(text))
        case _:
            done = isinstance(found, dict) or not text
            reader.patch(index, data={"ok": done} | ({} if what == "send" and done else {"result": text}))
    return "item"


def _sent(reader: Parser, index: int, came: Came) -> None:
    """What came of a message to another thread: the thread's id, or why it did not get there."""
    found = arguments_of(came.text)
    to = id_or_none(found.get("threadId")) if isinstance(found, dict) else None
    reader.patch(index, data={"ok": False, "result": came.text} if to is None else {"ok": True, "peer_id": to})


def _spawned(reader: Parser, index: int, made: agents.Spawned) -> None:
    if made.failed is not None:
        reader.patch(index, data={"agent_status": "failed", "ok": False, "result": made.failed})
        return
    reader.spawned(index, made.agent_id, made.path, made.nickname)
    _name(reader, index, made.agent_id, made.nickname, made.path)


def _name(reader: Parser, index: int, agent_id: str | None, nickname: object, path: object) -> None:
    data = {"agent_id": agent_id, "agent_nickname": nickname, "agent_path": path}
    reader.patch(index, data={key: value for key, value in data.items() if isinstance(value, str)})


def _waited(reader: Parser, index: int, found: object, text: str) -> None:
    """The statuses go to the calls that spawned; the wait itself says in words what it saw."""
    if not isinstance(found, dict):
        came = came_of(text)
        reader.patch(index, data={"result": came.text, "ok": False})
        return
    news = list(agents.statuses_of(found.get("status")))
    elsewhere = _tell(reader, news)
    words = [f"{reader.agent_name(agent)} {status.word.replace('_', ' ')}" for agent, status in news]
    if isinstance(message := found.get("message"), str) and not news:
        words.append(message)
    elif found.get("timed_out") is True:
        words.append("timed out")
    result = ", ".join(dict.fromkeys(words)) or ("nothing new" if not found else one_line(text))
    reader.patch(index, data={"result": "\n".join([result, *elsewhere]), "ok": True})


def _tell(reader: Parser, news: list[tuple[str, Status]]) -> list[str]:
    """Fold each status into its call; what is said of agents that another thread spawned comes back, so that it is not lost."""
    return [
        f"{reader.agent_name(agent)}: {status.text}" for agent, status in news if not reader.told(agent, status) and status.text is not None
    ]


def _ended(reader: Parser, index: int, call_id: str, found: object, text: str) -> None:
    """An agent was put away, stopped or taken up again; the output says how it stood before."""
    status = agents.status_of(found.get("status", found.get("previous_status"))) if isinstance(found, dict) else None
    if status is None:
        reader.patch(index, data={"result": text, "ok": isinstance(found, dict)})
        return
    reader.patch(index, data={"result": status.word.replace("_", " "), "ok": True})
    _, what, _, *target = reader.state.calls[call_id]
    if not target:
        return
    reader.told(target[0], status)
    if what == "close":
        reader.told(target[0], Status("shutdown"))
    elif what == "stop" and status.word not in FINAL:
        reader.told(target[0], Status("interrupted"))


# --- events -------------------------------------------------------------------------------------------------------------------------------


def collab(reader: Parser, item: Payload) -> Fate:
    """Item `CollabAgentToolCall`: what a v1 tool did, with the statuses of all it was about."""
    call_id, tool = item.get("id"), _snake(str(item.get("tool", "")))
    entry = reader.state.calls.get(call_id) if isinstance(call_id, str) else None
    receivers = [each for each in item.get("receiver_thread_ids") or [] if isinstance(each, str)]
    if entry is None:
        arguments = {"message": item.get("prompt"), "targets": receivers} if item.get("prompt") else {"targets": receivers}
        called(reader, tool, {key: value for key, value in arguments.items() if value}, call_id)
        entry = reader.state.calls.get(call_id) if isinstance(call_id, str) else None
    for ref in item.get("receiver_agents") or []:
        _receiver(reader, entry, ref)
    if entry is not None and entry[1] == "spawn":
        for receiver in receivers:
            reader.spawned(int(entry[0]), receiver)
        _name(reader, int(entry[0]), receivers[0] if receivers else None, None, None)
        settings = {"model": item.get("model"), "reasoning_effort": item.get("reasoning_effort")}
        reader.patch(int(entry[0]), data={key: value for key, value in settings.items() if isinstance(value, str)})
    if item.get("status") == "failed" and entry is not None:
        reader.patch(int(entry[0]), data={"ok": False})
    _tell(reader, list(agents.statuses_of(item.get("agents_states"))))
    return "item"


def _receiver(reader: Parser, entry: list[Any] | None, ref: object) -> None:
    if not isinstance(ref, dict) or entry is None:
        return
    agent_id, nickname = id_or_none(ref.get("thread_id")), ref.get("agent_nickname")
    if entry[1] == "spawn" and agent_id is not None:
        reader.spawned(int(entry[0]), agent_id, name=nickname if isinstance(nickname, str) else None)
        _name(reader, int(entry[0]), agent_id, nickname, None)
        role = ref.get("agent_role")
        if isinstance(role, str):
            reader.patch(int(entry[0]), data={"agent_role": role})


def activity(reader: Parser, item: Payload) -> Fate:
    """Item or event `SubAgentActivity`: the only line of a parent's file that says a v2 agent's thread id."""
    agent_id, path = id_or_none(item.get("agent_thread_id")), item.get("agent_path")
    path = path if isinstance(path, str) else None
    call_id = item.get("id", item.get("event_id", item.get("call_id")))
    entry = reader.state.calls.get(call_id) if isinstance(call_id, str) else None
    match item.get("kind"):
        case "started":
            if entry is None:
                called(reader, SPAWN, {"task_name": (path or "").rpartition("/")[2]}, call_id)
                entry = reader.state.calls.get(call_id) if isinstance(call_id, str) else None
            if entry is not None:
                reader.spawned(int(entry[0]), agent_id, path)
                _name(reader, int(entry[0]), agent_id, None, path)
                if agent_id is not None:
                    reader.told(agent_id, Status("running"))
                settings = {"model": item.get("model"), "reasoning_effort": item.get("reasoning_effort")}
                reader.patch(int(entry[0]), data={key: value for key, value in settings.items() if isinstance(value, str)})
        case "interacted":
            if entry is not None and entry[1] == "send":
                peer = {"peer": path, "peer_id": agent_id}
                reader.patch(int(entry[0]), data={key: value for key, value in peer.items() if value is not None})
            reader.asked_again(agent_id or path or "")
        case "completed" | "interrupted" as word:
            reader.told(agent_id or path or "", Status(word))
        case _:
            return "unknown"
    return "item"


def legacy(reader: Parser, payload: Payload) -> Fate:
    """Events `collab_…_end`, which some clients kept."""
    kind, call_id = str(payload.get("type")), payload.get("call_id")
    entry = reader.state.calls.get(call_id) if isinstance(call_id, str) else None
    match kind:
        case "collab_agent_spawn_end":
            agent_id, nickname = id_or_none(payload.get("new_thread_id")), payload.get("new_agent_nickname")
            if entry is None:
                called(reader, SPAWN, {"message": payload.get("prompt") or ""}, call_id)
                entry = reader.state.calls.get(call_id) if isinstance(call_id, str) else None
            if entry is not None and agent_id is not None:
                reader.spawned(int(entry[0]), agent_id, name=nickname if isinstance(nickname, str) else None)
                _name(reader, int(entry[0]), agent_id, nickname, None)
            receiver = agent_id
        case _:
            receiver = id_or_none(payload.get("receiver_thread_id"))
    if receiver is not None and (status := agents.status_of(payload.get("status"))) is not None:
        reader.told(receiver, status)
    _tell(reader, list(agents.statuses_of(payload.get("statuses") or payload.get("agent_statuses"))))
    return "item"


def _snake(name: str) -> str:
    """`spawnAgent` and `spawn_agent` are one name."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


# --- to threads that nobody spawned -------------------------------------------------------------------------------------------------------


def sent_across(reader: Parser, name: str, arguments: Any, call_id: object) -> Fate:
    """A message to another thread, or the first one of a thread that it makes."""
    if isinstance(call_id, str) and call_id in reader.state.calls:
        return "copy"
    given = arguments if isinstance(arguments, dict) else {}
    to = id_or_none(given.get("threadId"))
    title = given.get("title")
    data = {"tool": f"codex_tui.{name}", "peer": title if isinstance(title, str) else to or "a new thread", "peer_id": to}
    index = reader.add("message_out", str(given.get("prompt", "")), data, call_id)
    if isinstance(call_id, str):
        reader.state.called(call_id, index, "across")
    return "item"


def came_across(reader: Parser, name: str, arguments: Any, call_id: object, result: str, ok: bool) -> Fate:
    """What came of it, by the event that tells."""
    entry = reader.state.calls.get(call_id) if isinstance(call_id, str) else None
    if entry is None:
        sent_across(reader, name, arguments, call_id)
        entry = reader.state.calls.get(call_id) if isinstance(call_id, str) else None
    if entry is None:
        return "item"
    entry[2] = 1
    _sent(reader, int(entry[0]), Came(result))
    if not ok:
        reader.patch(int(entry[0]), data={"ok": False, "result": result})
    return "item"
