"""Rows of the store as read models. Light: the first frame uses it before the engine is there."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Protocol

from codex_desk.engine.views import ItemView, ThreadView


class Row(Protocol):
    """A row of the store by column name."""

    def __getitem__(self, key: str, /) -> Any: ...


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def maybe(text: str | None) -> datetime | None:
    return None if text is None else moment(text)


def thread_view(row: Row) -> ThreadView:
    """A row of `store.glance.THREAD_COLUMNS`."""
    attached = row["attached_to"] is not None
    relation = "attached" if attached else "spawned" if row["spawned_by"] is not None else None
    return ThreadView(
        id=row["id"],
        handle=row["handle"],
        project=row["project"],
        title=row["title"],
        kind=row["kind"],
        cwd=row["cwd"],
        runtime=row["runtime"],
        model=row["model"],
        status=row["status"],
        created_at=moment(row["created_at"]),
        last_activity_at=moment(row["last_activity_at"]),
        parent=row["parent"],
        parent_id=row["attached_to"] or row["spawned_by"],
        relation=relation,
        external_id=row["external_id"],
        forked_from=row["forked_from"],
        side_chat_of=row["side_chat_of"],
        archived_at=maybe(row["archived_at"]),
        queued=row["queued"],
        reason=row["reason"],
        last_line=row["last_line"],
        was_attached_to=row["last_parent"] if row["last_end"] == "parent_archived" else None,
        rights=row["rights"],
        wake=row["wake"],
        interrupt=None if row["interrupt"] is None else bool(row["interrupt"]),
        context_tokens=row["context_tokens"],
        held=bool(row["held"]),
    )


def item_view(row: Row) -> ItemView:
    """A row of `store.glance.ITEM_COLUMNS`."""
    return ItemView(
        seq=row["seq"],
        thread_id=row["thread_id"],
        kind=row["kind"],
        text=row["text"],
        origin=row["origin"],
        at=moment(row["at"]),
        turn_id=row["turn_id"],
        data=json.loads(row["data"]),
    )
