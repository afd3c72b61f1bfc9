"""Threads that take no prompt here, and what can be done about it."""

from __future__ import annotations

from codex_desk.engine.views import ThreadView
from codex_desk.frozen import frozen


@frozen
class Closed:
    """`short`: what stands where a prompt would be written; `words`: the answer to a prompt, with what to do."""

    short: str
    words: str


def closed(thread: ThreadView) -> Closed | None:
    """Why a thread takes no prompt; None where it does."""
    if thread.status == "history" and thread.kind == "subagent":
        of = f" of {thread.parent}" if thread.parent else ""
        return Closed(
            "history of a subagent, to be read",
            f"this is the history of a subagent{of}: take the session that it belongs to (/adopt) to go on",
        )
    if thread.status == "history":
        return Closed(
            "history only, to be read · /adopt takes it onto the desk",
            "history only: /adopt takes it onto the desk, and then it goes on from here",
        )
    if thread.status == "archived" or thread.archived_at is not None:
        return Closed("archived, to be read · /unarchive brings it back", "it is archived: /unarchive brings it back")
    if thread.written_elsewhere:
        words = (
            "another program is writing this session: leave it there, then /resume tries again. "
            "Codex's own background server holds on to it until `codex app-server daemon stop`"
        )
        return Closed("written by another program, to be read · /resume tries again", words)
    return None
