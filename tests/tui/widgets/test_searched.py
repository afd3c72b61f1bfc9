from __future__ import annotations

from dataclasses import replace

from codex_desk.tui.widgets.block import Block
from codex_desk.tui.widgets.transcript import Transcript
from tests.tui.widgets.samples import item
from tests.tui.widgets.shown import Show, blocks, screen, shown, talk, until

TALK = [replace(one, text=f"{one.text} needle" if one.seq % 10 == 3 else one.text) for one in talk(0, 60)]


def standing_out(app: Show, reverse: bool) -> list[str]:
    """Texts that are marked as found; with `reverse` the one where the reader is."""
    found: list[str] = []
    for block in blocks(app.transcript):
        for row in range(block.size.height):
            for segment in block.render_line(row):
                style = segment.style
                if style is not None and style.bold and (style.reverse if reverse else style.underline and not style.reverse):
                    found.append(segment.text)
    return found


def cursor(transcript: Transcript) -> int:
    block = transcript.query_one(".-cursor", Block)
    assert block.item is not None
    return block.item.seq


async def test_what_is_looked_for_stands_out_and_the_nearest_one_is_brought_into_view() -> None:
    async with shown(TALK) as (app, transcript, pilot):
        transcript.find("needle", [3, 13, 23, 33, 43, 53])
        await pilot.pause()
        assert cursor(transcript) == 53
        assert standing_out(app, reverse=True) == ["needle"]
        assert transcript.finding.told == "6 of 6"


async def test_n_and_shift_n_go_from_one_to_the_next_and_round() -> None:
    async with shown(TALK) as (_, transcript, pilot):
        transcript.find("needle", [33, 43, 53])
        visited: list[int] = []
        for key in ("N", "N", "n", "n", "n"):
            await pilot.press(key)
            await pilot.pause()
            visited.append(cursor(transcript))
        assert visited == [43, 33, 43, 53, 33]


async def test_every_place_in_a_message_is_gone_to_before_the_next_message() -> None:
    long = item(1, "agent_message", "needle\n\n" + "words\n\n" * 30 + "Needle and NEEDLE\n")
    async with shown([long, item(2, "user_message", "a needle")]) as (app, transcript, pilot):
        transcript.find("needle", [1, 2])
        places: list[tuple[int, int]] = []
        for _ in range(5):
            await pilot.press("n")
            await pilot.pause()
            marked = next(block for block in blocks(transcript) if block._here is not None)
            places.append((cursor(transcript), marked._here[1] if marked._here else -1))
            assert standing_out(app, reverse=True) == [
                marked.document._line(marked._here[0]).text[marked._here[1] :][:6] if marked._here else ""
            ]
            at = marked.virtual_region.y + marked.row_of(marked._here or (0, 0))
            assert transcript.scroll_y <= at < transcript.scroll_y + transcript.size.height
        assert places == [(1, 0), (1, 0), (1, 11), (2, 2), (1, 0)]


async def test_an_item_that_is_not_shown_is_asked_for_and_gone_to_when_it_is_here() -> None:
    async with shown(TALK[20:], earlier=True) as (app, transcript, pilot):
        transcript.find("needle", [3, 33])
        await pilot.press("N")
        await pilot.pause()
        assert [event.finding.seq for event in app.heard if isinstance(event, Transcript.Found) and not event.here] == [3]
        await transcript.show(transcript.thread, TALK[:40], None, False, at=3)  # type: ignore[arg-type]
        transcript.show_found()
        await pilot.pause()
        assert cursor(transcript) == 3
        assert standing_out(app, reverse=True) == ["needle"]


async def test_what_is_folded_is_opened_for_a_text_that_stands_in_it() -> None:
    ran = item(1, "command", command="seq", exit_code=0, output="\n".join(f"line {number}" for number in range(5000)))
    async with shown([ran]) as (app, transcript, pilot):
        transcript.find("line 4321", [1])
        await until(pilot, lambda: any("line 4321" in line for line in screen(app)))
        assert standing_out(app, reverse=True) == ["line 4321"]


async def test_escape_stops_looking_and_the_reader_stays_there() -> None:
    async with shown(TALK) as (app, transcript, pilot):
        transcript.find("needle", [3, 33])
        await pilot.pause()
        place = transcript.scroll_y
        await pilot.press("escape")
        await pilot.pause()
        assert transcript.scroll_y == place
        assert cursor(transcript) == 33
        assert standing_out(app, reverse=True) == []
        assert any(isinstance(event, Transcript.FindEnded) for event in app.heard)


async def test_a_new_item_with_the_text_is_marked_and_counted() -> None:
    async with shown(TALK) as (app, transcript, pilot):
        transcript.find("needle", [53])
        transcript.add(item(90, "user_message", "another needle"))
        transcript.add(item(91, "user_message", "nothing"))
        await pilot.pause()
        assert transcript.finding.told == "1 of 2"
        assert "needle" in standing_out(app, reverse=False)


async def test_nothing_found_marks_nothing_and_moves_nobody() -> None:
    async with shown(TALK) as (app, transcript, pilot):
        before = screen(app)
        transcript.find("no such text", [])
        await pilot.press("n")
        await pilot.pause()
        assert screen(app) == before
