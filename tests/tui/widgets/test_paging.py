from __future__ import annotations

from dataclasses import replace

import pytest

from codex_desk.engine.views import ItemView, LiveTurn
from codex_desk.rights import FULL
from codex_desk.tui.widgets.transcript import Transcript
from codex_desk.tui.widgets.window import HIGH
from tests.tui.widgets.samples import START, item
from tests.tui.widgets.shown import blocks, screen, shown, talk, texts, until


def seqs(transcript: Transcript) -> list[int]:
    return [block.item.seq for block in blocks(transcript) if block.item is not None]


def mixed(first: int, last: int) -> list[ItemView]:
    """Items of one and of many rows, a few authors."""
    kinds = ("user_message", "agent_message", "tool_call", "notice")
    return [item(seq, kinds[seq % 4], f"item {seq} " + "words " * (seq * 7 % 40), tool=f"call {seq}") for seq in range(first, last)]


async def test_an_item_far_back_is_shown_with_what_stands_around_it_and_the_cursor_on_it() -> None:
    async with shown(mixed(100, 300), earlier=True, later=True, at=200) as (app, transcript, pilot):
        await pilot.pause()
        cursor = transcript.query_one(".-cursor")
        assert cursor is transcript.block_of(200)
        assert 0 < cursor.region.y < app.size.height // 2
        assert any("item 199" in line or "call 199" in line for line in screen(app))
        assert "more below" in screen(app)[-1]


async def test_from_there_the_reader_comes_to_the_end_page_by_page_and_nothing_is_left_out() -> None:
    async with shown(talk(0, 120), at=10) as (app, transcript, pilot):
        seen: set[int] = set()
        for _ in range(200):
            seen |= {block.item.seq for block in blocks(transcript) if block.item is not None and block.region.overlaps(transcript.region)}
            if 119 in seen:
                break
            transcript.scroll_relative(y=8, animate=False)
            await pilot.pause()
        assert seen >= set(range(10, 120))
        await until(pilot, lambda: any(isinstance(event, Transcript.LiveWanted) for event in app.heard))
        transcript.scroll_end(animate=False)
        await pilot.pause()
        transcript.add(item(500, "user_message", "the newest"))
        await until(pilot, lambda: any("the newest" in line for line in screen(app)))


async def test_a_page_after_what_is_read_moves_nothing_though_the_oldest_items_go() -> None:
    async with shown(mixed(0, HIGH + 100), at=0) as (app, transcript, pilot):
        for _ in range(12):
            before = seqs(transcript)
            transcript.scroll_to(y=transcript.max_scroll_y - 3, animate=False)
            await pilot.pause()
            reading = texts(app)[:-3]
            await transcript._page_forward()
            await pilot.pause()
            assert texts(app)[: len(reading)] == reading
            now = seqs(transcript)
            assert now == list(range(now[0], now[0] + len(now)))
            assert len(now) <= HIGH
            if now[0] > before[0]:
                return
        raise AssertionError("no old item ever went")


async def test_the_store_is_asked_for_newer_items_once() -> None:
    async with shown(talk(0, 6), later=True, at=0) as (app, transcript, pilot):
        await pilot.press(*["j"] * 10)
        await until(pilot, lambda: any(isinstance(event, Transcript.LaterWanted) for event in app.heard))
        assert [event.after for event in app.heard if isinstance(event, Transcript.LaterWanted)] == [5]
        await transcript.extend(talk(6, 20), False)
        await pilot.pause()
        assert seqs(transcript) == list(range(20))


async def test_items_added_while_the_reader_is_further_up_are_read_when_they_come_there() -> None:
    async with shown(talk(0, 100), at=0) as (app, transcript, pilot):
        for seq in range(100, 110):
            transcript.add(item(seq, "user_message", f"message number {seq}"))
        await pilot.pause()
        assert max(seqs(transcript)) < 100
        assert "10 new below" in screen(app)[-1]
        for _ in range(10):
            await transcript._page_forward()
        await pilot.pause()
        assert seqs(transcript)[-10:] == list(range(100, 110))


async def test_what_a_turn_says_goes_on_where_the_reader_comes_to_the_end() -> None:
    async with shown(talk(0, 60), at=0) as (app, transcript, pilot):
        for _ in range(5):
            await transcript._page_forward()
        transcript.show_live(LiveTurn("turn", "t1", START, "human", 1, FULL, {"k": ("text", "so far")}))
        transcript.scroll_end(animate=False)
        await until(pilot, lambda: any("so far" in line for line in screen(app)))


async def test_the_top_of_a_thread_that_is_not_all_here_is_asked_for() -> None:
    async with shown(talk(50, 80), earlier=True) as (app, _, pilot):
        await pilot.press("g")
        await pilot.pause()
        assert any(isinstance(event, Transcript.OldestWanted) for event in app.heard)


@pytest.mark.parametrize("seq", [12, 60])
async def test_the_line_that_is_read_stays_at_the_top_at_every_width(seq: int) -> None:
    long = [replace(one, text=f"start-{one.seq} " + "word " * 60) for one in mixed(0, 100)]
    async with shown(long, at=seq) as (_, transcript, pilot):
        block = transcript.block_of(seq)
        assert block is not None
        transcript.scroll_to(y=block.virtual_region.y + 1, animate=False)
        await pilot.pause()
        place = transcript._place(transcript.scrollable_content_region.width)
        for width in (33, 100, 20, 60):
            await pilot.resize_terminal(width, 20)
            await pilot.pause()
            top = transcript._place(transcript.scrollable_content_region.width)
            assert place is not None
            assert top is not None
            assert top[0] is place[0]
        assert top[1].y == place[1].y
        assert abs(top[1].x - place[1].x) < 40


async def test_who_is_at_the_end_stays_there_at_every_size() -> None:
    async with shown(mixed(0, 60)) as (app, transcript, pilot):
        for size in ((30, 9), (110, 30), (20, 5), (60, 20)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert transcript.scroll_y == transcript.max_scroll_y
            transcript.add(item(1000 + sum(size), "user_message", f"new at {size}"))
            await until(pilot, lambda: any("new at" in line for line in screen(app)[-3:]))


async def test_the_place_and_the_cursor_stay_when_the_theme_changes_and_the_focus_comes_and_goes() -> None:
    async with shown(mixed(0, 60)) as (app, transcript, pilot):
        transcript.scroll_to(y=20, animate=False)
        await pilot.press("k")
        await pilot.pause()
        before = screen(app)
        app.theme = "textual-light"
        await pilot.pause()
        app.set_focus(None)
        transcript.focus()
        await pilot.pause()
        assert screen(app) == before
