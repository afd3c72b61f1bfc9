from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_desk.store.database import Database
from codex_desk.store.glance import Glance
from codex_desk.store.mapping import mapping_of, storable
from codex_desk.store.tables import METADATA, Message, Thread, moment_text

NOW = datetime(2026, 11, 20, 9, 12, 0, 5, tzinfo=UTC)


def thread(**more: Any) -> Thread:
    values: dict[str, Any] = {
        "id": "t",
        "handle": "operator",
        "project": "/p",
        "cwd": "/p",
        "cwd_device": 1,
        "cwd_inode": 2,
        "runtime": "offline",
        "created_at": NOW,
        "last_activity_at": NOW,
    }
    return Thread(**(values | more))


def stored(database: Database, row: Thread) -> Thread:
    mapping = mapping_of(Thread)
    driver = sqlite3.connect(database.path)
    with driver:
        driver.execute(*mapping.insert(row, with_key=True))
    found = mapping.hydrate(driver.execute(mapping.get_sql(), (row.id,)).fetchone())
    driver.close()
    return found


def test_a_time_is_kept_in_utc_whatever_zone_it_came_in(database: Database) -> None:
    local = NOW.astimezone(timezone(timedelta(hours=-7)))
    found = stored(database, thread(created_at=local))
    assert found.created_at == NOW
    assert found.created_at.tzinfo is not None and found.created_at.utcoffset() == timedelta(0)
    assert database.reading().execute("SELECT created_at FROM thread").fetchone()[0] == "2026-11-20T09:12:00.000005Z"


aware = st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC))


@given(aware, aware)
def test_times_sort_as_text(one: datetime, other: datetime) -> None:
    assert (one < other) == (moment_text(one) < moment_text(other))
    assert datetime.fromisoformat(moment_text(one)) == one


def test_a_row_comes_back_as_it_went_in(database: Database) -> None:
    row = thread(settings={"model": "é", "list": [1, None, True]}, held=True, archived_at=None, title="«x»")
    found = stored(database, row)
    assert found.model_dump() == row.model_dump()


@pytest.mark.parametrize(
    ("text", "kept"), [("plain", "plain"), ("«ünïcode» 🙂", "«ünïcode» 🙂"), ("a\ud800b", "a\ufffdb"), ("\udfff", "\ufffd")]
)
def test_text_that_a_database_cannot_hold_is_made_storable(database: Database, text: str, kept: str) -> None:
    assert storable(text) == kept
    found = stored(database, thread(title=text, settings={"x": text}))
    assert (found.title, found.settings) == (kept, {"x": kept})


def test_every_table_that_other_processes_watch_has_the_number_of_its_last_change() -> None:
    assert all("changed" in METADATA.tables[name].columns for name in ("thread", "turn", "message", "approval"))


def test_a_messages_number_is_never_used_again(database: Database) -> None:
    with sqlite3.connect(database.path) as driver:
        driver.execute(*mapping_of(Thread).insert(thread(), with_key=True))
        message = Message(to_id="t", origin="human", chain_id="c", created_at=NOW)
        numbers = []
        for _ in range(2):
            numbers.append(driver.execute(*mapping_of(Message).insert(message, with_key=False)).lastrowid)
            driver.execute("DELETE FROM message")
    assert numbers == [1, 2]


def test_a_glance_reads_without_writing(database: Database) -> None:
    with sqlite3.connect(database.path) as driver:
        driver.execute(*mapping_of(Thread).insert(thread(), with_key=True))
        driver.execute(*mapping_of(Thread).insert(thread(id="gone", handle="gone", archived_at=NOW), with_key=True))
        driver.execute("INSERT INTO meta (key, value) VALUES ('last_thread', 't')")
        for seq in range(1, 6):
            driver.execute("INSERT INTO item VALUES (?, 't', NULL, 'notice', 'human', ?, '{}', ?)", (seq, f"line {seq}", moment_text(NOW)))
    with Glance(database.path) as look:
        assert [row["handle"] for row in look.threads()] == ["operator"]
        assert [row["handle"] for row in look.handles()] == ["operator"]
        assert look.meta("last_thread") == "t"
        assert look.meta("nothing") is None
        assert [row["text"] for row in look.tail("t", 2)] == ["line 4", "line 5"]
        with pytest.raises(sqlite3.OperationalError):
            look._connection.execute("DELETE FROM item")
