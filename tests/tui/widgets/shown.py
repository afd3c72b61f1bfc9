"""A transcript in an application of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from textual import on
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from codex_desk.engine.views import ItemView, LiveTurn, MessageView
from codex_desk.tui.widgets.block import Block
from codex_desk.tui.widgets.drawn import PointingScreen
from codex_desk.tui.widgets.showing import Subagent
from codex_desk.tui.widgets.transcript import Transcript
from tests.tui.widgets.samples import START, item, thread


class Elsewhere:
    """What a transcript is told of other threads."""

    def __init__(self) -> None:
        self.messages: dict[int, MessageView] = {}
        self.subagents: dict[str, Subagent] = {}
        self.moment = START

    def message(self, number: int) -> MessageView | None:
        return self.messages.get(number)

    def subagent(self, thread_id: str, items: int) -> Subagent | None:
        return self.subagents.get(thread_id)

    def now(self) -> datetime:
        return self.moment


class Show(App[None]):
    CSS = "Transcript { width: 1fr; height: 1fr; }"

    def __init__(self, elsewhere: Elsewhere, **how: Any) -> None:
        super().__init__()
        self.now = START
        self.elsewhere = elsewhere
        self.heard: list[Message] = []
        self._how = how

    def compose(self) -> ComposeResult:
        yield Transcript(clock=lambda: self.now, beside=self.elsewhere, **self._how)

    def get_default_screen(self) -> PointingScreen:
        return PointingScreen()

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    @on(Transcript.EarlierWanted)
    @on(Transcript.LaterWanted)
    @on(Transcript.OldestWanted)
    @on(Transcript.LatestWanted)
    @on(Transcript.LiveWanted)
    @on(Transcript.Jump)
    @on(Transcript.Edit)
    @on(Transcript.Found)
    @on(Transcript.FindEnded)
    def _hear(self, event: Message) -> None:
        self.heard.append(event)


Shown = tuple[Show, Transcript, Pilot[None]]


@asynccontextmanager
async def shown(
    items: list[ItemView],
    *,
    live: LiveTurn | None = None,
    earlier: bool = False,
    later: bool = False,
    at: int | None = None,
    size: tuple[int, int] = (60, 20),
    elsewhere: Elsewhere | None = None,
    **how: Any,
) -> AsyncIterator[Shown]:
    """`how`: of the transcript itself."""
    app = Show(elsewhere or Elsewhere(), **how)
    async with app.run_test(size=size) as pilot:
        await app.transcript.show(thread(), items, live, earlier, has_later=later, at=at)
        app.transcript.focus()
        await pilot.pause()
        yield app, app.transcript, pilot


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        await pilot.pause(0.02)
    raise AssertionError("never became true")


def screen(app: App[None]) -> list[str]:
    strips = app.screen._compositor.render_strips(app.size)
    return [strip.text.rstrip() for strip in strips]


def texts(app: App[None]) -> list[str]:
    """The rows without the scroll bar's column."""
    return [line[:50].rstrip() for line in screen(app)]


def blocks(transcript: Transcript) -> list[Block]:
    return [child for child in transcript.children if isinstance(child, Block)]


def talk(first: int, last: int) -> list[ItemView]:
    return [item(seq, "user_message", f"message number {seq}") for seq in range(first, last)]
