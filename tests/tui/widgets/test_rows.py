"""The list of rows: its cursor, and what it keeps when rows come and go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.app import App, ComposeResult
from textual.content import Content
from textual.pilot import Pilot

from codex_desk.tui.widgets.rows import Row, RowList, heading, space


def row(number: int, text: str = "") -> Row:
    return Row(str(number), lambda _: Content(text or f"row {number}"))


class Rows(App[None]):
    def __init__(self, follow: bool = False) -> None:
        super().__init__()
        self.list = RowList(empty="nothing here", follow=follow)
        self.said: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.list

    def on_row_list_picked(self, event: RowList.Picked) -> None:
        self.said.append(f"picked {event.row.key}")

    def on_row_list_older_wanted(self) -> None:
        self.said.append("older")


@asynccontextmanager
async def opened(follow: bool = False) -> AsyncIterator[tuple[Rows, Pilot[None]]]:
    app = Rows(follow)
    async with app.run_test(size=(30, 10)) as pilot:
        yield app, pilot


def screen(app: Rows) -> list[str]:
    """The lines, without the scrollbar."""
    return [strip.text[:-1].rstrip() for strip in app.screen._compositor.render_strips()]


def current(app: Rows) -> str | None:
    return app.list.current.key if app.list.current else None


async def test_the_cursor_passes_headings_and_picks_what_it_is_on() -> None:
    async with opened() as (app, pilot):
        await pilot.pause()
        assert screen(app)[0] == "nothing here"
        app.list.show([heading("First"), row(1), space("a"), heading("Second"), row(2)])
        await pilot.press("down", "down", "enter", "up", "enter")
        assert app.said[:2] == ["picked 2", "picked 1"]


async def test_it_stays_on_its_row_at_its_place_when_older_ones_come() -> None:
    async with opened() as (app, pilot):
        app.list.show([row(number) for number in range(100, 200)])
        await pilot.press(*["down"] * 50)
        before = (current(app), screen(app))
        app.list.show([row(number) for number in range(200)])
        await pilot.pause()
        assert (current(app), screen(app)) == before


async def test_a_list_that_follows_stays_at_its_end_until_the_cursor_leaves_it() -> None:
    async with opened(follow=True) as (app, pilot):
        app.list.show([row(number) for number in range(50)])
        app.list.show([row(number) for number in range(60)])
        await pilot.pause()
        assert (current(app), screen(app)[-1]) == ("59", "row 59")
        await pilot.press("up")
        app.list.show([row(number) for number in range(70)])
        await pilot.pause()
        assert current(app) == "58"


async def test_a_row_that_is_gone_leaves_the_cursor_where_it_was() -> None:
    async with opened() as (app, pilot):
        app.list.show([row(1), row(2), row(3)])
        await pilot.press("down")
        app.list.show([row(1), row(3)])
        assert current(app) == "3"
        app.list.show([])
        assert current(app) is None
        await pilot.press("down", "enter", "end", "home", "pagedown")


async def test_near_its_top_older_rows_are_asked_for() -> None:
    async with opened(follow=True) as (app, pilot):
        app.list.show([row(number) for number in range(500)])
        await pilot.press("pageup")
        assert app.said == []
        await pilot.press("home")
        await pilot.pause()
        assert "older" in app.said


async def test_a_line_that_is_too_long_is_cut_and_tens_of_thousands_of_rows_cost_nothing() -> None:
    async with opened() as (app, pilot):
        app.list.show([row(number, "wide 漢字 " * 40) for number in range(50_000)])
        await pilot.press("end")
        await pilot.pause()
        assert screen(app)[-1].endswith("…")
        assert current(app) == "49999"


async def test_another_width_draws_the_rows_anew() -> None:
    async with opened() as (app, pilot):
        app.list.show([Row("1", lambda width: Content(f"{width} cells"))])
        await pilot.pause()
        first = screen(app)[0]
        await pilot.resize_terminal(50, 10)
        await pilot.pause()
        assert (first, screen(app)[0]) == ("30 cells", "50 cells")
