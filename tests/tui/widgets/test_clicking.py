from __future__ import annotations

from textual.geometry import Offset
from textual.pilot import Pilot

from codex_desk.tui.widgets.block import Block
from codex_desk.tui.widgets.transcript import Transcript
from tests.tui.widgets.samples import item
from tests.tui.widgets.shown import blocks, screen, shown, talk, until

CALL = item(1, "tool_call", tool="grep", arguments={"pattern": "x"}, result="found\nit", ok=True)
RAN = item(2, "command", command="seq 100", exit_code=0, output="\n".join(map(str, range(100))))


async def click(pilot: Pilot[None], block: Block, row: int) -> None:
    await pilot.click(offset=block.content_region.offset + Offset(3, row))
    await pilot.pause()


async def test_a_click_on_the_row_of_a_call_opens_and_folds_it() -> None:
    async with shown([CALL, item(2, "user_message", "below")]) as (app, transcript, pilot):
        call = blocks(transcript)[0]
        for opened in (True, False):
            await click(pilot, call, 1)
            assert call.opened is opened
            assert ("it" in [line.strip("▌ ") for line in screen(app)]) is opened
        await click(pilot, blocks(transcript)[1], 1)
        assert transcript.query_one(".-cursor") is blocks(transcript)[1]


async def test_a_click_inside_of_an_output_opens_nothing_but_on_what_says_that_there_is_more_it_does() -> None:
    async with shown([RAN], size=(60, 30)) as (_, transcript, pilot):
        ran = blocks(transcript)[0]
        rows = [ran.render_line(row).text for row in range(ran.size.height)]
        await click(pilot, ran, 3)
        assert not ran.opened
        await click(pilot, ran, next(number for number, row in enumerate(rows) if "80 more lines  Enter opens" in row))
        assert ran.opened


async def test_drawing_the_mouse_over_a_call_does_not_open_it() -> None:
    async with shown([CALL]) as (_, transcript, pilot):
        call = blocks(transcript)[0]
        start = call.content_region.offset + Offset(2, 1)
        await pilot.mouse_down(offset=start)
        await pilot.hover(offset=start + Offset(5, 0))
        await pilot.mouse_up(offset=start + Offset(5, 0))
        await pilot.pause()
        assert not call.opened


async def test_what_follows_an_opened_call_stands_apart_from_it() -> None:
    async with shown([CALL, item(2, "tool_call", tool="read", ok=True, arguments={"path": "a"})]) as (_, transcript, pilot):
        await pilot.press("k", "k", "enter")
        await pilot.pause()
        assert [block.gap for block in blocks(transcript)] == [0, 1]
        await pilot.press("enter")
        await pilot.pause()
        assert [block.gap for block in blocks(transcript)] == [0, 0]


async def test_a_click_on_the_marks_at_the_edges_leads_there() -> None:
    async with shown(talk(50, 80), earlier=True) as (app, transcript, pilot):
        transcript.scroll_to(y=1, animate=False)
        await pilot.pause()
        transcript.add(item(90, "user_message", "the newest"))
        await until(pilot, lambda: "↓ 1 new below" in screen(app)[-1])
        await pilot.click(offset=(screen(app)[-1].index("new"), app.size.height - 1))
        await until(pilot, lambda: any("the newest" in line for line in screen(app)))
        transcript.scroll_to(y=1, animate=False)
        await pilot.pause()
        transcript.scroll_home(animate=False)
        await until(pilot, lambda: any(isinstance(event, Transcript.EarlierWanted) for event in app.heard))


async def test_what_is_opened_stays_where_it_is_and_is_brought_into_view_as_far_as_it_fits() -> None:
    many = [item(seq, "tool_call", tool=f"call {seq}", ok=True, result="a\nb\nc\nd") for seq in range(30)]
    async with shown(many) as (_, transcript, pilot):
        await pilot.press("k", "k", "k", "k", "k", "k", "k", "k")
        block = transcript.query_one(".-cursor", Block)
        row = block.region.y
        await pilot.press("enter")
        await pilot.pause()
        assert block.region.y == row
        await pilot.press("enter", "G", "enter")
        await pilot.pause()
        last = blocks(transcript)[-1]
        assert last.opened
        assert last.region.bottom <= transcript.region.bottom
        await pilot.press("enter")
        await pilot.pause()
        transcript.add(item(99, "user_message", "followed again"))
        await pilot.pause()
        assert transcript.scroll_y == transcript.max_scroll_y
