"""What every dialog shares: a framed box over the desk, left by escape."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

T = TypeVar("T")

SOON_S = 0.2
LOW_ROWS = 15
"""Rows below which a dialog has no frame."""


class Dialog(ModalScreen[T | None]):
    """A modal that gives a result, or None when it is left."""

    CSS_PATH = "dialog.tcss"
    AUTO_FOCUS = "Input, TextArea, OptionList, VerticalScroll"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (LOW_ROWS, "-high")]  # noqa: RUF012  # Textual declares it as no class variable
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "close", id="dialog.close"),
        Binding("ctrl+c", "leave", show=False, priority=True, id="dialog.cancel"),
        Binding("f1", "app.help", "help", show=False, priority=True, id="dialog.help"),
    ]

    _stale = False

    def read_soon(self, read: Callable[[], object]) -> None:
        """Read again what is shown. Changes that come at once are read once."""
        if not self._stale:
            self._stale = True
            self.set_timer(SOON_S, partial(self._read_now, read))

    def _read_now(self, read: Callable[[], object]) -> None:
        self._stale = False
        read()

    def action_leave(self) -> None:
        self.dismiss(None)


def matches(query: str, text: str) -> bool:
    """Whether the letters of the query stand in the text in this order; case does not count."""
    rest = iter(text.lower())
    return all(letter in rest for letter in query.lower() if not letter.isspace())
