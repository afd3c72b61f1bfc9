from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codex_desk.tui.widgets.fold import count, head, middle


@given(st.text(st.sampled_from("ab\n"), max_size=200), st.integers(8, 100))
def test_the_head_and_what_is_left_out_are_the_whole(text: str, limit: int) -> None:
    shown, more = head(text, limit)
    assert text.startswith(shown)
    assert len(shown) + more == len(text)
    assert len(shown) <= limit


def test_the_head_ends_with_a_line_where_one_is_near() -> None:
    assert head("a" * 95 + "\n" + "b" * 50, 100) == ("a" * 95 + "\n", 50)


@given(st.lists(st.integers(), max_size=60), st.integers(2, 30))
def test_the_middle_is_left_out_and_counted(lines: list[int], limit: int) -> None:
    start, hidden, end = middle(lines, limit)
    assert [*start, *lines[len(start) : len(start) + hidden], *end] == lines
    assert hidden != 1


def test_counts_are_read_by_people() -> None:
    assert count(1, "line") == "… 1 more line"
    assert count(2000, "character") == "… 2,000 more characters"
