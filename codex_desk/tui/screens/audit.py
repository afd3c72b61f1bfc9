"""The audit: what passed between threads, in the order of the desk."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from codex_desk.engine.events import Audited, Event
from codex_desk.engine.views import AuditView, ThreadView
from codex_desk.text import one_line
from codex_desk.tui.door import DeskDoor, Verified
from codex_desk.tui.failures import reason_of
from codex_desk.tui.model import clock, record
from codex_desk.tui.model.columns import GAP
from codex_desk.tui.model.place import Place
from codex_desk.tui.model.query import with_field
from codex_desk.tui.model.words import fitted, name
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.screens.event import EventDetail
from codex_desk.tui.screens.pick import Picker
from codex_desk.tui.screens.pick import Row as Choice
from codex_desk.tui.widgets.filter import Filter
from codex_desk.tui.widgets.items import EVENTS, MUTED
from codex_desk.tui.widgets.rows import Row, RowList

if TYPE_CHECKING:
    from codex_desk.engine.auditing import AuditFilter

PAGE = 200
PAUSE_S = 0.08
"""How long the writing of a filter rests before it is looked for."""
ALL = ""
ORIGINS = ("human", "agent", "automation", "import", "system")
LONGEST_TEXT = 400
"""Characters of an event's text in its row; the whole of it is behind Enter."""


