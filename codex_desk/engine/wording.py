"""Words for threads and items that a transcript needs wherever it is written out."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from codex_desk.text import one_line

if TYPE_CHECKING:
    from codex_desk.engine.views import ItemView, ThreadView


PEER = 60
"""Characters of the name of a thread at the other end; where it has no handle, its title stands for it."""


def clock(moment: datetime) -> str:
    """Local time, as people read it."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def name_of(thread: ThreadView) -> str:
    return thread.handle or thread.external_id or thread.id


def speaker_of(thread: ThreadView) -> str:
    """Who a thread's agent is in its transcript: the thread's handle; of imported ones a subagent's name, else what ran it."""
    return thread.handle or (thread.title if thread.kind == "subagent" else "") or thread.runtime


def bond_of(thread: ThreadView) -> str:
    """The word for a thread's relation: `attached to operator`, `subagent of operator`, `was attached to operator`."""
    if thread.relation == "attached":
        return f"attached to {thread.parent}"
    if thread.relation == "spawned" or thread.kind == "subagent":
        return f"subagent of {thread.parent}" if thread.parent else "subagent"
    if thread.side_chat_of:
        return "side chat"
    if thread.forked_from and thread.status == "history":
        return "fork"
    return f"was attached to {thread.was_attached_to}" if thread.was_attached_to else ""


def head_of(item: ItemView, thread: str) -> str:
    """Who or what an item is, in the words of the transcript."""
    peer, number = one_line(str(item.data.get("peer") or ""), PEER), item.data.get("message")
    numbered = f" #{number}" if number is not None else ""
    match item.kind:
        case "user_message":
            return "you"
        case "agent_message":
            return thread
        case "message_out":
            return f"⇢ {peer}{numbered}"
        case "message_in":
            return f"{arrow_in(item)} {peer or named_automation(item) or item.origin}{numbered}"
        case "fold" if peer:
            return f"↩ folded in from {peer}"
        case "tool_call" if status := item.data.get("agent_status"):
            return f"⑂ {agent_of(item)} · {str(status).replace('_', ' ')}"
        case _:
            return item.kind.replace("_", " ")


def arrow_in(item: ItemView) -> str:
    """What stands before the name of whoever sent a received message: another thread, or a schedule."""
    return "◷" if item.origin == "automation" else "⇠"


def named_automation(item: ItemView) -> str:
    """The handle of the automation that an item comes from; empty for none."""
    return one_line(str(item.data.get("automation") or ""), PEER)


def agent_of(item: ItemView) -> str:
    """How the agent is called that a call spawned."""
    data = item.data
    return one_line(str(data.get("agent_nickname") or data.get("agent_path") or data.get("agent_id") or "an agent"), PEER)
