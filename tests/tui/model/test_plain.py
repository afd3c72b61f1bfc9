from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from codex_desk.tui.model.plain import plain_line, plainly


def test_signs_that_say_something_are_plain_characters_and_the_rest_is_blank() -> None:
    assert plainly("▶ reviewer · working → 2 of 3…") == "  reviewer - working > 2 of 3."
    assert plainly("├── a\n└── b │") == "+-- a\n+-- b |"
    assert plainly("▔▁▌🔎x") == "     x"


def test_letters_of_every_script_and_what_people_write_stay() -> None:
    text = "Grüße, Ελλάδα, 日本語, עברית, हिन्दी, naïve 🎉"
    assert plainly(text) == text


def test_arrow_keys_are_words_as_far_as_there_is_room() -> None:
    assert plain_line([" Alt+↑ edits", "      ", "x"]) == [" Alt+Up edits", "     ", "x"]
    assert plain_line(["↑↓ scroll" + " " * 9]) == ["Up Down scroll" + " " * 4]
    assert plain_line(["human ", "→", " operator"]) == ["human ", ">", " operator"]
    assert plain_line(["Alt+↑"]) == ["Alt+^"]


@given(st.text(st.sampled_from("⚠✓▶→─│🔎\ufe0fé日 a")))
def test_nothing_moves(text: str) -> None:
    assert cell_len(plainly(text)) == cell_len(text)


@given(st.lists(st.text(st.sampled_from("↑↓→+ a─"))))
def test_a_line_is_as_wide_as_before(pieces: list[str]) -> None:
    said = plain_line(pieces)
    assert len(said) == len(pieces)
    assert cell_len("".join(said)) == cell_len("".join(pieces))
    assert "".join(said).isascii()
