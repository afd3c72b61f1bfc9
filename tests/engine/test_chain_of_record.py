from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from codex_desk.engine.chain import Redact
from codex_desk.engine.desk import Desk
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import Event, ItemChanged
from codex_desk.engine.links import Archive, Attach, Detach, Unarchive
from codex_desk.engine.mailbox import Edit, Remove, Send
from codex_desk.engine.sessions import Rename
from codex_desk.engine.turns import Interrupt
from codex_desk.engine.views import ThreadView
from codex_desk.store.database import back_up
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, at_rest, prompt


async def busy_desk(place: Place) -> ThreadView:
    """A store with a bit of everything in it."""

    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", turn.body)

    place.runtime.scripts["operator"] = ask
    async with place.open() as desk:
        operator, reviewer = [await place.session(desk, handle) for handle in ("operator", "reviewer")]
        await desk.do(Attach(reviewer.id, operator.id))
        for n in range(3):
            await prompt(desk, operator, f"go {n}")
        await desk.do(Interrupt(reviewer.id))
        waiting = await desk.do(Send(reviewer.id, "edit me", sender=operator.id))
        await desk.do(Edit(waiting.id, "edited"))
        await desk.do(Remove(waiting.id))
        await desk.do(Rename(reviewer.id, "critic"))
        await desk.do(Detach(reviewer.id))
        await desk.do(Archive(reviewer.id))
        await desk.do(Unarchive(reviewer.id))
        await at_rest(desk)
        return operator


@pytest.mark.row("S0-38")
async def test_every_crossing_is_a_line_and_an_audit_row_at_each_end_of_one_transaction(place: Place) -> None:
    await busy_desk(place)
    async with place.open("none") as desk:
        rows = desk.audit()
        for row in rows:
            if row.peer is None:
                continue
            partners = [each for each in rows if each.kind == row.kind and each.at == row.at and each.peer == row.thread]
            assert any(each.thread == row.peer for each in partners), row
            items = [item for item in desk.items(row.thread_id, limit=10_000) if item.at == row.at and item.data.get("event") == row.kind]
            assert items, row


async def test_items_and_audit_rows_share_one_gapless_order_with_what_they_touch(place: Place) -> None:
    await busy_desk(place)
    async with place.open("none") as desk:
        seqs = [row["seq"] for row in desk.rows("SELECT seq FROM item UNION ALL SELECT seq FROM audit_event ORDER BY seq")]
        assert len(seqs) == len(set(seqs))
        times = [row["at"] for row in desk.rows("SELECT seq, at FROM item UNION ALL SELECT seq, at FROM audit_event ORDER BY seq")]
        assert times == sorted(times)
        assert desk.rows("SELECT next_seq FROM head")[0]["next_seq"] > max(seqs)


KINDS = """created, renamed, attached, moved, detached, archived, unarchived, sent, edited, delivered, started, answered, failed, interrupted,
cancelled, expired, held, returned, woken, wait_refused, approval_asked, approval_given, approval_refused, spawned, closed, folded, unfolded,
posted, promoted, fired, adopted, redacted"""


async def test_only_the_named_kinds_are_ever_written(place: Place) -> None:
    await busy_desk(place)
    async with place.open("none") as desk:
        written = {row.kind for row in desk.audit()}
    assert written <= set(re.split(r",\s+", KINDS))
    assert len(written) >= 12


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET kind = 'sent' WHERE seq = (SELECT max(seq) FROM audit_event)",
        "DELETE FROM audit_event WHERE seq = (SELECT max(seq) FROM audit_event)",
        "UPDATE audit_body SET text = 'other' WHERE seq = (SELECT max(seq) FROM audit_body)",
        "DELETE FROM audit_body WHERE seq = (SELECT max(seq) FROM audit_body)",
        "DELETE FROM audit_event",
    ],
)
async def test_the_database_refuses_to_change_or_remove_what_is_on_record(place: Place, statement: str) -> None:
    await busy_desk(place)
    with sqlite3.connect(place.home / "desk.db") as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)


def tamper(place: Place, change: Callable[[sqlite3.Connection], None]) -> None:
    """Change the file as somebody would who takes the triggers away first."""
    connection = sqlite3.connect(place.home / "desk.db")
    with connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        change(connection)
    connection.close()


def nth(connection: sqlite3.Connection, n: int) -> int:
    return connection.execute("SELECT seq FROM audit_event ORDER BY seq LIMIT 1 OFFSET ?", (n,)).fetchone()[0]


async def broken_at(place: Place) -> tuple[int | None, str]:
    async with place.open("none") as desk:
        found = desk.verify_audit()
    assert not found.verified
    return found.broken, found.reason or ""


async def test_an_untouched_record_verifies(place: Place) -> None:
    await busy_desk(place)
    async with place.open("none") as desk:
        found = desk.verify_audit()
        assert (found.verified, found.broken, found.events) == (True, None, len(desk.audit()))
        assert found.head == desk.audit()[-1].hash


