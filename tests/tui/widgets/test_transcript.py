from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from codex_desk.engine.views import LiveTurn
from codex_desk.rights import FULL
from codex_desk.runtimes.base import Delta
from codex_desk.tui.widgets.block import Block
from codex_desk.tui.widgets.transcript import Transcript
from codex_desk.tui.widgets.waiting import WaitLine
from codex_desk.tui.widgets.window import HIGH
from tests.tui.widgets.samples import KINDS, START, item, thread
from tests.tui.widgets.shown import blocks, screen, shown, talk, texts, until


async def test_a_thread_opens_at_its_end() -> None:
    async with shown(talk(0, 200)) as (app, transcript, _):
        assert "message number 199" in "\n".join(screen(app))
        assert len(blocks(transcript)) <= 40


async def test_header_stands_once_per_author_with_the_time_at_the_right() -> None:
    async with shown([item(1, "user_message", "hello"), item(2, "reasoning", "hm"), item(3, "agent_message", "hi")]) as (app, _, _):
        text = screen(app)
        time = START.astimezone().strftime("%H:%M")
        assert text[0].split() == ["you", time]
        assert text[0].endswith(time)
        assert sum(line.split()[:1] == ["operator"] for line in text) == 1


@pytest.mark.row("S1-08")
async def test_showing_another_thread_replaces_all_of_the_first() -> None:
    async with shown(talk(0, 50)) as (app, transcript, pilot):
        transcript.live(Delta("text", "k", "of the first"))
        await transcript.show(thread("reviewer", "t2"), [item(900, "agent_message", "from the reviewer")], None, False)
        await pilot.pause()
        text = "\n".join(screen(app))
        assert "from the reviewer" in text
        assert "message number" not in text
        assert len(blocks(transcript)) == 1


async def test_a_running_turn_is_taken_up_where_it_is() -> None:
    turn = LiveTurn("turn", "t1", START, "human", 1, FULL, {"k": ("text", "so far")})
    async with shown(talk(0, 1), live=turn) as (app, transcript, pilot):
        transcript.live(Delta("text", "k", " and on"))
        await until(pilot, lambda: any("so far and on" in line for line in screen(app)))


async def test_increments_become_the_committed_item_in_the_same_block() -> None:
    async with shown(talk(0, 1)) as (app, transcript, pilot):
        for piece in ("**He", "llo**", " there"):
            transcript.live(Delta("text", "k", piece))
        await until(pilot, lambda: len(blocks(transcript)) == 2)
        block = blocks(transcript)[-1]
        transcript.add(item(5, "agent_message", "**Hello** there", key="k"))
        await pilot.pause()
        assert blocks(transcript)[-1] is block
        assert any(line.strip() == "Hello there" for line in screen(app))


async def test_an_item_committed_before_others_that_are_live_stands_before_them() -> None:
    async with shown([]) as (app, transcript, pilot):
        transcript.live(Delta("text", "a", "first"))
        transcript.live(Delta("tool", "b", "second"))
        await until(pilot, lambda: len(blocks(transcript)) == 2)
        transcript.add(item(5, "tool_call", tool="second", key="b"))
        transcript.add(item(6, "notice", "a notice"))
        await pilot.pause()
        text = "\n".join(screen(app))
        assert text.index("second") < text.index("a notice") < text.index("first")


async def test_what_never_completed_goes_with_the_turn() -> None:
    async with shown(talk(0, 1)) as (app, transcript, pilot):
        transcript.live(Delta("tool", "k", "read_file a.py"))
        await until(pilot, lambda: len(blocks(transcript)) == 2)
        transcript.turn_ended()
        await pilot.pause()
        assert len(blocks(transcript)) == 1
        assert not any("read_file" in line for line in screen(app))


async def test_a_pane_out_of_view_draws_nothing_until_it_is_seen() -> None:
    async with shown(talk(0, 1)) as (_, transcript, pilot):
        transcript.display = False
        await pilot.pause()
        transcript.live(Delta("text", "k", "unseen"))
        await pilot.pause(0.2)
        assert len(blocks(transcript)) == 1
        transcript.display = True
        await until(pilot, lambda: len(blocks(transcript)) == 2)


async def test_it_stays_at_the_end_while_text_comes() -> None:
    async with shown(talk(0, 30)) as (app, transcript, pilot):
        transcript.live(Delta("text", "k", "\n".join(f"- line {number}" for number in range(60))))
        await until(pilot, lambda: any("line 59" in line for line in screen(app)))
        transcript.add(item(98, "agent_message", "done", key="k"))
        transcript.add(item(99, "notice", "the last"))
        await until(pilot, lambda: any("the last" in line for line in screen(app)))


