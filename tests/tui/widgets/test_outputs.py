from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.selection import SELECT_ALL

from codex_desk.tui.widgets import outputs
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.fold import ends, middle
from codex_desk.tui.widgets.items import draw
from codex_desk.tui.widgets.outputs import MOST_AT_ONCE, PAGE_CHARACTERS, PAGE_LINES, PAGES, Pages
from codex_desk.tui.widgets.showing import Showing
from tests.tui.widgets.samples import INK, item, rows, strips
from tests.tui.widgets.shown import blocks, screen, shown, until

OPENED = Showing(opened=True)


def whole(text: str) -> Document:
    """All of it, made to the end."""
    document = Document(rest=Pages(text))
    while document.has_more:
        document.more()
    return document


@given(st.text(st.sampled_from("ab\n"), max_size=200), st.integers(2, 30))
def test_the_ends_of_a_text_are_the_first_and_last_of_its_lines(text: str, limit: int) -> None:
    stripped = text.rstrip("\n")
    first, hidden, last = middle(stripped.split("\n") if stripped else [], limit)
    start, (begin, end), rest = ends(text, limit)
    assert (start, rest) == (first, last)
    assert text[begin:end].count("\n") == hidden


@given(st.lists(st.text(st.sampled_from("ab漢 "), max_size=12), max_size=40), st.integers(1, 7), st.integers(8, 60))
def test_page_by_page_nothing_is_lost_and_nothing_added(lines: list[str], page_lines: int, page_characters: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outputs, "PAGE_LINES", page_lines)
        patch.setattr(outputs, "PAGE_CHARACTERS", page_characters)
        patch.setattr(outputs, "MOST_AT_ONCE", page_characters)
        text = "\n".join(lines).rstrip("\n")
        assert whole(text).extract(SELECT_ALL) == text


def test_what_is_left_is_counted_and_gone_at_the_end() -> None:
    document = Document(rest=Pages("\n".join(map(str, range(1000)))))
    assert rows(document)[-1] == "  … 600 more lines  scroll on"
    document.more()
    assert rows(document)[399:402] == ["  399", "  400", "  401"]
    assert rows(document)[-1] == "  … 200 more lines  scroll on"
    document.more()
    assert (rows(document)[-1], document.has_more) == ("  999", False)


def test_a_line_longer_than_a_page_goes_on_in_the_next() -> None:
    text = "x" * (2 * PAGE_CHARACTERS + 5)
    document = whole(text)
    assert document.extract(SELECT_ALL) == text
    assert len(document.lines) == 3
    assert {row.strip() for row in rows(document, 62)[:-1]} == {"x" * 60, "x" * (PAGE_CHARACTERS % 60)}


@pytest.mark.parametrize(
    "text",
    ["line of output\n" * 3_600_000, "x" * 200_000, "x" * 50_000_000, "漢👩‍👩‍👧" * 40_000, "\n" * 50_000_000, "\x1b[31m\u202e" * 1_000_000],
    ids=["50 MB of lines", "a long line", "a line of 50 MB", "a long line of wide characters", "only newlines", "only control sequences"],
)
@pytest.mark.parametrize("opened", [False, True])
def test_of_any_output_only_so_much_is_laid_out_as_can_be_seen_at_once(text: str, opened: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    monkeypatch.setattr(outputs, "clean", lambda row, clean=outputs.clean: made.append(len(row)) or clean(row))
    start = time.process_time()
    document = draw(item(1, "command", command="make", exit_code=0, output=text), Showing(opened))
    height = document.height(80)
    shown = len(strips(document, 80)[:40]) if height < 200 else len([document.row(row, 80, INK) for row in range(40)])
    spent = time.process_time() - start
    assert shown
    assert len(made) <= PAGES * PAGE_LINES + 1
    assert sum(made) <= MOST_AT_ONCE + PAGE_CHARACTERS
    assert height <= MOST_AT_ONCE * 2 + 100
    assert spent < 1  # a tenth of that here; the bound on what is made is what counts


async def test_an_opened_output_goes_on_where_its_reader_comes_to_the_end_of_it() -> None:
    ran = item(1, "command", command="seq", exit_code=0, output="\n".join(f"row {number}" for number in range(1200)))
    async with shown([ran]) as (app, transcript, pilot):
        await pilot.press("k", "enter")
        await pilot.pause()
        block = blocks(transcript)[0]
        heights = [block.size.height]
        for _ in range(400):
            transcript.scroll_relative(y=15, animate=False)
            await pilot.pause()
            heights.append(block.size.height)
            if any("row 1199" in line for line in screen(app)):
                break
        assert any("row 1199" in line for line in screen(app))
        assert all(after - before <= 401 for before, after in pairwise(heights))
        await pilot.press("enter")
        await until(pilot, lambda: block.size.height < 30)
        assert block.region.overlaps(transcript.region)


def test_a_long_prompt_is_folded_to_its_beginning() -> None:
    said = item(1, "user_message", "\n".join(f"line {number}" for number in range(100)))
    drawing = rows(draw(said))
    assert (len(drawing), drawing[-2], drawing[-1]) == (31, "line 29", "… 70 more lines  Enter opens")
    assert rows(draw(said, OPENED))[-1] == "line 99"


def test_a_long_prompt_of_one_line_is_folded_as_well() -> None:
    assert rows(draw(item(1, "user_message", "word " * 4000)))[-1].endswith(" more characters  Enter opens")
