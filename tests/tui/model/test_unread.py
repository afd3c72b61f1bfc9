from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from codex_desk.tui.model.unread import PREFIX, Unread
from tests.tui.fakes import NOW, attached, subagent, thread


def test_a_session_that_did_something_since_it_was_seen_is_new() -> None:
    seen = {f"{PREFIX}t-docs": (NOW - timedelta(seconds=500)).isoformat()}
    assert Unread(seen).fresh([thread("docs", ago=60), thread("web", ago=60)]) == {"t-docs", "t-web"}
    assert Unread(seen).fresh([thread("docs", ago=600)]) == frozenset()


def test_a_session_in_which_nothing_ever_happened_has_nothing_new() -> None:
    assert Unread({}).fresh([thread("docs", created_at=NOW - timedelta(seconds=60), ago=60)]) == frozenset()


def test_what_works_or_asks_or_is_a_subagent_is_told_otherwise() -> None:
    others = [thread("a", "running"), thread("b", "needs_human"), subagent("c", "a", "finished")]
    assert Unread({}).fresh(others) == frozenset()
    assert Unread({}).fresh([attached("d", "a")]) == {"t-d"}


def test_what_is_seen_is_remembered_once_and_is_new_again_with_the_next_turn() -> None:
    unread, docs = Unread({}), thread("docs", ago=60)
    fact = unread.see(docs)
    assert fact is not None
    assert fact == (f"{PREFIX}t-docs", docs.last_activity_at.isoformat())
    assert unread.see(docs) is None
    assert unread.fresh([docs]) == frozenset()
    assert unread.fresh([replace(docs, last_activity_at=NOW)]) == {"t-docs"}
    assert Unread(dict([fact])).fresh([docs]) == frozenset()


def test_a_turn_that_still_runs_is_not_seen_to_its_end() -> None:
    assert Unread({}).see(thread("docs", "running")) is None


def test_a_remembered_value_that_is_no_time_counts_as_never_seen() -> None:
    docs = thread("docs", ago=60)
    assert Unread({f"{PREFIX}t-docs": "yesterday", f"{PREFIX}t-web": "2026-01-01"}).fresh([docs]) == {"t-docs"}
