from __future__ import annotations

import pytest

from codex_desk.runtimes.base import Delta
from codex_desk.tui.model.bookkeeping import is_bookkeeping, makes_agents
from tests.tui.fakes import item


@pytest.mark.parametrize("data", [{"event": "started", "quiet": True}, {"event": "returned", "quiet": True}, {"event": "started"}])
def test_a_line_that_another_line_tells_as_well_is_bookkeeping(data: dict[str, object]) -> None:
    assert is_bookkeeping(item(1, "operator", "notice", "reviewer started #3", **data))


@pytest.mark.parametrize(("kind", "event"), [("notice", "answered"), ("notice", "attached"), ("message_out", "sent"), ("notice", "")])
def test_what_happened_is_not(kind: str, event: str) -> None:
    assert not is_bookkeeping(item(1, "operator", kind, "#3 answered", event=event))


def test_a_call_that_made_subagents_is_told_by_their_own_lines_and_one_that_was_refused_by_itself() -> None:
    assert is_bookkeeping(item(1, "operator", "tool_call", "delegate_agent", tool="delegate_agent", told=True, subagent_thread_id="s1"))
    assert not is_bookkeeping(item(1, "operator", "tool_call", "delegate_agent", tool="delegate_agent", ok=False))
    assert not is_bookkeeping(item(1, "operator", "tool_call", "spawn_agent", tool="spawn_agent", subagent_thread_id="s1"))  # of history


@pytest.mark.parametrize(
    ("delta", "hidden"),
    [
        (Delta("tool", "c1", "delegate_agent critic judge"), True),
        (Delta("tool", "c1", "spawn_agent look"), True),
        (Delta("tool", "c1", "delegate_sessions join"), False),
        (Delta("text", "a1", "delegate_agent is a tool"), False),
    ],
)
def test_while_it_runs_it_has_no_line_of_its_own(delta: Delta, hidden: bool) -> None:
    assert makes_agents(delta) is hidden
