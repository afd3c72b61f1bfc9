"""What is asked for from the sidebar about one thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codex_desk.engine.views import ThreadView
from codex_desk.tui.catalog import TABLE
from codex_desk.tui.commands import Command
from codex_desk.tui.model.sidebar import why_not

if TYPE_CHECKING:
    from codex_desk.tui.screens.main import MainScreen


class RowActions:
    """Opens, peeks, lists and carries out, in the active pane."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen

    async def open(self, thread: ThreadView) -> None:
        pane = self._screen.panes.active
        pane.trail = []
        await self._screen.show_in(pane, thread)
        self._screen.remove_class("-sidebar")
        pane.composer.focus()

    async def choose(self, thread: ThreadView) -> None:
        """The menu of everything that can be done with the thread."""
        from codex_desk.tui.screens.menu import row_menu

        match await self._screen.app.push_screen_wait(row_menu(thread, TABLE.row_actions())):
            case "open":
                await self.open(thread)
            case "peek":
                await self.peek(thread)
            case str() as name:
                self.run(TABLE[name], thread)

    async def peek(self, thread: ThreadView) -> None:
        """Its last lines, and one line to send, while it stays closed."""
        from codex_desk.tui.screens.peek import LINES, Peek

        prompt = await self._screen.app.push_screen_wait(Peek(thread, self._screen.bridge.items(thread.id, 3 * LINES)))
        if prompt is not None:
            self._screen.panes.active.deliver(thread.id, prompt, "after_turn")

    def press(self, key: str, thread: ThreadView) -> None:
        """The command whose row key was pressed."""
        self.run(next(one for one in TABLE.row_actions() if one.row_key == key), thread)

    def run(self, command: Command, thread: ThreadView) -> None:
        """A command about the thread, unless the thread is not eligible for it."""
        refused = why_not(command.name, thread)
        if refused is not None:
            self._screen.panes.active.say(refused, "error")
            return
        self._screen.run_command(command, thread=thread)
