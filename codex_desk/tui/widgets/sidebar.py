"""The sidebar: every session, drawn line by line, so that thousands cost what a screenful costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from codex_desk.engine.views import ThreadView
from codex_desk.text import one_line
from codex_desk.tui.model import clock, sidebar
from codex_desk.tui.model.sidebar import GapRow, HeadingRow, Row, ThreadRow
from codex_desk.tui.model.words import ASKING, GLYPHS, RELATION_GLYPHS, WORDS, age, fitted, name

FRESH = "●"
"""The glyph of a session at rest in which something happened that was not seen yet."""
AGES_S = 20
"""How often it is looked whether an age in it reads differently by now."""
_STATES = {"Needs you": "sidebar--asking", "Working": "sidebar--working"}


class Sidebar(ScrollView, can_focus=True):
    """Sessions in groups, with a cursor. Set `threads`; it asks for what to do by messages."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "sidebar--heading",
        "sidebar--muted",
        "sidebar--asking",
        "sidebar--working",
        "sidebar--new",
        "sidebar--open",
        "sidebar--cursor",
        "sidebar--cursor-blurred",
    }
    BORDER_TITLE = "Sessions"
    HELP = "Every session, by what it needs. Enter opens the one under the cursor; m lists what can be done with it."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", id="sidebar.open"),
        Binding("space", "peek", "peek", id="sidebar.peek"),
        Binding("m", "menu", "menu", id="sidebar.menu"),
        Binding("v", "toggle_tree", "tree/flat", id="sidebar.tree"),
        Binding("g", "toggle_project", "by project", id="sidebar.project"),
        Binding("up,k", "move(-1)", "up", show=False, id="sidebar.up"),
        Binding("down,j", "move(1)", "down", show=False, id="sidebar.down"),
        Binding("pageup", "move(-10)", "page up", show=False, id="sidebar.page_up"),
        Binding("pagedown", "move(10)", "page down", show=False, id="sidebar.page_down"),
        Binding("home", "move(-1000000)", "first", show=False, id="sidebar.first"),
        Binding("end", "move(1000000)", "last", show=False, id="sidebar.last"),
        Binding("left,h", "fold(True)", "fold", show=False, id="sidebar.fold"),
        Binding("right,l", "fold(False)", "unfold", show=False, id="sidebar.unfold"),
    ]

    nested: reactive[bool] = reactive(True)
    """Children under their parents."""
    by_project: reactive[bool] = reactive(False)
    """Groups are projects instead of states."""
    open_ids: reactive[frozenset[str]] = reactive(frozenset())
    """Threads that a pane shows."""
    fresh_ids: reactive[frozenset[str]] = reactive(frozenset())
    """Sessions in which something happened that was not seen yet."""

    class About(Message):
        """Base of what is asked about one thread."""

        def __init__(self, thread_id: str) -> None:
            super().__init__()
            self.thread_id = thread_id

    class Opened(About):
        """Show this thread."""

    class Peeked(About):
        """Show its last lines, and leave it closed."""

    class MenuWanted(About):
        """List what can be done with it."""

    class Asked(About):
        """Carry out the command whose `row_key` was pressed."""

        def __init__(self, thread_id: str, key: str) -> None:
            super().__init__(thread_id)
            self.key = key

    def __init__(self, *, row_keys: Iterable[str] = (), plain: bool = False, id: str | None = None) -> None:
        """`row_keys`: keys that ask for a command; `plain`: words for glyphs."""
        super().__init__(id=id)
        self._plain = plain
        self.row_keys = frozenset(row_keys)
        self._threads: Sequence[ThreadView] = ()
        self._rows: list[Row] = []
        self._made: dict[str, ThreadRow] = {}
        self._folded: frozenset[str] = frozenset()
        self._cursor = 0
        self._ages: Sequence[str] = ()
        """Those on the screen when they were last looked at; none after what is shown has changed."""

    @property
    def rows(self) -> Sequence[Row]:
        return self._rows

    @property
    def current(self) -> ThreadView | None:
        """The thread under the cursor."""
        match self._row_at(self._cursor):
            case ThreadRow(thread):
                return thread
        return None

    def show_threads(self, threads: Sequence[ThreadView]) -> None:
        """Draw these; the cursor stays on its thread."""
        self._threads = threads
        self._rebuild()

    def point_at(self, thread_id: str) -> None:
        """Put the cursor on the thread's own line."""
        for index, row in enumerate(self._rows):
            if isinstance(row, ThreadRow) and row.thread.id == thread_id and row.under is None:
                self._go(index)
                return

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(AGES_S, self.look_at_ages)

    def watch_nested(self) -> None:
        self._rebuild()

    def watch_by_project(self) -> None:
        self._rebuild()

    def watch_open_ids(self) -> None:
        self.refresh()

    def on_resize(self) -> None:
        self._rebuild()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_key(self, event: events.Key) -> None:
        key = event.key if event.key in self.row_keys else event.character
        if key in self.row_keys and (thread := self.current):
            event.stop()
            self.post_message(self.Asked(thread.id, key))

    def on_click(self, event: events.Click) -> None:
        inside = event.get_content_offset(self)
        row = self._row_at(int(self.scroll_y) + inside.y) if inside is not None else None
        if not isinstance(row, ThreadRow):
            return
        self._go(self._rows.index(row))
        if event.button == 3:
            self.post_message(self.MenuWanted(row.thread.id))
        else:
            self.post_message(self.Opened(row.thread.id))

    def action_open(self) -> None:
        if thread := self.current:
            self.post_message(self.Opened(thread.id))

    def action_peek(self) -> None:
        if thread := self.current:
            self.post_message(self.Peeked(thread.id))

    def action_menu(self) -> None:
        if thread := self.current:
            self.post_message(self.MenuWanted(thread.id))

    def action_toggle_tree(self) -> None:
        self.nested = not self.nested

    def action_toggle_project(self) -> None:
        self.by_project = not self.by_project

    def action_move(self, step: int) -> None:
        lines = [index for index, row in enumerate(self._rows) if isinstance(row, ThreadRow)]
        if not lines:
            return
        here = min(range(len(lines)), key=lambda at: abs(lines[at] - self._cursor))
        self._go(lines[max(0, min(len(lines) - 1, here + step))])

    def action_fold(self, shut: bool) -> None:
        if thread := self.current:
            self._folded = self._folded | {thread.id} if shut else self._folded - {thread.id}
            self._rebuild()

    def look_at_ages(self) -> None:
        """Ages grow by themselves: draw anew where one reads differently."""
        now, top = clock.now(), int(self.scroll_y)
        shown = self._rows[top : top + self.size.height]
        ages = [age(row.thread.last_activity_at, now) for row in shown if isinstance(row, ThreadRow)]
        if ages != self._ages:
            self._ages = ages
            self.refresh()

    def _rebuild(self) -> None:
        self._ages = ()
        held = self._row_at(self._cursor)
        found = sidebar.rows(self._threads, tree=self.nested, by_project=self.by_project, folded=self._folded, made=self._made)
        self._rows = sidebar.spaced(found, self.size.height)
        self.virtual_size = Size(self.size.width, len(self._rows))
        self._cursor = self._same_line(held)
        self.refresh()

    def _same_line(self, held: Row | None) -> int:
        """Where the line that was under the cursor is now; else the thread's other line; else the first thread."""
        here = self._row_at(self._cursor)
        if held is not None and here is not None and here.key == held.key:
            return self._cursor
        same = next((index for index, row in enumerate(self._rows) if row.key == held.key), None) if held is not None else None
        if same is not None:
            return same
        wanted = held.thread.id if isinstance(held, ThreadRow) else None
        found = [index for index, row in enumerate(self._rows) if isinstance(row, ThreadRow) and wanted in (None, row.thread.id)]
        return found[0] if found else min(self._cursor, max(0, len(self._rows) - 1))

    def _row_at(self, index: int) -> Row | None:
        return self._rows[index] if 0 <= index < len(self._rows) else None

    def _go(self, index: int) -> None:
        self._cursor = index
        self.scroll_to_region(Region(0, max(0, index - 1), 1, 3), animate=False)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        index = int(self.scroll_y) + y
        match self._row_at(index):
            case HeadingRow(title, count):
                return Strip(self._heading(title, count, width), width)
            case ThreadRow() as row:
                return Strip(self._line(row, width, index == self._cursor), width)
            case GapRow() | None:
                return Strip.blank(width, self.rich_style)

    def _heading(self, title: str, count: int, width: int) -> list[Segment]:
        text = f" {one_line(title)} "
        rest = set_cell_size(str(count), max(0, width - cell_len(text)))
        return [
            Segment(set_cell_size(text, min(width, cell_len(text))), self._style("sidebar--heading")),
            Segment(rest, self._style("sidebar--muted")),
        ]

    def _lead(self, row: ThreadRow) -> str:
        if row.under is None:
            return ("▸" if row.folded else "▾") if row.children else " "
        return f" {row.guides}{RELATION_GLYPHS.get(row.thread.relation or '', ' ')} "

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name)

    def _line(self, row: ThreadRow, width: int, chosen: bool) -> list[Segment]:
        thread = row.thread
        base, muted = self.rich_style, self._style("sidebar--muted")
        lead = " " * (1 + len(row.guides)) if self._plain else self._lead(row)
        new = thread.id in self.fresh_ids
        glyph = WORDS[thread.status] if self._plain else FRESH if new else GLYPHS[thread.status]
        room = max(0, width - cell_len(lead) - cell_len(glyph) - 2)
        right = sidebar.words_beside(row, room, clock.now(), new=new)
        left_room = max(0, room - cell_len(right))
        handle = set_cell_size(fitted(one_line(name(thread)), min(left_room - 1, cell_len(name(thread)))), left_room)
        state = _STATES.get(sidebar.group_of(thread), "sidebar--new" if new else "sidebar--muted")
        segments = [
            Segment(lead, muted),
            Segment(f"{glyph} ", self._style(state)),
            Segment(handle, self._style("sidebar--open") if thread.id in self.open_ids else base),
            Segment(f"{right} ", self._style(state) if new or thread.status in ASKING else muted),
        ]
        if chosen:
            cursor = self._style("sidebar--cursor" if self.has_focus else "sidebar--cursor-blurred")
            return [Segment(segment.text, (segment.style or base) + cursor) for segment in segments]
        return segments
