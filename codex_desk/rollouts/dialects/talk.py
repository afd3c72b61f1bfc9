"""What was said: by the user, by the agent, and between agents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from codex_desk.rollouts import agents, injected
from codex_desk.rollouts.agents import Mail, Status
from codex_desk.rollouts.state import digest

if TYPE_CHECKING:
    from codex_desk.rollouts.parser import Parser
    from codex_desk.rollouts.shapes import Fate


def user(
    reader: Parser,
    text: str,
    images: Sequence[str] = (),
    *,
    item_id: object = None,
    turn_id: object = None,
    client_id: object = None,
) -> Fate:
    """What an event says was sent to the thread. In a thread that another began a turn of, it is that thread's message."""
    if injected.kind_of(text) == injected.NOTIFICATION:
        return notification(reader, text)
    state = reader.state
    kind = "message_in" if from_agent(reader, client_id) else "user_message"
    shown = text if not images else "\n".join(part for part in (text, *(f"[image: {image}]" for image in images)) if part)
    data: dict[str, Any] = {"images": list(images) or None} | _sender(reader, kind)
    index = state.proved("user", text)
    if index is None:
        reader.add(kind, shown, data, item_id, turn_id)
        state.expect("user", text)
        return "item"
    reader.patch(index, kind, shown, data | {"event": None, "key": item_id if isinstance(item_id, str) else None})
    return "item"


def from_agent(reader: Parser, client_id: object = None) -> bool:
    """Whether what is sent to this thread now comes from another thread's agent.

    New files say which turn caused a turn; before, whatever a subagent was sent is its parent's. What a person typed into a client bears
    its id."""
    if isinstance(client_id, str):
        return False
    caused = reader.state.caused_by
    return caused == "agent" or (caused is None and reader.state.subagent)


def _sender(reader: Parser, kind: str) -> dict[str, Any]:
    return {"peer": "parent", "peer_id": reader.state.parent_id} if kind == "message_in" and reader.state.parent_id else {}


def unproved_user(reader: Parser, text: str, *, own: bool, item_id: object) -> Fate:
    """User-role text as the model was given it. Until an event confirms it, it is nobody's: unless the line itself says that the user wrote
    it."""
    state = reader.state
    if state.was_expected("user", text):
        return "copy"
    if not text.strip():
        return "context"
    kind = ("message_in" if from_agent(reader) else "user_message") if own else "notice"
    data = _sender(reader, kind) if own else {"event": "injected"}
    state.doubt("user", reader.add(kind, text, data, item_id), text)
    return "item"


def agent(reader: Parser, text: str, *, item_id: object = None, turn_id: object = None, phase: object = None) -> Fate:
    """What an event says the agent said."""
    state = reader.state
    state.answered = digest(text)
    data = {"phase": phase} if isinstance(phase, str) else {}
    index = state.proved("assistant", text)
    if index is None:
        reader.add("agent_message", text, data, item_id, turn_id)
        state.expect("assistant", text)
    elif data:
        reader.patch(index, data=data)
    return "item"


def unproved_agent(reader: Parser, text: str, *, item_id: object) -> Fate:
    """Assistant-role text of the model's own history. Some versions put messages between agents there."""
    state = reader.state
    if isinstance(item_id, str) and item_id in state.ids:
        state.was_expected("assistant", text)
        return "copy"
    if state.was_expected("assistant", text):
        return "copy"
    if text.startswith("{") and (mail := _mail_in_text(text)) is not None:
        return deliver(reader, mail)
    if not text.strip():
        return "bookkeeping"
    state.doubt("assistant", reader.add("agent_message", text, None, item_id), text)
    return "item"


def _mail_in_text(text: str) -> Mail | None:
    found = agents.arguments_of(text)
    if not isinstance(found, dict) or "trigger_turn" not in found:
        return None
    return agents.mail_of(found)


def thought(reader: Parser, text: str, *, item_id: object = None, turn_id: object = None) -> Fate:
    """What an event says the agent thought."""
    if not text.strip():
        return "bookkeeping"
    index = reader.state.proved("reasoning", text)
    if index is None:
        reader.add("reasoning", text, None, item_id, turn_id)
        reader.state.expect("reasoning", text)
    return "item"


def unproved_thought(reader: Parser, texts: Sequence[str], *, item_id: object) -> Fate:
    state = reader.state
    if isinstance(item_id, str) and item_id in state.ids:
        return "copy"
    new = [text for text in texts if text.strip() and not state.was_expected("reasoning", text)]
    for text in new:
        state.doubt("reasoning", reader.add("reasoning", text, None, item_id), text)
    return "item" if new else "copy" if texts else "bookkeeping"


# --- between agents -----------------------------------------------------------------------------------------------------------------------


def notification(reader: Parser, text: str) -> Fate:
    """News of an agent is folded into the call that spawned it; of one that was spawned elsewhere it is a notice, never anybody's words."""
    news = agents.notification_of(injected.inner_of(text))
    if news is None:
        reader.add("notice", injected.inner_of(text), {"event": "agent_status"})
    elif not reader.told(news.agent, news.status):
        reader.add("notice", _news(reader, news.agent, news.status), {"event": "agent_status", "agent": news.agent})
    return "item"


def _news(reader: Parser, agent_id: str, status: Status) -> str:
    said = f": {status.text}" if status.text else ""
    return f"{reader.agent_name(agent_id)} {status.word.replace('_', ' ')}{said}"


def communication(reader: Parser, payload: Mapping[str, Any]) -> Fate:
    """A message between agents, in a line of its own."""
    mail = agents.mail_of(payload)
    return "unknown" if mail is None else deliver(reader, mail, "line")


def deliver(reader: Parser, mail: Mail, form: str = "item") -> Fate:
    """A message that this thread got. A child's final answer is the result of the call that spawned it."""
    state, mark = reader.state, f"{mail.author}\n{mail.text}"
    if state.was_expected(f"mail {'item' if form == 'line' else 'line'}", mark):
        return "copy"
    state.expect(f"mail {form}", mark)
    reader.chunk.sealed += mail.sealed
    own = state.agent_path or "/root"
    if mail.author != own and mail.kind == "FINAL_ANSWER" and reader.told(mail.author, Status("completed", mail.text)):
        return "item"
    parent = state.parent_id if state.agent_path and agents.is_below(state.agent_path, mail.author) else None
    peer_id = parent or reader.agent(mail.author)
    known = peer_id if peer_id is not None and "/" not in peer_id else None
    data = {"peer": mail.author, "peer_id": known, "message_type": mail.kind or None, "sealed": mail.sealed or None}
    reader.add("message_in", mail.text, data)
    return "item"


def external(reader: Parser, payload: Mapping[str, Any]) -> Fate:
    """A tool output that answers no call: how one thread, or another program, writes to a thread."""
    name, namespace, item_id = payload.get("name"), payload.get("namespace"), payload.get("id")
    if isinstance(item_id, str) and item_id in reader.state.ids:
        return "copy"
    text = agents.text_of(payload.get("output"))
    tool = ".".join(str(part) for part in (namespace, name) if part)
    if namespace == "agent":  # Codex's own
        reader.add("notice", f"{name}: {text}".replace("_", " ", 1), {"event": "goal" if name == "goal_objective" else "injected"}, item_id)
        return "item"
    delegation = agents.delegation_of(text)
    if delegation is None:
        reader.add("message_in", text, {"peer": tool or "a program", "tool": tool or None}, item_id)
    else:
        source, said = delegation
        reader.add("message_in", said, {"peer": source or "another thread", "peer_id": source, "tool": tool or None}, item_id)
    return "item"
