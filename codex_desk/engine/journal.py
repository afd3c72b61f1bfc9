"""The journal: items, audit events and state in one transaction, and what subscribers hear of it.

Every item, every audit event and every touched row takes the next number of one desk-wide `seq` inside its write transaction: that is the one order
of the desk. The audit is a hash chain over the hashes of bodies, so a body can be redacted and the chain still verifies.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar

from sqlalchemy import Connection
from sqlmodel import SQLModel

from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import ApprovalChanged, Audited, Event, ItemAdded, ItemChanged, MessageChanged, ThreadChanged, TurnChanged
from codex_desk.engine.identity import By
from codex_desk.engine.limits import Limits
from codex_desk.engine.rows import item_view
from codex_desk.engine.views import ItemView, Origin
from codex_desk.frozen import frozen
from codex_desk.rights import Rights
from codex_desk.store.glance import ITEM_COLUMNS
from codex_desk.store.mapping import mapping_of, storable
from codex_desk.store.tables import Approval, Lease, Message, Thread, Turn, moment_text
from codex_desk.text import one_line

M = TypeVar("M", bound=SQLModel)

INSERT_ITEM = "INSERT INTO item (seq, thread_id, turn_id, kind, origin, text, data, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_AUDIT = (
    "INSERT INTO audit_event (seq, kind, origin, thread_id, peer_id, at, body_hash, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_BODY = "INSERT INTO audit_body (seq, text, redacted) VALUES (?, ?, 0)"
INSERT_SEGMENT = "INSERT INTO segment (thread_id, turn_id, kind, live, content, made_at) VALUES (?, ?, ?, 1, ?, ?)"
TOUCH_THREAD = (
    "UPDATE thread SET last_line = coalesce(?, last_line), last_activity_at = coalesce(?, last_activity_at), changed = ? WHERE id = ?"
)
UPDATE_HEAD = "UPDATE head SET next_seq = ?, audit_hash = ?, audit_count = ?"

LINE = 200
"""Characters of its latest item that a thread's row shows."""

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@frozen
class Rules:
    """The desk-wide settings that actions look at, resolved before a transaction begins."""

    max_attach_depth: int = 3
    close_agent_on_attached: str = "reject"
    limits: Limits = Limits()
    """What a chain may use up."""


@frozen
class End:
    """One end of an event: whose it is, and the line that stands in its transcript."""

    thread_id: str
    text: str
    kind: str = "notice"
    turn_id: str | None = None
    record: str | None = None
    """What the audit says, where that is not the line itself: a body stands once in a transcript, and the audit names it."""
    quiet: bool = False
    """Another line of this transcript tells it as well."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What its line says beside what both say."""

    @property
    def told(self) -> str:
        return self.text if self.record is None else self.record


@dataclass(slots=True)
class _Buffers:
    items: list[tuple[Any, ...]] = field(default_factory=list)
    audits: list[tuple[Any, ...]] = field(default_factory=list)
    bodies: list[tuple[int, str]] = field(default_factory=list)
    segments: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


