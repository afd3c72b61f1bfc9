"""Pick one of a list: a filter above it, the best first, what cannot be taken greyed with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from codex_desk.engine.views import ThreadView
from codex_desk.frozen import frozen
from codex_desk.text import one_line, visible
from codex_desk.tui.model import clock
from codex_desk.tui.model.words import GLYPHS, RELATION_WORDS, WORDS, age, fitted, name, project_name
from codex_desk.tui.screens.dialog import Dialog, matches
from codex_desk.tui.widgets.choices import Choices
from codex_desk.tui.widgets.rows import rows_left

SHOWN = 200
"""Rows shown at most; the filter finds the rest."""


@frozen
class Row:
    """`id` is what is picked; `refused` says why it cannot be."""

    id: str
    label: str
    detail: str = ""
    refused: str | None = None

    def content(self, width: int) -> Content:
        label = fitted(one_line(self.label, 60), width)
        detail = self.refused or self.detail
        if self.refused is None:
            return Content.assemble(f"{label}  ", (one_line(detail), "$text-muted"))
        return Content.assemble((f"{label}  ", "$text-muted"), (one_line(detail), "italic $text-warning"))


def label_width(rows: Sequence[Row], columns: int) -> int:
    """Cells for the labels of a list in a terminal of so many columns: what the widest takes, a handle of full length or a third of the columns at
    most."""
    return min(44, columns // 3, max((cell_len(one_line(row.label, 60)) for row in rows), default=0))


LISTED = 16
"""Rows that a list has at most."""


def fit_list(dialog: Screen[Any]) -> None:
    """Give the list of a dialog the rows that are left, so that what stands below it is always on the screen."""
    for listed in dialog.query(OptionList):
        if (left := rows_left(listed)) is not None:
            listed.styles.max_height = min(LISTED, left)


class Picker(Dialog[str]):
    """Gives the id of the row that was picked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,ctrl+n", "move(1)", show=False, id="picker.down"),
        Binding("up", "move(-1)", show=False, id="picker.up"),
    ]

    def __init__(
        self, title: str, rows: Sequence[Row], *, note: str = "", empty: str = "there is nothing to pick", start: str | None = None
    ) -> None:
        """`start`: the id of the row that the cursor begins on."""
        super().__init__()
        self._start = start
        self._title = title
        self._rows = rows
        self._note = note
        self._empty = empty
        self._query = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(visible(self._title))  # type: ignore[assignment]  # Content is taken; a str is parsed as markup
            box.border_subtitle = "Enter takes it · Esc leaves"
            yield Input(placeholder="filter", compact=True)
            yield Choices()
            yield Static(visible(self._note), markup=False, classes="note")

    def on_resize(self) -> None:
        self.call_after_refresh(fit_list, self)

    def on_mount(self) -> None:
        self.query_one(".note").display = bool(self._note)
        self._fill("")

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        self._fill(event.value)

    def on_key(self, event: events.Key) -> None:
        """Enter takes its turn behind the letters before it: as a priority binding it would overtake them, and pick what they were to rule out."""
        if event.key == "enter":
            event.stop()
            self.action_pick()

    def _fill(self, query: str) -> None:
        self._query = query
        found = [row for row in self._rows if matches(query, f"{row.label} {row.detail}")][:SHOWN]
        width = label_width(found, self.size.width)
        listed = self.query_one(OptionList)
        options = [Option(row.content(width), id=row.id, disabled=row.refused is not None) for row in found]
        listed.set_options(options or [Option(Content.styled(visible(self._empty), "$text-muted"), disabled=True)])
        free = [index for index, row in enumerate(found) if row.refused is None]
        listed.highlighted = next((index for index in free if found[index].id == self._start), free[0] if free else None)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Other rows, or the same with other details; the cursor stays on its row."""
        listed = self.query_one(OptionList)
        here = listed.get_option_at_index(listed.highlighted).id if listed.highlighted is not None else None
        self._rows, self._start = rows, here or self._start
        self._fill(self._query)

    def action_move(self, step: int) -> None:
        listed = self.query_one(OptionList)
        listed.action_cursor_down() if step > 0 else listed.action_cursor_up()

    def action_pick(self) -> None:
        typed = self.query_one(Input).value
        if typed != self._query:
            self._fill(typed)
        listed = self.query_one(OptionList)
        if listed.highlighted is not None and (chosen := listed.get_option_at_index(listed.highlighted)).id and not chosen.disabled:
            self.dismiss(chosen.id)

    @on(OptionList.OptionSelected)
    def _picked(self, event: OptionList.OptionSelected) -> None:
        """A click."""
        if event.option.id is not None:
            self.dismiss(event.option.id)


def thread_choice(thread: ThreadView) -> Row:
    """A session as a row: its state, its project and how long ago."""
    old = age(thread.last_activity_at, clock.now())
    detail = " · ".join(
        part for part in (project_name(thread), RELATION_WORDS.get(thread.relation or "", ""), WORDS[thread.status], old) if part
    )
    return Row(thread.id, f"{GLYPHS[thread.status]} {name(thread)}", detail)


def child_choice(thread: ThreadView) -> Row:
    """A child as a row: state, last line, age."""
    old = age(thread.last_activity_at, clock.now())
    word = RELATION_WORDS.get(thread.relation or "", "")
    return Row(
        thread.id, f"{GLYPHS[thread.status]} {name(thread)}", f"{word} · {WORDS[thread.status]} {old} · {one_line(thread.last_line, 80)}"
    )
