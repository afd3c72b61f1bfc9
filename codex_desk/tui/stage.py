"""The main screen as one command sees it: bound to the pane that the command came from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from textual.screen import Screen

from codex_desk.engine.errors import Refusal
from codex_desk.engine.views import ThreadView
from codex_desk.tui.messages import ThemeWanted
from codex_desk.tui.model.words import name
from codex_desk.tui.settings.preferences import AUTO
from codex_desk.tui.terminal.editor import run_outside
from codex_desk.tui.widgets.status import key_name
from codex_desk.tui.widgets.strips import Tone

if TYPE_CHECKING:
    from codex_desk.tui.screens.main import MainScreen
    from codex_desk.tui.widgets.pane import Pane

T = TypeVar("T")


class PaneStage:
    """What commands may do to the screen (`deck.Stage`)."""

    def __init__(self, screen: MainScreen, pane: Pane) -> None:
        self._screen = screen
        self._pane = pane

    def say(self, text: str, tone: Tone = "info") -> None:
        self._pane.say(text, tone)

    def key_of(self, command: str) -> str:
        """How a command is asked for with keys; its name after a slash where it has none."""
        key = self._screen.table[command].key
        return f"{self._screen.leader_key} {key_name(key)}" if key else f"/{command}"

    async def ask(self, screen: Screen[T | None]) -> T | None:
        return await self._screen.app.push_screen_wait(screen)

    async def open_thread(self, thread_id: str, *, entered: bool = False, at: int | None = None) -> None:
        """Show a thread in this pane. `entered`: `/back` comes back here; `at`: the line to go to, by seq."""
        thread = self._screen.bridge.thread(thread_id) or (await self._screen.bridge.ready()).thread(thread_id)
        pane = self._pane
        pane.trail = [*pane.trail, pane.thread.id] if entered and pane.thread else []
        await self._screen.show_in(pane, thread)
        if at is None:
            pane.composer.focus()
        else:
            await pane.go_to(at)

    async def leave_thread(self) -> bool:
        """Go back along the way that was entered; whether there was one."""
        if not self._pane.trail:
            return False
        *rest, came_from = self._pane.trail
        thread = self._screen.bridge.thread(came_from)
        if thread is None:
            return False
        self._pane.trail = rest
        await self._screen.show_in(self._pane, thread)
        return True

    async def split_pane(self) -> None:
        """Beside this pane: a child of its thread that is not shown yet, else the session used last, else the same thread."""
        beside = self._for_split()
        if beside is None:
            raise Refusal("unknown_thread", f"there is no thread to show in another pane: {self.key_of('new')} makes a session")
        if await self._screen.panes.split(beside) is None:
            raise Refusal("too_many_panes", f"there are four panes already: {self.key_of('close')} closes one")
        if self._screen.one_pane:
            switch = f"{self.key_of('pane-1')} and {self.key_of('pane-2')} switch"
            self._pane.say(f"{name(beside)} has its own pane; this terminal is too narrow to show both: {switch}")

    def _for_split(self) -> ThreadView | None:
        shown = self._screen.panes.shown
        here = self._pane.thread
        free = [one for one in self._screen.bridge.threads if one.live and one.id not in shown]
        children = [one for one in free if here and one.parent_id == here.id]
        sessions = sorted((one for one in free if one.kind == "session"), key=lambda one: one.last_activity_at, reverse=True)
        return next(iter([*children, *sessions]), here)

    async def close_pane(self) -> None:
        if not await self._screen.panes.close(self._pane):
            self.say("this is the only pane; /quit leaves")

    def find_in_thread(self, text: str) -> None:
        """Look for a text in the pane's thread; an empty one is asked for there."""
        self._pane.reader.find(text)

    def focus_pane(self, number: int) -> None:
        self._screen.panes.focus_number(number)

    def toggle_sidebar(self) -> None:
        self._screen.toggle_sidebar()

    def choose_theme(self, name: str | None) -> None:
        """Set a theme by name and remember it, or open the list of them."""
        if name in (None, AUTO) or name in self._screen.app.available_themes:
            self._screen.post_message(ThemeWanted(name))
        else:
            self.say(f"there is no theme {name}; /theme lists them", "error")

    def show_help(self) -> None:
        self._screen.call_later(self._screen.action_help)

    def show_palette(self) -> None:
        self._screen.app.action_command_palette()

    async def run_outside(self, command: Sequence[str], folder: Path) -> int:
        """Give the terminal to another program until it ends; what it ended with. Raises `Refusal` where there is no terminal to give, `OSError`."""
        from textual.app import SuspendNotSupported

        try:
            return await run_outside(self._screen.app, command, folder)
        except SuspendNotSupported as error:
            raise Refusal("no_terminal", "another program cannot have this terminal: it is not one of its own") from error

    def leave(self) -> None:
        self._screen.app.exit(0)
