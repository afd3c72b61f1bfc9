"""Sessions by project: the desk's own, those that Codex has, and history. One is opened, or several are taken onto the desk."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from codex_desk.engine.views import ThreadView
from codex_desk.text import one_line, visible
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.failures import reason_of
from codex_desk.tui.model import clock
from codex_desk.tui.model.adopting import Choice, Heading, Line, More, choices, counted, handles_of, lines, proposed
from codex_desk.tui.model.words import age, fitted, short_path
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.screens.naming import Naming
from codex_desk.tui.widgets.filter import Filter
from codex_desk.tui.widgets.rows import Row, RowList, space

Purpose = Literal["open", "take"]
TITLES = {"open": "Open in this pane", "take": "Take onto the desk"}
WHERE = 12
"""Cells of the word for where a session is."""
HANDLES = 26
"""Cells of a handle at most."""
ASKING = "asking Codex for its sessions …"


class Wanted(Filter):
    """A space marks where it could not be part of what is looked for: before the first word, behind another space, and after the list was moved."""

    class Marked(Message):
        """The row under the cursor is to be taken, or not any more."""

    moved = False
    """Whether the list was moved since something was written."""

    def on_key(self, event: events.Key) -> None:
        if event.character != " ":
            self.moved = False
        elif self.moved or not self.value or self.value.endswith(" "):
            event.stop()
            event.prevent_default()
            self.post_message(self.Marked())

    def action_complete(self) -> None:
        """Tab marks whatever is written."""
        self.post_message(self.Marked())


class Sessions(Dialog[str]):
    """Gives the id of the thread to show. What is taken is on the desk by then."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    AUTO_FOCUS = "Wanted"
    HELP = (
        "Your sessions by project: those on the desk, those that Codex has, and what is history only. Words narrow the list. Space marks the row "
        "that you moved to, Tab marks whatever is written, Enter takes all that is marked or opens the one under the cursor. Taking a session "
        "changes nothing in it: it stays at home in its folder, and nothing runs before its first prompt."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,ctrl+n", "list('move(1)')", show=False, id="sessions.down"),
        Binding("up", "list('move(-1)')", show=False, id="sessions.up"),
        Binding("pagedown", "list('page(1)')", show=False, id="sessions.page_down"),
        Binding("pageup", "list('page(-1)')", show=False, id="sessions.page_up"),
    ]

    def __init__(self, desk: DeskDoor, threads: Sequence[ThreadView], purpose: Purpose = "open") -> None:
        """`threads`: the desk's live sessions. Every other one is asked for."""
        super().__init__()
        self._desk, self._threads, self._purpose = desk, threads, purpose
        self._filter = Wanted((), placeholder="words of a title, a handle, a folder")
        self._list = RowList(led=True)
        self._about = Static(markup=False, classes="about")
        self._note = Static(markup=False, classes="note")
        self._found: Sequence[Choice] = choices(threads, ()) if purpose == "open" else ()
        self._rows: dict[str, Line] = {}
        self._kept: dict[str, Row] = {}
        self._marked: dict[str, Choice] = {}
        """By key, in the order they were marked."""
        self._unfolded: frozenset[str] = frozenset()
        self._said = ASKING
        """What the last line says of Codex."""
        self._passing = ""
        """Said until the next key."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="box -tall") as box:
            box.border_title = TITLES[self._purpose]
            yield self._filter
            yield self._list
            yield self._about
            yield self._note

    def on_mount(self) -> None:
        self._fill()
        self._begin()
        self._tell()
        self._ask()

    @work(group="ask", exclusive=True)
    async def _ask(self) -> None:
        """Codex's sessions and history, as soon as they are told."""
        try:
            found = await self._desk.adoptable()
        except Exception as error:
            self._said = f"Codex's sessions are not here: {reason_of(error)}"
        else:
            untouched = not self._filter.moved and not self._marked
            self._found = await asyncio.to_thread(choices, self._threads, found)
            self._said = counted(self._found)
            self._fill()
            if untouched:
                self._begin()
        self._tell()

    def _begin(self) -> None:
        """The cursor on the first row that is likely to be meant."""
        self._list.action_first()
        free = (key for key, line in self._rows.items() if isinstance(line, Choice) and line.can_be_taken)
        if self._purpose == "take" and (key := next(free, None)) is not None:
            self._list.point_at(key)

    # --- the list ---------------------------------------------------------------------------------------------------------------------------

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._passing = ""
        self._fill()
        self._begin()
        self._tell()

    def _fill(self) -> None:
        shown = lines(self._found, self._filter.value, self._unfolded, frozenset(self._marked))
        self._rows = {line.key: line for line in shown}
        known, self._kept = self._kept, {}
        for line in shown:
            old = known.get(line.key)
            self._kept[line.key] = old if old is not None and isinstance(line, Choice) else self._row(line)
        nothing = "nothing is called that" if self._filter.value.strip() else self._nothing()
        rows: list[Row] = []
        for key, row in self._kept.items():
            if rows and row.passable:
                rows.append(space(key))
            rows.append(row)
        self._list.show(rows, empty=nothing)

    def _nothing(self) -> str:
        return "" if self._said == ASKING else "there is no session to take" if self._purpose == "take" else "there is no session yet"

    def _row(self, line: Line) -> Row:
        match line:
            case Heading(project, count):
                return Row(line.key, partial(_project_line, project, count), passable=True)
            case More(_, count):
                return Row(line.key, lambda _: Content.styled(f"  {count:,} more of history: Enter shows them", "$text-muted"))
            case Choice():
                return Row(line.key, partial(self._line, line))

    def _line(self, choice: Choice, width: int) -> Content:
        marked = choice.key in self._marked
        sign = "✓" if marked else choice.state[:1] or " "
        old = age(choice.at, clock.now())
        handle = fitted(choice.handle, min(HANDLES, max(8, width // 3)))
        lead = Content.assemble(
            (f"{sign} ", "bold $text-accent" if marked else "$text-muted"),
            (handle, "bold" if choice.where == "on the desk" or marked else ""),
            (f"  {choice.where:<{WHERE}}  ", "$text-muted"),
        )
        room = max(0, width - lead.cell_length - 6)
        return Content.assemble(lead, (fitted(choice.title, room), "$text-muted"), (f" {old:>5}", "$text-muted"))

    @property
    def _current(self) -> Line | None:
        row = self._list.current
        return self._rows.get(row.key) if row else None

    @on(RowList.Moved)
    def _tell(self) -> None:
        """What the row under the cursor is, what is marked, and what the keys do."""
        line = self._current
        about = Content("")
        if isinstance(line, Choice):
            title = line.title if line.title != line.handle else ""
            facts = " · ".join(part for part in (short_path(line.cwd, Path.home()), line.model, line.state, self._fate(line)) if part)
            about = Content.assemble((title or line.handle, ""), "\n", (one_line(facts), "$text-muted"))
        self._about.update(about)
        count = len(self._marked)
        marked = f"{count} marked: Enter takes {'it' if count == 1 else 'them'} onto the desk" if count else ""
        self._note.update(Content(visible(self._passing or marked or self._said)))
        self.query_one(".box", Vertical).border_subtitle = f"Enter {self._does(line)} · Space marks · ↑↓ choose · Esc closes"

    def _does(self, line: Line | None) -> str:
        if self._marked:
            return "takes what is marked"
        match line:
            case More():
                return "shows them"
            case Choice(where="on the desk"):
                return "opens it"
            case Choice(where="history only") if self._purpose == "open":
                return "reads it"
        return "takes it"

    def _fate(self, choice: Choice) -> str:
        """What becomes of a session that is not on the desk."""
        if choice.where == "history only" and self._purpose == "open":
            return "opens to be read; mark it to take it onto the desk"
        return ""

    # --- keys -------------------------------------------------------------------------------------------------------------------------------

    def action_list(self, what: str) -> None:
        name, _, step = what.removesuffix(")").partition("(")
        self._passing = ""
        self._filter.moved = True
        self._list.action_move(int(step)) if name == "move" else self._list.action_page(int(step))
        self._tell()

    @on(Wanted.Marked)
    def _mark(self) -> None:
        line = self._current
        if not isinstance(line, Choice):
            return
        if not line.can_be_taken:
            self._passing = f"{line.handle} is on the desk already"
        elif self._marked.pop(line.key, None) is None:
            self._marked[line.key] = line
        self._list.redraw()
        if line.can_be_taken:
            self.action_list("move(1)")
        self._tell()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._enter()

    @on(RowList.Picked)
    def _picked(self) -> None:
        """A click."""
        self._enter()

    def _enter(self) -> None:
        line = self._current
        match line:
            case _ if self._marked:
                self._take(tuple(self._marked.values()))
            case More(project):
                self._unfold(project)
            case Choice(thread_id=str() as thread_id, where=where) if where == "on the desk" or (
                where == "history only" and self._purpose == "open"
            ):
                self.dismiss(thread_id)
            case Choice():
                self._take((line,))

    def _unfold(self, project: str) -> None:
        place = list(self._rows).index(More(project, 0).key)
        self._unfolded |= {project}
        self._fill()
        self._list.point_at(list(self._rows)[place])  # the first of what was not shown
        self._tell()

    @work(group="take", exclusive=True)
    async def _take(self, wanted: Sequence[Choice]) -> None:
        """Name them, and take them; leaving that comes back here."""
        taken = handles_of(await asyncio.to_thread(partial(self._desk.threads, everything=True)))
        brought = await self.app.push_screen_wait(Naming(self._desk, wanted, proposed(wanted, taken), taken))
        if brought:
            self.dismiss(brought[0].id)


def _project_line(project: str, count: int, width: int) -> Content:
    words = one_line(short_path(project, Path.home()))
    return Content.assemble((words, "bold $text-muted"), (f"  {count:,}", "$text-muted"))
