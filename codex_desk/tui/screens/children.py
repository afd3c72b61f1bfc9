"""The children of a thread, to enter one: state, last line, age, kept up to date while one looks."""

from __future__ import annotations

from codex_desk.engine.events import Event, ThreadChanged
from codex_desk.engine.views import ThreadView
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.model.words import name
from codex_desk.tui.screens.pick import Picker, Row, child_choice


class Children(Picker):
    """Gives the id of the child to enter."""

    HELP = (
        "Agents that work for this thread: attached sessions and subagents. Enter goes into one; /back comes back, with what you did there."
    )

    def __init__(self, desk: DeskDoor, thread: ThreadView) -> None:
        self._desk, self._thread = desk, thread
        super().__init__(
            f"Agents of {name(thread)}", self._found(), empty=f"{name(thread)} has no children: /attach attaches a session to it"
        )

    def _found(self) -> list[Row]:
        return [child_choice(one) for one in self._desk.children(self._thread.id)]

    async def hear(self, event: Event) -> None:
        if isinstance(event, ThreadChanged):
            self.read_soon(self._read)

    def _read(self) -> None:
        self.show_rows(self._found())
