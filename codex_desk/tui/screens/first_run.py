"""The page for a desk that holds nothing yet: what is here, and a composer that makes the first session."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from codex_desk.engine.errors import Refusal
from codex_desk.engine.views import ThreadView
from codex_desk.text import visible
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.failures import reason_of
from codex_desk.tui.found import Found, handle_for, look_around
from codex_desk.tui.messages import CommandWanted
from codex_desk.tui.model.composer import Queue, Quit, Run, Send
from codex_desk.tui.model.words import short_path
from codex_desk.tui.widgets.composer import Composer
from codex_desk.tui.widgets.writing import Writing

KEYS = (("Enter", "send"), ("^x", "everything else: a panel shows what follows"), ("F1", "help"))
TINY_ROWS = 15
"""Below these there is room for the composer alone."""
TRIES = 9
"""Handles tried when the folder's name is taken by an archived session."""


class FirstRun(Screen[None]):
    CSS_PATH = "first_run.tcss"
    AUTO_FOCUS = "Composer"
    HELP = "Nothing is here yet. The first Enter makes a session in this folder and sends it what you wrote."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+x", "later", show=False, priority=True, id="leader"),
        Binding("f1", "help", show=False, priority=True, id="help"),
        Binding("ctrl+z", "app.suspend_process", show=False, priority=True, id="suspend"),
    ]

    class Made(Message):
        """The first session is there."""

        def __init__(self, thread: ThreadView) -> None:
            super().__init__()
            self.thread = thread

    def __init__(self, bridge: Bridge, folder: Path) -> None:
        super().__init__()
        self._bridge = bridge
        self._folder = folder

    def compose(self) -> ComposeResult:
        here = short_path(str(self._folder), Path.home())
        with VerticalScroll(id="page", can_focus=False):
            yield Static(
                Content.assemble(
                    ("codex-desk", "bold $text-primary"), "\n", ("Sessions that stay, and work for one another.", "$text-muted")
                )
            )
            yield Static(Content.styled("looking around …", "$text-muted"), id="found", markup=False)
            yield Static(
                Content("\n").join(Content.assemble((f"{key:>7}  ", "bold $text-accent"), words) for key, words in KEYS), id="keys"
            )
        with Vertical(id="first"):
            yield Static(
                Content.assemble("Your first session, ", (handle_for(self._folder), "bold"), ", at home in ", visible(here)), markup=False
            )
            yield Writing((("quit", "leave"),), list)

    def on_mount(self) -> None:
        self.query_one(Composer).placeholder = "What shall it do?"
        self._look()

    def on_resize(self) -> None:
        self.set_class(self.size.height < TINY_ROWS, "-tiny")

    def engine_failed(self, reason: str) -> None:
        self.query_one(Writing).say(reason, "error")

    @work(exclusive=True)
    async def _look(self) -> None:
        try:
            found = await asyncio.to_thread(look_around, self._bridge.home, os.environ)
        except Exception as error:
            self.query_one("#found", Static).update(Content.styled(visible(reason_of(error)), "$text-error"))
            return
        self.query_one("#found", Static).update(found_words(found))

    @on(Composer.Decided)
    def _decided(self, event: Composer.Decided) -> None:
        match event.outcome:
            case Send(text) | Queue(text):
                self._begin(text)
            case Run("/quit") | Quit():
                self.app.exit(0)
            case Run(line):
                self.query_one(Composer).put_back(line)
                self.query_one(Writing).say("commands come with the first session: write a prompt and press Enter", "error")

    @on(CommandWanted)
    def _command(self, event: CommandWanted) -> None:
        if event.line == "/quit":
            self.app.exit(0)

    @work(group="begin", exclusive=True)
    async def _begin(self, text: str) -> None:
        writing = self.query_one(Writing)
        if self._bridge.desk is None and self._bridge.failure is None:
            writing.say("waits for the engine to open; nothing is lost")
        try:
            thread = await self._new()
            from codex_desk.engine.mailbox import Send as SendMessage

            await self._bridge.do(SendMessage(thread.id, text))
        except Exception as error:
            writing.composer.put_back(text)
            writing.say(reason_of(error), "error")
            return
        self.app.post_message(self.Made(thread))

    async def _new(self) -> ThreadView:
        await self._bridge.ready()
        from codex_desk.engine.sessions import New

        handle = handle_for(self._folder)
        for number in range(2, TRIES + 1):
            try:
                return await self._bridge.do(New(handle, self._folder))
            except Refusal as refusal:
                if refusal.code != "handle_taken":
                    raise
                handle = f"{handle_for(self._folder)[:37]}-{number}"
        raise Refusal(
            "handle_taken", f"the handles {handle_for(self._folder)} to {handle} are all taken: codex-desk new HANDLE makes another"
        )

    def action_later(self) -> None:
        self.query_one(Writing).say("^x works from the first session on")

    def action_help(self) -> None:
        from codex_desk.tui.catalog import TABLE
        from codex_desk.tui.screens.help import help_for
        from codex_desk.tui.screens.reading import Reading

        self.app.push_screen(Reading("Help", help_for(self, TABLE)))


def found_words(found: Found) -> Content:
    """What is here, one line each."""
    rows: Sequence[tuple[str, str]] = (
        *((name, words) for name, words in found.runtimes),
        *((name, words) for name, words in found.providers),
        ("Codex's sessions", found.codex_sessions),
    )
    width = max(len(name) for name, _ in rows)
    return Content("\n").join(Content.assemble(f"{visible(name):>{width}}  ", (visible(words), "$text-muted")) for name, words in rows)
