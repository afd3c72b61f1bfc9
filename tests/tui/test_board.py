"""The board's screen, by keyboard, and what it looks like."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from codex_desk.engine.board_views import BoardView, EntryView
from codex_desk.engine.boards import Close, Decide, Post, Promote
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import BoardChanged
from codex_desk.tui.catalog import TABLE
from codex_desk.tui.model import clock
from codex_desk.tui.screens.board import Board, EntryDetail
from codex_desk.tui.widgets.rows import RowList
from tests.tui.fakes import NOW, FakeDesk, app_on, attached, opened, shown, thread, until, write
from tests.tui.pictures import Pictures

BOARD = BoardView("b-1", "t-operator", "operator", "/repo", "message_bus", "workflow", "append-only", None, NOW, None)


def entry(number: int, kind: Any, author: str, text: str, **more: Any) -> EntryView:
    made = EntryView(number, "b-1", kind, author, f"t-{author}", "agent", text, NOW - timedelta(minutes=90 - number), number)
    return replace(made, **more)


ENTRIES = [
    entry(41, "status", "reviewer", "started on #42", origin="system"),
    entry(43, "finding", "reviewer", "load() swallows ParseError, so a broken file looks like an empty one", invalidated_by=52),
    entry(44, "claim", "implementor", "src/loader.py: mending load()", paths=("src/loader.py",)),
    entry(47, "note", "reviewer", "@implementor the test for it is in tests/test_loader.py", to="implementor", refers_to=43),
    entry(50, "note", "operator", "Keep the old file format readable.", origin="human"),
    entry(52, "finding", "implementor", "it is the caller that swallows it, not load()", invalidates=43, promoted_at=NOW),
    entry(55, "decision", "operator", "mend the caller; load() stays as it is", cites=(43, 52)),
    entry(58, "handoff", "implementor", "done: caller.py raises, one test added; [bold]nothing[/bold] else changed"),
]


def office(*entries: EntryView) -> FakeDesk:
    desk = FakeDesk().put(thread("operator"), attached("reviewer", "operator"), attached("implementor", "operator"))
    desk.shared, desk.posted = BOARD, list(entries or ENTRIES)
    return desk


async def on_board(pilot: Pilot[int], line: str = "/board") -> None:
    app: Any = pilot.app
    await until(pilot, lambda: app.bridge.desk is not None)
    await write(pilot, line)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, Board) and bool(app.screen.query_one(RowList).rows))


@pytest.mark.row("S3-29", "S3-33")
@pytest.mark.parametrize("line", ["/board", "/agent board", "/agent shared", "/board operator"])
def test_every_spelling_of_it_is_the_one_command(line: str) -> None:
    command, call = TABLE.parse(line)
    assert (command.name, command.key) == ("board", "b")
    assert call.get("thread") == ("operator" if "operator" in line else None)


@pytest.mark.row("S3-12", "S3-28", "S3-32", "S3-35")
async def test_promoting_deciding_writing_and_closing_are_the_parents_acts() -> None:
    desk = office()
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await on_board(pilot)
        await pilot.press("p")
        await until(pilot, lambda: Promote("t-operator", 58) in desk.done)
        await pilot.press("space", "up", "space", "d")
        await until(pilot, lambda: "citing e55, e58" in shown(app))
        await write(pilot, "ship it")
        await pilot.press("enter")
        await until(pilot, lambda: Decide("t-operator", "ship it", (55, 58)) in desk.done)
        await until(pilot, lambda: isinstance(app.screen, Board))
        await pilot.press("n")
        await until(pilot, lambda: "Write on the board" in shown(app))
        await write(pilot, "note")
        await pilot.press("enter")
        await until(pilot, lambda: "A note of yours" in shown(app))
        await write(pilot, "well done")
        await pilot.press("enter")
        await until(pilot, lambda: Post("t-operator", "note", "well done") in desk.done)
        await until(pilot, lambda: isinstance(app.screen, Board))
        await pilot.press("x")
        await until(pilot, lambda: "Close the board" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: Close("t-operator") in desk.done)


async def test_it_follows_filters_shows_one_whole_and_says_what_is_refused() -> None:
    desk = office()
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await on_board(pilot)
        desk.posted.append(entry(60, "finding", "reviewer", "one more"))
        desk.tell(BoardChanged("b-1"))
        await until(pilot, lambda: "one more" in shown(app))
        desk.refuse = Refusal("already_promoted", "e60 is promoted already")
        await pilot.press("p")
        await until(pilot, lambda: "e60 is promoted already" in shown(app))
        await pilot.press("slash")
        await write(pilot, "kind:claim by:impl")
        await until(pilot, lambda: [row.key for row in app.screen.query_one(RowList).rows] == ["44"])
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, EntryDetail))
        assert "src/loader.py" in shown(app)


async def test_without_a_board_the_words_say_how_to_have_one() -> None:
    desk = office()
    desk.shared = None
    app = app_on(desk, last="operator")
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("ctrl+x", "b")
        await until(pilot, lambda: "shared_workspace = true" in shown(app))


@pytest.fixture
def one_moment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("COLORFGBG", raising=False)
    time.tzset()
    yield


async def test_board(pictures: Pictures, one_moment: None) -> None:
    await pictures(app_on(office(), last="operator"), steps=on_board, until_shown="mend the caller")
