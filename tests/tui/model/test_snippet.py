"""Where the words of a search stand."""

from __future__ import annotations

import pytest

from codex_desk.tui.model.kinds import kinds_named
from codex_desk.tui.model.snippet import Piece, matches_of, preview, snippet, words_of


def found(text: str, query: str) -> list[str]:
    return [text[start:end] for start, end in matches_of(text, words_of([query]))]


@pytest.mark.parametrize(
    ("text", "query", "words"),
    [
        ("The loader swallows errors", "loader err", ["loader", "errors"]),
        ("unloaded loaders loader", "loader swallow", ["loader"]),
        ("Ein CAFÉ und ein Cafe", "cafe", ["CAFÉ", "Cafe"]),
        ("see load_config(path)", "config", ["config"]),
        ("漢字 の 名前", "漢", ["漢字"]),
        ("a.b*c", "b*c", ["b", "c"]),
        ("nothing here", "", []),
    ],
)
def test_words_are_found_as_the_index_finds_them(text: str, query: str, words: list[str]) -> None:
    assert found(text, query) == words


def plain(pieces: list[Piece]) -> str:
    return "".join(piece for piece, _ in pieces)


def test_a_snippet_begins_near_its_word_and_says_that_something_stands_before() -> None:
    text = "x " * 5_000 + "the needle is here\nand on"
    pieces = snippet(text, ("needle",), 40)
    assert ("needle", True) in pieces
    assert plain(pieces).startswith("…") and "\n" not in plain(pieces) and len(plain(pieces)) <= 83


def test_a_snippet_begins_with_a_word_and_shows_runs_of_spaces_as_one() -> None:
    text = "many words before it that are left out here   \n\n      needle   and  on"
    assert plain(snippet(text, ("needle",), 60)) == "…out here needle and on"


def test_a_short_text_is_shown_from_its_start() -> None:
    assert snippet("the needle", ("needle",), 40) == [("the ", False), ("needle", True)]


def test_control_codes_are_written_out_in_both() -> None:
    text = "a \x1b[31m needle \u202e b"
    for pieces in (snippet(text, ("needle",), 40), preview(text, ("needle",), 3)[0]):
        assert "\x1b" not in plain(pieces) and "\u202e" not in plain(pieces) and "needle" in plain(pieces)


def test_a_preview_has_the_line_with_the_word_and_lines_around_it() -> None:
    text = "\n".join(f"line {number}" for number in range(100)) + "\nthe needle\n" + "\n".join("after" for _ in range(100))
    lines = [plain(pieces) for pieces in preview(text, ("needle",), 9)]
    assert lines == ["line 97", "line 98", "line 99", "the needle", *["after"] * 5]


def test_a_line_of_200_000_characters_is_cut_around_its_word() -> None:
    text = "y" * 150_000 + " needle " + "y" * 50_000
    (line,) = preview(text, ("needle",), 5)
    assert "needle" in plain(line) and len(plain(line)) <= 2_000
    assert "needle" in plain(snippet(text, ("needle",), 60))


def test_kinds_are_named_by_their_words() -> None:
    assert kinds_named(["ans"]) == ("agent_message",)
    assert kinds_named(["message"]) == ("message_out", "message_in")
    assert kinds_named(["nosuch"]) == ()
