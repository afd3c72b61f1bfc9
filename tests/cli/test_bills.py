"""What one prompt caused, for scripts and for people; held by a budget, given as much again, stopped and resumed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_where_nobody_is_to_ask_what_is_held_expires_and_exec_goes_on(office: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codex_desk.cli.hosting.APPROVAL_PATIENCE_S", 0.2)
    (home / "config.toml").write_text("[budgets]\nturns = 2\n")
    ran = office("exec", "reviewer: read a; implementor: read b", "--thread", "operator")
    assert ran.exit == 0
    assert "expired" in ran.out and "nobody to ask" in ran.out
    assert "held: turn 3 of what one prompt caused, more than 2 (budgets.turns)" in ran.err
    assert "codex-desk approvals --approve operator-" in ran.err
    assert office("approvals", "--json").json == {"approvals": []}
    assert office("exec", "reviewer: read c", "--thread", "operator").exit == 0  # the next prompt finds its way free


@pytest.mark.row("S4-29")
def test_the_bill_of_a_chain_and_stopping_all_of_it(office: Run, folder: Path) -> None:
    (folder / "a").write_text("a")
    office("exec", "reviewer: read a; implementor: read a", "--thread", "operator")
    chain = office("agents", "operator", "--chain", "--json").json["chain"]
    assert {each["thread"]: each["asked_by"] for each in chain["threads"]} == {
        "operator": None,
        "reviewer": "operator",
        "implementor": "operator",
    }
    assert (chain["limits"]["turns"], chain["limits"]["hops"]["used"]) == ({"used": 3, "limit": 200, "granted": 0}, 1)
    shown = office("agents", "operator", "--chain").out
    assert "reviewer: read a; implementor: read a" in shown and "├─ reviewer" in shown and "of 200" in shown
    assert office("interrupt", "reviewer", "--chain").exit == 0
    assert office("agents", "operator", "--chain", "--json").json["chain"]["stopped"] is not None
    assert office("resume", "operator").exit == 0
    assert office("agents", "operator", "--chain", "--json").json["chain"]["stopped"] is None


def test_a_thread_without_children_says_so(desk: Run) -> None:
    desk("new", "operator")
    ran = desk("agents", "operator", "--chain", "--json")
    assert ran.json == {"agents": [], "chain": None}
    assert "operator has no children" in ran.err
