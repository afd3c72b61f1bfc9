"""The audit chain: checked from end to end, and redaction that leaves it whole."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from codex_desk.engine.errors import Refusal
from codex_desk.engine.identity import By
from codex_desk.engine.journal import Action, End, Tx, link_hash
from codex_desk.engine.reading import Reader
from codex_desk.frozen import frozen
from codex_desk.text import one_line

TOMBSTONE = "[redacted]"
SHORT = 8
"""A body shorter than this is removed from its item alone: it is no secret, and it may be a part of anything."""

QUOTED = 60
"""Characters at the start of a body by which a quotation of it, however much was cut, is known."""


@frozen
class Verification:
    verified: bool
    events: int
    head: str
    broken: int | None = None
    """The seq of the first row that was changed or removed."""
    reason: str | None = None


def verify(reader: Reader) -> Verification:
    """Walk the chain from its first row to its head, and every body that has not been redacted."""
    head = reader.row("SELECT audit_hash, audit_count FROM head")
    rows = reader.rows("SELECT e.*, b.text, b.redacted FROM audit_event e LEFT JOIN audit_body b ON b.seq = e.seq ORDER BY e.seq")
    previous, last = "", 0

    def broken(seq: int, reason: str) -> Verification:
        return Verification(False, len(rows), previous, seq, reason)

    for row in rows:
        if row["prev"] != previous:
            return broken(row["seq"], f"the row before {row['seq']} (after {last}) was removed or changed")
        expected = link_hash(
            previous, row["seq"], row["kind"], row["origin"], row["thread_id"], row["peer_id"], row["at"], row["body_hash"]
        )
        if row["hash"] != expected:
            return broken(row["seq"], f"row {row['seq']} was changed")
        if row["text"] is None:
            return broken(row["seq"], f"the text of row {row['seq']} was removed")
        if not row["redacted"] and hashlib.sha256(row["text"].encode("utf-8", "surrogatepass")).hexdigest() != row["body_hash"]:
            return broken(row["seq"], f"the text of row {row['seq']} was changed")
        previous, last = row["hash"], row["seq"]
    if head is None or (previous, len(rows)) != (head["audit_hash"], head["audit_count"]):
        return broken(last + 1, f"rows after {last} were removed")
    return Verification(True, len(rows), previous)


@frozen
class Redact(Action):
    """Remove an item's body from the store, the index and the audit's texts, and leave a tombstone. Returns the item's seq."""

    item: int
    verb: ClassVar[str] = "redact"

    def perform(self, tx: Tx, by: By) -> int:
        run = tx.connection.exec_driver_sql
        row = run("SELECT thread_id, text, data FROM item WHERE seq = ?", (self.item,)).first()
        if row is None:
            raise Refusal("unknown_item", f"there is no item item-{self.item}")
        thread_id, text, data = str(row[0]), str(row[1]), json.loads(row[2])
        if text == TOMBSTONE:
            return self.item
        for body in bodies_of(text, data):
            wash(run, body)
        run("UPDATE item SET text = ?, data = ? WHERE seq = ?", (TOMBSTONE, json.dumps(_blank(data), ensure_ascii=False), self.item))
        tx.redacted(self.item)
        tx.crossing("redacted", by.origin, End(thread_id, f"item-{self.item} redacted"), None)
        return self.item


BODIES = frozenset({"output", "result", "command", "arguments", "changes", "steps", "parts"})
"""What in an item's data is a body of its own: what a tool was given and what came out."""


def bodies_of(text: str, data: dict[str, Any]) -> list[str]:
    """The texts of an item that are long enough to be looked for elsewhere, the longest first."""
    found = {text, *(each for key in BODIES & data.keys() for each in _strings(data[key]))}
    return sorted((body for body in found if len(body) >= SHORT), key=len, reverse=True)