class Audit(Dialog[Place]):
    """Every event, the newest last. Pages are read as they are wanted, filtered by the store. Gives the line to go to, if one was asked for."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    AUTO_FOCUS = "RowList"
    HELP = (
        "Every event between threads, the newest last; it follows. / filters: words, kind:answered, thread:reviewer, by:human, in any order; "
        "Tab completes. f chooses a kind. Enter shows the whole event. v verifies that nothing was changed."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", id="audit.filter"),
        Binding("f", "kinds", "kinds", id="audit.kinds"),
        Binding("v", "verify", "verify", id="audit.verify"),
    ]

    def __init__(self, desk: DeskDoor, thread: ThreadView | None = None, *, query: str = "", verify: bool = False) -> None:
        super().__init__()
        self._desk, self._about, self._verify = desk, thread, verify
        self._filter = Filter(record.FIELDS, query, placeholder="words · kind:answered · thread:reviewer · by:human")
        self._head = Static(markup=False, classes="head")
        self._list = RowList(follow=True)
        self._said = Static(markup=False, classes="note")
        self._list.add_class("-close")
        self._events: list[AuditView] = []
        self._rows: list[Row] = []
        self._widest = record.Widest()
        self._widths: dict[int, dict[str, int]] = {}
        self._older = False
        """The store holds events before the first one here."""
        self._reading_older = False
        self._kinds: Mapping[str, int] = {}
        self._unknown = False
        """Whether a kind is asked for that there is not, and a line says so."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="box -tall") as box:
            about = f" of {one_line(name(self._about), 40)}" if self._about else ""
            box.border_title = Content(f"Audit{about}")  # type: ignore[assignment]  # Content is taken; a str is parsed as markup
            box.border_subtitle = "Enter whole event · / filter · f kinds · v verify · Esc closes"
            yield self._filter
            yield self._head
            yield self._list
            yield self._said

    def on_mount(self) -> None:
        self._note("")
        self._read()
        if self._verify:
            self.action_verify()

    # --- reading ----------------------------------------------------------------------------------------------------------------------------

    @property
    def _wanted(self) -> AuditFilter:
        from codex_desk.engine.auditing import AuditFilter

        asked = self._filter.asked
        about = self._about.id if self._about else None
        return AuditFilter(about, asked.of("thread"), asked.of("kind"), asked.of("by"), asked.words)

    @work(group="page", exclusive=True)
    async def _read(self, pause: float = 0) -> None:
        """The newest page of what is wanted."""
        await asyncio.sleep(pause)
        self._reading_older = False
        events = await asyncio.to_thread(self._desk.audit_page, self._wanted, limit=PAGE)
        if not self._kinds:
            self._kinds = await asyncio.to_thread(self._desk.audit_kinds)
            handles = sorted({one.handle for one in self._desk.threads() if one.handle})
            self._filter.choices = {"kind": tuple(self._kinds), "thread": handles, "by": ORIGINS}
        self._older = len(events) == PAGE
        self._events, self._rows = events, [self._row(event) for event in events]
        self._widest = record.Widest()
        self._show(events)
        unknown = record.unknown_values(self._filter.asked.of("kind"), self._kinds)
        if unknown or self._unknown:
            self._note(f"there are no events of kind {', '.join(unknown)}; f lists the kinds" if unknown else "", bad=bool(unknown))
        self._unknown = bool(unknown)

    @on(RowList.OlderWanted)
    def _older_wanted(self) -> None:
        if self._older and not self._reading_older:
            self._reading_older = True
            self._read_older()

    @work(group="page")
    async def _read_older(self) -> None:
        events = await asyncio.to_thread(self._desk.audit_page, self._wanted, before=self._events[0].seq, limit=PAGE)
        self._reading_older = False
        self._older = len(events) == PAGE
        self._events[:0] = events
        self._rows[:0] = [self._row(event) for event in events]
        self._show(events)

    async def hear(self, event: Event) -> None:
        if isinstance(event, Audited):
            self.read_soon(self._read_newer)

    @work(group="newer")
    async def _read_newer(self) -> None:
        wanted = self._wanted
        after = self._events[-1].seq if self._events else 0
        events = await asyncio.to_thread(self._desk.audit_page, wanted, after=after, limit=5 * PAGE)
        if wanted != self._wanted or after != (self._events[-1].seq if self._events else 0):
            return  # another page has been read meanwhile
        self._events += events
        self._rows += [self._row(one) for one in events]
        self._show(events)

    # --- showing ----------------------------------------------------------------------------------------------------------------------------

    def _show(self, fresh: Sequence[AuditView]) -> None:
        """The rows that there are now; `fresh` are the events that came with this page."""
        self._widest.take(fresh)
        self._widths = {}
        self._list.redraw()
        self._draw_head()
        self._list.show(list(self._rows), empty="nothing matches this filter" if self._filter.value.strip() else "nothing has happened yet")

    def _row(self, event: AuditView) -> Row:
        return Row(str(event.seq), partial(self._line, event))

    def _line(self, event: AuditView, width: int) -> Content:
        now = clock.now()
        widths = self._widths.get(width) or self._widths.setdefault(width, self._widest.columns(now, width))
        glyph, style = EVENTS.get(event.kind, ("·", MUTED))
        cells = {
            "seq": (str(event.seq), MUTED),
            "at": (record.told_time(event.at, now, width), MUTED),
            "kind": (f"{glyph} {one_line(event.kind, 40)}", style),
            "thread": (one_line(event.thread or "", 60), "bold"),
            "peer": (one_line(event.peer or "", 60), ""),
            "by": (one_line(event.origin, 20), MUTED),
        }
        parts: list[tuple[str, str]] = []
        for column, size in widths.items():
            text, look = cells[column]
            parts.append((fitted(text, size) + " " * GAP, look))
        return Content.assemble(*parts, one_line(event.text, LONGEST_TEXT))

    def _draw_head(self) -> None:
        """What each column is."""
        width = self._list.scrollable_content_region.width
        widths = self._widest.columns(clock.now(), width)
        self._head.update(
            Content(
                "".join(fitted(record.TITLES[column], size) + " " * GAP for column, size in widths.items()) + ("what" if widths else "")
            )
        )

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw_head)

    def _note(self, words: str, *, bad: bool = False) -> None:
        self._said.set_class(bad, "warning")
        self._said.display = bool(words)
        self._said.update(Content(words))

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

    @work(group="ask", exclusive=True)
    async def action_kinds(self) -> None:
        rows = [Choice(ALL, "all", "every kind"), *(Choice(kind, kind, f"{number:,}") for kind, number in self._kinds.items())]
        picked = await self.app.push_screen_wait(Picker("Show events of one kind", rows))
        if picked is not None:
            self._filter.value = with_field(self._filter.value, "kind", [picked] if picked else [])
            self._list.focus()

    @on(RowList.Picked)
    @work(group="ask", exclusive=True)
    async def _picked(self, event: RowList.Picked) -> None:
        chosen = next((one for one in self._events if str(one.seq) == event.row.key), None)
        if chosen is None:
            return
        if await self.app.push_screen_wait(EventDetail(chosen)):
            self.dismiss(Place(chosen.thread_id, await asyncio.to_thread(self._desk.line_of, chosen)))

    @work(group="verify", exclusive=True)
    async def action_verify(self) -> None:
        self._note("checking every event …")
        try:
            found = await asyncio.to_thread(self._desk.verify_audit)
        except Exception as error:
            self._note(reason_of(error), bad=True)
        else:
            self._note(verified_words(found), bad=not found.verified)


def verified_words(found: Verified) -> str:
    """What the check found, in a sentence."""
    if found.verified:
        return f"✓ verified: {found.events:,} events, none was changed. Head {found.head[:16]}"
    return f"✗ NOT verified: broken at {found.broken}: {found.reason}"