async def test_a_reader_who_scrolled_away_is_left_alone() -> None:
    async with shown(talk(0, 30)) as (app, transcript, pilot):
        transcript.scroll_to(y=10, animate=False)
        await pilot.pause()
        before = texts(app)
        for seq in range(100, 110):
            transcript.add(item(seq, "user_message", "new"))
        await pilot.pause()
        assert texts(app)[:-1] == before[:-1]
        assert "↓ 10 new below" in screen(app)[-1]
        await pilot.press("G")
        await pilot.pause()
        assert not any("new below" in line for line in screen(app))
        transcript.add(item(200, "user_message", "the newest"))
        await until(pilot, lambda: any("the newest" in line for line in screen(app)))


async def test_earlier_items_come_without_moving_what_is_read() -> None:
    async with shown(talk(100, 120), earlier=True) as (app, transcript, pilot):
        transcript.scroll_to(y=4, animate=False)
        await pilot.pause()
        reading = texts(app)
        await transcript.prepend(
            [*talk(60, 98), item(98, "user_message", "wraps " * 40), item(99, "agent_message", "the last before")], True
        )
        await pilot.pause()
        # The first of those shown loses or keeps its header by what comes before it now; here it keeps it.
        assert texts(app) == reading
        assert transcript.scroll_y > 40


async def test_scrolling_to_the_top_brings_the_next_page() -> None:
    async with shown(talk(0, 200)) as (_, transcript, pilot):
        count = len(blocks(transcript))
        transcript.scroll_to(y=0, animate=False)
        await until(pilot, lambda: len(blocks(transcript)) > count and transcript.scroll_y > 0)


async def test_the_store_is_asked_once_when_the_top_is_reached() -> None:
    async with shown(talk(50, 55), earlier=True) as (app, transcript, pilot):
        await pilot.press(*["k"] * 12)
        await pilot.pause()
        assert [event.before for event in app.heard if isinstance(event, Transcript.EarlierWanted)] == [50]
        await transcript.prepend(talk(10, 50), True)
        await pilot.pause()
        first = blocks(transcript)[0].item
        assert first is not None
        assert first.seq == 10


async def test_items_that_come_after_the_thread_was_left_are_not_shown() -> None:
    async with shown(talk(50, 55), earlier=True) as (_, transcript, pilot):
        await transcript.show(thread("reviewer", "t2"), [replace(item(90, "notice", "x"), thread_id="t2")], None, True)
        await transcript.prepend(talk(10, 50), True)
        await pilot.pause()
        assert len(blocks(transcript)) == 1


async def test_an_item_added_while_the_thread_is_being_shown_stands_at_its_end() -> None:
    async with shown([]) as (_, transcript, pilot):
        showing = asyncio.create_task(transcript.show(thread(), talk(0, 10), None, False))
        await asyncio.sleep(0)
        transcript.add(item(10, "notice", "meanwhile"))
        await showing
        await pilot.pause()
        assert [block.item.seq for block in blocks(transcript) if block.item] == list(range(11))


async def test_nothing_earlier_is_asked_for_at_the_beginning() -> None:
    async with shown(talk(0, 5)) as (app, _, pilot):
        await pilot.press(*["k"] * 12)
        assert app.heard == []


async def test_never_more_than_the_window() -> None:
    async with shown([]) as (_, transcript, pilot):
        for seq in range(HIGH + 50):
            transcript.add(item(seq, "notice", f"line {seq}"))
        await pilot.pause()
        assert len(blocks(transcript)) <= HIGH
        for start in range(5):
            await transcript.prepend([item(-1000 - 40 * start + seq, "notice", "old") for seq in range(40)], True)
            await pilot.pause()
            assert len(blocks(transcript)) <= HIGH


async def test_a_reader_of_old_items_is_told_of_newer_ones_and_can_ask_for_them() -> None:
    async with shown(talk(1000, 1030), earlier=True) as (app, transcript, pilot):
        for page in range(9):
            await transcript.prepend(talk(960 - 40 * page, 1000 - 40 * page), True)
        await pilot.pause()
        transcript.add(item(5000, "user_message", "brand new"))
        await pilot.press("G")
        assert any(isinstance(event, Transcript.LatestWanted) for event in app.heard)


async def test_enter_opens_what_is_folded_and_folds_it_again() -> None:
    call = item(1, "tool_call", tool="grep", arguments={"pattern": "x"}, result="found\nit", ok=True)
    async with shown([call]) as (app, _, pilot):
        await pilot.press("j", "enter")
        await pilot.pause()
        assert any(line.strip("▌ ") == "it" for line in screen(app))
        await pilot.press("enter")
        await pilot.pause()
        assert not any(line.strip("▌ ") == "it" for line in screen(app))


