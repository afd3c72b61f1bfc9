"""What can follow the leader key, shown when the person hesitates."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content
from textual.widgets import Static


class LeaderPanel(Static):
    """Columns of keys over the lower edge."""

    COLUMN = 19

    def __init__(self, leader: str) -> None:
        """`leader`: how the leader key is written."""
        super().__init__(markup=False)
        self.display = False
        self.border_title = f"{leader} …"

    def show_keys(self, keys: Mapping[str, str]) -> None:
        """`keys`: key → name of the command; those of the panes stand as one."""
        rows = [*((key, name) for key, name in keys.items() if not name.startswith("pane-")), ("1-4", "go to pane")]
        columns = max(1, (self.screen.size.width - 4) // self.COLUMN)
        cells = [
            Content.assemble((f"{key} ", "bold $text-accent"), f"{words[: self.COLUMN - 4]:<{self.COLUMN - 3}}") for key, words in rows
        ]
        lines = [Content("").join(cells[start : start + columns]) for start in range(0, len(cells), columns)]
        self.update(Content("\n").join(lines))
        self.display = True

    def hide(self) -> None:
        self.display = False
