"""The board of a workflow: what its agents share, and what the human says, decides and promotes for their parent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from codex_desk.engine.board_reading import Wanted
from codex_desk.engine.board_views import KINDS, POSTED, BoardView, EntryView
from codex_desk.engine.events import BoardChanged, Event
from codex_desk.text import one_line, visible
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.failures import reason_of
from codex_desk.tui.model import board as model
from codex_desk.tui.model import clock
from codex_desk.tui.model.columns import GAP
from codex_desk.tui.model.place import Place
from codex_desk.tui.model.words import fitted
from codex_desk.tui.screens.ask import Ask, Confirm
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.screens.pick import Picker
from codex_desk.tui.screens.pick import Row as Choice
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.drawn import Drawn
from codex_desk.tui.widgets.facts import fact
from codex_desk.tui.widgets.filter import Filter
from codex_desk.tui.widgets.lines import NOTHING, TextLine
from codex_desk.tui.widgets.rows import Row, RowList

PAGE = 200
PAUSE_S = 0.08
"""How long the writing of a filter rests before it is looked for."""
LONGEST_TEXT = 400
"""Characters of an entry's text in its row; the whole of it is behind Enter."""
WHOLE = 2_000
"""Characters of an entry below the list; the rest is behind Enter."""
Do = Callable[[Any], Awaitable[Any]]


