from __future__ import annotations

import pytest
from textual.content import Content
from textual.geometry import Offset
from textual.selection import Selection
from textual.style import Style

from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.lines import ShortLine, TextLine
from codex_desk.tui.widgets.markdown import MarkdownStream
from tests.tui.widgets.samples import OPTIONS, rows


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


@pytest.mark.parametrize("source", ["> - some longer words in an item\n>\n> more", "| a | b |\n|---|---|\n| some words | x |"])
def test_offsets_on_the_rows_are_places_in_the_text(source: str) -> None:
    document = markdown(source)
    for strip in document.render_strips(14, None, Style(), OPTIONS):
        for segment in strip:
            assert segment.style is not None
            x, y = segment.style.meta["offset"]
            beginning = document.lines[y].text[x : x + len(segment.text)]
            assert len(segment.text) == 1 or segment.text.isspace() or beginning == segment.text


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
    strips = document.render_strips(width, None, Style(), OPTIONS)
    assert {sum(segment.cell_length for segment in strip) for strip in strips} == {width}
