"""Approvals in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from codex_desk.engine.views import GrantView
from codex_desk.tui.model.decisions import decision, elsewhere, grant_place
from tests.tui.fakes import NOW, approval


@pytest.mark.parametrize(
    ("state", "scope", "reason", "words"),
    [
        ("approved", "once", None, "allowed once"),
        ("approved", "tree", None, "allowed with its subagents"),
        ("denied", "once", None, "denied"),
        ("expired", None, "nobody to ask", "expired: nobody to ask"),
    ],
)
def test_what_became_of_it(state: str, scope: str | None, reason: str | None, words: str) -> None:
    assert decision(approval(1, "a", "x", state=state, scope=scope, reason=reason)) == words


def test_what_was_answered_elsewhere_or_ran_out_is_told_and_what_was_answered_here_is_not() -> None:
    before = [approval(number, "a", "x") for number in (1, 2, 3, 4, 5)]
    ends = [
        approval(2, "a", "x", state="approved", scope="once"),
        approval(3, "a", "x", state="expired", reason="the turn ended"),
        approval(4, "a", "x", state="denied"),
    ]
    said = elsewhere(before, before[:1], ends, {"a-4"})
    assert said == "a-2 was allowed once, elsewhere   a-3 expired: the turn ended   a-5 is not asked any more"


def test_a_grant_says_where_it_counts() -> None:
    home = Path("/home/dev")
    grants = [
        GrantView(1, "thread", ("git",), "operator", None, NOW),
        GrantView(2, "tree", ("git",), "operator", None, NOW),
        GrantView(3, "folder", ("git",), None, "/home/dev/site", NOW),
    ]
    assert [grant_place(one, home) for one in grants] == ["in operator", "in operator and its subagents", "in ~/site"]
