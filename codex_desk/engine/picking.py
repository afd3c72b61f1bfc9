"""What the pickers show before an action is taken: candidates with the reason against each, and what archiving would end."""

from __future__ import annotations

import json

from codex_desk.config import ConfigError
from codex_desk.engine import forest
from codex_desk.engine.errors import Refusal
from codex_desk.engine.links import refuse_place
from codex_desk.engine.reading import Reader
from codex_desk.engine.surroundings import Surroundings, rights_of
from codex_desk.engine.views import Candidate, ThreadView
from codex_desk.rights import Rights


def candidates(reader: Reader, surroundings: Surroundings, child_id: str) -> list[Candidate]:
    """Every other thread as a parent for `child_id`: those that can be taken first (same project, then most recent), then the others, each with its reason."""
    child = reader.thread(child_id)
    parents = {
        row["child_id"]: row["parent_id"] for row in reader.rows("SELECT child_id, parent_id FROM attachment WHERE ended_at IS NULL")
    }
    own = {
        row["id"]: json.loads(row["settings"])
        for row in reader.rows("SELECT id, settings FROM thread WHERE archived_at IS NULL AND status != 'history'")
    }
    threads = reader.threads(everything=True, history=False)
    names = {thread.id: thread.handle or thread.title for thread in threads}
    depth = surroundings.rules().max_attach_depth
    rights = _Rights(surroundings, own)
    below = forest.height(parents, child_id)
    found = [_candidate(child, parent, parents, names, (depth, below), rights) for parent in threads if parent.handle is not None]
    return sorted(found, key=lambda each: (each.refused is not None, each.thread.project != child.project))


class _Rights:
    """The rights of threads. Most of thousands have the same settings in the same project, and these are resolved once."""

    def __init__(self, surroundings: Surroundings, own: dict[str, dict[str, object]]) -> None:
        self._surroundings, self._own = surroundings, own
        self._found: dict[tuple[str, str], Rights] = {}

    def of(self, thread: ThreadView) -> Rights:
        own = self._own.get(thread.id, {})
        key = (thread.project, json.dumps(own, sort_keys=True))
        if key not in self._found:
            self._found[key] = _rights(self._surroundings, thread, own)
        return self._found[key]


def _candidate(
    child: ThreadView, parent: ThreadView, parents: dict[str, str], names: dict[str, str], depths: tuple[int, int], rights: _Rights
) -> Candidate:
    """`depths`: how deep attachments may be, and how deep they are below the child."""
    refused = _refusal(child, parent, parents, names, depths)
    narrows = None
    if refused is None:
        mine = rights.of(child)
        lesser = mine.lesser(rights.of(parent))
        if lesser != mine:
            narrows = f"{child.handle} would run {_narrowing(mine, lesser)} for {parent.handle}"
    return Candidate(parent, refused, narrows, child.parent if child.relation == "attached" and child.parent_id != parent.id else None)


def _refusal(child: ThreadView, parent: ThreadView, parents: dict[str, str], names: dict[str, str], depths: tuple[int, int]) -> str | None:
    for thread in (child, parent):
        if thread.archived_at is not None:
            return f"{thread.handle} is archived"
        if thread.status == "history":
            return f"{thread.handle} is history"
        if thread.kind != "session":
            return f"{thread.handle} is a subagent"
    if child.id == parent.id:
        return "itself"
    if child.parent_id == parent.id:
        return "already attached to it"
    most, below = depths
    up = forest.path_up(parents, parent.id)
    if child.id not in up and len(up) + below <= most:
        return None
    try:
        refuse_place(parents, child.id, parent.id, most, names.__getitem__)
    except Refusal as refusal:
        return refusal.message
    return None


def _narrowing(mine: Rights, lesser: Rights) -> str:
    """What is lost, in words."""
    words = [lesser.mode] if lesser.mode != mine.mode else []
    if lesser.may_escalate != mine.may_escalate:
        words.append("without asking you for more")
    if lesser.network != mine.network:
        words.append("without network")
    return ", ".join(words)


def _rights(surroundings: Surroundings, thread: ThreadView, own: dict[str, object]) -> Rights:
    try:
        return rights_of(surroundings.of(thread, own).settings)
    except ConfigError:
        return Rights("read-only", False, False)


def archive_preview(reader: Reader, thread_id: str) -> tuple[list[str], list[str]]:
    """Handles of the subagents that would be archived too, and of the sessions whose attachment would end."""
    thread = reader.thread(thread_id)
    children = reader.children(thread_id)
    subagents = [child.handle or child.id for child in children if child.relation == "spawned"]
    attached = [child.handle or child.id for child in children if child.relation == "attached"]
    if thread.relation == "attached" and thread.parent is not None:
        attached.insert(0, thread.parent)
    return subagents, attached