class Board(Dialog[Place]):
    """Every entry, the newest last; it follows. Gives the thread to go to, if one was asked for."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    AUTO_FOCUS = "RowList"
    HELP = (
        "What the agents of this workflow share, the newest last. Enter shows a whole entry. p brings it into the parent's context, with its source. Space "
        "marks entries, d decides on what is marked. n writes one of your own. / filters: words, kind:finding, by:reviewer. s has the parent write it all "
        "up for you, x closes the board."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", id="board.filter"),
        Binding("p", "promote", "promote", id="board.promote"),
        Binding("space", "mark", "mark", id="board.mark"),
        Binding("d", "decide", "decide", id="board.decide"),
        Binding("n", "post", "write", id="board.post"),
        Binding("s", "summary", "summary", id="board.summary"),
        Binding("x", "shut", "close the board", id="board.close"),
    ]

    def __init__(self, desk: DeskDoor, do: Do, board: BoardView) -> None:
        super().__init__()
        self._desk, self._do, self._board = desk, do, board
        self._filter = Filter(model.FIELDS, placeholder="words · kind:finding · by:reviewer")
        self._whole = Static(markup=False, classes="preview")
        self._head = Static(markup=False, classes="head")
        self._list = RowList(follow=True)
        self._list.add_class("-close")
        self._said = Static(markup=False, classes="note")
        self._entries: list[EntryView] = []
        self._marked: set[int] = set()
        self._widths: dict[int, dict[str, int]] = {}
        self._older = False
        """The store holds entries before the first one here."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="box -tall") as box:
            box.border_subtitle = "Enter whole · p promote · d decide · n write · / filter · Esc closes"
            yield self._filter
            yield self._head
            yield self._list
            yield self._whole
            yield self._said

    def on_mount(self) -> None:
        self._name_it()
        self._note("")
        self._read()

    def _name_it(self) -> None:
        title = f"Board of {one_line(self._board.parent, 40)} · {model.terms(self._board)}"
        self.query_one(".box").border_title = Content(title)  # type: ignore[assignment]  # Content is taken; a str is parsed as markup

    # --- reading ----------------------------------------------------------------------------------------------------------------------------

    @property
    def _wanted(self) -> Wanted:
        return Wanted(model.kinds_like(self._filter.asked.of("kind")))

    def _passing(self, found: list[EntryView]) -> list[EntryView]:
        asked = self._filter.asked
        return [entry for entry in found if model.passes(entry, asked.of("by"), asked.words)]

    @work(group="page", exclusive=True)
    async def _read(self, pause: float = 0) -> None:
        await asyncio.sleep(pause)
        found = await asyncio.to_thread(self._desk.board_page, self._board, limit=max(PAGE, len(self._entries)), wanted=self._wanted)
        self._older = len(found) >= PAGE
        self._entries = found
        self._filter.choices = {"kind": KINDS, "by": sorted({entry.author for entry in found})}
        self._show()

    @on(RowList.OlderWanted)
    def _older_wanted(self) -> None:
        if self._older and self._entries:
            self._older = False
            self._read_older()

    @work(group="page")
    async def _read_older(self) -> None:
        before = self._entries[0].id
        found = await asyncio.to_thread(self._desk.board_page, self._board, before=before, limit=PAGE, wanted=self._wanted)
        self._older = len(found) == PAGE
        self._entries[:0] = found
        self._show()

    async def hear(self, event: Event) -> None:
        if isinstance(event, BoardChanged) and event.board_id == self._board.id:
            self.read_soon(self._read)

    # --- showing ----------------------------------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        shown = self._passing(self._entries)
        self._widths = {}
        self._draw_head()
        rows = [Row(str(entry.id), partial(self._line, entry, entry.id in self._marked)) for entry in shown]
        self._list.show(rows, empty="nothing matches this filter" if self._filter.value.strip() else "nothing is on the board yet")
        self._draw_whole()

    def _columns(self, width: int) -> dict[str, int]:
        return self._widths.get(width) or self._widths.setdefault(width, model.columns(self._entries, clock.now(), width))

    def _line(self, entry: EntryView, marked: bool, width: int) -> Content:
        cells = model.cells(entry, clock.now(), width, marked=marked)
        parts = [(fitted(cells[name][0], size) + " " * GAP, cells[name][1]) for name, size in self._columns(width).items()]
        relation = model.told(entry)
        text = one_line(entry.text, LONGEST_TEXT)
        shown = text if entry.stands else (text, "$text-muted")
        return Content.assemble(
            *parts, *([(f"{relation}  ", "$text-warning" if not entry.stands else "$text-muted")] if relation else []), shown
        )

    def _draw_head(self) -> None:
        widths = self._columns(self._list.scrollable_content_region.width)
        words = "".join(fitted(model.TITLES[name], size) + " " * GAP for name, size in widths.items())
        self._head.update(Content(words + ("what" if widths else "")))

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw_head)

    def _note(self, words: str, *, bad: bool = False) -> None:
        self._said.set_class(bad, "warning")
        self._said.display = bool(words)
        self._said.update(Content(one_line(words, 400)))

    # --- keys -------------------------------------------------------------------------------------------------------------------------------

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._read(PAUSE_S)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._list.focus()

    def action_filter(self) -> None:
        self._filter.focus()

    @property
    def _current(self) -> EntryView | None:
        row = self._list.current
        return next((entry for entry in self._entries if row is not None and str(entry.id) == row.key), None)

    def action_mark(self) -> None:
        if (entry := self._current) is not None:
            self._marked ^= {entry.id}
            self._show()

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._draw_whole()

    def _draw_whole(self) -> None:
        """What the row under the cursor had no room for."""
        entry = self._current
        self._whole.set_class(entry is None, "-none")
        if entry is not None:
            text = visible(entry.text[:WHOLE])
            about = "  ".join(part for part in (entry.name, entry.kind, model.who(entry), model.told(entry)) if part)
            self._whole.update(Content.assemble((one_line(about), "$text-muted"), "\n", text))

    @on(RowList.Picked)
    @work(group="ask", exclusive=True)
    async def _picked(self, event: RowList.Picked) -> None:
        entry = self._current
        if entry is not None and await self.app.push_screen_wait(EntryDetail(entry)):
            self.dismiss(Place(entry.author_id))

    async def _carry_out(self, action: Any, said: str) -> bool:
        try:
            await self._do(action)
        except Exception as error:
            self._note(reason_of(error), bad=True)
            return False
        self._note(said)
        self._read()
        return True

    @work(group="ask", exclusive=True)
    async def action_promote(self) -> None:
        from codex_desk.engine.boards import Promote

        if (entry := self._current) is not None:
            said = f"{entry.name} by {entry.author} is what {self._board.parent} reads first in its next turn"
            await self._carry_out(Promote(self._board.parent_id, entry.id), said)

    @work(group="ask", exclusive=True)
    async def action_decide(self) -> None:
        from codex_desk.engine.boards import Decide

        current = self._current
        cites = tuple(sorted(self._marked)) or ((current.id,) if current else ())
        if not cites:
            self._note("a decision cites what it rests on; there is nothing to cite yet", bad=True)
            return
        named = ", ".join(f"e{number}" for number in cites)
        text = await self.app.push_screen_wait(Ask("Decide", f"The decision of {self._board.parent}, citing {named}:"))
        if text is not None and await self._carry_out(Decide(self._board.parent_id, text, cites), f"decided, citing {named}"):
            self._marked.clear()
            self._show()

    @work(group="ask", exclusive=True)
    async def action_post(self) -> None:
        from codex_desk.engine.boards import Post

        kind = await self.app.push_screen_wait(Picker("Write on the board", [Choice(each, each, "") for each in reversed(POSTED)]))
        if kind is None:
            return
        text = await self.app.push_screen_wait(Ask(f"A {kind} of yours", "Everybody on the board reads it. @name addresses it."))
        if text is not None:
            await self._carry_out(Post(self._board.parent_id, kind, text), "written")

    @work(group="ask", exclusive=True)
    async def action_summary(self) -> None:
        from codex_desk.engine.boards import Summarise

        if await self._carry_out(Summarise(self._board.parent_id), ""):
            self.dismiss(Place(self._board.parent_id))

    @work(group="ask", exclusive=True)
    async def action_shut(self) -> None:
        from codex_desk.engine.boards import Close

        words = (
            "Nothing more is written on it, and the workflow is over; what stands on it stays to be read. The next child opens another one."
        )
        if await self.app.push_screen_wait(
            Confirm(f"Close the board of {self._board.parent}?", words, yes="close it")
        ) and await self._carry_out(Close(self._board.parent_id), "the board is closed"):
            self._board = await asyncio.to_thread(self._desk.board, self._board.parent_id) or self._board
            self._name_it()


