"""A session's own life: made, renamed, set, forked; folders that the human trusts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, ClassVar

from codex_desk.engine.errors import Refusal
from codex_desk.engine.identity import By, new_id
from codex_desk.engine.journal import Action, End, Tx
from codex_desk.frozen import frozen
from codex_desk.store.tables import Segment, Thread, TrustedFolder
from codex_desk.text import one_line

HANDLE = re.compile(r"[a-z][a-z0-9-]{0,39}")


@frozen
class Folder:
    """A session's home as it is on disk."""

    cwd: Path
    project: Path
    device: int
    inode: int


@frozen
class New(Action):
    """Make a session. `folder` and `runtime` are filled in by the desk, which looks at the disk and the settings before the transaction."""

    handle: str
    cwd: Path
    add_dirs: tuple[Path, ...] = ()
    runtime: str | None = None
    model: str | None = None
    profile: str | None = None
    role: str | None = None
    title: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    folder: Folder | None = None
    verb: ClassVar[str] = "new"

    def perform(self, tx: Tx, by: By) -> str:
        """Returns the thread's id. Refusals: bad_handle, handle_taken, no_folder."""
        folder = self.folder
        if folder is None or self.runtime is None:
            raise Refusal("no_folder", f"{self.cwd} is not a folder that can be read")
        free_handle(tx, self.handle, str(folder.project))
        settings = dict(self.settings)
        if self.model is not None:
            settings["model"] = self.model
        if self.profile is not None:
            settings["profile"] = self.profile
        if self.add_dirs:
            settings["sandbox_workspace_write.writable_roots"] = [str(each) for each in self.add_dirs]
        thread = tx.insert(
            Thread(
                id=new_id(),
                handle=self.handle,
                project=str(folder.project),
                title=self.title,
                cwd=str(folder.cwd),
                cwd_device=folder.device,
                cwd_inode=folder.inode,
                runtime=self.runtime,
                settings=settings,
                created_at=tx.now,
                last_activity_at=tx.now,
            )
        )
        tx.audit("created", by.origin, thread.id, f"{self.handle} made in {folder.cwd}")
        return thread.id


@frozen
class Rename(Action):
    thread: str
    handle: str
    verb: ClassVar[str] = "rename"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> str:
        thread = tx.thread(self.thread)
        if self.handle == thread.handle:
            return thread.id
        free_handle(tx, self.handle, thread.project)
        old = thread.handle
        tx.update(thread, handle=self.handle)
        tx.crossing("renamed", by.origin, End(thread.id, f"renamed from {old} to {self.handle}"), None)
        return thread.id


@frozen
class Set(Action):
    """Set one of a thread's own settings; an empty value takes it back. The desk reads the text of `value` by the settings model beforehand."""

    thread: str
    key: str
    value: Any
    verb: ClassVar[str] = "set"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> str:
        thread = tx.thread(self.thread)
        if self.key == "runtime":
            tx.update(thread, runtime=self.value)
        else:
            settings = {key: value for key, value in thread.settings.items() if key != self.key}
            tx.update(thread, settings=settings if self.value is None else settings | {self.key: self.value})
        told = "taken back" if self.value is None else f"set to {self.value}"
        tx.item(thread.id, "notice", f"{self.key} {told}", by.origin, data={"event": "set"})
        return thread.id


@frozen
class TakeRole(Action):
    """Give a session what a role sets, as settings of its own; its runtime, folder and history stay. The desk looks the role up beforehand."""

    thread: str
    role: str
    settings: Mapping[str, Any]
    verb: ClassVar[str] = "set"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> str:
        thread = tx.thread(self.thread)
        tx.update(thread, settings={**thread.settings, **self.settings})
        told = ", ".join(f"{key} {one_line(str(value), 60)}" for key, value in self.settings.items()) or "nothing of its own"
        tx.item(thread.id, "notice", f"takes the role {self.role}: {told}", by.origin, data={"event": "set"})
        return thread.id


@frozen
class Fork(Action):
    """A new session with this one's history and settings; never its attachments, automations or grants."""

    thread: str
    handle: str
    verb: ClassVar[str] = "fork"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> str:
        old = tx.thread(self.thread)
        free_handle(tx, self.handle, old.project)
        values = old.model_dump() | {
            "id": new_id(),
            "handle": self.handle,
            "kind": "session",
            "status": "idle",
            "reason": None,
            "created_at": tx.now,
            "last_activity_at": tx.now,
            "archived_at": None,
            "archived_with": None,
            "spawned_by": None,
            "external_id": None,
            "forked_from": old.id,
            "held": False,
        }
        fork = tx.insert(Thread(**values))
        for segment in tx.find(Segment, "thread_id = ? AND live = 1 ORDER BY id", old.id):
            tx.segment(fork.id, None, segment.content, segment.kind)
        tx.audit("created", by.origin, fork.id, f"{self.handle} forked from {old.handle}")
        tx.item(
            fork.id,
            "notice",
            f"forked from {old.handle}; its conversation so far is this one's history",
            by.origin,
            data={"event": "created"},
        )
        return fork.id


@frozen
class Note(Action):
    """A line of the engine's own in a thread's transcript."""

    thread: str
    text: str
    verb: ClassVar[str] = "noted"

    def perform(self, tx: Tx, by: By) -> None:
        tx.item(self.thread, "notice", self.text, "system", data={"event": "note"})


@frozen
class SetMeta(Action):
    """Remember a small fact of the desk, such as the thread that was last open."""

    key: str
    value: str
    verb: ClassVar[str] = "note"

    def perform(self, tx: Tx, by: By) -> None:
        tx.connection.exec_driver_sql(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (self.key, self.value)
        )


@frozen
class Trust(Action):
    """Say once that a folder's own settings and roles may count, or take that back. Returns whether it is trusted now."""

    folder: Path
    revoke: bool = False
    verb: ClassVar[str] = "trust"

    def perform(self, tx: Tx, by: By) -> bool:
        row = tx.get(TrustedFolder, str(self.folder))
        if self.revoke and row is not None:
            tx.delete(row)
        if not self.revoke and row is None:
            tx.insert(TrustedFolder(path=str(self.folder), trusted_at=tx.now))
        return not self.revoke


def free_handle(tx: Tx, handle: str, project: str) -> None:
    """Refuse a handle that is no handle, or is taken in its project, archived sessions included."""
    if HANDLE.fullmatch(handle) is None:
        raise Refusal("bad_handle", f"{handle!r} is no handle: a lower-case letter, then up to 39 lower-case letters, digits or -")
    taken = tx.first(Thread, "project = ? AND handle = ?", project, handle)
    if taken is not None:
        state = "an archived session" if taken.archived_at is not None else "a session"
        raise Refusal("handle_taken", f"{handle} is already {state} of {project}; take another handle")
