"""The leader key: what can follow it, shown when the person hesitates."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from codex_desk.tui.model.keys import Leader


class LeaderPanel(Static):
    """Columns of keys over the lower edge. It waits for the key after the leader, and says by messages what came."""

    COLUMN = 19

    class Chosen(Message):
        """A key that names a command."""

        def __init__(self, command: str) -> None:
            super().__init__()
            self.command = command

    class Unknown(Message):
        """A key that means nothing here; escape is none of these."""

    def __init__(self, leader: str, keys: Mapping[str, str]) -> None:
        """`leader`: how the leader key is written; `keys`: key → name of the command."""
        super().__init__(markup=False)
        self.display = False
        self.border_title = f"{leader} …"
        self._leader = Leader(keys)
        self._timer: Timer | None = None

    def start(self) -> None:
        """The leader was pressed."""
        self._leader.start()
        self._timer = self.set_timer(Leader.PANEL_AFTER, self._show)

    def take(self, event: events.Key) -> bool:
        """Look at a key before it goes anywhere; whether it was the one after the leader."""
        if not self._leader.pending:
            return False
        if self._timer is not None:
            self._timer.stop()
        self.display = False
        name = self._leader.press(event.key) or self._leader.press(event.character or "")
        if name is not None:
            self.post_message(self.Chosen(name))
        elif event.key != "escape":
            self.post_message(self.Unknown())
        return True

    def _show(self) -> None:
        # The panes' keys stand as one.
        rows = [*((key, name) for key, name in self._leader.keys.items() if not name.startswith("pane-")), ("1-4", "go to pane")]
        columns = max(1, (self.screen.size.width - 4) // self.COLUMN)
        cells = [
            Content.assemble((f"{key} ", "bold $text-accent"), f"{words[: self.COLUMN - 4]:<{self.COLUMN - 3}}") for key, words in rows
        ]
        lines = [Content("").join(cells[start : start + columns]) for start in range(0, len(cells), columns)]
        self.update(Content("\n").join(lines))
        self.display = True
