from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.contract import AUDIT


def test_the_audit_is_a_list_of_events_in_order(office: Run) -> None:
    events = office("audit", "--json").json["events"]
    assert all(set(event) == AUDIT for event in events)
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
    assert [event["kind"] for event in events[:4]] == ["created", "created", "created", "attached"]


@pytest.mark.row("S0-38")
def test_an_attachment_stands_in_the_audit_of_both_sides(office: Run) -> None:
    for thread, peer in (("operator", "reviewer"), ("reviewer", "operator")):
        attached = [event for event in office("audit", thread, "--json").json["events"] if event["kind"] == "attached"]
        assert peer in [event["peer"] for event in attached]
        assert {event["thread"] for event in attached} == {thread}


def test_people_get_a_table_with_the_names_of_its_columns(office: Run) -> None:
    header, first, *_ = office("audit").out.splitlines()
    assert header.split() == ["seq", "when", "thread", "kind", "peer", "origin", "text"]
    assert "created" in first


def test_an_untouched_chain_verifies(office: Run) -> None:
    ran = office("audit", "--verify", "--json")
    assert ran.exit == 0
    assert set(ran.json) == {"verified", "events", "head"}
    assert ran.json["verified"] is True
    assert ran.json["events"] == len(office("audit", "--json").json["events"])


def test_a_changed_row_is_named_and_the_exit_is_1(office: Run, home: Path) -> None:
    seq = office("audit", "--json").json["events"][2]["seq"]
    with sqlite3.connect(home / "desk.db") as store:
        for (trigger,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_event'").fetchall():
            store.execute(f'DROP TRIGGER "{trigger}"')
        store.execute("UPDATE audit_event SET kind = 'detached' WHERE seq = ?", (seq,))
    store.close()
    ran = office("audit", "--verify", "--json")
    assert ran.exit == 1
    assert set(ran.json) == {"verified", "events", "head"}
    assert ran.json["verified"] is False
    assert f"first broken row: {seq}:" in ran.err


def test_redact_leaves_a_tombstone_that_verifies(office: Run) -> None:
    office("send", "reviewer", "the key is hunter2", "--from", "operator")
    [item] = [item for item in office("show", "operator", "--json").json["items"] if "hunter2" in item["text"]]
    tombstone = office("redact", item["id"], "--json").json
    assert tombstone["id"] == item["id"]
    assert "hunter2" not in tombstone["text"]
    assert office("search", "hunter2", "--json").json["items"] == []
    assert office("audit", "--verify").exit == 0


def test_an_item_that_is_not_there_cannot_be_redacted(office: Run) -> None:
    assert office("redact", "item-999999", "--json").refusal == "unknown_item"
