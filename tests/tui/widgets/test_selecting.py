from __future__ import annotations

from textual.geometry import Offset
from textual.pilot import Pilot

from codex_desk.tui.widgets.block import Block
from tests.tui.widgets.samples import item
from tests.tui.widgets.shown import Show, blocks, shown


async def drag(pilot: Pilot[None], start: Offset, end: Offset) -> str:
    """What is selected after the mouse was drawn from one cell of the screen to another."""
    await pilot.mouse_down(offset=start)
    await pilot.hover(offset=end)
    await pilot.mouse_up(offset=end)
    await pilot.pause()
    return pilot.app.screen.get_selected_text() or ""


def cell(block: Block, x: int, y: int) -> Offset:
    return block.content_region.offset + Offset(x, y)


def marked(app: Show, block: Block, row: int) -> str:
    """What of a row stands out."""
    plain = block.visual_style.rich_style.bgcolor
    strip = block.render_line(row)
    return "".join(segment.text for segment in strip if segment.style is not None and segment.style.bgcolor != plain)


async def test_a_wrapped_paragraph_is_selected_as_it_was_written() -> None:
    said = item(1, "user_message", "one two three four five six seven eight nine ten eleven")
    async with shown([said], size=(30, 10)) as (_, transcript, pilot):
        block = blocks(transcript)[0]
        assert await drag(pilot, cell(block, 4, 1), cell(block, 4, 2)) == "two three four five six seven"


async def test_past_the_end_of_a_row_the_selection_ends_with_the_row() -> None:
    said = item(1, "user_message", "one two three four five seventeen eight")
    async with shown([said], size=(30, 10)) as (_, transcript, pilot):
        block = blocks(transcript)[0]
        assert block.render_line(1).text.rstrip() == "one two three four five"
        selected = await drag(pilot, cell(block, 0, 1), cell(block, 26, 1))
        assert selected == "one two three four five "  # the space at which it was wrapped


async def test_a_selection_across_blocks_has_their_texts_and_gaps_and_no_decoration() -> None:
    said = [item(1, "user_message", "first *words*"), item(2, "agent_message", "- second\n- third"), item(3, "user_message", "last words")]
    async with shown(said) as (_, transcript, pilot):
        first, second, third = blocks(transcript)
        time = second.document.text.splitlines()[0]
        selected = await drag(pilot, cell(first, 6, 1), cell(third, 4, 1))
        assert selected == f"*words*\n\n{time}\n- second\n- third\n\n{third.document.text.splitlines()[0]}\nlast"


async def test_cells_of_wide_characters_and_sequences_are_the_characters_they_show() -> None:
    async with shown([item(1, "user_message", "漢字かな 👩‍👩‍👧x e\u0301e\u0301")]) as (app, transcript, pilot):
        block = blocks(transcript)[0]
        assert await drag(pilot, cell(block, 3, 1), cell(block, 5, 1)) == "字か"
        assert marked(app, block, 1) == "字か"
        assert await drag(pilot, cell(block, 10, 1), cell(block, 11, 1)) == "👩‍👩‍👧x"[: len("👩‍👩‍👧x")]
        assert await drag(pilot, cell(block, 13, 1), cell(block, 14, 1)) == "e\u0301e\u0301"[: len("e\u0301e\u0301")]


async def test_a_row_of_a_table_is_selected_cell_by_cell() -> None:
    async with shown([item(1, "agent_message", "| name | what |\n|---|---|\n| `a` | some words |\n| b | others |")]) as (
        _,
        transcript,
        pilot,
    ):
        block = blocks(transcript)[0]
        at = block.render_line(3).text.index("some")
        assert await drag(pilot, cell(block, at, 3), cell(block, at + 3, 3)) == "some"
        assert await drag(pilot, cell(block, 0, 3), cell(block, at + 20, 4)) == "| a | some words |\n| b | others |"


async def test_code_and_output_are_selected_without_their_margins() -> None:
    said = [item(1, "agent_message", "```py\nif x:\n    y = 1\n```"), item(2, "command", command="seq 2", exit_code=0, output="1\n2")]
    async with shown(said) as (_, transcript, pilot):
        code, ran = blocks(transcript)
        assert await drag(pilot, cell(code, 0, 1), cell(code, 30, 2)) == "if x:\n    y = 1"
        assert await drag(pilot, cell(ran, 0, 1), cell(ran, 30, 2)) == "1\n2"


async def test_a_diff_is_selected_with_its_signs_and_without_its_numbers() -> None:
    changed = item(1, "file_change", changes=[{"path": "a.py", "kind": "update", "diff": "@@ -1,2 +1,2 @@\n same\n-old\n+new\n"}])
    async with shown([changed]) as (_, transcript, pilot):
        block = blocks(transcript)[0]
        assert await drag(pilot, cell(block, 0, 3), cell(block, 30, 5)) == " same\n-old\n+new"


async def test_a_selection_stays_on_its_words_when_the_rows_wrap_otherwise_and_in_another_theme() -> None:
    said = item(1, "user_message", "one two three four five six seven eight nine ten eleven")
    async with shown([said], size=(40, 12)) as (app, transcript, pilot):
        block = blocks(transcript)[0]
        selected = await drag(pilot, cell(block, 4, 1), cell(block, 6, 1))
        await pilot.resize_terminal(24, 12)
        app.theme = "textual-light"
        await pilot.pause()
        assert app.screen.get_selected_text() == selected == "two"
        assert "".join(marked(app, block, row) for row in range(1, block.size.height)) == "two"


async def test_what_says_that_the_thread_goes_on_is_not_selected() -> None:
    async with shown([item(1, "user_message", "words")], earlier=True) as (_, transcript, pilot):
        block = blocks(transcript)[0]
        assert "earlier" not in await drag(pilot, Offset(2, 0), cell(block, 4, 1))


async def test_the_key_that_copies_a_block_copies_what_is_selected() -> None:
    async with shown([item(1, "user_message", "one two three")]) as (app, transcript, pilot):
        block = blocks(transcript)[0]
        await drag(pilot, cell(block, 4, 1), cell(block, 6, 1))
        await pilot.press("y")
        await pilot.pause()
        assert app.clipboard == "two"
