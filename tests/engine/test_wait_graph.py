from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_desk.engine.waiting import Node, deadlock


def test_a_wait_for_somebody_who_does_not_wait_closes_no_cycle() -> None:
    assert deadlock({}, "a", Node("all", ("b",))) is None


@pytest.mark.parametrize("size", [2, 3, 10])
def test_a_ring_is_told_with_its_path(size: int) -> None:
    graph = {f"t{n}": Node("any", (f"t{n + 1}",)) for n in range(1, size - 1)} | {f"t{size - 1}": Node("any", ("t0",))}
    path = deadlock(graph, "t0", Node("any", ("t1",)))
    assert path == [*(f"t{n}" for n in range(size)), "t0"]


def test_a_wait_for_oneself_is_a_ring_of_one() -> None:
    assert deadlock({}, "a", Node("any", ("a",))) == ["a", "a"]


def test_all_is_refused_if_one_target_leads_back() -> None:
    graph = {"b": Node("any", ("a",))}
    assert deadlock(graph, "a", Node("all", ("c", "b"))) == ["a", "b", "a"]


def test_any_is_refused_only_if_every_target_leads_back() -> None:
    graph = {"b": Node("any", ("a",)), "c": Node("any", ("a",))}
    assert deadlock(graph, "a", Node("any", ("b", "d"))) is None
    assert deadlock(graph, "a", Node("any", ("b", "c"))) == ["a", "b", "a"]


def test_a_way_through_a_wait_for_any_is_one_only_if_all_its_targets_lead_back() -> None:
    open_end = {"b": Node("any", ("a", "d"))}
    assert deadlock(open_end, "a", Node("all", ("b",))) is None
    assert deadlock(open_end | {"d": Node("all", ("b", "a"))}, "a", Node("all", ("b",))) == ["a", "b", "a"]


def test_a_ring_that_does_not_hold_the_asker_is_not_its_deadlock() -> None:
    graph = {"b": Node("any", ("c",)), "c": Node("any", ("b",))}
    assert deadlock(graph, "a", Node("any", ("b",))) is None


def test_a_graph_with_many_ways_is_decided_at_once() -> None:
    layers = 200
    graph = {f"{side}{n}": Node("all", (f"l{n + 1}", f"r{n + 1}")) for n in range(layers) for side in "lr"}
    graph |= {f"{side}{layers}": Node("any", ("end",)) for side in "lr"}
    began = time.process_time()
    assert deadlock(graph, "a", Node("all", ("l0",))) is None
    assert deadlock(graph | {"end": Node("any", ("a",))}, "a", Node("all", ("l0",))) is not None
    assert time.process_time() - began < 1.0


threads = st.sampled_from("abcdef")
nodes = st.builds(Node, st.sampled_from(["any", "all"]), st.lists(threads, min_size=1, max_size=4).map(tuple))


def can_end(graph: dict[str, Node], stuck: str, thread: str, after: frozenset[str]) -> bool:
    """Whether a thread can go on while `stuck` does not: by trying every order, without the shortcut under test."""
    if thread == stuck or thread in after:
        return False
    node = graph.get(thread)
    if node is None:
        return True
    ends = [can_end(graph, stuck, target, after | {thread}) for target in node.targets]
    return any(ends) if node.mode == "any" else all(ends)


@given(st.dictionaries(threads, nodes, max_size=6), nodes)
def test_a_refused_wait_could_never_end(graph: dict[str, Node], wait: Node) -> None:
    path = deadlock(graph, "a", wait)
    if path is not None:
        ends = [can_end(graph, "a", target, frozenset()) for target in wait.targets]
        assert not (any(ends) if wait.mode == "any" else all(ends))
        assert path[0] == path[-1] == "a"
