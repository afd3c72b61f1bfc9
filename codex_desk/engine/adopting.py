"""Sessions that a runtime already has, brought to the desk as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Literal

from codex_desk.engine import mailbox
from codex_desk.engine.errors import Refusal
from codex_desk.engine.identity import By, new_id
from codex_desk.engine.journal import Action, End, Tx
from codex_desk.engine.reading import Reader
from codex_desk.engine.reported import free_name, slug, write_past
from codex_desk.engine.sessions import Folder, free_handle
from codex_desk.engine.views import stamp
from codex_desk.frozen import frozen
from codex_desk.paths import project_of
from codex_desk.runtimes.outside import OutsideSession, PastItem
from codex_desk.store.tables import RuntimeState, Thread
from codex_desk.text import one_line

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Where = Literal["on the desk", "in Codex", "history only"]


@frozen
class Adoptable:
    """A session that could be brought to the desk, or is there already."""

    id: str
    """The runtime's own id."""
    name: str | None
    title: str
    cwd: str
    project: str
    model: str | None
    provider: str | None
    created_at: datetime
    last_activity_at: datetime
    where: Where
    handle: str
    """Its handle on the desk; else the one that is proposed."""
    thread_id: str | None = None
    """Its id on the desk, where it is there or was imported."""

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title,
            "cwd": self.cwd,
            "project": self.project,
            "model": self.model,
            "provider": self.provider,
            "created_at": stamp(self.created_at),
            "last_activity_at": stamp(self.last_activity_at),
            "state": self.where,
            "handle": self.handle,
            "thread": self.thread_id,
        }


@frozen
class Adopt(Action):
    """Make a session of the desk out of one that a runtime has. What surrounds it was looked at before: `Desk.adopt` does both."""

    session: OutsideSession
    runtime: str
    folder: Folder
    state: Mapping[str, Any]
    handle: str | None = None
    """None takes one made of its title."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    past: Sequence[PastItem] = ()
    """What was said in it so far and is not in the store yet."""
    verb: ClassVar[str] = "adopt"

    def perform(self, tx: Tx, by: By) -> str:
        """Returns the thread's id. Refusals: adopted, bad_handle, handle_taken."""
        session, project = self.session, str(self.folder.project)
        known = tx.first(Thread, "external_id = ?", session.external_id)
        if known is not None and known.status != "history":
            there = "archived on the desk: unarchive it" if known.archived_at is not None else "on the desk already"
            raise Refusal("adopted", f"{one_line(session.title, 60) or session.external_id} is {there}, as {known.handle}")
        if self.handle is None:
            handle = free_name(tx, session.title, project)
        else:
            free_handle(tx, self.handle, project)
            handle = self.handle
        values: dict[str, Any] = {
            "handle": handle,
            "project": project,
            "title": one_line(session.title, mailbox.EXCERPT),
            "kind": "session",
            "status": "idle",
            "cwd": str(self.folder.cwd),
            "cwd_device": self.folder.device,
            "cwd_inode": self.folder.inode,
            "runtime": self.runtime,
            "settings": dict(self.settings),
            "external_id": session.external_id,
            "archived_at": None,
        }
        if known is None:
            made = {"created_at": session.created_at, "last_activity_at": session.last_activity_at}
            thread = tx.insert(Thread(id=new_id(), **made, **values))
        else:
            thread = tx.update(known, **values)
        if tx.get(RuntimeState, thread.id) is None:
            tx.insert(RuntimeState(thread_id=thread.id, content=dict(self.state)))
        write_past(tx, thread, self.past)
        day = session.created_at.date().isoformat()
        tx.crossing("adopted", by.origin, End(thread.id, f"{handle} adopted: a session made on {day} in {session.cwd}, as it is"), None)
        return thread.id


def settings_of(session: OutsideSession) -> dict[str, Any]:
    """What the runtime says of its model, as the thread's own settings."""
    known = {"model": session.model, "model_provider": session.provider, "model_reasoning_effort": session.effort}
    return {key: value for key, value in known.items() if value}


def adoptables(reader: Reader, sessions: Sequence[OutsideSession], project: str | None = None) -> list[Adoptable]:
    """Every top-level session that the runtime has or that was imported, newest activity first; `project` is a path or its last part."""
    rows = {row["external_id"]: row for row in reader.rows("SELECT * FROM thread WHERE external_id IS NOT NULL")}
    projects = _Projects()
    found = [_adoptable(session, rows.pop(session.external_id, None), projects) for session in sessions if session.parent is None]
    found += [_only_history(row) for row in rows.values() if row["status"] == "history" and row["kind"] == "session"]
    if project is not None:
        wanted = str(Path(project).resolve()) if "/" in project or project == "." else None
        found = [each for each in found if each.project == wanted or (wanted is None and Path(each.project).name == project)]
    return sorted(found, key=lambda each: each.last_activity_at, reverse=True)


def named(reader: Reader, sessions: Sequence[OutsideSession], ref: str) -> str:
    """The id of the session that `ref` names, by its id or by its name in the runtime. Refusals: unknown_session, ambiguous_session."""
    if ID.fullmatch(ref):
        return ref
    wanted = ref.strip().casefold()
    every = adoptables(reader, sessions)
    found = [each for each in every if (each.name or "").strip().casefold() == wanted]
    found = found or [each for each in every if wanted in (each.title.strip().casefold(), each.handle) and each.where != "on the desk"]
    if not found:
        raise Refusal("unknown_session", f"there is no session {one_line(ref, 80)!r}; `codex-desk adopt --list` names them")
    if len(found) > 1:
        names = ", ".join(f"{each.id} ({each.cwd})" for each in found[:8])
        raise Refusal("ambiguous_session", f"{one_line(ref, 80)!r} is more than one session: {names}. Give the id")
    return found[0].id


class _Projects:
    """The projects of folders, each looked up once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, cwd: str) -> str:
        if cwd not in self._known:
            self._known[cwd] = str(project_of(Path(cwd)))
        return self._known[cwd]


def _adoptable(session: OutsideSession, row: Any | None, projects: _Projects) -> Adoptable:
    on_desk = row is not None and row["status"] != "history"
    return Adoptable(
        id=session.external_id,
        name=session.name,
        title=session.title,
        cwd=session.cwd,
        project=projects.of(session.cwd),
        model=session.model,
        provider=session.provider,
        created_at=session.created_at,
        last_activity_at=session.last_activity_at,
        where="on the desk" if on_desk else "in Codex",
        handle=row["handle"] if on_desk and row is not None else slug(session.title) or "agent",
        thread_id=None if row is None else row["id"],
    )


def _only_history(row: Any) -> Adoptable:
    return Adoptable(
        id=row["external_id"],
        name=None,
        title=row["title"],
        cwd=row["cwd"],
        project=row["project"],
        model=json.loads(row["settings"] or "{}").get("model"),
        provider=None,
        created_at=datetime.fromisoformat(row["created_at"]),
        last_activity_at=datetime.fromisoformat(row["last_activity_at"]),
        where="history only",
        handle=slug(row["title"]) or "agent",
        thread_id=row["id"],
    )
