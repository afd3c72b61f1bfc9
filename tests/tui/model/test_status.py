"""The facts of a thread."""

from __future__ import annotations

from pathlib import Path

import pytest

from codex_desk.engine.views import ThreadView, Used
from codex_desk.tui.model.status import Runs, context_words, sections
from tests.tui.fakes import attached, subagent, thread


def facts(view: ThreadView, runs: Runs, children: list[ThreadView] | None = None) -> dict[str, str]:
    return {
        label: value for _, each in sections(view, runs, Used(4, 21_300, 1_450), children or [], Path("/home/dev")) for label, value in each
    }


def test_it_says_how_it_stands_and_what_it_runs_on() -> None:
    runs = Runs(
        "gpt-5.1", "openai", "high", None, "workspace-write", "on-request", False, "bubblewrap", (Path("/home/dev/repo/AGENTS.md"),)
    )
    told = facts(attached("reviewer", "operator", "running"), runs, [subagent("scout-1", "reviewer")])
    assert told["stands"] == "attached to operator · rights lesser, wake answers, interrupt no"
    assert told["children"] == "▶ scout-1"
    assert told["model"] == "gpt-5.1 · effort high · openai"
    assert told["sandbox"] == "workspace-write, network off"
    assert told["held by"] == "bubblewrap"
    assert told["reads"] == "~/repo/AGENTS.md"
    assert told["tokens"] == "21,300 read, 1,450 written"
    assert "queued" not in told and "hand" not in told


def test_where_nothing_holds_the_sandbox_it_says_what_that_means() -> None:
    assert facts(thread("a"), Runs(sandbox="read-only", tier="none"))["held by"] == "none: it guards against accident only"
    assert "held by" not in facts(thread("a"), Runs(sandbox="danger-full-access", tier="none"))


def test_settings_that_cannot_be_read_are_a_fact_too() -> None:
    assert facts(thread("a"), Runs(trouble="config.toml:3: expected a value"))["settings"] == "config.toml:3: expected a value"


@pytest.mark.parametrize(
    ("count", "window", "words"),
    [
        (0, None, "empty"),
        (18_200, None, "18.2k tok"),
        (16_000, 32_000, "▰▰▰▰▰▰▰▰▰▰▱▱▱▱▱▱▱▱▱▱  16.0k of 32.0k tok, 50%"),
        (99_000, 32_000, "▰▰▰▰▰▰▰▰▰▰▰▰▰▰▰▰▰▰▰▰  99.0k of 32.0k tok, 100%"),
    ],
)
def test_how_full_the_context_is(count: int, window: int | None, words: str) -> None:
    assert context_words(count, window) == words
