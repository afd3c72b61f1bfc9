"""`codex-desk fold`: what the human did in a child, for its parent."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run
from tests.cli.contract import keys

FOLD = keys("text, tokens, turns, item_id")
NOTHING = {"text": "", "tokens": 0, "turns": 0, "item_id": None}


@pytest.fixture
def team(desk: Run) -> Run:
    """A reviewer that works for an operator, and was prompted by the human once."""
    for handle in ("operator", "reviewer"):
        desk("new", handle)
    desk("attach", "reviewer", "operator")
    desk("send", "reviewer", "read nothing.md", "--wait")
    return desk


@pytest.mark.row("S0-37", "S4-12", "S4-23")
def test_a_fold_is_looked_at_made_once_and_taken_back(team: Run) -> None:
    team("send", "reviewer", "an aside", "--from", "operator", "--wait")
    seen = team("fold", "reviewer", "--dry-run", "--json")
    assert set(seen.json) == FOLD and seen.json["item_id"] is None
    made = team("fold", "reviewer", "--json")
    assert (made.json["text"], made.json["tokens"], made.json["turns"]) == (seen.json["text"], seen.json["tokens"], 1)
    assert "read nothing.md" in made.json["text"] and "an aside" not in made.json["text"]
    shown = {item["id"]: item for item in team("show", "operator", "--json").json["items"]}
    assert (shown[made.json["item_id"]]["kind"], shown[made.json["item_id"]]["origin"]) == ("fold", "human")
    again = team("fold", "reviewer", "--json")
    assert (again.exit, again.json) == (0, NOTHING)
    undone = team("fold", "reviewer", "--undo", "--json")
    assert undone.json == made.json and "taken back" in undone.err
    assert team("fold", "reviewer", "--undo", "--json").refusal == "nothing_to_undo"
    told = [event["kind"] for event in team("audit", "reviewer", "--json").json["events"]]
    assert told[-2:] == ["folded", "unfolded"]
    plain = team("fold", "reviewer")
    assert plain.out.startswith("The user asked in reviewer (#1):") and "1 turn of reviewer folded into operator" in plain.err


@pytest.mark.row("S4-19", "S4-36")
def test_replace_wants_yes_and_none_brings_nothing(team: Run) -> None:
    assert team("fold", "reviewer", "--mode", "replace", "--json").refusal == "confirm"
    seen = team("fold", "reviewer", "--mode", "replace", "--dry-run")
    assert seen.exit == 0 and "has not answered operator since" in seen.err
    none = team("fold", "reviewer", "--mode", "none", "--continue", "--json")
    assert (none.exit, none.json) == (0, NOTHING)
    assert "nothing is open to run it" in none.err
    assert team("queue", "operator", "--json").json["messages"][0]["body"].startswith("Go on where you were")
    assert team("fold", "reviewer", "--mode", "replace", "--yes", "--json").json["turns"] == 1


@pytest.mark.row("S4-21", "S4-37")
def test_a_summary_is_asked_for_and_folded(team: Run) -> None:
    summed = team("fold", "reviewer", "--mode", "summary", "--json")
    assert summed.json["text"].startswith("reviewer sums up what the user did there (1 request):\n\n[offline stand-in]")
    assert "read nothing.md" in summed.json["text"]
    assert not [item for item in team("show", "reviewer", "--json").json["items"] if "sums up" in item["text"]]
    assert team("fold", "reviewer", "--mode", "summary", "--json").json == NOTHING


def test_what_is_wrong_is_refused_by_name(team: Run) -> None:
    assert team("fold", "operator", "--json").refusal == "no_parent"
    assert team("fold", "nobody", "--json").refusal == "unknown_thread"
    assert team("fold", "reviewer", "--mode", "all", "--json").refusal == "bad_value"
    assert team("fold", "reviewer", "--undo", "--continue").exit == 2
    assert team("fold").exit == 2
