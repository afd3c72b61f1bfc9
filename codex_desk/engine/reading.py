"""The read models: questions to the store, answered from its committed state."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from codex_desk.engine.errors import Refusal
from codex_desk.engine.rows import item_view, maybe, moment, thread_view
from codex_desk.engine.views import ApprovalView, AttachmentView, AuditView, GrantView, ItemView, MessageView, ThreadView, Used
from codex_desk.frozen import frozen
from codex_desk.paths import project_of
from codex_desk.store.database import Database
from codex_desk.store.errors import explain
from codex_desk.store.glance import ITEM_COLUMNS, LIVE_SESSIONS, THREAD_COLUMNS, THREAD_FROM
from codex_desk.store.mapping import M, mapping_of

LONGEST_CHAIN = 200
"""Threads that one may begin behind, one behind the other; a statement has room for as many."""

MESSAGE = """SELECT m.*, f.handle AS sender, t.handle AS target FROM message m JOIN thread t ON t.id = m.to_id LEFT JOIN thread f ON f.id = m.from_id"""
AUDIT = """SELECT e.seq, e.kind, e.origin, e.thread_id, e.at, e.hash, b.text, t.handle AS thread, p.handle AS peer
    FROM audit_event e JOIN audit_body b ON b.seq = e.seq JOIN thread t ON t.id = e.thread_id LEFT JOIN thread p ON p.id = e.peer_id"""


@frozen
class WaitView:
    """Somebody waits."""

    thread_id: str
    thread: str
    messages: tuple[int, ...]
    agents: tuple[str, ...]
    """Handles of those waited for."""
    mode: str
    since: datetime
    deadline: datetime


class Reader:
    """Reads with connections of its own; every call sees one committed state."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Rows as mappings by column name. Raises `StoreError`."""
        try:
            return self._database.reading().execute(statement, tuple(values)).fetchall()
        except sqlite3.DatabaseError as error:
            raise explain(error, str(self._database.path)) from error

    def row(self, statement: str, values: Sequence[Any] = ()) -> Any | None:
        found = self.rows(statement, values)
        return found[0] if found else None

    def row_of(self, model: type[M], key: object) -> M:
        """A row as its table's object, for what the engine needs beside the read models. Raises `LookupError`."""
        mapping = mapping_of(model)
        row = self.row(mapping.get_sql(), (key,))
        if row is None:
            raise LookupError(f"no {mapping.table} {key}")
        return mapping.hydrate(row)

    def has_queued(self, thread_id: str, *, aside: bool = False) -> bool:
        """Whether a message waits to be run; `aside`: one that runs also while the human has the hand."""
        kind = " AND kind = 'summary'" if aside else ""
        return self.row(f"SELECT 1 FROM message WHERE to_id = ? AND state = 'queued'{kind} LIMIT 1", (thread_id,)) is not None

    # --- threads ----------------------------------------------------------------------------------------------------------------------------

    def thread(self, thread_id: str) -> ThreadView:
        row = self.row(f"SELECT {THREAD_COLUMNS} {THREAD_FROM} WHERE t.id = ?", (thread_id,))
        if row is None:
            raise Refusal("unknown_thread", f"there is no thread {thread_id}")
        return thread_view(row)

    def threads(self, *, everything: bool = False, history: bool = True) -> list[ThreadView]:
        """Newest activity first: live sessions, or with `everything` also subagents, archived ones and, unless that is not wanted, history."""
        where = LIVE_SESSIONS if not everything else "1" if history else "t.status != 'history'"
        return [
            thread_view(row) for row in self.rows(f"SELECT {THREAD_COLUMNS} {THREAD_FROM} WHERE {where} ORDER BY t.last_activity_at DESC")
        ]

    def living(self) -> list[ThreadView]:
        """Live sessions and subagents, newest activity first; however much history there is, it costs nothing."""
        where = "t.archived_at IS NULL AND t.status != 'history'"
        return [
            thread_view(row) for row in self.rows(f"SELECT {THREAD_COLUMNS} {THREAD_FROM} WHERE {where} ORDER BY t.last_activity_at DESC")
        ]

    def children(self, thread_id: str) -> list[ThreadView]:
        """The live children of a thread, attached and spawned, in the order they came; of history those that it spawned."""
        attached = "SELECT child_id FROM attachment WHERE parent_id = ? AND ended_at IS NULL"
        where = f"t.id IN ({attached} UNION SELECT id FROM thread WHERE spawned_by = ? AND archived_at IS NULL)"  # not OR, which looks at every thread
        where += " AND (t.status != 'history' OR (SELECT status FROM thread WHERE id = t.spawned_by) = 'history')"
        order = "coalesce(a.created_at, t.created_at)"
        return [
            thread_view(row)
            for row in self.rows(f"SELECT {THREAD_COLUMNS} {THREAD_FROM} WHERE {where} ORDER BY {order}", (thread_id, thread_id))
        ]

    def resolve(self, ref: str, cwd: Path | None = None) -> ThreadView:
        """The thread that `ref` names: an id, `project/handle`, `@handle` or `handle` (in the cwd's project, else unique on the desk)."""
        name = ref.removeprefix("@")
        by_id = self.rows("SELECT id FROM thread WHERE id = ?", (ref,))
        if by_id:
            return self.thread(ref)
        project, _, handle = name.rpartition("/")
        found = self.rows("SELECT id, project, archived_at FROM thread WHERE handle = ?", (handle,))
        if project:
            found = [row for row in found if row["project"] == project or Path(row["project"]).name == project]
        elif len(found) > 1 and cwd is not None:
            here = str(project_of(cwd))
            found = [row for row in found if row["project"] == here] or found
        if not found:
            raise Refusal("unknown_thread", f"there is no thread {ref}; `codex-desk list --all` names them")
        if len(found) > 1:
            names = ", ".join(f"{row['project']}/{handle}" for row in found)
            raise Refusal("ambiguous_thread", f"{ref} is more than one thread: {names}. Give project/handle or the id")
        return self.thread(found[0]["id"])

    def used(self, thread_id: str) -> Used:
        """What a thread's turns took so far."""
        row = self.row(
            "SELECT count(*) AS turns, coalesce(sum(input_tokens), 0) AS taken, coalesce(sum(output_tokens), 0) AS given FROM turn WHERE thread_id = ?",
            (thread_id,),
        )
        return Used() if row is None else Used(row["turns"], row["taken"], row["given"])

    # --- items ------------------------------------------------------------------------------------------------------------------------------

    def items(self, thread_id: str, *, before: int | None = None, after: int | None = None, limit: int = 200) -> list[ItemView]:
        """Items in ascending order: the newest, those before a seq, or those after one. A thread that begins behind another's items has those first."""
        begins = self._begins_behind(thread_id)
        if after is not None:
            rows = self._of_all(begins, "seq > ?", after, "seq", limit)
        else:
            rows = self._of_all(begins, "seq < ?", 1 << 62 if before is None else before, "seq DESC", limit)[::-1]
        return [item_view(row) if row["thread_id"] == thread_id else inherited(item_view(row)) for row in rows]

    def _begins_behind(self, thread_id: str) -> list[tuple[str, int]]:
        """The thread and those whose items come before its own, each with the last seq that counts."""
        found: dict[str, int] = {thread_id: 1 << 62}
        last = thread_id
        while (row := self.row("SELECT base_thread_id, base_seq FROM history WHERE thread_id = ?", (last,))) is not None:
            last = row["base_thread_id"]
            if last is None or last in found or len(found) == LONGEST_CHAIN:
                break
            found[last] = int(row["base_seq"] or 0)
        return list(found.items())

    def _of_all(self, threads: list[tuple[str, int]], where: str, bound: int, order: str, limit: int) -> list[Any]:
        """Items of several threads as one list. Their numbers are in order, since what a thread begins behind was written first."""
        one = f"SELECT {ITEM_COLUMNS} FROM item WHERE thread_id = ? AND seq <= ? AND {where} ORDER BY {order} LIMIT ?"
        if len(threads) == 1:
            return self.rows(one, (*threads[0], bound, limit))
        many = " UNION ALL ".join(f"SELECT * FROM ({one})" for _ in threads)
        values = [value for thread in threads for value in (*thread, bound, limit)]
        return self.rows(f"SELECT * FROM ({many}) ORDER BY {order} LIMIT ?", (*values, limit))

    def prompts(self, thread_id: str, *, before: int | None = None, limit: int = 50) -> list[tuple[int, str]]:
        """What the human wrote to a thread, as they typed it, by seq, ascending: the newest, or those before a seq."""
        rows = self.rows(
            "SELECT seq, kind, text FROM item WHERE thread_id = ? AND seq < ? AND (kind = 'user_message' OR kind = 'command' AND origin = 'human')"
            " ORDER BY seq DESC LIMIT ?",
            (thread_id, 1 << 62 if before is None else before, limit),
        )
        return [(row["seq"], f"!{row['text']}" if row["kind"] == "command" else row["text"]) for row in reversed(rows)]

    def item(self, seq: int) -> ItemView:
        row = self.row(f"SELECT {ITEM_COLUMNS} FROM item WHERE seq = ?", (seq,))
        if row is None:
            raise Refusal("unknown_item", f"there is no item item-{seq}")
        return item_view(row)

    def other_end(self, seq: int) -> ItemView | None:
        """The line in the other thread that was written with this one; None where it has none."""
        item = self.item(seq)
        peer = item.data.get("peer_id")
        if peer is None:
            return None
        event, message = item.data.get("event"), item.data.get("message")
        rows = self.rows(
            f"SELECT {ITEM_COLUMNS} FROM item WHERE thread_id = ? AND seq BETWEEN ? AND ? ORDER BY abs(seq - ?)",
            (peer, seq - 4, seq + 4, seq),
        )
        for row in rows:
            view = item_view(row)
            if view.data.get("event") == event and view.data.get("message") == message and view.data.get("peer_id") == item.thread_id:
                return view
        return None

    # --- messages ---------------------------------------------------------------------------------------------------------------------------

    def message(self, number: int) -> MessageView:
        row = self.row(f"{MESSAGE} WHERE m.id = ?", (number,))
        if row is None:
            raise Refusal("unknown_message", f"there is no message #{number}")
        return message_view(row)

    def need_of(self, message: MessageView) -> str | None:
        """What of this message's way needs the human now."""
        if message.state == "held":
            return f"#{message.id} {message.reason}"
        thread = self.thread(message.to_id)
        if thread.held:
            return f"{thread.handle} was stopped by the user"
        return thread.reason if thread.status == "needs_human" else None

    def stands_still(self, message: MessageView) -> bool:
        """Whether nothing happens to it any more without the human: it is final, or waits in a thread that runs nothing until its need is seen to."""
        if message.final or message.state == "held":
            return True
        running = self.row("SELECT 1 FROM turn WHERE thread_id = ? AND state = 'running'", (message.to_id,))
        return running is None and self.need_of(message) is not None

    def queue(self, thread_id: str) -> list[MessageView]:
        """What waits for a thread, in the order it will run."""
        order = "ORDER BY m.delivery != 'interrupt', m.id"
        return [
            message_view(row) for row in self.rows(f"{MESSAGE} WHERE m.to_id = ? AND m.state IN ('queued', 'held') {order}", (thread_id,))
        ]

    def waits(self) -> list[WaitView]:
        views: list[WaitView] = []
        for row in self.rows("SELECT w.*, t.handle AS thread FROM wait w JOIN thread t ON t.id = w.thread_id ORDER BY w.since"):
            numbers = tuple(json.loads(row["messages"]))
            marks = ",".join("?" * len(numbers))
            names = self.rows(f"SELECT DISTINCT t.handle FROM message m JOIN thread t ON t.id = m.to_id WHERE m.id IN ({marks})", numbers)
            agents = tuple(each["handle"] for each in names)
            views.append(
                WaitView(row["thread_id"], row["thread"], numbers, agents, row["mode"], moment(row["since"]), moment(row["deadline"]))
            )
        return views

    # --- the rest ---------------------------------------------------------------------------------------------------------------------------

    def attachment(self, attachment_id: str) -> AttachmentView:
        row = self.row(
            "SELECT a.*, p.handle AS parent, c.handle AS child FROM attachment a JOIN thread p ON p.id = a.parent_id JOIN thread c ON c.id = a.child_id WHERE a.id = ?",
            (attachment_id,),
        )
        if row is None:
            raise Refusal("not_attached", f"there is no attachment {attachment_id}")
        return AttachmentView(
            id=row["id"],
            parent=row["parent"],
            child=row["child"],
            parent_id=row["parent_id"],
            child_id=row["child_id"],
            rights=row["rights"],
            wake=row["wake"],
            interrupt=bool(row["interrupt"]),
            created_at=moment(row["created_at"]),
            ended_at=maybe(row["ended_at"]),
            end_reason=row["end_reason"],
        )

    def approvals(self, *, pending: bool = True) -> list[ApprovalView]:
        """In the order they were asked."""
        where = "WHERE a.state = 'pending'" if pending else ""
        rows = self.rows(f"SELECT a.*, t.handle AS thread FROM approval a JOIN thread t ON t.id = a.thread_id {where} ORDER BY a.number")
        return [_approval(row) for row in rows]

    def decided(self, limit: int = 30) -> list[ApprovalView]:
        """Approvals that were answered or ran out, the latest first."""
        rows = self.rows(
            "SELECT a.*, t.handle AS thread FROM approval a JOIN thread t ON t.id = a.thread_id WHERE a.state != 'pending'"
            " ORDER BY a.decided_at DESC, a.number DESC LIMIT ?",
            (limit,),
        )
        return [_approval(row) for row in rows]

    def approval(self, approval_id: str) -> ApprovalView:
        row = self.row("SELECT a.*, t.handle AS thread FROM approval a JOIN thread t ON t.id = a.thread_id WHERE a.id = ?", (approval_id,))
        if row is None:
            raise Refusal("unknown_approval", f"there is no approval {approval_id}")
        return _approval(row)

    def grants(self) -> list[GrantView]:
        """The grants in force."""
        rows = self.rows(
            'SELECT g.*, t.handle AS thread FROM "grant" g LEFT JOIN thread t ON t.id = g.thread_id WHERE g.revoked_at IS NULL ORDER BY g.id'
        )
        return [
            GrantView(
                row["id"],
                row["scope"],
                tuple(json.loads(row["prefix"])),
                row["thread"],
                row["folder"],
                moment(row["created_at"]),
                row["thread_id"],
            )
            for row in rows
        ]

    def audit(self, thread_id: str | None = None, *, after: int = 0, limit: int | None = None) -> list[AuditView]:
        """Audit rows in order; with a limit, the newest ones."""
        where, values = "e.seq > ?", [after]
        if thread_id is not None:
            where, values = where + " AND e.thread_id = ?", [after, thread_id]
        order = "ORDER BY e.seq" if limit is None else "ORDER BY e.seq DESC LIMIT ?"
        rows = self.rows(f"{AUDIT} WHERE {where} {order}", values if limit is None else [*values, limit])
        return [audit_view(row) for row in (rows if limit is None else reversed(rows))]

    def trusted(self) -> list[tuple[str, datetime]]:
        return [(row["path"], moment(row["trusted_at"])) for row in self.rows("SELECT path, trusted_at FROM trusted_folder ORDER BY path")]

    def is_trusted(self, folder: Path) -> bool:
        """Whether the human has trusted this folder or one that it lies in."""
        paths = [str(folder), *(str(each) for each in folder.parents)]
        marks = ",".join("?" * len(paths))
        return bool(self.rows(f"SELECT 1 FROM trusted_folder WHERE path IN ({marks}) LIMIT 1", paths))

    def meta(self, key: str) -> str | None:
        row = self.row("SELECT value FROM meta WHERE key = ?", (key,))
        return None if row is None else str(row["value"])

    def metas(self, prefix: str) -> dict[str, str]:
        """The small facts whose keys begin so, by key."""
        found = self.rows("SELECT key, value FROM meta WHERE substr(key, 1, ?) = ?", (len(prefix), prefix))
        return {row["key"]: str(row["value"]) for row in found}


