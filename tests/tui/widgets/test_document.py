from __future__ import annotations

import pytest
from rich.cells import split_graphemes
from textual.content import Content
from textual.geometry import Offset
from textual.selection import Selection

from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.lines import ShortLine, TextLine
from codex_desk.tui.widgets.markdown import MarkdownStream
from tests.tui.widgets.samples import rows, strips


def markdown(source: str) -> Document:
    stream = MarkdownStream()
    stream.append(source)
    return stream.document


def between(start: tuple[int, int], end: tuple[int, int]) -> Selection:
    return Selection(Offset(*start), Offset(*end))


def test_a_wrapped_paragraph_is_copied_unwrapped() -> None:
    document = markdown("one two three four five six")
    assert document.height(10) > 1
    assert document.extract(Selection(None, None)) == "one two three four five six"


def test_a_selection_counts_characters_of_the_text_under_any_prefix() -> None:
    document = markdown("- first item\n- second item")
    assert document.extract(between((6, 0), (6, 1))) == "item\n- second"


@pytest.mark.parametrize(
    "source",
    [
        "> - some longer words in an item\n>\n> more",
        "| a | b |\n|---|--:|\n| some words | x |",
        "漢字かな交じり文 👩‍👩‍👧👩‍👩‍👧 éé words",
        "```\nx = 1 + 22222222222\n```",
    ],
)
def test_every_cell_belongs_to_the_character_that_it_shows(source: str) -> None:
    document = markdown(source)
    for y, strip in enumerate(strips(document, 14)):
        cells = [text for text, width in _graphemes(strip.text) for _ in range(width)]
        for x, shown in enumerate(cells):
            place = document.place(x, y, 14)
            text = document.lines[place.y].text
            assert shown == " " or shown in "▎•─" or text[place.x :].startswith(shown)


def _graphemes(text: str) -> list[tuple[str, int]]:
    return [(text[start:end], width) for start, end, width in split_graphemes(text)[0]]


def test_the_cells_after_a_wrapped_row_are_its_end_and_not_the_next_row() -> None:
    document = markdown("one two three")
    assert [strip.text.rstrip() for strip in strips(document, 10)] == ["one two", "three"]
    assert document.place(9, 0, 10) == Offset(7, 0)


def test_half_a_character_is_never_selected() -> None:
    document = markdown("a👩‍👩‍👧b")
    assert document.extract(between((2, 0), (3, 0))) == "👩‍👩‍👧"


def test_a_table_is_copied_as_markdown_however_it_wraps() -> None:
    source = "| name | what |\n| --- | --: |\n| `a` | some long words that wrap |"
    document = markdown(source)
    for width in (80, 20, 8):
        assert document.height(width) >= 3
        assert document.extract(Selection(None, None)) == source.replace("`", "")


def test_part_of_a_cell_can_be_copied() -> None:
    document = markdown("| name | what |\n|---|---|\n| a | some words |")
    start = document.place(rows(document)[2].index("some"), 2, 60)
    assert document.extract(Selection(start, start + Offset(4, 0))) == "some"


def test_a_header_is_the_first_line_of_a_selection() -> None:
    document = Document([TextLine(Content("body"))], header=ShortLine(Content("you")))
    assert rows(document) == ["you", "body"]
    assert document.extract(between((0, 0), (2, 1))) == "you\nbo"


def test_code_is_copied_as_it_is() -> None:
    assert markdown("```\nif x:\n    y\n```").extract(Selection(None, None)) == "if x:\n    y"


def test_only_what_follows_is_measured_again() -> None:
    document = markdown("a\n\nb")
    assert document.height(40) == 3
    document.replace_from(2, [TextLine(Content("longer " * 10))])
    assert document.height(40) == 4
    assert rows(document, 40)[:2] == ["a", ""]


@pytest.mark.parametrize("width", [7, 8, 21, 40])
def test_rows_are_exactly_as_wide_as_asked_for(width: int) -> None:
    document = markdown(
        "漢字かな交じり文 `code` " * 5 + "\n\n```\n" + "x" * 50 + "漢\n```\n\n" + "- " * 3 + "deep\n\n| a | b |\n|-|-|\n| 漢字 | wide |"
    )
    assert {sum(segment.cell_length for segment in strip) for strip in strips(document, width)} == {width}
