from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codex_desk.tui.model.finding import Finding, occurrences

TEXTS = st.text(st.sampled_from("aAbİß ẞ漢"), max_size=30)


@given(TEXTS, st.text(st.sampled_from("aAbİß漢"), min_size=1, max_size=3))
def test_every_place_that_is_found_is_the_text_that_was_looked_for(text: str, needle: str) -> None:
    for start, end in occurrences(text, needle):
        assert text[start:end].lower() == needle.lower()


@given(TEXTS, TEXTS, TEXTS)
def test_a_text_that_stands_there_is_found(before: str, needle: str, after: str) -> None:
    assert not needle or list(occurrences(before + needle.upper() + after, needle.upper()))


def test_case_does_not_matter_and_places_do_not_overlap() -> None:
    assert list(occurrences("AaaA", "aa")) == [(0, 2), (2, 4)]
    assert list(occurrences("anything", "")) == []


def test_the_search_begins_at_what_is_read_and_goes_round() -> None:
    finding = Finding("x").found([3, 7, 20], near=10)
    assert (finding.seq, finding.told) == (7, "2 of 3")
    assert [finding.step(1).seq, finding.step(1).step(1).seq, finding.step(-1).step(-1).seq] == [20, 3, 20]


def test_what_lies_after_the_reader_is_found_where_nothing_lies_before() -> None:
    assert Finding("x").found([30, 40], near=10).seq == 30


def test_nothing_found_is_said_and_leads_nowhere() -> None:
    finding = Finding("x").found([], near=10)
    assert (finding.seq, finding.told, finding.step(1)) == (None, "nothing found", finding)
    assert Finding().told == ""


def test_an_item_that_comes_while_one_looks_is_counted_and_moves_nobody() -> None:
    finding = Finding("x").found([3, 7], near=10).added(20)
    assert (finding.seq, finding.told) == (7, "2 of 3")
    assert finding.added(5).seq == 7
    assert finding.added(20) == finding