def inherited(item: ItemView) -> ItemView:
    """An item of the thread that this one begins behind, marked as such."""
    return replace(item, data={**item.data, "inherited": True})


def message_view(row: Any) -> MessageView:
    return MessageView(
        id=row["id"],
        to=row["target"],
        to_id=row["to_id"],
        origin=row["origin"],
        delivery=row["delivery"],
        state=row["state"],
        body=row["body"],
        created_at=moment(row["created_at"]),
        sender=row["sender"],
        sender_id=row["from_id"],
        turn_id=row["turn_id"],
        answer=row["answer"],
        reason=row["reason"],
        answered_at=maybe(row["answered_at"]),
        original=row["original"],
        started_at=maybe(row["started_at"]),
    )


def _approval(row: Any) -> ApprovalView:
    return ApprovalView(
        id=row["id"],
        thread=row["thread"],
        thread_id=row["thread_id"],
        turn_id=row["turn_id"],
        kind=row["kind"],
        text=row["text"],
        cwd=row["cwd"],
        why=row["why"],
        chain=tuple(json.loads(row["chain"])),
        state=row["state"],
        asked_at=moment(row["asked_at"]),
        scope=row["scope"],
        decided_at=maybe(row["decided_at"]),
        offers=tuple(json.loads(row["offers"] or "null") or ()),
        answer=row["answer"],
        reason=row["reason"],
        simple=row["command"] is not None and row["command"] != "null",
    )


def audit_view(row: Any) -> AuditView:
    """A row of `AUDIT`."""
    return AuditView(
        seq=row["seq"],
        kind=row["kind"],
        origin=row["origin"],
        thread=row["thread"],
        thread_id=row["thread_id"],
        peer=row["peer"],
        text=row["text"],
        at=moment(row["at"]),
        hash=row["hash"],
    )
