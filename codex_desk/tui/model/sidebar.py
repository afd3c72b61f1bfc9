"""The sidebar's rows, worked out from the threads: groups, the tree, and the words that tell a relation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Literal

from rich.cells import cell_len

from codex_desk.engine.views import ThreadStatus, ThreadView
from codex_desk.frozen import frozen
from codex_desk.text import one_line
from codex_desk.tui.model.words import ASKING, RELATION_WORDS, WORDS, WORKING, age, fitted, name, project_name

Group = Literal["Needs you", "Working", "Ready", "Finished"]
HANDLE_ROOM = 10
"""Cells a handle keeps before the words to its right give way."""
SHORTEST_REASON = 4
"""Cells below which a reason says nothing."""
GROUPS: tuple[Group, ...] = ("Needs you", "Working", "Ready", "Finished")
_GROUP_OF: dict[ThreadStatus, Group] = {
    **dict.fromkeys(ASKING, "Needs you"),
    **dict.fromkeys(WORKING, "Working"),
    "finished": "Finished",
}


@frozen
class HeadingRow:
    title: str
    count: int

    @property
    def key(self) -> str:
        return f"heading {self.title}"


@frozen
class ThreadRow:
    """One line for one thread. `guides` are the tree lines before it; `under` is the parent it is drawn below, None in its own place."""

    thread: ThreadView
    guides: str = ""
    under: str | None = None
    children: int = 0
    folded: bool = False

    @property
    def key(self) -> str:
        """Names the line, so that a cursor stays on it when rows come and go."""
        return f"{self.under or ''} {self.thread.id}"

    @property
    def word(self) -> str:
        return RELATION_WORDS.get(self.thread.relation or "", "")


@frozen
class GapRow:
    """An empty line between two groups."""

    above: str
    """The heading that follows."""

    @property
    def key(self) -> str:
        return f"gap {self.above}"


Row = HeadingRow | ThreadRow | GapRow


def group_of(thread: ThreadView) -> Group:
    """Errors and questions are under Needs you; Finished holds subagents that are done."""
    return _GROUP_OF.get(thread.status, "Ready")


def rows(
    threads: Iterable[ThreadView],
    *,
    tree: bool = True,
    by_project: bool = False,
    folded: frozenset[str] = frozenset(),
    made: dict[str, ThreadRow] | None = None,
) -> list[Row]:
    """All rows, top to bottom. `made`: keeps the plain rows of threads, by id, for the next time: with every change of one thread it is the same ten
    thousand again.

    Every live session has a row in its own group, or in its project's. In the tree its children are drawn below a session that has no parent itself;
    an attached child thus shows twice. A subagent shows below its parent, and also under Needs you and Finished when it is there.
    """
    made = {} if made is None else made
    live = [thread for thread in threads if thread.live]
    kin = _kin(live)
    placed: dict[str, list[ThreadView]] = {}
    if by_project:
        for thread in sorted(live, key=lambda one: (project_name(one), name(one))):
            if thread.kind == "session":
                placed.setdefault(project_name(thread), []).append(thread)
    else:
        placed = _in_groups(live)
    found: list[Row] = []
    for title, members in placed.items():
        if not members:
            continue
        found.append(HeadingRow(title, len(members)))
        for thread in members:
            if tree and thread.relation is None and thread.id in kin:
                found.extend(_with_children(thread, kin, folded))
                continue
            row = made.get(thread.id)
            if row is None or row.thread is not thread:
                row = made[thread.id] = ThreadRow(thread)
            found.append(row)
    return found


def spaced(found: Sequence[Row], height: int) -> list[Row]:
    """The rows with an empty line before each group but the first, where all of them fit into `height` lines; else as they are."""
    if len(found) >= height:
        return list(found)
    groups = sum(isinstance(row, HeadingRow) for row in found)
    if groups < 2 or len(found) + groups - 1 > height:
        return list(found)
    airy: list[Row] = []
    for row in found:
        if isinstance(row, HeadingRow) and airy:
            airy.append(GapRow(row.title))
        airy.append(row)
    return airy


def words_beside(row: ThreadRow, room: int, now: datetime, *, new: bool = False) -> str:
    """What stands to the right of a handle in a line with `room` cells for both; `new`: something happened that was not seen yet.

    The age gives way to the handle, and the end of a long handle to the word for the relation.
    """
    handle = cell_len(name(row.thread))
    for kept in (handle, min(HANDLE_ROOM, handle)):
        for text in _words(row, room - kept - 1, now, new):
            if cell_len(text) <= room - kept - 1:
                return text
    return row.word if cell_len(row.word) < room else ""


def _words(row: ThreadRow, room: int, now: datetime, new: bool) -> list[str]:
    """What may stand in `room` cells, the fullest first."""
    thread = row.thread
    if thread.status in ASKING:
        # The number of an approval is on its card; here is room for what it asks.
        reason = one_line(re.sub(r"^[a-z][a-z0-9-]*-\d+: ", "", thread.reason or "") or WORDS[thread.status])
        left = room - (cell_len(row.word) + 1 if row.word else 0)
        cut = fitted(reason, min(left, cell_len(reason))) if left >= min(SHORTEST_REASON, cell_len(reason)) else ""
        return [f"{row.word} {cut}".strip()] if cut else []
    tail = "done" if thread.status == "finished" else age(thread.last_activity_at, now)
    if new and row.word:
        return [f"{row.word} new {tail}", f"{row.word} new", row.word]  # that it is new, its mark says too
    if new:
        return [f"{one_line(project_name(thread), 16)} new {tail}", f"new {tail}", "new"]
    if row.word:
        of = f"{row.word} · {thread.parent}" if row.under is None and thread.kind == "subagent" else row.word
        return [f"{of} {tail}", f"{row.word} {tail}", row.word]
    return [f"{one_line(project_name(thread), 16)} {tail}", tail]


def session_in(threads: Iterable[ThreadView], folder: Path) -> ThreadView | None:
    """The live session that is at home in a folder; None where there is none."""
    return next((one for one in threads if one.live and one.kind == "session" and one.cwd == str(folder)), None)


def siblings(threads: Sequence[ThreadView], thread: ThreadView) -> list[ThreadView]:
    """The thread and those beside it, by name: its parent's children, or the sessions without a parent."""
    beside = [other for other in threads if other.live and other.parent_id == thread.parent_id]
    if thread.parent_id is None:
        beside = [other for other in beside if other.kind == "session"]
    return sorted(beside, key=name)