class EntryDetail(Dialog[bool]):
    """All that is known of an entry. Gives True where its author's transcript is wanted."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    AUTO_FOCUS = "VerticalScroll"
    HELP = "One entry, whole. Enter or t goes to its author."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,t", "go", "to the author", id="entry.go"),
        Binding("j", "scroll(1)", show=False, id="entry.down"),
        Binding("k", "scroll(-1)", show=False, id="entry.up"),
    ]

    def __init__(self, entry: EntryView) -> None:
        super().__init__()
        self._entry = entry

    def compose(self) -> ComposeResult:
        entry = self._entry
        with Vertical(classes="box") as box:
            box.border_title = Content(f"{entry.name} · {entry.kind}")  # type: ignore[assignment]  # a str is parsed as markup
            box.border_subtitle = "Enter goes to its author · Esc closes"
            with VerticalScroll(classes="fields"):
                yield Drawn(fields(entry))

    def action_go(self) -> None:
        self.dismiss(True)

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def fields(entry: EntryView) -> Document:
    """Every field with its name, then the text."""
    facts = (
        ("by", model.who(entry)),
        ("at", entry.at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")),
        ("stands to", model.told(entry)),
        ("paths", ", ".join(entry.paths)),
    )
    lines = [fact(f"{label:>9}  ", one_line(value, 1_000)) for label, value in facts if value]
    return Document([*lines, TextLine(NOTHING), *(TextLine(Content(line)) for line in visible(entry.text).split("\n"))])
