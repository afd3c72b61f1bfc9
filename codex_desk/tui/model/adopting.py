"""Sessions to open or to take onto the desk: which rows there are, what a filter leaves of them, what each would be called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from codex_desk.engine.views import ThreadView
from codex_desk.frozen import frozen
from codex_desk.text import one_line
from codex_desk.tui.model.words import GLYPHS, WORDS, name

if TYPE_CHECKING:  # the engine is not imported before the first frame
    from codex_desk.engine.adopting import Adoptable, Where

HANDLE = re.compile(r"[a-z][a-z0-9-]{0,39}")
"""As the engine has it, which is asked again when a session is taken."""
FOLDED = 3
"""Rows of history that a project shows by itself; the others are a row that opens them."""
FOUND = 50
"""The same where something is looked for: to show ten thousand with every letter would be felt in the keys."""
ID_BEGUN = 8
"""Characters of an id from which on it is one that is looked for."""
TITLE = 300
"""Characters of a title that are looked at."""
PLACES: Mapping[Where, int] = {"on the desk": 0, "in Codex": 1, "history only": 2}


@frozen
class Choice:
    """A session that can be opened, or taken onto the desk."""

    key: str
    """The runtime's own id, else the thread's."""
    handle: str
    """Its handle on the desk; else the one that is proposed."""
    where: Where
    title: str
    cwd: str
    project: str
    at: datetime
    """Its last activity."""
    model: str = ""
    state: str = ""
    """Glyph and word of how it stands, for one on the desk."""
    thread_id: str | None = None
    """Its id on the desk, where it is there or was imported."""
    text: str = ""
    """What a filter looks at, in small letters."""

    @property
    def can_be_taken(self) -> bool:
        return self.where != "on the desk"


@frozen
class Heading:
    """A project, with how many sessions of it are there."""

    project: str
    count: int

    @property
    def key(self) -> str:
        return f"project {self.project}"


@frozen
class More:
    """So much history of a project is not shown."""

    project: str
    count: int

    @property
    def key(self) -> str:
        return f"more {self.project}"


Line = Heading | Choice | More


def choices(threads: Iterable[ThreadView], found: Iterable[Adoptable]) -> list[Choice]:
    """The desk's own sessions and what Codex and history have beside them, each once."""
    mine = {thread.id: _on_desk(thread) for thread in threads}
    theirs = [_elsewhere(each) for each in found if each.where != "on the desk" or each.thread_id not in mine]
    return [*mine.values(), *theirs]


def _on_desk(thread: ThreadView) -> Choice:
    title = one_line(thread.title, TITLE)
    state = f"{GLYPHS[thread.status]} {WORDS[thread.status]}"
    words = (name(thread), "on the desk", WORDS[thread.status], title, thread.cwd, thread.runtime, thread.model or "")
    key, model = thread.external_id or thread.id, thread.model or ""
    return Choice(
        key, name(thread), "on the desk", title, thread.cwd, thread.project, thread.last_activity_at, model, state, thread.id, _text(words)
    )


def choice_of(thread: ThreadView, handle: str) -> Choice:
    """A thread of history as the one to be taken, under a proposed handle."""
    title, model = one_line(thread.title, TITLE), thread.model or ""
    key = thread.external_id or thread.id
    return Choice(key, handle, "history only", title, thread.cwd, thread.project, thread.last_activity_at, model, "", thread.id)


def _elsewhere(each: Adoptable) -> Choice:
    title = one_line(each.title, TITLE)
    state = (
        f"{GLYPHS['archived']} {WORDS['archived']}" if each.where == "on the desk" else ""
    )  # the live ones are known without asking Codex
    words = (each.handle, each.where, state, title, each.cwd, each.model or "")
    model = each.model or ""
    return Choice(
        each.id, each.handle, each.where, title, each.cwd, each.project, each.last_activity_at, model, state, each.thread_id, _text(words)
    )


def _text(words: Iterable[str]) -> str:
    return "\n".join(words).casefold()


def lines(
    found: Sequence[Choice], written: str, unfolded: frozenset[str] = frozenset(), marked: frozenset[str] = frozenset()
) -> list[Line]:
    """What the list shows for what is written: every word has to stand somewhere in a session. By project, the one that was used last first; in each
    the desk's own, then what is in Codex, then history, of which a few are shown, more where something is looked for, until it is unfolded. What is
    marked is always shown."""
    words = written.casefold().split()
    kept = [each for each in found if all(word in each.text or _is_id(word, each.key) for word in words)]
    by_project: dict[str, list[Choice]] = {}
    for each in sorted(kept, key=lambda one: one.at, reverse=True):
        by_project.setdefault(each.project, []).append(each)
    shown: list[Line] = []
    for project, sessions in by_project.items():
        shown.append(Heading(project, len(sessions)))
        sessions.sort(key=lambda one: PLACES[one.where])  # stable: the newest stay first
        history = sum(one.where == "history only" for one in sessions)
        most = FOUND if words else FOLDED
        whole = project in unfolded or history <= most + 1
        first = len(sessions) if whole else len(sessions) - history + most
        shown += sessions[:first]
        shown += (one for one in sessions[first:] if one.key in marked)
        if hidden := sum(one.key not in marked for one in sessions[first:]):
            shown.append(More(project, hidden))
    return shown


def _is_id(word: str, key: str) -> bool:
    return len(word) >= ID_BEGUN and key.startswith(word)


def counted(found: Sequence[Choice]) -> str:
    """`3 on the desk · 57 in Codex · 1,204 history only, in 9 projects`; empty for none."""
    if not found:
        return ""
    counts = Counter(each.where for each in found)
    projects = len({each.project for each in found})
    parts = " · ".join(f"{counts[where]:,} {where}" for where in PLACES if counts[where])
    return f"{parts}, in {projects} {'project' if projects == 1 else 'projects'}"


def proposed(wanted: Sequence[Choice], taken: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """A handle for each session, by its key: the one proposed, with a number where it is taken in its project (`taken`: handles by project)."""
    used = {project: set(handles) for project, handles in taken.items()}
    found: dict[str, str] = {}
    for each in wanted:
        there = used.setdefault(each.project, set())
        found[each.key] = _free(each.handle, there)
        there.add(found[each.key])
    return found


def _free(handle: str, taken: set[str]) -> str:
    base, number, tried = handle, 2, handle
    while tried in taken:
        tail = f"-{number}"
        tried, number = base[: 40 - len(tail)].rstrip("-") + tail, number + 1
    return tried


def trouble(handle: str, project: str, taken: Mapping[str, frozenset[str]], beside: Sequence[tuple[str, str]] = ()) -> str | None:
    """Why a handle cannot be taken, None where it can. `beside`: (project, handle) of the others that are being named."""
    if not handle:
        return "it needs a handle"
    if HANDLE.fullmatch(handle) is None:
        return "a handle is a small letter, then up to 39 small letters, digits or -"
    place = Path(project).name or project
    if handle in taken.get(project, frozenset()):
        return f"{handle} is taken in {place}"
    if (project, handle) in beside:
        return f"{handle} is written twice for {place}"
    return None


def handles_of(threads: Iterable[ThreadView]) -> dict[str, frozenset[str]]:
    """The handles that are taken, by project; archived sessions keep theirs."""
    found: dict[str, set[str]] = {}
    for thread in threads:
        if thread.handle is not None:
            found.setdefault(thread.project, set()).add(thread.handle)
    return {project: frozenset(handles) for project, handles in found.items()}
