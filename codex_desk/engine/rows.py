"""Rows of the store as read models. Light: the first frame uses it before the engine is there."""

from __future__ import annotations

import json
from collections.abc import Iterable
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


def thread_view(row: Iterable[Any]) -> ThreadView:
    """A row of `store.glance.THREAD_COLUMNS`. By place: a desk of thousands of threads is read with every start, and names cost as much again."""
    (
        id, handle, project, title, kind, cwd, runtime, model, status, reason,
        created_at, last_activity_at, archived_at, external_id, forked_from, side_chat_of, last_line, context_tokens, held, spawned_by,
        attached_to, rights, wake, interrupt, parent, queued, last_parent, last_end,
    ) = row  # fmt: skip
    return ThreadView(
        id=id,
        handle=handle,
        project=project,
        title=title,
        kind=kind,
        cwd=cwd,
        runtime=runtime,
        model=model,
        status=status,
        created_at=moment(created_at),
        last_activity_at=moment(last_activity_at),
        parent=parent,
        parent_id=attached_to or spawned_by,
        relation="attached" if attached_to is not None else "spawned" if spawned_by is not None else None,
        external_id=external_id,
        forked_from=forked_from,
        side_chat_of=side_chat_of,
        archived_at=maybe(archived_at),
        queued=queued,
        reason=reason,
        last_line=last_line,
        was_attached_to=last_parent if last_end == "parent_archived" else None,
        rights=rights,
        wake=wake,
        interrupt=None if interrupt is None else bool(interrupt),
        context_tokens=context_tokens,
        held=bool(held),
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
