"""Commands that the human typed in a thread's folder (`!make test`), on record: items of the human's, which the thread's model reads at the start
of its next turn, in an envelope, whichever process runs that."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from codex_desk.engine import envelope
from codex_desk.engine.errors import Refusal
from codex_desk.engine.identity import By
from codex_desk.engine.journal import Action, Tx
from codex_desk.frozen import frozen
from codex_desk.store.tables import Meta, Segment, Turn

TOLD = 100_000
"""Characters of output that one turn is told; of older commands it is told only that they ran."""


@frozen
class Ran:
    """How a command ended."""

    command: str
    cwd: str
    exit_code: int
    duration_ms: int
    output: str
    note: str = ""
    """What the exit code does not say."""


@frozen
class StartShell(Action):
    """Ask whether the human may run a command in this thread's folder now."""

    thread: str
    verb: ClassVar[str] = "shell"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> Path:
        """Returns the folder. Refusals: archived."""
        thread = tx.thread(self.thread)
        if thread.archived_at is not None:
            raise Refusal("archived", f"{thread.handle} is archived; unarchive it first")
        return Path(thread.cwd)


@frozen
class RecordShell(Action):
    """Put an ended command on record; the next turn's model is told of it."""

    thread: str
    key: str
    ran: Ran
    verb: ClassVar[str] = "shell"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> int:
        """Returns the item's seq."""
        ran = self.ran
        data: dict[str, Any] = {
            "key": self.key,
            "command": ran.command,
            "cwd": ran.cwd,
            "exit_code": ran.exit_code,
            "duration_ms": ran.duration_ms,
            "sandbox": "none",
            "output": ran.output,
        }
        if ran.note:
            data["note"] = ran.note
        seq = tx.item(self.thread, "command", ran.command, by.origin, data=data)
        told = _Told.of(tx, self.thread)
        told.waiting.append(seq)
        told.keep(tx)
        return seq


def take_notes(tx: Tx, thread_id: str, turn_id: str) -> tuple[str, ...]:
    """What a beginning turn is to be told first: the commands that the human has run since the last turn that could read of them."""
    told = _Told.of(tx, thread_id)
    if not told.waiting and not told.taken:
        return ()
    # A turn that ended before its first step has read nothing: what it took is for the next one.
    read = not told.taken or has_read(tx, thread_id, told.turn)
    wanted = told.waiting if read else [*told.taken, *told.waiting]
    _Told(thread_id, [], turn_id if wanted else "", wanted).keep(tx)
    return (note(tx, wanted),) if wanted else ()


def has_read(tx: Tx, thread_id: str, turn_id: str) -> bool:
    """Whether a turn took in what it was given: it left history here, or its runtime, which keeps that itself, has begun it."""
    if tx.first(Segment, "thread_id = ? AND turn_id = ?", thread_id, turn_id) is not None:
        return True
    turn = tx.get(Turn, turn_id)
    return turn is not None and turn.settings.get("external_id") is not None


def note(tx: Tx, seqs: list[int]) -> str:
    """Commands as the model reads them. A body that has been redacted since is read as it is now."""
    parts: list[envelope.Part] = []
    room = TOLD
    for seq in reversed(seqs):
        row = tx.connection.exec_driver_sql("SELECT text, data FROM item WHERE seq = ?", (seq,)).one()
        data = json.loads(row[1])
        output = str(data.get("output") or "")
        room -= len(output)
        shown = output if room >= 0 or not parts else "(its output is left out here; it stands in the transcript)"
        how = ", ".join(part for part in (f"exit code {data.get('exit_code')}", str(data.get("note") or "")) if part)
        parts.append(envelope.Part(f"In {data.get('cwd')}, {how}:", f"$ {row[0]}\n{shown}".rstrip("\n")))
    return envelope.from_shell(parts[::-1])


@dataclass(slots=True)
class _Told:
    """Which records the model of a thread has not read yet; kept as one small fact of the desk."""

    thread_id: str
    waiting: list[int] = field(default_factory=list)
    """Seqs of items."""
    turn: str = ""
    taken: list[int] = field(default_factory=list)
    """What the last turn that began was given."""

    @classmethod
    def of(cls, tx: Tx, thread_id: str) -> _Told:
        row = tx.get(Meta, _key(thread_id))
        return cls(thread_id) if row is None else cls(thread_id, *json.loads(row.value))

    def keep(self, tx: Tx) -> None:
        row = tx.get(Meta, _key(self.thread_id))
        if not self.waiting and not self.taken:
            if row is not None:
                tx.delete(row)
            return
        value = json.dumps([self.waiting, self.turn, self.taken])
        if row is None:
            tx.insert(Meta(key=_key(self.thread_id), value=value))
        else:
            tx.update(row, value=value)


def _key(thread_id: str) -> str:
    return f"shell:{thread_id}"