@pytest.mark.parametrize("column", ["kind", "origin", "thread_id", "peer_id", "at", "body_hash", "hash"])
@pytest.mark.parametrize("n", [0, 7])
async def test_a_changed_row_is_named(place: Place, column: str, n: int) -> None:
    await busy_desk(place)
    seqs: list[int] = []

    def change(connection: sqlite3.Connection) -> None:
        seqs.append(nth(connection, n))
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(f"UPDATE audit_event SET {column} = 'changed' WHERE seq = ?", (seqs[0],))

    tamper(place, change)
    assert (await broken_at(place))[0] == seqs[0]


@pytest.mark.parametrize("n", [0, 5])
async def test_a_removed_row_is_named_by_what_follows_it(place: Place, n: int) -> None:
    await busy_desk(place)
    seqs: list[int] = []

    def remove(connection: sqlite3.Connection) -> None:
        seqs.extend((nth(connection, n), nth(connection, n + 1)))
        connection.execute("DELETE FROM audit_body WHERE seq = ?", (seqs[0],))
        connection.execute("DELETE FROM audit_event WHERE seq = ?", (seqs[0],))

    tamper(place, remove)
    seq, reason = await broken_at(place)
    assert seq == seqs[1]
    assert "removed" in reason


async def test_two_rows_that_changed_places_are_named(place: Place) -> None:
    await busy_desk(place)

    def swap(connection: sqlite3.Connection) -> None:
        one, other = nth(connection, 4), nth(connection, 5)
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("UPDATE audit_event SET seq = -1 WHERE seq = ?", (one,))
        connection.execute("UPDATE audit_event SET seq = ? WHERE seq = ?", (one, other))
        connection.execute("UPDATE audit_event SET seq = ? WHERE seq = -1", (other,))

    tamper(place, swap)
    assert (await broken_at(place))[0] is not None


@pytest.mark.parametrize("cut", [1, 3])
async def test_a_cut_tail_shows(place: Place, cut: int) -> None:
    await busy_desk(place)
    last: list[int] = []

    def cut_tail(connection: sqlite3.Connection) -> None:
        (keep,) = connection.execute("SELECT seq FROM audit_event ORDER BY seq DESC LIMIT 1 OFFSET ?", (cut,)).fetchone()
        last.append(keep)
        connection.execute("DELETE FROM audit_body WHERE seq > ?", (keep,))
        connection.execute("DELETE FROM audit_event WHERE seq > ?", (keep,))

    tamper(place, cut_tail)
    assert await broken_at(place) == (last[0] + 1, f"rows after {last[0]} were removed")


@pytest.mark.parametrize("n", [0, 9])
async def test_a_changed_text_is_named(place: Place, n: int) -> None:
    await busy_desk(place)
    seqs: list[int] = []

    def change(connection: sqlite3.Connection) -> None:
        seqs.append(nth(connection, n))
        connection.execute("UPDATE audit_body SET text = text || '!' WHERE seq = ?", (seqs[0],))

    tamper(place, change)
    assert await broken_at(place) == (seqs[0], f"the text of row {seqs[0]} was changed")


async def test_a_removed_text_is_named(place: Place) -> None:
    await busy_desk(place)
    seqs: list[int] = []

    def remove(connection: sqlite3.Connection) -> None:
        seqs.append(nth(connection, 3))
        connection.execute("DELETE FROM audit_body WHERE seq = ?", (seqs[0],))

    tamper(place, remove)
    assert await broken_at(place) == (seqs[0], f"the text of row {seqs[0]} was removed")


# --- redaction --------------------------------------------------------------------------------------------------------------------------------

SECRET = "sk-live-51HxQz9mVt2LrYbNcW"


def holds(folder: Path, secret: str) -> list[str]:
    """Files in which the secret still stands, in any of the forms that text is stored in."""
    forms = {secret.encode(), secret.encode("utf-16-le"), re.sub(r"\W", "", secret).lower().encode()}
    return [path.name for path in sorted(folder.rglob("*")) if path.is_file() and any(form in path.read_bytes() for form in forms)]


def item_with(desk: Desk, thread: ThreadView, text: str, kind: str | None = None) -> int:
    items = [item for item in desk.items(thread.id, limit=10_000) if text in item.text and kind in (None, item.kind)]
    return items[-1].seq


