from __future__ import annotations

from dataclasses import replace

import pytest

from codex_desk.engine.views import ThreadView
from codex_desk.runtimes.codex.sentences import WRITTEN_ELSEWHERE
from codex_desk.store.words import ThreadStatus
from codex_desk.tui.model.closed import closed
from tests.tui.fakes import NOW, subagent, thread


@pytest.mark.parametrize(
    ("shut", "what_to_do"),
    [
        (thread("old", "history"), "/adopt"),
        (subagent("scout", "old", "history"), "/adopt"),
        (thread("old", "archived", archived_at=NOW), "/unarchive"),
        (thread("old", "needs_human", reason=WRITTEN_ELSEWHERE), "/resume"),
    ],
)
def test_a_thread_that_takes_no_prompt_says_why_and_what_to_do(shut: ThreadView, what_to_do: str) -> None:
    found = closed(shut)
    assert found is not None and what_to_do in found.words


def test_every_other_thread_takes_prompts() -> None:
    open_ones = [thread("a"), thread("a", "running"), thread("a", "needs_human"), thread("a", "error", reason="no answer")]
    assert [closed(each) for each in open_ones] == [None] * 4


def test_what_holds_a_session_elsewhere_is_named_with_how_to_end_it() -> None:
    assert "codex app-server daemon stop" in WRITTEN_ELSEWHERE


@pytest.mark.parametrize("status", ["running", "idle", "archived", "history"])
def test_only_a_session_that_waits_for_the_human_counts_as_written_elsewhere(status: ThreadStatus) -> None:
    assert not thread("old", status, reason=WRITTEN_ELSEWHERE).written_elsewhere


def test_history_of_a_subagent_names_whose_it_is() -> None:
    found = closed(replace(subagent("scout", "operator", "history")))
    assert found is not None and "a subagent of operator" in found.words
