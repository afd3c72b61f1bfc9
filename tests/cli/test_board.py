"""`codex-desk board`: to read, and for the human to take part."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run
from tests.cli.contract import keys

ENTRY = keys(
    "id, kind, author, origin, text, at, to, refers_to, invalidates, supersedes, paths, cites, promoted_at, invalidated_by, superseded_by"
)


@pytest.fixture
def shared(desk: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """An operator with a reviewer, in a home whose settings ask for boards."""
    monkeypatch.setenv("CODEX_DESK_AGENTS__SHARED_WORKSPACE__ENABLED", "true")
    for handle in ("operator", "reviewer"):
        desk("new", handle)
    desk("attach", "reviewer", "operator")
    return desk


@pytest.mark.row("S3-32")
def test_posting_deciding_promoting_and_reading_on_are_one_command(shared: Run) -> None:
    first = shared("board", "operator", "--post", "finding", "load() swallows errors", "--post", "note", "@reviewer look", "--json").json
    assert set(first) == keys("entries, cursor")
    assert {frozenset(entry) for entry in first["entries"]} == {frozenset(ENTRY)}
    found, note = first["entries"]
    assert (found["kind"], found["author"], found["origin"], note["to"]) == ("finding", "operator", "human", "reviewer")
    assert first["cursor"] == note["id"]
    behind = shared(
        "board",
        "reviewer",
        "--decide",
        "mend it",
        "--cites",
        f"e{found['id']}",
        str(note["id"]),
        "--promote",
        str(note["id"]),
        "--since",
        str(first["cursor"]),
        "--json",
    ).json
    assert [(entry["kind"], entry["cites"]) for entry in behind["entries"]] == [("decision", [found["id"], note["id"]])]
    whole = shared("board", "operator")
    assert "finding · you · load() swallows errors" in whole.out
    assert "promoted" in whole.out


@pytest.mark.row("S3-31")
def test_without_the_setting_there_is_none_and_the_words_say_so(office: Run) -> None:
    ran = office("board", "operator", "--json")
    assert ran.refusal == "no_board"
    assert "shared_workspace = true" in ran.err


def test_what_is_wrong_is_refused_by_name(shared: Run) -> None:
    assert shared("board", "operator", "--post", "claim", "src", "--json").refusal == "bad_value"
    assert shared("board", "operator", "--post", "note", "x" * 20_000, "--json").refusal == "too_long"
    assert shared("board", "operator", "--decide", "so", "--json").refusal == "bad_value"
    assert shared("board", "operator", "--decide", "so", "--cites", "99", "--json").refusal == "unknown_entry"
    assert shared("board", "operator", "--promote", "x", "--json").refusal == "bad_value"
    assert shared("board", "operator", "--cites", "3").exit == 2
    assert shared("board").exit == 2
    assert shared("board", "operator", "--summary", "--json").refusal == "nothing_to_do"


@pytest.mark.row("S3-13")
def test_a_summary_is_given_and_a_closed_board_can_still_be_read(shared: Run) -> None:
    shared("board", "operator", "--post", "finding", "load() swallows errors")
    summed = shared("board", "operator", "--summary", "--json")
    assert summed.exit == 0
    assert "load() swallows errors" in summed.json["summary"]
    closed = shared("board", "operator", "--close", "--json")
    assert [entry["kind"] for entry in closed.json["entries"]] == ["finding"]
    assert "is closed" in closed.err
    assert shared("board", "operator", "--post", "note", "late", "--json").refusal == "no_board"


def test_an_agents_process_neither_posts_for_another_nor_closes(shared: Run) -> None:
    reviewer = shared("show", "reviewer", "--json").json["thread"]["id"]
    as_agent = {"CODEX_DESK_THREAD": reviewer}
    assert shared("board", "operator", "--post", "note", "I am the operator", "--json", env=as_agent).refusal == "no_edge"
    assert shared("board", "operator", "--close", "--json", env=as_agent).refusal == "origin_agent"
