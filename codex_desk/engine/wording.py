"""Words for threads and items that a transcript needs wherever it is written out."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codex_desk.engine.views import ItemView, ThreadView


def clock(moment: datetime) -> str:
    """Local time, as people read it."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def name_of(thread: ThreadView) -> str:
    return thread.handle or thread.external_id or thread.id


def bond_of(thread: ThreadView) -> str:
    """The word for a thread's relation: `attached to operator`, `subagent of operator`, `was attached to operator`."""
    if thread.relation == "attached":
        return f"attached to {thread.parent}"
    if thread.relation == "spawned":
        return f"subagent of {thread.parent}"
    return f"was attached to {thread.was_attached_to}" if thread.was_attached_to else ""


def head_of(item: ItemView, thread: str) -> str:
    """Who or what an item is, in the words of the transcript."""
    peer, number = item.data.get("peer"), item.data.get("message")
    match item.kind:
        case "user_message":
            return "you"
        case "agent_message":
            return thread
        case "message_out":
            return f"⇢ {peer} #{number}"
        case "message_in":
            return f"⇠ {peer} #{number}" if peer else f"⇠ {item.origin} #{number}"
        case _:
            return item.kind.replace("_", " ")
