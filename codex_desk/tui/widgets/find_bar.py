"""One line under a transcript that asks for a text and says how often it was found."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

ROOM_FOR_KEYS = 72
"""Cells below which the keys are left out, so that there is room for a text."""


class _Asked(Input):
    """The text. Up and down go to the place before and the next; Enter goes on reading, Escape stops looking."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "stepped(-1)", "previous", show=False, id="find.previous"),
        Binding("down,ctrl+n", "stepped(1)", "next", show=False, id="find.next"),
        Binding("escape", "left(False)", "stop", show=False, id="find.stop"),
    ]

    def on_focus(self) -> None:
        self.post_message(FindBar.Asking(True))

    def on_blur(self) -> None:
        self.post_message(FindBar.Asking(False))

    def action_stepped(self, step: int) -> None:
        self.post_message(FindBar.Stepped(step))

    def action_left(self, found: bool) -> None:
        self.post_message(FindBar.Left(found))


class FindBar(Horizontal):
    """Asks for a text. What is found goes by others; it is told the count."""

    DEFAULT_CSS = """
    FindBar {
        display: none;
        height: 1;
        padding: 0 1;
        background: $panel;
        & .sign { width: 2; color: $text-accent; text-style: bold; }
        & Input, Input:focus { width: 1fr; height: 1; border: none; padding: 0; background: $panel; }
        & .told { width: auto; color: $text-muted; }
    }
    """

    class Typed(Message):
        """Another text is looked for."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Stepped(Message):
        """The next place is wanted, with -1 the one before."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class Asking(Message):
        """Whether the text is being typed."""

        def __init__(self, asking: bool) -> None:
            super().__init__()
            self.asking = asking

    class Left(Message):
        """The person goes on reading; `found`: at the place that was found, else without looking for it any longer."""

        def __init__(self, found: bool) -> None:
            super().__init__()
            self.found = found

    def __init__(self, *, plain: bool = False) -> None:
        super().__init__()
        self._plain = plain
        self._input = _Asked(compact=True, select_on_focus=True, placeholder="find in this thread")
        self._told = Static(markup=False, classes="told")
        self._count = ""
        self._asking = False

    def compose(self) -> ComposeResult:
        yield Static("/", markup=False, classes="sign")
        yield self._input
        yield self._told

    def open(self, text: str = "") -> None:
        """Show it with this text, else with the one before; it takes the focus where a text is asked for."""
        self.display = True
        if text:
            with self.prevent(Input.Changed):
                self._input.value = text
            return
        self.tell("")
        self._input.focus()
        if self._input.value:
            self.post_message(self.Typed(self._input.value))

    def close(self) -> None:
        self.display = False

    def tell(self, told: str) -> None:
        """Say how often it was found, `3 of 17`."""
        self._count = told
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if self.size.width < ROOM_FOR_KEYS:
            keys = ""
        elif self._plain:
            keys = "Enter reads on, Down next, Escape closes" if self._asking else "n next, N previous, Escape closes"
        else:
            keys = "Enter reads on · ↓↑ next, previous · Esc closes" if self._asking else "n next · N previous · Esc closes"
        self._told.update(Content.assemble((f"  {self._count}" if self._count else "", "bold"), f"  {keys}" if keys else ""))

    @on(Asking)
    def _asked(self, event: Asking) -> None:
        event.stop()
        self._asking = event.asking
        self._draw()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Left(bool(event.value)))