def _strings(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case list():
            return [text for each in value for text in _strings(each)]
        case dict():
            return [text for each in value.values() for text in _strings(each)]
        case _:
            return []


def _blank(data: dict[str, Any]) -> dict[str, Any]:
    """The item's data with a tombstone for each body."""

    def blank(value: Any) -> Any:
        match value:
            case str():
                return TOMBSTONE
            case list():
                return [blank(each) for each in value]
            case dict():
                return {key: each if key in ("kind", "origin") else blank(each) for key, each in value.items()}
            case _:
                return value

    return {key: blank(value) if key in BODIES else value for key, value in data.items()}


TEXTS = (
    ("item", "seq", "text"),
    ("message", "id", "body"),
    ("message", "id", "original"),
    ("message", "id", "answer"),
    ("message", "id", "reason"),
    ("approval", "number", "text"),
    ("thread", "id", "title"),
    ("thread", "id", "last_line"),
    ("thread", "id", "reason"),
    ("history", "thread_id", "name"),
    ("history", "thread_id", "answer"),
    ("turn", "id", "reason"),
    ("fold", "id", "text"),
)


def wash(run: Callable[..., Any], body: str) -> None:
    """Replace a body wherever the database holds it, quoted on one line included. `run` executes a statement with its values."""
    probe = body.split(maxsplit=1)[0][:40] if body.strip() else body
    there = {
        name for (name,) in run("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    }  # a backup may be older than a table
    for table, key, column in TEXTS:
        if table not in there:
            continue
        for number, text in run(f"SELECT {key}, {column} FROM {table} WHERE instr({column}, ?) > 0", (probe,)).fetchall():
            washed = _washed(text, body)
            if washed != text:
                run(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (washed, number))
    for number, text in run("SELECT seq, text FROM audit_body WHERE redacted = 0 AND instr(text, ?) > 0", (probe,)).fetchall():
        if _washed(text, body) != text:
            run("UPDATE audit_body SET text = ?, redacted = 1 WHERE seq = ?", (TOMBSTONE, number))
    if "board_entry" in there:  # its text alone may go, and leaves a mark that it went
        for number, text, paths in run("SELECT id, text, paths FROM board_entry WHERE instr(text, ?) > 0", (probe,)).fetchall():
            washed = _washed(text, body)
            if washed != text:
                kept = paths if paths is None else json.dumps([_washed(path, body) for path in json.loads(paths)])
                run("UPDATE board_entry SET text = ?, paths = ?, redacted = 1 WHERE id = ?", (washed, kept, number))
    for table, key, column in (
        ("item", "seq", "data"),
        ("segment", "id", "content"),
        ("approval", "number", "command"),
        ("grant", "id", "prefix"),
        ("fold", "id", "parts"),
        ("fold", "id", "wakes"),
        ("rollout_line", "id", "line"),
    ):
        if table not in there:
            continue
        for number, content in run(f'SELECT {key}, {column} FROM "{table}" WHERE {column} IS NOT NULL').fetchall():
            washed = _washed_json(content, body)
            if washed is not None:
                run(f'UPDATE "{table}" SET {column} = ? WHERE {key} = ?', (washed, number))
    run("INSERT INTO item_text (item_text) VALUES ('rebuild')")


def wash_backups(backups: Path, bodies: Sequence[str]) -> None:
    """Do the same to every backup."""
    for path in sorted(backups.glob("*.db")):
        connection = sqlite3.connect(path)
        try:
            connection.execute("PRAGMA secure_delete=ON")
            with connection:
                for body in bodies:
                    wash(connection.execute, body)
            connection.execute("VACUUM")
        finally:
            connection.close()


def _washed(text: str, body: str) -> str:
    text = text.replace(body, TOMBSTONE)
    line = one_line(body, len(body) + 1)
    start, behind = line[:QUOTED], 0
    while start and (at := text.find(start, behind)) >= 0:
        end = at + len(start)
        while end < len(text) and end - at < len(line) and text[end] == line[end - at]:
            end += 1
        text, behind = text[:at] + TOMBSTONE + text[end:], at + len(TOMBSTONE)  # a tombstone may hold what is looked for
    return text


def _washed_json(content: bytes | str, body: str) -> bytes | str | None:
    """JSON with the body taken out of its strings; None where it is not in it."""
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
    probe = body.split(maxsplit=1)[0][:40] if body.strip() else body
    if json.dumps(probe)[1:-1] not in text and json.dumps(probe, ensure_ascii=False)[1:-1] not in text:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        plain = _washed(text, body)  # a line of a rollout that is no JSON
        return None if plain == text else plain.encode() if isinstance(content, bytes) else plain
    washed = _walk(value, body)
    if washed == value:
        return None
    encoded = json.dumps(washed, ensure_ascii=False)
    return encoded.encode() if isinstance(content, bytes) else encoded


def _walk(value: Any, body: str) -> Any:
    match value:
        case str() if value[:1] in "{[" and (inner := _washed_json(value, body)) is not None:  # a tool's result is JSON inside JSON
            return inner
        case str():
            return _washed(value, body)
        case list():
            return [_walk(each, body) for each in value]
        case dict():
            return {key: _walk(each, body) for key, each in value.items()}
        case _:
            return value
