"""What is asked for from the sidebar about one thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codex_desk.engine.views import ThreadView
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

        match await self._screen.app.push_screen_wait(row_menu(thread, self._screen.table.row_actions())):
            case "open":
                await self.open(thread)
            case "peek":
                await self.peek(thread)
            case str() as name:
                self.run(self._screen.table[name], thread)

    async def peek(self, thread: ThreadView) -> None:
        """Its last lines, and one line to send, while it stays closed; without a line it is opened."""
        from codex_desk.tui.screens.peek import Peek

        match await self._screen.app.push_screen_wait(Peek(self._screen.bridge, thread)):
            case "":
                await self.open(thread)
            case str() as prompt:
                self._screen.panes.active.deliver(thread.id, prompt, "after_turn")

    def press(self, key: str, thread: ThreadView) -> None:
        """The command whose row key was pressed."""
        table = self._screen.table
        self.run(table[table.row_keys()[key]], thread)

    def run(self, command: Command, thread: ThreadView) -> None:
        """A command about the thread, unless the thread is not eligible for it."""
        refused = why_not(command.name, thread)
        if refused is not None:
            self._screen.panes.active.say(refused, "error")
            return
        self._screen.run_command(command, thread=thread)
