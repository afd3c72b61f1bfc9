"""Pick the parent that a session shall work for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from codex_desk.engine.views import Candidate, EdgeRights, ThreadView
from codex_desk.frozen import frozen
from codex_desk.text import one_line
from codex_desk.tui.model import clock
from codex_desk.tui.model.words import GLYPHS, WORDS, age, name, project_name
from codex_desk.tui.screens.dialog import Dialog, matches
from codex_desk.tui.screens.pick import SHOWN, Row, fit_list, label_width
from codex_desk.tui.widgets.choices import Choices


@frozen
class Picked:
    parent_id: str
    rights: EdgeRights
    move: bool


class AttachPicker(Dialog[Picked]):
    """Candidates as the engine ranks them, refused ones last and greyed with the reason."""

    AUTO_FOCUS = "OptionList"
    HELP = "Pick the parent. Type to filter, r changes whose rights count, Enter attaches."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "rights", show=False, priority=True, id="attach.rights"),
        Binding("down", "move(1)", show=False, id="attach.down"),
        Binding("up", "move(-1)", show=False, id="attach.up"),
    ]

    def __init__(self, child: ThreadView, candidates: Sequence[Candidate], *, own_rights: bool = False) -> None:
        super().__init__()
        self._child = child
        self._candidates = candidates
        self._by_id = {one.thread.id: one for one in candidates}
        self._rights: EdgeRights = "own" if own_rights else "lesser"
        self._just_r = False
        """The last key was an `r` in the list: with a letter behind it, it was the beginning of a name."""
        self._query = ""
        self._asked_to_move: str | None = None
        """The candidate for which moving has been asked and Enter answers."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(f"Attach {one_line(name(self._child), 40)} to")  # type: ignore[assignment]
            box.border_subtitle = "Enter attaches · r rights (^r while filtering) · Esc leaves"
            yield Input(placeholder="type to filter", compact=True)
            yield Choices()
            yield Static(markup=False, classes="note")

    def on_mount(self) -> None:
        self._fill("")

    def on_resize(self) -> None:
        self._fill(self._query)

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        self._fill(event.value)

    def on_key(self, event: events.Key) -> None:
        """Keys in the order they were typed. In the list `r` changes the rights, unless a name that begins with it is being typed; any other letter
        goes to the filter. Enter takes its turn behind the letters: as a priority binding it would attach to what they were to rule out."""
        meant_rights, self._just_r = self._just_r, False
        if event.key == "enter":
            event.stop()
            self.action_attach()
            return
        if not event.character or not event.is_printable:
            return
        event.stop()
        event.prevent_default()
        field, letter = self.query_one(Input), event.character
        if letter == "r" and not field.has_focus:
            self.action_rights()
            self._just_r = True
            return
        if meant_rights:
            self.action_rights()
            letter = "r" + letter
        field.focus()
        if letter != "/":
            field.insert_text_at_cursor(letter)

    def action_rights(self) -> None:
        self._rights = "own" if self._rights == "lesser" else "lesser"
        self._draw_note()

    def action_move(self, step: int) -> None:
        listed = self.query_one(OptionList)
        listed.action_cursor_down() if step > 0 else listed.action_cursor_up()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self._draw_note()

    @on(OptionList.OptionSelected)
    def action_attach(self) -> None:
        typed = self.query_one(Input).value
        if typed != self._query:
            self._fill(typed)
        chosen = self._chosen
        if chosen is None or chosen.refused is not None:
            return
        if chosen.moves_from is not None and self._asked_to_move != chosen.thread.id:
            self._asked_to_move = chosen.thread.id
            self._draw_note()
            return
        self.dismiss(Picked(chosen.thread.id, self._rights, chosen.moves_from is not None))

    @property
    def _chosen(self) -> Candidate | None:
        listed = self.query_one(OptionList)
        if listed.highlighted is None:
            return None
        return self._by_id.get(listed.get_option_at_index(listed.highlighted).id or "")

    def _fill(self, query: str) -> None:
        self._query = query
        found = [one for one in self._candidates if matches(query, f"{name(one.thread)} {one.thread.project}")][:SHOWN]
        now = clock.now()
        rows = [_row(one, now) for one in found]
        width = label_width(rows, self.size.width)
        listed = self.query_one(OptionList)
        nothing = [Option(Content.styled("no session matches: backspace widens the filter", "$text-muted"), disabled=True)]
        listed.set_options([Option(row.content(width), id=row.id, disabled=row.refused is not None) for row in rows] or nothing)
        listed.highlighted = next((index for index, one in enumerate(found) if one.refused is None), None)
        self._draw_note()

    def _nobody(self) -> str:
        """What to do where there is nobody to attach to."""
        if all(one.thread.id == self._child.id for one in self._candidates):
            return "no other session yet: Esc, then ^x n makes one"
        if all(one.refused is not None for one in self._candidates):
            return "none of these can be taken: the reason stands beside each; Esc, then ^x n makes another session"
        return ""

    def _draw_note(self) -> None:
        self._say_about_chosen()
        self.call_after_refresh(fit_list, self)

    def _say_about_chosen(self) -> None:
        note = self.query_one(".note", Static)
        chosen = self._chosen
        note.set_class(False, "warning")
        if chosen is None:
            note.update(Content(self._nobody()))
            return
        child, parent = one_line(name(self._child), 40), one_line(name(chosen.thread), 40)
        old = one_line(chosen.moves_from or "", 40)
        if self._asked_to_move == chosen.thread.id:
            note.add_class("warning")
            note.update(Content(f"{child} is attached to {old} now. Enter moves it to {parent}; Esc leaves it there."))
            return
        moves = f"   It is attached to {old} now, and would move." if old else ""
        if self._rights == "own":
            said = f"rights = own: for {parent}, {child} runs with its own rights.   r: the lesser of both"
        elif chosen.narrows:
            note.add_class("warning")
            said = f"{one_line(chosen.narrows)}.   r: its own rights instead"
        else:
            said = f"rights = lesser: nothing is narrower for {parent}.   r: its own rights"
        note.update(Content(f"{said}{moves}"))


def _row(candidate: Candidate, now: datetime) -> Row:
    thread = candidate.thread
    detail = " · ".join((project_name(thread), WORDS[thread.status], age(thread.last_activity_at, now)))
    return Row(thread.id, f"{GLYPHS[thread.status]} {name(thread)}", detail, candidate.refused)