async def with_secret(place: Place, desk: Desk, body: str) -> tuple[ThreadView, ThreadView]:
    """A secret that was prompted, sent on, answered with, steered, edited and called a tool with."""

    async def pass_on(turn: Scripted) -> str:
        number = await turn.send("reviewer", turn.body)
        await turn.wait(number)
        await turn.call("update_plan", plan=[{"step": turn.body, "status": "pending"}])
        await turn.say("I used it")
        return turn.body

    async def repeat(turn: Scripted) -> str:
        return turn.body

    place.runtime.scripts |= {"operator": pass_on, "reviewer": repeat}
    operator, reviewer = [await place.session(desk, handle) for handle in ("operator", "reviewer")]
    await desk.do(Attach(reviewer.id, operator.id))
    await prompt(desk, operator, body)
    await desk.do(Interrupt(reviewer.id))
    waiting = await desk.do(Send(reviewer.id, body, sender=operator.id))
    await desk.do(Edit(waiting.id, body + " and more"))
    await desk.do(Remove(waiting.id))
    await desk.search(body)
    await at_rest(desk)
    back_up(place.home / "desk.db", place.home / "backups", "by-hand")
    return operator, reviewer


@pytest.mark.parametrize(
    "body",
    [
        SECRET,
        f"the key is {SECRET}, keep it",
        f"{SECRET} " + "with a long tail of words that go on and on " * 20,
        f'in "quotes"\nand over\ttwo lines: {SECRET}\n«ünïcode»',
    ],
    ids=["alone", "within", "long", "lines"],
)
async def test_a_redacted_body_is_nowhere_in_the_home_and_the_chain_still_verifies(place: Place, body: str) -> None:
    async with place.open() as desk:
        operator, reviewer = await with_secret(place, desk, body)
        assert holds(place.home, SECRET)
        redacted = await desk.do(Redact(item_with(desk, operator, SECRET, "user_message")))
        assert redacted.text == "[redacted]"
        assert holds(place.home, SECRET) == []
        assert desk.verify_audit().verified
        assert await desk.search(SECRET) == []
        assert "redacted" in [row.kind for row in desk.audit(operator.id)]
        assert (await prompt(desk, reviewer, "what did you hear?")).state == "answered"
        assert not any(SECRET.encode() in chunk for chunk in place.runtime.inputs["reviewer"][-1].history)
    assert holds(place.home, SECRET) == []
    for backup in (place.home / "backups").glob("*.db"):
        with sqlite3.connect(backup) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_a_redaction_of_one_line_leaves_the_others(place: Place, desk: Desk, runtime: ScriptedRuntime) -> None:
    operator = await place.session(desk, "operator")
    for text in ("keep this line", f"the key is {SECRET}", "and this one"):
        await prompt(desk, operator, text)
    await desk.do(Redact(item_with(desk, operator, SECRET, "user_message")))
    texts = [item.text for item in desk.items(operator.id) if item.kind == "user_message"]
    assert texts == ["keep this line", "[redacted]", "and this one"]
    assert [item.text for item in await desk.search("keep this line")][-1:] == ["keep this line"]


async def test_a_redaction_reaches_panes_that_are_open(place: Place, desk: Desk) -> None:
    operator = await place.session(desk, "operator")
    await prompt(desk, operator, SECRET)
    seq = item_with(desk, operator, SECRET, "user_message")
    heard: list[Event] = []
    desk.hub.add(heard.append)
    await desk.do(Redact(seq))
    assert [event.item.text for event in heard if isinstance(event, ItemChanged) and event.item.seq == seq] == ["[redacted]"]


async def test_a_short_body_is_redacted_where_it_stands_alone_and_nowhere_inside_other_words(place: Place, desk: Desk) -> None:
    operator = await place.session(desk, "operator")
    await prompt(desk, operator, "go")
    await prompt(desk, operator, "good going")
    first = next(item.seq for item in desk.items(operator.id) if item.text == "go")
    await desk.do(Redact(first))
    assert [item.text for item in desk.items(operator.id) if item.kind == "user_message"] == ["[redacted]", "good going"]


async def test_redacting_twice_changes_nothing_and_an_unknown_item_is_refused(place: Place, desk: Desk) -> None:
    operator = await place.session(desk, "operator")
    await prompt(desk, operator, SECRET)
    seq = item_with(desk, operator, SECRET, "user_message")
    await desk.do(Redact(seq))
    before = len(desk.audit())
    assert (await desk.do(Redact(seq))).text == "[redacted]"
    assert len(desk.audit()) == before
    with pytest.raises(Refusal) as caught:
        await desk.do(Redact(10_000))
    assert caught.value.code == "unknown_item"


async def test_a_redacted_commands_output_goes_with_it(place: Place, desk: Desk, runtime: ScriptedRuntime) -> None:
    async def read(turn: Scripted) -> str:
        await turn.call("read", path="secret.txt")
        return "read it"

    runtime.scripts["operator"] = read
    (place.folder("operator") / "secret.txt").write_text(SECRET)
    operator = await place.session(desk, "operator")
    await prompt(desk, operator, "look")
    (item,) = [item for item in desk.items(operator.id) if item.kind == "tool_call"]
    assert SECRET in str(item.data)
    await desk.do(Redact(item.seq))
    assert SECRET not in str(desk.item(item.seq).data)
    assert holds(place.home, SECRET) == []
