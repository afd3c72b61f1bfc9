"""The small fixed-height lines of a pane: the queue strip and the flash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from codex_desk.engine.views import MessageView
from codex_desk.frozen import frozen
from codex_desk.text import one_line, visible

Tone = Literal["info", "error"]


@frozen
class Unsent:
    """A prompt that is not on record yet."""

    text: str
    opening: bool = False
    """Whether it waits for the engine to open."""


Entry = MessageView | Unsent


class QueueStrip(Static, can_focus=True):
    """What waits for this thread, in order. Each entry can be edited or removed."""

    HELP = "What waits for this thread, in order. Enter or e edits an entry, x removes it."
    LINES = 4
    """Entries shown at once."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,e", "edit", "edit", id="queue.edit"),
        Binding("x,delete", "remove", "remove", id="queue.remove"),
        Binding("up,k", "move(-1)", show=False, id="queue.up"),
        Binding("down,j", "move(1)", show=False, id="queue.down"),
    ]

    class EditWanted(Message):
        def __init__(self, message: MessageView) -> None:
            super().__init__()
            self.message = message

    class RemoveWanted(Message):
        def __init__(self, message: MessageView) -> None:
            super().__init__()
            self.message = message

    def __init__(self, *, plain: bool = False) -> None:
        super().__init__(markup=False)
        self._mark = "> " if plain else "▸ "
        self._entries: Sequence[Entry] = ()
        self._at = 0
        self.display = False

    @property
    def entries(self) -> Sequence[Entry]:
        return self._entries

    def show_entries(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._at = min(self._at, max(0, len(entries) - 1))
        self.display = bool(entries)
        self._draw()

    def focus_last(self) -> None:
        """Go to what came last."""
        self._at = len(self._entries) - 1
        self.focus()

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self._draw()

    def action_move(self, step: int) -> None:
        self._at = max(0, min(len(self._entries) - 1, self._at + step))
        self._draw()

    def action_edit(self) -> None:
        if isinstance(entry := self._entries[self._at], MessageView):
            self.post_message(self.EditWanted(entry))

    def action_remove(self) -> None:
        if isinstance(entry := self._entries[self._at], MessageView):
            self.post_message(self.RemoveWanted(entry))

    def _draw(self) -> None:
        first = max(0, min(self._at - self.LINES + 1, len(self._entries) - self.LINES))
        lines: list[Content] = []
        for index, entry in enumerate(self._entries[first : first + self.LINES], first):
            chosen = index == self._at and self.has_focus
            mark = Content.styled(self._mark if chosen else "  " if self.has_focus else "", "bold $text-accent")
            line = Content.assemble(mark, _entry_line(entry))
            lines.append(line.stylize("bold") if chosen else line)
        hidden = len(self._entries) - first - self.LINES
        if hidden > 0:
            lines.append(Content.styled(f"+ {hidden} more", "$text-muted"))
        self.update(Content("\n").join(lines))


def _entry_line(entry: Entry) -> Content:
    match entry:
        case Unsent(text, opening):
            state = "waits for the engine" if opening else "is being sent"
            return Content.assemble((f"{state}  ", "$text-warning"), one_line(text))
        case MessageView():
            who = f" from {one_line(entry.sender, 40)}" if entry.sender else ""
            steers = " steers the running turn" if entry.delivery == "next_step" else ""
            held = f" held: {one_line(entry.reason or '', 60)}" if entry.state == "held" else ""
            return Content.assemble((f"#{entry.id}{who}{steers}{held}  ", "$text-muted"), one_line(entry.body))


class Flash(Static):
    """The last thing said to the person in this pane. An error stays until something else is said; the rest goes by itself."""

    SECONDS = 8.0

    def __init__(self, *, plain: bool = False) -> None:
        super().__init__(markup=False)
        self.display = False
        self._error = "error: " if plain else "✗ "
        self._timer: Timer | None = None

    def say(self, text: str, tone: Tone = "info") -> None:
        """Show a text; empty clears."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.set_class(tone == "error", "-error")
        self.display = bool(text)
        lead = self._error if tone == "error" else ""
        self.update(Content(f"{lead}{visible(text)}"))
        if text and tone == "info":
            self._timer = self.set_timer(self.SECONDS, lambda: self.say(""))