def _kin(live: Sequence[ThreadView]) -> dict[str, list[ThreadView]]:
    kin: dict[str, list[ThreadView]] = {}
    children = [thread for thread in live if thread.parent_id is not None]
    for thread in sorted(children, key=lambda one: (one.relation == "spawned", name(one))):
        kin.setdefault(thread.parent_id or "", []).append(thread)
    return kin


def _in_groups(live: Iterable[ThreadView]) -> dict[str, list[ThreadView]]:
    """Each group's rows in one pass: a desk has thousands of threads, and this is done with every change of one."""
    placed: dict[str, list[ThreadView]] = {group: [] for group in GROUPS}
    for thread in live:
        group = group_of(thread)
        if thread.kind == "session" or group in ("Needs you", "Finished"):
            placed[group].append(thread)
    for group, members in placed.items():
        if group == "Ready":
            members.sort(key=attrgetter("last_activity_at"), reverse=True)
        else:
            members.sort(key=name)
    return placed


def _with_children(thread: ThreadView, kin: dict[str, list[ThreadView]], folded: frozenset[str]) -> list[Row]:
    children = kin.get(thread.id, [])
    shut = thread.id in folded
    found: list[Row] = [ThreadRow(thread, children=len(children), folded=shut)]
    if not shut:
        found.extend(_below(thread.id, kin, ""))
    return found


def _below(parent_id: str, kin: dict[str, list[ThreadView]], stem: str) -> Iterable[ThreadRow]:
    children = kin.get(parent_id, [])
    for child in children:
        last = child is children[-1]
        yield ThreadRow(child, stem + ("└─" if last else "├─"), parent_id, len(kin.get(child.id, [])))
        yield from _below(child.id, kin, stem + ("  " if last else "│ "))


def why_not(command: str, thread: ThreadView) -> str | None:
    """Why an action cannot be taken on this thread; None where it can."""
    subagent = thread.kind == "subagent"
    match command:
        case "attach" if subagent:
            return f"a subagent belongs to {thread.parent}: only a session can be attached"
        case "detach" if thread.relation != "attached":
            return f"{name(thread)} is not attached"
        case "rename" if subagent:
            return f"a subagent belongs to {thread.parent}: only a session can be renamed"
        case "archive" if subagent and thread.external_id is not None:
            return f"{thread.runtime} keeps this subagent for {thread.parent}: only {thread.parent} can close it"
        case "stock" if thread.status == "history":
            return f"{name(thread)} is history: /adopt takes it onto the desk first"
        case "stock" if thread.runtime != "codex":
            return f"{name(thread)} runs on {thread.runtime}: only a thread of Codex opens in the stock Codex"
        case "interrupt" if thread.status not in WORKING and thread.status != "needs_human":
            return f"{name(thread)} runs no turn"
    return None