async def test_enter_on_a_cross_thread_line_jumps() -> None:
    out = item(1, "message_out", "Review", message=42, peer="reviewer")
    async with shown([out]) as (app, _, pilot):
        await pilot.press("j", "enter")
        await pilot.pause()
        assert [event.item for event in app.heard if isinstance(event, Transcript.Jump)] == [out]


async def test_a_block_is_copied_as_it_was_written() -> None:
    async with shown([item(1, "agent_message", "**raw** text")]) as (app, _, pilot):
        await pilot.press("j", "y")
        await pilot.pause()
        assert app.clipboard == "**raw** text"


async def test_without_a_cursor_the_last_block_in_view_is_meant_and_gets_it() -> None:
    async with shown(talk(0, 30)) as (app, transcript, pilot):
        await pilot.press("y")
        await pilot.pause()
        assert app.clipboard == "message number 29"
        assert transcript.query_one(".-cursor") is transcript.block_of(29)


async def test_what_still_comes_is_copied_as_far_as_it_has_come() -> None:
    live = LiveTurn("turn", "t1", START, "human", 1, FULL, {"k": ("text", "**so** far")})
    async with shown([], live=live) as (app, _, pilot):
        await pilot.press("y")
        await pilot.pause()
        assert app.clipboard == "**so** far"


async def test_a_block_can_be_asked_for_in_the_editor() -> None:
    one = item(1, "agent_message", "x" * 100_000)
    async with shown([one]) as (app, _, pilot):
        await pilot.press("j", "e")
        await pilot.pause()
        assert [(event.item, len(event.text)) for event in app.heard if isinstance(event, Transcript.Edit)] == [(one, 100_000)]


async def test_the_cursor_walks_and_stays_in_view() -> None:
    async with shown(talk(0, 30)) as (_, transcript, pilot):
        for _ in range(8):
            await pilot.press("k")
        await pilot.pause()
        cursor = transcript.query_one(".-cursor", Block)
        assert cursor.region.overlaps(transcript.region)
        assert cursor.item is not None
        assert cursor.item.seq < 29


async def test_the_cursor_shows_only_where_keys_go() -> None:
    async with shown(talk(0, 3)) as (app, transcript, pilot):
        await pilot.press("k")
        app.set_focus(None)
        await pilot.pause()
        assert not transcript.query(".-cursor")
        transcript.focus()
        await pilot.pause()
        assert len(transcript.query(".-cursor")) == 1


async def test_a_redacted_item_loses_its_text() -> None:
    async with shown([item(1, "user_message", "my password is hunter2")]) as (app, transcript, pilot):
        transcript.change(item(1, "user_message", "redacted"))
        await pilot.pause()
        text = "\n".join(screen(app))
        assert "hunter2" not in text
        assert "redacted" in text


async def test_waiting_ticks_without_a_new_layout() -> None:
    async with shown([]) as (app, transcript, pilot):
        transcript.set_waiting([WaitLine(("reviewer",), START - timedelta(seconds=48))])
        await pilot.pause()
        assert any(line.strip().startswith("⧗ waiting for reviewer") and line.endswith("0:48") for line in screen(app))
        app.now = START + timedelta(seconds=1)
        transcript._waiting.tick()
        await until(pilot, lambda: any(line.endswith("0:49") for line in screen(app)))
        transcript.set_waiting([])
        await pilot.pause()
        assert not any("waiting" in line for line in screen(app))


@pytest.mark.parametrize("size", [(80, 24), (20, 10), (7, 4), (200, 60)])
async def test_every_kind_is_drawn_at_any_size_and_after_a_resize(size: tuple[int, int]) -> None:
    items = [replace(make("words [b]and[/b] \x1b[31m漢字👩‍👩‍👧 "), seq=seq) for seq, make in enumerate(KINDS.values())]
    async with shown(items, size=size) as (app, _, pilot):
        await pilot.resize_terminal(50, 15)
        await pilot.pause()
        assert "\x1b" not in "".join(screen(app))
        assert any("words" in line for line in screen(app))


async def test_a_theme_change_draws_the_same_text_in_other_colours() -> None:
    async with shown([item(1, "agent_message", "# Title\n\n`code`")]) as (app, _, pilot):
        before, text = app.export_screenshot(), screen(app)
        app.theme = "textual-light"
        await pilot.pause()
        assert screen(app) == text
        assert app.export_screenshot() != before


async def test_focus_comes_and_goes_without_moving_anything() -> None:
    async with shown(talk(0, 30)) as (app, _, pilot):
        before = texts(app)
        app.set_focus(None)
        app.app_focus = False
        await pilot.pause()
        assert texts(app) == before
