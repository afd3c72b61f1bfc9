from __future__ import annotations

import pytest

from codex_desk.runtimes.offline.script import Call, Result
from codex_desk.runtimes.offline.spawning import Close, Spawn, parse_orders, spawn


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("spawn scout: read a.txt", [Spawn("scout", "read a.txt")]),
        ("Spawn judge as critic: review\n\nclose @scout", [Spawn("judge", "review", "critic"), Close("scout")]),
        ("spawn a in a worktree: review", [Spawn("a", "review", None, True)]),
        ("spawn a as b in a worktree: review: all", [Spawn("a", "review: all", "b", True)]),
        ("spawn scout", []),
        ("spawn scout: ", []),
        ("spawn scout: review\nand then rest", []),
        ("", []),
    ],
)
def test_orders_are_read_where_every_line_is_one(text: str, orders: list[Spawn | Close]) -> None:
    assert parse_orders(text) == orders


def test_it_spawns_all_at_once_waits_for_all_and_tells_each_end() -> None:
    script = spawn([Spawn("a", "one"), Spawn("b", "two", "critic"), Spawn("c", "three"), Close("old")])
    assert next(script) == [
        Call("spawn_agent", {"task_name": "a", "message": "one"}),
        Call("spawn_agent", {"task_name": "b", "message": "two", "agent_type": "critic"}),
        Call("spawn_agent", {"task_name": "c", "message": "three"}),
    ]
    first = [Result({"name": "a"}), Result({"name": "b-2"}), Result({}, "no room")]
    assert script.send(first) == [Call("wait_agent", {"targets": ["a", "b-2"], "mode": "all"})]
    half = Result(
        {"results": [{"agent": "a", "state": "answered", "answer": "done"}, {"agent": "b-2", "state": "running"}], "timed_out": True}
    )
    assert script.send([half]) == [Call("wait_agent", {"targets": ["b-2"], "mode": "all"})]
    rest = Result({"results": [{"agent": "b-2", "state": "failed", "reason": "no answer"}], "timed_out": False})
    assert script.send([rest]) == [Call("close_agent", {"target": "old"})]
    with pytest.raises(StopIteration) as end:
        script.send([Result({}, "nobody of that name")])
    assert end.value.value.splitlines()[0] == "Spawned 2 of 3: 2 came back."
    for told in ("**a** answered:", "> done", "**b-2** gave no answer (failed: no answer).", "Could not spawn **c**: no room"):
        assert told in end.value.value
    assert "Could not close **old**: nobody of that name" in end.value.value


def test_it_stops_waiting_where_nothing_comes_any_more() -> None:
    script = spawn([Spawn("a", "one")])
    next(script)
    script.send([Result({"name": "a"})])
    with pytest.raises(StopIteration) as end:
        script.send([Result({}, "this wait could never end")])
    assert "Waiting ended: this wait could never end" in end.value.value
    assert "**a** has not answered yet." in end.value.value
