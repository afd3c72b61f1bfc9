"""The key sets of the objects that scripts read, as the command line's contract names them."""

from __future__ import annotations


def keys(names: str) -> set[str]:
    return set(names.replace(",", " ").split())


THREAD = keys(
    "id, handle, project, title, kind, cwd, runtime, model, status, parent, parent_id, relation, external_id, forked_from, side_chat_of, "
    "created_at, last_activity_at, archived_at, queued"
)
MESSAGE = keys("id, from, to, origin, delivery, state, body, turn_id, answer, reason, created_at, answered_at")
ATTACHMENT = keys("id, parent, child, rights, wake, interrupt, created_at, ended_at, end_reason")
ITEM = keys("id, seq, kind, turn_id, origin, text, at")
"""What every item has; its kind adds more."""
AUDIT = keys("seq, kind, origin, thread, peer, text, at, hash")