class Tx:
    """One open write transaction, as actions see it."""

    def __init__(
        self,
        connection: Connection,
        rules: Callable[[], Rules],
        own_rights: Callable[[Thread], Rights],
        learned: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.connection = connection
        self.now = datetime.now(UTC)
        self._rules = rules
        self._ruled: Rules | None = None
        self.own_rights = own_rights
        self._learned = learned
        self._heard_first: Sequence[Event] = ()
        self._driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
        row = self._driver.execute("SELECT next_seq, audit_hash, audit_count FROM head").fetchone()
        self._next, self._hash, self._count = int(row[0]), str(row[1]), int(row[2])
        self._buffers = _Buffers()
        self._lines: dict[str, tuple[str | None, int, str | None]] = {}
        """The last line of each thread (None: the one that it has), its seq, and when the thread did something; None where only something was done to it."""
        self._fences: dict[str, tuple[str | None, int]] = {}
        self._moment = moment_text(self.now)

    @property
    def rules(self) -> Rules:
        """The desk-wide settings as they were when this transaction first asked."""
        if self._ruled is None:
            self._ruled = self._rules()
        return self._ruled

    # --- rows -------------------------------------------------------------------------------------------------------------------------------

    def get(self, model: type[M], key: object) -> M | None:
        """The row with this primary key."""
        mapping = mapping_of(model)
        row = self._driver.execute(mapping.get_sql(), (key,)).fetchone()
        return None if row is None else mapping.hydrate(row)

    def find(self, model: type[M], clause: str, *values: object) -> list[M]:
        """The rows for which an SQL clause holds. `clause` is the engine's own text; what varies goes in `values`."""
        mapping = mapping_of(model)
        rows = self._driver.execute(f'SELECT {mapping.selected} FROM "{mapping.table}" WHERE {clause}', values)
        return [mapping.hydrate(row) for row in rows]

    def first(self, model: type[M], clause: str, *values: object) -> M | None:
        """The first of the rows that `find` gives."""
        mapping = mapping_of(model)
        row = self._driver.execute(f'SELECT {mapping.selected} FROM "{mapping.table}" WHERE {clause} LIMIT 1', values).fetchone()
        return None if row is None else mapping.hydrate(row)

    def insert(self, row: M) -> M:
        """Insert a row; its generated key is set on it."""
        mapping = mapping_of(type(row))
        if mapping.has_changed:
            row.changed = self.take_seq()  # type: ignore[attr-defined]
        with_key = getattr(row, mapping.key) is not None
        cursor = self._driver.execute(*mapping.insert(row, with_key=with_key))
        if not with_key:
            setattr(row, mapping.key, cursor.lastrowid)
        self._heard(row)
        return row

    def update(self, row: M, **values: Any) -> M:
        """Change a row, here and in the store."""
        mapping = mapping_of(type(row))
        if mapping.has_changed:
            values["changed"] = self.take_seq()
        for name, value in values.items():
            setattr(row, name, value)
        self._driver.execute(*mapping.update(tuple(values), row))
        self._heard(row)
        return row

    def delete(self, row: SQLModel) -> None:
        mapping = mapping_of(type(row))
        self._driver.execute(f'DELETE FROM "{mapping.table}" WHERE "{mapping.key}" = ?', (getattr(row, mapping.key),))

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows by position, for questions that are asked outside of transactions too."""
        return self._driver.execute(statement, tuple(values)).fetchall()

    def thread(self, thread_id: str) -> Thread:
        """The thread, or a refusal that says there is none."""
        thread = self.get(Thread, thread_id)
        if thread is None:
            raise _no_thread(thread_id)
        return thread

    def name(self, thread_id: str) -> str:
        """How people call a thread."""
        row = self._driver.execute("SELECT handle, title FROM thread WHERE id = ?", (thread_id,)).fetchone()
        if row is None:
            raise _no_thread(thread_id)
        return row[0] or row[1] or thread_id

    def _heard(self, row: SQLModel) -> None:
        match row:
            case Thread():
                self._buffers.events.append(ThreadChanged(row.id))
            case Turn():
                self._buffers.events.append(TurnChanged(row.thread_id, row.id, row.state))
            case Message():
                self._buffers.events.append(MessageChanged(row.id or 0, row.to_id, row.from_id, row.state))
            case Approval():
                self._buffers.events.append(ApprovalChanged(row.id, row.thread_id, row.state))
            case _:
                return

    # --- the fence --------------------------------------------------------------------------------------------------------------------------

    def check_fence(self, thread_id: str, host_id: str, fence: int) -> None:
        """Refuse the write of a turn whose thread has gone to another process."""
        held = self._fences.get(thread_id)
        if held is None:
            row = self._driver.execute("SELECT host_id, fence FROM lease WHERE thread_id = ?", (thread_id,)).fetchone()
            held = (None, 0) if row is None else (row[0], int(row[1]))
            self._fences[thread_id] = held
        if held != (host_id, fence):
            raise Refusal("lost_lease", "another process has taken this thread over; what this one still wrote was not kept")

    def lease(self, thread_id: str) -> Lease:
        """The thread's lease row; made if it is the first."""
        row = self.get(Lease, thread_id)
        return row if row is not None else self.insert(Lease(thread_id=thread_id, host_id=None, fence=0))

    def set_lease(self, lease: Lease, host_id: str | None, fence: int) -> None:
        self.update(lease, host_id=host_id, fence=fence)
        self._fences[lease.thread_id] = (host_id, fence)

    # --- lines ------------------------------------------------------------------------------------------------------------------------------

    def take_seq(self) -> int:
        """The next number of the desk."""
        seq = self._next
        self._next = seq + 1
        return seq

    def take_seqs(self, count: int) -> int:
        """The first of as many following numbers, for rows that are written many at a time."""
        first = self._next
        self._next = first + count
        return first

    @property
    def driver(self) -> sqlite3.Connection:
        """The connection itself, for what is written many rows at a time."""
        return self._driver

    def tell(self, event: Event) -> None:
        """Have subscribers hear an event once this is committed."""
        self._buffers.events.append(event)

    def item(
        self,
        thread_id: str,
        kind: str,
        text: str,
        origin: Origin,
        *,
        turn_id: str | None = None,
        data: Mapping[str, Any] | None = None,
        step: bool = False,
        at: datetime | None = None,
    ) -> int:
        """Write an item; returns its seq. A `step` of a running turn leaves the thread's row alone: the turn's end brings that up to date. `at`: when
        it was, for something that is only recorded now."""
        seq, text = self.take_seq(), storable(text)
        payload = dict(data) if data else {}
        buffers = self._buffers
        moment = self._moment if at is None else moment_text(at)
        buffers.items.append((seq, thread_id, turn_id, kind, origin, text, storable(_ENCODE(payload)), moment))
        buffers.events.append(ItemAdded(ItemView(seq, thread_id, kind, text, origin, at or self.now, turn_id, payload)))
        if not step:
            # What the human does to a thread, such as attaching it, is nothing that happened in it.
            acted = None if (kind, origin) == ("notice", "human") else self._moment
            before, _, acted_before = self._lines.get(thread_id, (None, 0, None))
            # What only keeps the books, such as that an answer was returned, must not hide the answer.
            line = before if payload.get("quiet") or payload.get("aside") else text[:LINE]
            self._lines[thread_id] = (line, seq, acted or acted_before)
        return seq

    def show_last(self, thread_id: str, text: str) -> None:
        """Let a thread's row show this text, whatever lines of this transaction came after it."""
        _, seq, acted = self._lines.get(thread_id, ("", 0, None))
        self._lines[thread_id] = (text[:LINE], seq or self.take_seq(), acted or self._moment)

    def segment(self, thread_id: str, turn_id: str | None, content: bytes, kind: str = "turn") -> None:
        """Append a live chunk to the history that the model reads."""
        self._buffers.segments.append((thread_id, turn_id, kind, content, self._moment))

    def flush_segments(self) -> None:
        """Write the chunks that were appended, before one that is inserted as a row."""
        self._driver.executemany(INSERT_SEGMENT, self._buffers.segments)
        self._buffers.segments.clear()

    def audit(self, kind: str, origin: Origin, thread_id: str, text: str, peer_id: str | None = None) -> int:
        """Add one end of an event to the chain; returns its seq."""
        seq, text = self.take_seq(), storable(text)
        body = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        digest = link_hash(self._hash, seq, kind, origin, thread_id, peer_id, self._moment, body)
        self._buffers.audits.append((seq, kind, origin, thread_id, peer_id, self._moment, body, self._hash, digest))
        self._buffers.bodies.append((seq, text))
        self._buffers.events.append(Audited(seq))
        self._hash = digest
        self._count += 1
        return seq

    def crossing(
        self, kind: str, origin: Origin, here: End, there: End | None, *, data: Mapping[str, Any] | None = None
    ) -> tuple[int, int | None]:
        """An event between two threads: a line in each, one audit row per end. With `there` None it is an event of one thread alone.
        Returns the seqs of the two lines."""
        base = {"event": kind, **(data or {})}
        if there is None:
            self.audit(kind, origin, here.thread_id, here.told)
            return self.item(here.thread_id, here.kind, here.text, origin, turn_id=here.turn_id, data=base), None
        seqs: list[int] = []
        for end, peer in ((here, there), (there, here)):
            line = (
                base
                | {"peer": self.name(peer.thread_id), "peer_id": peer.thread_id}
                | ({"quiet": True} if end.quiet else {})
                | dict(end.data)
            )
            seqs.append(self.item(end.thread_id, end.kind, end.text, origin, turn_id=end.turn_id, data=line))
            self.audit(kind, origin, end.thread_id, end.told, peer.thread_id)
        return seqs[0], seqs[1]

    def redacted(self, seq: int) -> None:
        """Tell subscribers that an item's body is gone."""
        row = self.connection.exec_driver_sql(f"SELECT {ITEM_COLUMNS} FROM item WHERE seq = ?", (seq,)).mappings().one()
        self._buffers.events.append(ItemChanged(item_view(row)))  # type: ignore[arg-type]

    # --- the writer's side (store.writer.Unit) ----------------------------------------------------------------------------------------------

    def mark(self) -> object:
        buffers = self._buffers
        sizes = (len(buffers.items), len(buffers.audits), len(buffers.bodies), len(buffers.segments), len(buffers.events))
        return sizes, self._next, self._hash, self._count, dict(self._lines)

    def rewind(self, mark: object) -> None:
        sizes, self._next, self._hash, self._count, self._lines = mark  # type: ignore[misc]
        buffers = self._buffers
        lists = (buffers.items, buffers.audits, buffers.bodies, buffers.segments, buffers.events)
        for entries, size in zip(lists, sizes, strict=True):
            del entries[size:]

    def flush(self) -> None:
        run, buffers = self._driver.executemany, self._buffers
        if self._lines:
            run(
                TOUCH_THREAD,
                [
                    (None if line is None else one_line(line, LINE), acted, seq, thread_id)
                    for thread_id, (line, seq, acted) in self._lines.items()
                ],
            )
            buffers.events.extend(ThreadChanged(thread_id) for thread_id in self._lines)
        for statement, rows in (
            (INSERT_ITEM, buffers.items),
            (INSERT_AUDIT, buffers.audits),
            (INSERT_BODY, buffers.bodies),
            (INSERT_SEGMENT, buffers.segments),
        ):
            if rows:
                run(statement, rows)
        self._driver.execute(UPDATE_HEAD, (self._next, self._hash, self._count))

    def committed(self) -> Sequence[Event]:
        """What this transaction tells subscribers: each line in order, and each changed row once, behind the lines."""
        self._learned(self._next)
        lines = [event for event in self._buffers.events if isinstance(event, ItemAdded | ItemChanged)]
        rows = dict.fromkeys(event for event in self._buffers.events if not isinstance(event, ItemAdded | ItemChanged))
        return [*self._heard_first, *lines, *rows]

    def hear(self, events: Sequence[Event]) -> None:
        """What other processes committed before this transaction: subscribers hear it first."""
        self._heard_first = events

    @property
    def next_seq(self) -> int:
        return self._next


def _no_thread(thread_id: str) -> Refusal:
    return Refusal("unknown_thread", f"there is no thread {thread_id}")


def link_hash(prev: str, seq: int, kind: str, origin: str, thread_id: str, peer_id: str | None, at: str, body_hash: str) -> str:
    """The chain's hash of one audit row: SHA-256 over the row before and every column but the text, whose own hash stands for it."""
    return hashlib.sha256(_ENCODE([prev, seq, kind, origin, thread_id, peer_id, at, body_hash]).encode()).hexdigest()


class Action:
    """Base of what a person, an agent, a schedule or another process can do: a frozen dataclass that performs itself in a transaction.

    `verb` is looked up in `permissions`; `subject` is the thread it is done to, from which the relation to the actor follows."""

    verb: ClassVar[str]

    def subject(self) -> str | None:
        return None

    def perform(self, tx: Tx, by: By) -> Any:
        raise TypeError(f"{type(self).__name__} does not say what it does")
