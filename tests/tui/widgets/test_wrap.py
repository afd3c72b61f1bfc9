from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len, split_graphemes

from codex_desk.tui.widgets.wrap import _grapheme_cuts, offset_at, whole_graphemes, wrap_cuts

TEXTS = st.text(st.sampled_from("ab  -漢字é👩\u200d\ufe0f\u0301한"), max_size=80)


def pieces(text: str, width: int, words: bool) -> list[str]:
    bounds = [0, *wrap_cuts(text, width, words=words), len(text)]
    return [text[start:end] for start, end in pairwise(bounds)]


@example("\u200d\u200d字a", 2, False)
@given(TEXTS, st.integers(2, 30), st.booleans())
def test_every_piece_fits_but_for_spaces_at_its_end(text: str, width: int, words: bool) -> None:
    assert all(cell_len(piece.rstrip(" ") if words else piece) <= width for piece in pieces(text, width, words))


@given(TEXTS, st.integers(2, 30), st.booleans())
def test_nothing_is_lost_and_no_piece_is_empty(text: str, width: int, words: bool) -> None:
    cut = pieces(text, width, words)
    assert "".join(cut) == text
    assert all(cut) or text == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one two three", ["one ", "two ", "three"]),
        ("abcdefghij", ["abcdef", "ghij"]),
        ("one   two", ["one   ", "two"]),
        ("漢字 かな", ["漢字 ", "かな"]),
        ("a 👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", ["a ", "👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧"]),
    ],
)
def test_words_stay_whole_where_they_can(text: str, expected: list[str]) -> None:
    assert pieces(text, 6, words=True) == expected


@given(st.text(st.sampled_from("ab  -漢字éß"), max_size=80), st.integers(2, 30), st.booleans())
def test_text_of_simple_characters_is_cut_as_any_other(text: str, width: int, words: bool) -> None:
    assert wrap_cuts(text, width, words=words) == _grapheme_cuts(text, width, words)


@given(TEXTS, st.integers(0, 80), st.integers(0, 80))
def test_a_span_is_widened_to_whole_characters_and_no_further(text: str, start: int, end: int) -> None:
    start, end = sorted((min(start, len(text)), min(end, len(text))))
    bounds = {0, *(stop for _, stop, _ in split_graphemes(text)[0])}
    first, last = whole_graphemes(text, start, end)
    assert {first, last} <= bounds
    assert not any(first < bound <= start or end <= bound < last for bound in bounds)


@given(TEXTS)
def test_every_cell_is_of_the_character_that_covers_it(text: str) -> None:
    cell = 0
    for start, _, wide in split_graphemes(text)[0]:
        for _ in range(wide):
            assert offset_at(text, cell) == start
            cell += 1
    assert offset_at(text, cell) == len(text)
