from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codex_desk.rollouts.linking import DEEPEST, acceptable, counted, leads_to


def test_relations_that_make_a_circle_are_left_out() -> None:
    assert acceptable({"a": "b", "b": "c", "c": "a", "d": "a", "e": "f"}, {}) == {"e": "f"}
    assert acceptable({"a": "b"}, {"b": "a"}) == {}
    assert acceptable({"a": "a"}, {}) == {}


def test_a_line_that_is_too_deep_is_cut() -> None:
    line = {f"{number}": f"{number + 1}" for number in range(3 * DEEPEST)}
    made = acceptable(line, {})
    assert 0 < len(made) < len(line)


def test_a_child_finds_its_place_whichever_was_found_first() -> None:
    assert acceptable({"c": "b", "b": "a"}, {}) == acceptable({"b": "a", "c": "b"}, {}) == {"b": "a", "c": "b"}


@given(
    st.dictionaries(st.integers(0, 12).map(str), st.integers(0, 12).map(str)),
    st.dictionaries(st.integers(13, 20).map(str), st.integers(0, 20).map(str)),
)
def test_whatever_is_wanted_a_forest_comes_of_it(wanted: dict[str, str], more: dict[str, str]) -> None:
    present = acceptable(more, {})
    made = acceptable(wanted, present)
    together = {**present, **made}
    for start in together:
        seen, at = set[str](), start
        while at in together:
            assert at not in seen
            seen.add(at)
            at = together[at]


def test_a_way_up_that_never_ends_leads_anywhere() -> None:
    assert leads_to("a", "z", lambda at: at + "a")
    assert not leads_to("a", "z", {"a": "b"}.get)


def test_counts_add_up_the_most_frequent_first() -> None:
    assert list(counted([{"a": 1, "b": 2}, {"a": 4}]).items()) == [("a", 5), ("b", 2)]
