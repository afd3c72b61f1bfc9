"""The small fixed-height lines of a pane: the completion popup, the queue strip and the flash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from codex_desk.engine.views import MessageView
from codex_desk.text import one_line, visible
from codex_desk.tui.model.completion import SHOWN, Choice
from codex_desk.tui.model.words import fitted

Tone = Literal["info", "error"]

LABEL = 60
"""Characters of a choice's label."""


class CompletionPopup(Static):
    """What could complete the word before the cursor. It takes no focus: the composer moves it."""

    def __init__(self) -> None:
        super().__init__(markup=False, classes="completion-popup")
        self._choices: Sequence[Choice] = ()
        self._at = 0
        self.display = False

    @property
    def chosen(self) -> Choice | None:
        return self._choices[self._at] if self._choices else None

    def offer(self, choices: Sequence[Choice]) -> None:
        """Show these; none closes the popup."""
        self._choices, self._at = choices, 0
        self.display = bool(choices)
        self._draw()

    def move(self, step: int) -> None:
        if self._choices:
            self._at = (self._at + step) % len(self._choices)
            self._draw()

    def _draw(self) -> None:
        first = max(0, min(self._at - SHOWN // 2, len(self._choices) - SHOWN))
        width = min(LABEL, max((cell_len(choice.label) for choice in self._choices), default=0))
        lines: list[Content] = []
        for index, choice in enumerate(self._choices[first : first + SHOWN], first):
            chosen = index == self._at
            mark = "▸" if chosen else " "
            label = f"{mark} {fitted(one_line(choice.label, LABEL), width)}  "
            lines.append(
                Content.assemble((label, "bold $text-accent" if chosen else ""), (one_line(choice.detail), "" if chosen else "$text-muted"))
            )
        self.update(Content("\n").join(lines))


@dataclass(frozen=True, slots=True)
class Unsent:
    """A prompt that waits for the engine to be ready."""

    text: str


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

    def __init__(self) -> None:
        super().__init__(markup=False)
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
            line = _entry_line(entry)
            lines.append(line.stylize("reverse") if index == self._at and self.has_focus else line)
        hidden = len(self._entries) - first - self.LINES
        if hidden > 0:
            lines.append(Content.styled(f" + {hidden} more", "$text-muted"))
        self.update(Content("\n").join(lines))


def _entry_line(entry: Entry) -> Content:
    match entry:
        case Unsent(text):
            return Content.assemble((" waits for the engine  ", "$text-warning"), one_line(text, 120))
        case MessageView():
            who = f" from {one_line(entry.sender, 40)}" if entry.sender else ""
            steers = " steers the running turn" if entry.delivery == "next_step" else ""
            held = f" held: {one_line(entry.reason or '', 60)}" if entry.state == "held" else ""
            return Content.assemble((f" #{entry.id}{who}{steers}{held}  ", "$text-muted"), one_line(entry.body, 120))


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
        self.update(Content(f" {lead}{visible(text)}"))
        if text and tone == "info":
            self._timer = self.set_timer(self.SECONDS, lambda: self.say(""))
