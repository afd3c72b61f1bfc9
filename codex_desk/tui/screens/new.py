"""A small form for a new session: its handle, and the folder it is at home in; below them, what it would run on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.suggester import Suggester
from textual.widgets import Input, Static

from codex_desk.engine.views import ThreadView
from codex_desk.text import one_line, visible
from codex_desk.tui.failures import reason_of
from codex_desk.tui.screens.dialog import Dialog

Make = Callable[[str, str], Awaitable[ThreadView]]
Foresee = Callable[[str], Sequence[tuple[str, str]]]
LABEL = 10
"""Cells of the left column."""
LOOKED_AT = 2000
"""Entries of a folder that are looked through for the one that is being written."""
PAUSE_S = 0.15
"""How long the writing of a folder rests before it is looked at."""


class NewSession(Dialog[ThreadView]):
    """Gives the session that was made. What is refused is said in the form, and nothing that was typed is lost."""

    CSS_PATH: ClassVar = ["dialog.tcss", "new.tcss"]
    AUTO_FOCUS = "#handle"
    HELP = "A session has a handle, by which you and other sessions call it, and a folder that it is at home in: there it reads its AGENTS.md and works."

    def __init__(self, make: Make, folder: str, handle: str = "", foresee: Foresee | None = None) -> None:
        """`make` is given the handle and the folder; `folder` is proposed; `foresee` tells what a session in a folder would run on (off the loop)."""
        super().__init__()
        self._foreseen = Static(classes="foreseen", markup=False)
        self._make, self._folder, self._handle, self._foresee = make, folder, handle, foresee

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "New session"
            box.border_subtitle = "Enter goes on · Tab next field · → completes · Esc leaves"
            with Horizontal():
                yield Static("handle", classes="label")
                yield Input(
                    self._handle, id="handle", compact=True, select_on_focus=False, placeholder="small letters, digits, dashes: reviewer"
                )
            with Horizontal():
                yield Static("at home in", classes="label")
                yield Input(self._folder, id="folder", compact=True, select_on_focus=False, suggester=FolderSuggester())
            yield self._foreseen
            yield Static(classes="wrong", markup=False)

    def on_mount(self) -> None:
        self._look()

    @on(Input.Submitted, "#handle")
    def _named(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.query_one("#folder", Input).focus()
        else:
            self._say("a session needs a handle")

    @on(Input.Submitted, "#folder")
    def _placed(self) -> None:
        handle, folder = (self.query_one(field, Input).value.strip() for field in ("#handle", "#folder"))
        self._begin(handle, folder)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._say("")
        if event.input.id == "folder":
            self._look(PAUSE_S)

    @work(group="look", exclusive=True)
    async def _look(self, pause: float = 0) -> None:
        """What a session in the folder would run on, and who tells it what."""
        if self._foresee is None:
            return
        await asyncio.sleep(pause)
        if not self.is_attached:  # left meanwhile
            return
        folder = self.query_one("#folder", Input).value.strip()
        try:
            facts = await asyncio.to_thread(self._foresee, folder)
        except Exception as error:
            facts = [("", reason_of(error))]
        lines = [Content.assemble((f"{label:<{LABEL}}  ", "$text-muted"), (one_line(words), "$text-muted")) for label, words in facts]
        self._foreseen.update(Content("\n").join(lines))

    @work(group="new", exclusive=True)
    async def _begin(self, handle: str, folder: str) -> None:
        try:
            made = await self._make(handle, folder)
        except Exception as error:
            self._say(reason_of(error))
        else:
            self.dismiss(made)

    def _say(self, text: str) -> None:
        self.query_one(".wrong", Static).update(Content(visible(text)))


class FolderSuggester(Suggester):
    """Completes the last part of a path to a folder that is there; hidden ones once their dot is written."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        return await asyncio.to_thread(completed_folder, value)


def completed_folder(written: str) -> str | None:
    """The path with its last part completed to the first folder by name that begins with it; None where there is none, or nothing is begun."""
    above, _, begun = written.rpartition("/")
    if not begun or ("/" not in written and not written.startswith("~")):
        return None
    try:
        with os.scandir(Path(f"{above}/").expanduser()) as entries:
            looked_at = (entry for entry, _ in zip(entries, range(LOOKED_AT), strict=False))
            names = sorted(entry.name for entry in looked_at if entry.name.startswith(begun) and entry.is_dir())
    except (OSError, RuntimeError, ValueError):
        return None
    names = [name for name in names if name != begun and visible(name) == name]
    return f"{above}/{names[0]}" if names else None
