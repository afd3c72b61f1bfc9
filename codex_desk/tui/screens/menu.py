"""The menu of a sidebar row: every action with its key, greyed with the reason where it cannot be taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from codex_desk.engine.views import ThreadView
from codex_desk.text import one_line
from codex_desk.tui.commands import Command
from codex_desk.tui.model.sidebar import why_not
from codex_desk.tui.model.words import GLYPHS, WORDS, fitted, name
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.widgets.rows import Row, RowList
from codex_desk.tui.widgets.status import key_name

OPEN, PEEK = "open", "peek"


class RowMenu(Dialog[str]):
    """Gives `open`, `peek`, or the name of a command. Its keys work here as they do in the sidebar."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    AUTO_FOCUS = "RowList"
    HELP = "What can be done with this thread. Each action has its key, which works here and in the sidebar; what cannot be done says why."

    def __init__(self, thread: ThreadView, actions: Iterable[Command]) -> None:
        super().__init__()
        self._thread = thread
        self._list = RowList()
        self._note = Static(markup=False, classes="note")
        offered = [(OPEN, "enter", "show it in this pane", None), (PEEK, "space", "its last lines, and one line to send", None)]
        offered += [(one.name, one.row_key, one.help, why_not(one.name, thread)) for one in actions]
        self._offered = offered
        self._keys: Mapping[str, str] = {key: name for name, keys, _, _ in offered for key in keys.split(",") if key}
        self._refused: Mapping[str, str] = {name: why for name, _, _, why in offered if why is not None}

    def compose(self) -> ComposeResult:
        thread = self._thread
        with Vertical(classes="box -fit -narrow-box") as box:
            box.border_title = Content(f"{GLYPHS[thread.status]} {one_line(name(thread), 40)} · {WORDS[thread.status]}")  # type: ignore[assignment]
            box.border_subtitle = "Enter takes it, so does its key · Esc closes"
            yield self._list
            yield self._note

    def on_mount(self) -> None:
        self._note.display = False
        keys = max(cell_len(key_name(keys.split(",")[0])) for _, keys, _, _ in self._offered)
        names = max(len(name) for name, _, _, _ in self._offered)
        self._list.show(
            [
                Row(name, partial(_line, key_name(shown.split(",")[0]), name, told, why, keys, names), passable=why is not None)
                for name, shown, told, why in self._offered
            ]
        )

    def on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            return  # the list takes it, for the row under its cursor
        chosen = self._keys.get(event.key) or self._keys.get(event.character or "")
        if chosen is None:
            return
        event.stop()
        if (why := self._refused.get(chosen)) is None:
            self.dismiss(chosen)
            return
        self._note.display = True
        self._note.update(Content(one_line(why)))

    @on(RowList.Picked)
    def _picked(self, event: RowList.Picked) -> None:
        self.dismiss(event.row.key)


def row_menu(thread: ThreadView, actions: Iterable[Command]) -> RowMenu:
    """The menu for a thread with these commands in it."""
    return RowMenu(thread, actions)


def _line(key: str, name: str, told: str, why: str | None, keys: int, names: int, width: int) -> Content:
    lead = f"{fitted(key, keys)}  {fitted(name, names)}  "
    if why is not None:
        return Content.assemble((lead, "$text-disabled"), (one_line(why), "italic $text-muted"))
    return Content.assemble(
        (fitted(key, keys), "bold $text-accent"), "  ", (fitted(name, names), "bold"), "  ", (one_line(told), "$text-muted")
    )
