from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run
from tests.cli.contract import ITEM, THREAD


def test_show_gives_the_thread_and_its_newest_items_oldest_first(desk: Run) -> None:
    desk("new", "reviewer")
    for name in ("a", "b"):
        desk("exec", f"read {name}", "--thread", "reviewer")
    shown = desk("show", "reviewer", "--json").json
    assert set(shown["thread"]) == THREAD
    assert all(set(item) >= ITEM for item in shown["items"])
    assert [item["text"] for item in shown["items"] if item["kind"] == "user_message"] == ["read a", "read b"]
    [newest] = desk("show", "reviewer", "--items", "1", "--json").json["items"]
    assert newest["id"] == shown["items"][-1]["id"]
    assert desk("show", "reviewer", "--items", "0", "--json").json["items"] == []


def test_search_finds_what_was_said_with_the_thread_it_was_said_in(desk: Run) -> None:
    desk("new", "reviewer")
    desk("new", "implementor")
    desk("exec", "look for the kingfisher", "--thread", "reviewer")
    found = desk("search", "kingfisher", "--json").json["items"]
    assert {item["thread"] for item in found} == {"reviewer"}
    assert "kingfisher" in desk("search", "kingfisher").out
    assert desk("search", "heron", "--json").json == {"items": []}


def test_search_takes_any_text(desk: Run) -> None:
    desk("new", "reviewer")
    for query in ('"', "*", "a AND", "NEAR(", "-x", "ü'"):
        assert desk("search", "--json", "--", query).exit == 0, query


def test_export_is_the_whole_transcript_as_markdown(desk: Run, folder: Path) -> None:
    (folder / "notes.txt").write_text("buy milk\n")
    desk("new", "reviewer")
    desk("exec", "read notes.txt", "--thread", "reviewer")
    text = desk("export", "reviewer").out
    assert text.startswith("# reviewer\n")
    assert "\n## you · " in text
    assert "> read notes.txt" in text
    assert desk("export", "reviewer", "--json").json["markdown"] == text.removesuffix("\n")


def test_export_of_a_tree_has_the_children_after_their_parent(office: Run) -> None:
    titles = [line for line in office("export", "operator", "--tree").out.splitlines() if line.startswith("# ")]
    assert titles == ["# operator", "# reviewer", "# implementor"]


def test_grants_are_listed_and_one_that_is_not_there_cannot_be_revoked(desk: Run) -> None:
    assert desk("grants", "--json").json == {"grants": []}
    assert desk("approvals", "--json").json == {"approvals": []}
    assert desk("grants", "--revoke", "7", "--json").refusal == "unknown_grant"
