"""What came at the end of a transcript while its reader was further up."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static


class Below(Static):
    """Lies over the last row of a transcript, at the right."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Below {
        layer: over;
        dock: bottom;
        width: auto;
        height: 1;
        display: none;
        background: $panel;
        color: $text-accent;
    }
    """

    def __init__(self, *, plain: bool = False) -> None:
        super().__init__(markup=False)
        self._plain = plain
        self._said: tuple[str, int] = ("", 0)

    def tell(self, new: int, later: bool, room: int) -> None:
        """`new`: items that came since the reader left the end; `later`: the thread goes on beyond what is here; `room`: cells of the transcript."""
        about = f"{new:,} new below" if new else "more below" if later else ""
        text = "" if not about else f" {about}, G shows it " if self._plain else f" ↓ {about}  G "
        if (text, room) == self._said:
            return
        self._said = (text, room)
        self.display = bool(text)
        self.update(Content.styled(text, "bold"))
        self.styles.offset = (max(0, room - cell_len(text) - 1), 0)
