"""What Codex knows beside the turns that run: its sessions, and what was said in them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from codex_desk.files import FileRefused, read_beneath
from codex_desk.runtimes.codex import items, wire
from codex_desk.runtimes.codex.client import Client
from codex_desk.runtimes.codex.errors import CodexError
from codex_desk.runtimes.codex.turning import OURS
from codex_desk.runtimes.outside import OutsideSession, Past, PastItem
from codex_desk.text import one_line

PAGE = 100
TURNS = 20
"""Turns asked for at a time, with everything that was said in them."""

TOP_LEVEL = ("cli", "vscode", "exec", "appServer", "unknown")
EVERY_KIND = (*TOP_LEVEL, "subAgent", "subAgentReview", "subAgentCompact", "subAgentThreadSpawn", "subAgentOther")

FIRST_LINE = 4 << 20
"""Bytes of a rollout's beginning that are looked at: base instructions stand in its first line."""


async def list_sessions(client: Client, *, archived: bool = False, **more: Any) -> list[OutsideSession]:
    """Top-level sessions of every provider, newest activity first. Raises `CodexError`, `ConnectionLost`.

    Codex fills its index from the files as it starts. Without `useStateDbOnly` it looks through the files again for each page, which for ten thousand
    sessions takes a minute, and mends times of activity as it goes, so that pages in their order leave most out: hence the order of their making."""
    query = {"modelProviders": [], "sourceKinds": list(TOP_LEVEL), "archived": archived, "limit": PAGE, "sortKey": "created_at", **more}
    found = await _sessions(client, query | {"useStateDbOnly": True}, archived)
    found = found or await _sessions(client, query, archived)  # it may have no index to look into
    return sorted(found, key=lambda each: each.last_activity_at, reverse=True)


async def _sessions(client: Client, query: dict[str, Any], archived: bool) -> list[OutsideSession]:
    found: list[OutsideSession] = []
    async for data in _pages(client, "thread/list", query):
        try:
            thread = wire.read(wire.Thread, data)
        except wire.Misunderstood:
            continue
        if not thread.ephemeral:
            found.append(session_of(thread, archived=archived))
    return found


async def list_descendants(client: Client, external_id: str) -> list[OutsideSession]:
    query = {"ancestorThreadId": external_id, "modelProviders": [], "sourceKinds": list(EVERY_KIND), "limit": PAGE}
    return [session_of(wire.read(wire.Thread, data)) async for data in _pages(client, "thread/list", query)]


def session_of(thread: wire.Thread, *, archived: bool = False) -> OutsideSession:
    return OutsideSession(
        external_id=thread.id,
        title=thread.name or one_line(thread.preview, 200),
        cwd=thread.cwd,
        created_at=datetime.fromtimestamp(thread.created_at, UTC),
        last_activity_at=datetime.fromtimestamp(thread.recency_at or thread.updated_at, UTC),
        name=thread.name,
        model=thread.model,
        provider=thread.model_provider or None,
        effort=thread.reasoning_effort,
        parent=thread.parent_thread_id,
        archived=archived,
        path=thread.path,
        forked=thread.forked_from_id is not None,
    )


async def past_of(client: Client, external_id: str, known_turns: frozenset[str], since: str | None) -> Past:
    """What was said and done since. Of a turn that ran from the desk, only what it did: what opened it is in the transcript already."""
    newest: str | None = None
    fresh: list[wire.Turn] = []
    async for data in turns_backwards(client, external_id):
        turn = wire.read(wire.Turn, data)
        newest = newest or turn.id
        if turn.status == "inProgress" and turn.id not in known_turns:
            newest = since if newest == turn.id else newest  # it is still being written; the next look takes it whole
            continue
        if turn.id == since:
            break
        fresh.append(turn)
        if turn.id in known_turns:
            break
    found = [item for turn in reversed(fresh) for item in _items(turn, ours=turn.id in known_turns)]
    return Past(found, newest)


async def turns_backwards(client: Client, external_id: str) -> AsyncIterator[Any]:
    """The turns of a session, newest first, each with its items; none for one that has not been written to disk yet."""
    query = {"threadId": external_id, "limit": TURNS, "sortDirection": "desc", "itemsView": "full"}
    try:
        async for data in _pages(client, "thread/turns/list", query):
            yield data
    except CodexError as error:
        if not error.is_not_there_yet:
            raise


def is_positional(item: wire.Item) -> bool:
    """Whether an item's id is merely its place: so Codex numbers what it reads from its older files. The same item had another id as it ran."""
    return item.id.startswith("item-") and item.id.removeprefix("item-").isdecimal()


def _items(turn: wire.Turn, *, ours: bool) -> list[PastItem]:
    found: list[PastItem] = []
    for data in turn.items:
        try:
            item = wire.read_item(data)
        except wire.Misunderstood:
            continue
        if ours and is_positional(item):
            continue
        draft = items.draft_of(item)
        if draft is None and not ours and not (isinstance(item, wire.UserMessage) and (item.client_id or "").startswith(OURS)):
            draft = items.input_draft(item)
        if draft is not None:
            milliseconds = item.completed_at_ms or item.started_at_ms or (turn.started_at or 0) * 1000
            found.append(PastItem(item.id, turn.id, draft, datetime.fromtimestamp(milliseconds / 1000, UTC)))
    return found


def first_lines(path: str | None, home: Path, external_id: str) -> Sequence[bytes]:
    """The beginning of a session's file, by lines; nothing where it cannot be read. Codex names the path, and it has to be in Codex's own folder,
    and the file's name that of the session."""
    if path is None or not path.endswith(".jsonl") or str(UUID(external_id)) not in Path(path).name:
        return ()
    try:
        content = read_beneath(home.resolve(), Path(path).resolve(), FIRST_LINE)
    except (FileRefused, OSError, ValueError):
        return ()
    return content.split(b"\n")


async def _pages(client: Client, method: str, query: dict[str, Any]) -> AsyncIterator[Any]:
    cursor: str | None = None
    while True:
        page = await client.call(method, query | ({"cursor": cursor} if cursor else {}))
        for entry in page.get("data", ()):
            yield entry
        following = page.get("nextCursor")
        if not following or following == cursor:
            return
        cursor = following
