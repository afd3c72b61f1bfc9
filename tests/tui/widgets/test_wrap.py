from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from codex_desk.tui.widgets.wrap import wrap_cuts

TEXTS = st.text(st.sampled_from("ab  -漢字é👩\u200d\ufe0f\u0301한"), max_size=80)


def pieces(text: str, width: int, words: bool) -> list[str]:
    bounds = [0, *wrap_cuts(text, width, words=words), len(text)]
    return [text[start:end] for start, end in pairwise(bounds)]


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
