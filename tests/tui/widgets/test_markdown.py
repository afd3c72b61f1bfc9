from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.markdown import MarkdownStream
from tests.tui.widgets.samples import drawn, rows


def whole(source: str) -> Document:
    stream = MarkdownStream()
    stream.append(source)
    stream.finish()
    return stream.document


def streamed(pieces: list[str], width: int = 40) -> Document:
    stream = MarkdownStream()
    for piece in pieces:
        stream.append(piece)
        stream.document.height(width)
    stream.finish()
    return stream.document


LINES = st.sampled_from(
    [
        "", "", "", "word", "some more words", "# Heading", "## Two", "===", "---", "- a", "- b", "  - nested", " - odd", "   - odder", "    - deep", "  text", "    code",
        "* star", "* * *", "+ plus", "1. one", "1. again", "7. seven", "2) other", "10. ten", "   indented", "> quote", "> - in quote", ">", "> > twice", "```python", "```",
        "````", "~~~", "~~~ rust", "  ```", "   ```", "    ```", "def f(): return 'x' # y", '"""doc', 'end"""', "/* c", "*/", "a | b", "--- | ---", "| x | y |", "|:-|-:|",
        "**bold** and *em* `code`", "**open", "closed**", "[link](http://x.y)", "[ref]", "[ref]: http://z", "<b>html</b>", "&amp; &#x202e;", "\\", "a  ", "\ttabbed", "- ", "1.", "-",
        "wide 漢字かな and 👩‍👩‍👧", "\x1b[31mred\x1b[0m", "cr\r", "- [ ] task", "  ```js", "  let x = 1", "  > q", "~~gone~~",
    ]
)  # fmt: skip


@st.composite
def splits(draw: st.DrawFn) -> list[str]:
    source = "\n".join(draw(st.lists(LINES, min_size=1, max_size=14))) + draw(st.sampled_from(["", "\n"]))
    cuts = sorted(draw(st.lists(st.integers(0, len(source)), max_size=12)))
    bounds = [0, *cuts, len(source)]
    return [source[a:b] for a, b in pairwise(bounds)]


@given(splits())
@example(["- a\n-", "foo\n"])
@example(["```\n", "``", "`\n", "after"])
@example(["```python\n", "> - in quote\n    ```\nword"])
@settings(max_examples=300, deadline=None)
def test_any_cut_of_a_text_ends_in_the_same_strips(pieces: list[str]) -> None:
    assert drawn(streamed(pieces)) == drawn(whole("".join(pieces)))


def test_a_list_in_the_making_keeps_its_numbers_and_levels() -> None:
    source = "1. one\n   - inner\n     - innermost\n2. two\n3. three\n"
    assert rows(streamed(list(source))) == ["1. one", "   ◦ inner", "     ▪ innermost", "2. two", "3. three"]


def test_what_is_final_is_not_drawn_again() -> None:
    stream = MarkdownStream()
    stream.append("first\n\nsecond\n\n- one\n- two\n")
    final = stream.document.lines[:4]
    stream.append("- three\n\nlast")
    assert [line is other for line, other in zip(stream.document.lines, final, strict=False)] == [True] * 4


def test_an_open_fence_takes_its_lines_without_touching_those_before() -> None:
    stream = MarkdownStream()
    stream.append("```python\ndef f():\n")
    before = list(stream.document.lines)
    stream.append("    return 1\n    ret")
    assert stream.document.lines[: len(before)] == before
    assert rows(stream.document) == [" def f():", "     return 1", "     ret"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("# Title\ntext", ["Title", "", "text"]),
        ("a **b** `c`", ["a b c"]),
        ("[text](http://x.org/y)", ["text (http://x.org/y)"]),
        ("<http://x.org>", ["http://x.org"]),
        ("![alt](pic.png)", ["alt (pic.png)"]),
        ("> quoted\n> > twice", ["▎ quoted", "▎", "▎ ▎ twice"]),
        ("text:\n- item", ["text:", "• item"]),
        ("a\n\n---\n\nb", ["a", "", "─" * 60, "", "b"]),
        ("| a | b |\n|---|--:|\n| x | 10 |", ["a   b", "─  ──", "x  10"]),
        ("<b>not html</b>", ["<b>not html</b>"]),
        ("- \n- b", ["•", "• b"]),
        ("- [x] done\n- [ ] to do\n- [X] too\n- [x]\n- [ ]", ["✓ done", "○ to do", "✓ too", "• [x]", "• [ ]"]),
        ("1. [x] first\n   - [ ] second", ["1. ✓ first", "     ○ second"]),
        ("- [x] long\n\n  and more", ["✓ long", "", "  and more"]),
        ("> [x] no task", ["▎ [x] no task"]),
        ("one  \ntwo\\\nthree", ["one", "two", "three"]),
        ("~~gone~~ ***both***", ["gone both"]),
        ("Title\n===\n\n###### six", ["Title", "", "six"]),
        ("<div>\nraw\n</div>", ["<div> raw </div>"]),
        ("![](pic.png)", ["image (pic.png)"]),
        ("> > > deep\n> > back", ["▎ ▎ ▎ deep back"]),
    ],
)
def test_markdown_is_drawn(source: str, expected: list[str]) -> None:
    assert rows(whole(source)) == expected


def test_a_task_is_copied_as_it_was_written() -> None:
    source = "- [x] done\n- [ ] to do\n  - [ ] nested"
    assert whole(source).text == source


def test_a_table_too_narrow_for_its_columns_is_a_list_of_its_rows() -> None:
    table = whole("| name | what it does | more |\n|-|-|-|\n| `a` | reads | words |\n| b | writes | that are long |")
    assert rows(table, 15) == [
        "────────────",
        "name  a",
        "what it does",
        "  reads",
        "more  words",
        "────────────",
        "name  b",
        "what it does",
        "  writes",
        "more  that are",
        "      long",
        "────────────",
    ]


def test_a_wide_table_wraps_in_its_cells() -> None:
    table = whole("| name | what |\n|---|---|\n| a | " + "word " * 12 + "|")
    drawing = rows(table, 30)
    assert max(map(len, drawing)) <= 30
    assert "".join(drawing).count("word") == 12


@pytest.mark.parametrize(
    "source", ["&#x1b;[31m", "&#x202e;abc", "[x](http://a/&#x202e;)", "`\x1b]52;c;x\x07`", "```\n\x9b31m\n```", "|\x1b|\n|-|\n|\x1b|"]
)
def test_no_control_reaches_the_terminal(source: str) -> None:
    text = "".join(rows(whole(source)))
    assert not any(character in text for character in "\x1b\x9b\x07\u202e")


def test_nesting_beyond_the_parser_loses_no_text() -> None:
    assert "needle" in "".join(rows(whole("> " * 300 + "needle"), 200))
    assert "needle" in "".join(rows(whole("".join(f"{'  ' * depth}- x\n" for depth in range(120)) + " " * 240 + "- needle\n"), 400))


@pytest.mark.parametrize("unit", ["[", "*a ", "`", "`a", "![", "> ", "x", "漢", "- ", "|", "**a *b ", "[a](b", "\\"])
def test_hostile_lines_do_not_hang(unit: str) -> None:
    start = time.process_time()
    assert whole(unit * (60_000 // len(unit))).height(80) <= 60_000
    assert time.process_time() - start < 5
