from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_desk.engine.forest import cycle_path, depth_with, height, path_up

TREE = {"b": "a", "c": "b", "d": "b", "e": "d", "x": "y"}


def test_a_path_goes_up_to_the_root() -> None:
    assert path_up(TREE, "e") == ["e", "d", "b", "a"]
    assert path_up(TREE, "a") == ["a"]


@pytest.mark.parametrize(("root", "edges"), [("a", 3), ("b", 2), ("e", 0), ("y", 1), ("z", 0)])
def test_the_height_is_the_longest_way_down(root: str, edges: int) -> None:
    assert height(TREE, root) == edges


def test_a_cycle_is_told_from_the_child_down_to_the_parent_and_back() -> None:
    assert cycle_path(TREE, "a", "e") == ["a", "b", "d", "e", "a"]
    assert cycle_path(TREE, "b", "b") == ["b", "b"]
    assert cycle_path(TREE, "e", "a") is None
    assert cycle_path(TREE, "x", "e") is None


@pytest.mark.parametrize(("child", "parent", "depth"), [("y", "e", 5), ("x", "a", 1), ("b", "x", 4), ("c", "a", 1), ("z", "z2", 1)])
def test_the_depth_counts_above_the_parent_and_below_the_child(child: str, parent: str, depth: int) -> None:
    assert depth_with(TREE, child, parent) == depth


nodes = st.integers(0, 7)


def follows(parents: dict[int, int], start: int) -> list[int]:
    path = [start]
    while path[-1] in parents and len(path) <= len(parents) + 1:
        path.append(parents[path[-1]])
    return path


@given(st.lists(st.tuples(nodes, nodes), max_size=30))
def test_edges_that_are_let_in_never_make_a_cycle_or_a_path_deeper_than_allowed(edges: list[tuple[int, int]]) -> None:
    parents: dict[str, str] = {}
    for child, parent in ((str(one), str(other)) for one, other in edges):
        if cycle_path(parents, child, parent) is None and depth_with(parents, child, parent) <= 3:
            parents[child] = parent
    for node in map(str, range(8)):
        path = follows({int(child): int(parent) for child, parent in parents.items()}, int(node))
        assert len(path) - 1 <= 3
        assert len(path) == len(set(path))


@given(st.lists(st.tuples(nodes, nodes), max_size=30), nodes, nodes)
def test_an_edge_is_refused_as_a_cycle_only_if_it_would_close_one(edges: list[tuple[int, int]], child: int, parent: int) -> None:
    parents: dict[str, str] = {}
    for one, other in ((str(one), str(other)) for one, other in edges):
        if cycle_path(parents, one, other) is None:
            parents[one] = other
    would = {int(one): int(other) for one, other in parents.items()} | {child: parent}
    path = follows(would, child)
    assert (cycle_path(parents, str(child), str(parent)) is not None) == (len(path) != len(set(path)))
