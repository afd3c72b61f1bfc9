"""The leader key: what can follow it, shown when the person hesitates."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from codex_desk.tui.model.keys import Leader, columns
from codex_desk.tui.model.words import fitted
from codex_desk.tui.widgets.status import key_name

FRAME = 3
"""Rows of the screen that are not the panel's."""
SIDES = 4


class LeaderPanel(Static):
    """Columns of keys over the lower edge. It waits for the key after the leader, and says by messages what came."""

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
        self.use(leader, keys)
        self._timer: Timer | None = None

    def use(self, leader: str, keys: Mapping[str, str]) -> None:
        """Other keys from now on."""
        self.border_title = Content(f"{leader} …  Esc leaves")  # type: ignore[assignment]  # Content is taken; a str is parsed as markup
        self._leader = Leader(keys)

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
        from codex_desk.tui.catalog import TABLE  # which knows the screens, which know this

        named = {key: name for key, name in self._leader.keys.items() if not name.startswith("pane-")}
        rows = [(key_name(key), TABLE[name].palette or TABLE[name].help.capitalize()) for key, name in named.items()]
        # The panes' keys stand as one.
        panes = [key_name(key) for key, name in self._leader.keys.items() if name.startswith("pane-")]
        rows.append((f"{panes[0]}-{panes[-1]}" if panes == sorted(panes) else " ".join(panes), "Go to that pane"))
        keys = max(cell_len(key) for key, _ in rows)
        room = self.screen.size.height - FRAME
        table = columns(rows, self.screen.size.width - SIDES, room)
        lines = [
            Content("").join(
                Content.assemble((fitted(key, keys), "bold $text-accent"), "  ", fitted(words, width - 1), " ")
                for key, words, width in line
            )
            for line in table
        ]
        self.update(Content("\n").join(lines))
        self.display = True
