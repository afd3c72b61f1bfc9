from __future__ import annotations

from typing import Any

import pytest

from codex_desk.runtimes.offline.delegating import Delegate, FollowUp, Operation, Order, delegate, parse_delegations
from codex_desk.runtimes.offline.script import Call, Result


def run(role: str, number: int, summary: str | None = "done", status: str = "completed", **more: Any) -> dict[str, Any]:
    return {"status": status, "agent_id": role, "run_id": number, "conversation_id": f"c{number}", "summary": summary, **more}


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("delegate to critic: review", [Delegate("critic", "review")]),
        (
            "Delegate detached to @scout: read a.txt\n\njoin scout",
            [Delegate("scout", "read a.txt", detached=True), Operation("join", "scout")],
        ),
        ("delegate to a: x\nthen delegate to b: y: z", [Delegate("a", "x"), Delegate("b", "y: z", after=True)]),
        ("then delegate to b: y", [Delegate("b", "y")]),
        (
            "follow up critic: read b\nlist runs\ndismiss critic",
            [FollowUp("critic", "read b"), Operation("list"), Operation("dismiss", "critic")],
        ),
        ("delegate to critic:", []),
        ("delegate to critic: review\nand rest", []),
        ("", []),
    ],
)
def test_orders_are_read_where_every_line_is_one(text: str, orders: list[Order]) -> None:
    assert parse_delegations(text) == orders


def test_what_stands_together_is_a_batch_and_what_comes_after_is_given_its_answers() -> None:
    script = delegate(
        [Delegate("a", "one"), Delegate("b", "two"), Delegate("c", "three", after=True), Delegate("d", "four", detached=True)]
    )
    assert next(script) == [
        Call("delegate_agent", {"batch": [{"agent_id": "a", "prompt": "one"}, {"agent_id": "b", "prompt": "two"}], "mode": "standard"})
    ]
    both = Result({"status": "partial", "runs": [run("a", 1, "first"), run("b", 2, "no luck", "failed")]})
    assert script.send([both]) == [
        Call("delegate_agent", {"agent_id": "c", "prompt": "three", "mode": "standard", "context": {"hints": ["first"]}})
    ]
    assert script.send([Result({}, "no room")]) == [Call("delegate_agent", {"agent_id": "d", "prompt": "four", "mode": "detached"})]
    with pytest.raises(StopIteration) as end:
        script.send([Result(run("d", 4, None, "detached"))])
    assert end.value.value.split("\n\n") == [
        "**a** (#1) answered:",
        "> first",
        "**b** (#2) is failed: no luck.",
        "Could not delegate: no room",
        "**d** (#4) runs detached; I am told when it ends.",
    ]


def test_follow_ups_joins_lists_and_dismissals_are_told() -> None:
    script = delegate([FollowUp("a", "more"), Operation("join", "b"), Operation("list"), Operation("dismiss", "a")])
    assert next(script) == [Call("delegate_agent", {"conversation_id": "a", "prompt": "more"})]
    assert script.send([Result(run("a", 1))]) == [Call("delegate_sessions", {"operation": "join", "conversation_id": "b"})]
    waiting = Result(run("b", 2, None, "needs_human", reason="sub-x-1: make test", report="half"))
    assert script.send([waiting]) == [Call("delegate_sessions", {"operation": "list"})]
    listed = Result({"sessions": [run("a", 1, name="a-2", task="more")], "cursor": None})
    assert script.send([listed]) == [Call("delegate_sessions", {"operation": "dismiss", "conversation_id": "a"})]
    with pytest.raises(StopIteration) as end:
        script.send([Result(run("a", 1, dismissed=True))])
    for told in (
        "**b** (#2) is needs human: sub-x-1: make test. It reported:\n\n> half",
        "- a-2 (a, #1): completed, more",
        "**a** (#1) dismissed; it was completed.",
    ):
        assert told in end.value.value
