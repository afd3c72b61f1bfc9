"""A small form for a new session: its handle, and the folder it is at home in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from codex_desk.engine.views import ThreadView
from codex_desk.text import visible
from codex_desk.tui.failures import reason_of
from codex_desk.tui.screens.dialog import Dialog

Make = Callable[[str, str], Awaitable[ThreadView]]


class NewSession(Dialog[ThreadView]):
    """Gives the session that was made. What is refused is said in the form, and nothing that was typed is lost."""

    AUTO_FOCUS = "#handle"

    def __init__(self, make: Make, folder: str, handle: str = "") -> None:
        """`make` is given the handle and the folder; `folder` is proposed."""
        super().__init__()
        self._make, self._folder, self._handle = make, folder, handle

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "New session"
            box.border_subtitle = "Enter goes on · Tab changes the field · Esc leaves"
            yield Static("Handle: small letters, digits and dashes, such as reviewer", classes="words", markup=False)
            yield Input(self._handle, id="handle", compact=True, select_on_focus=False)
            yield Static("Folder it is at home in", classes="words", markup=False)
            yield Input(self._folder, id="folder", compact=True, select_on_focus=False)
            yield Static(classes="wrong", markup=False)

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
    def _changed(self) -> None:
        self._say("")

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
