"""Search over everything: every transcript, as one types."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from codex_desk.engine.views import ItemView
from codex_desk.text import one_line
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.model import clock
from codex_desk.tui.model.bookkeeping import is_bookkeeping
from codex_desk.tui.model.kinds import KIND_WORDS, kind_word, kinds_named
from codex_desk.tui.model.place import Place
from codex_desk.tui.model.snippet import Piece, preview, snippet, words_of
from codex_desk.tui.model.words import age, fitted
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.widgets.filter import Filter
from codex_desk.tui.widgets.rows import Row, RowList

if TYPE_CHECKING:
    from codex_desk.engine.searching import Found

FIELDS = ("thread", "kind")
LIMIT = 100
PAUSE_S = 0.02
"""How long a key waits for the next one before it is looked for."""
AGAIN_S = 0.5
"""How often the search is made anew while the index is behind."""
BESIDE_FROM, BELOW_FROM = 120, 20
"""Columns from which the preview stands beside the list, and rows from which it stands below it."""
AROUND = 3
"""Items before and after a hit."""
WORD = "bold $text-accent underline"
HINT = "words to look for in every transcript; thread:reviewer and kind:answer narrow it"


class Search(Dialog[Place]):
    """Gives the line to open."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    AUTO_FOCUS = "Filter"
    HELP = (
        "Full text over every transcript, archived ones too, the newest first. All words must stand in an item; the last may be a beginning. "
        "thread:reviewer and kind:answer narrow it, Tab completes them. Enter opens the thread at that line."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,ctrl+n", "list('move(1)')", show=False, id="search.down"),
        Binding("up", "list('move(-1)')", show=False, id="search.up"),
        Binding("pagedown", "list('page(1)')", show=False, id="search.page_down"),
        Binding("pageup", "list('page(-1)')", show=False, id="search.page_up"),
    ]

    def __init__(self, desk: DeskDoor, query: str = "") -> None:
        super().__init__()
        self._desk = desk
        self._filter = Filter(FIELDS, query, placeholder="words · thread:reviewer · kind:answer")
        self._filter.choices = {"thread": (), "kind": tuple(KIND_WORDS.values())}
        self._list = RowList(empty=HINT, led=True)  # one line is written in; the arrows move the list from there
        self._before, self._hit, self._after = (Static(markup=False, classes=each) for each in ("beside", "hit", "beside"))
        self._preview = VerticalScroll(self._before, self._hit, self._after, can_focus=False, classes="preview")
        self._note = Static(markup=False, classes="note")
        self._hits: dict[str, ItemView] = {}
        self._names: dict[str, str] = {}
        self._words: tuple[str, ...] = ()
        self._looked_for = ""
        """The text that the list answers."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="box -tall") as box:
            box.border_title = "Search everything"
            box.border_subtitle = "Enter opens it there · ↑↓ choose · Tab completes · Esc closes"
            yield self._filter
            with Container(classes="found"):
                yield self._list
                yield self._preview
            yield self._note

    def on_mount(self) -> None:
        self._filter.choices = {**self._filter.choices, "thread": sorted({one.handle for one in self._desk.threads() if one.handle})}
        self._fit()
        self._look()

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        self.set_class(self.size.width >= BESIDE_FROM, "-beside")
        self.set_class(self.size.width < BESIDE_FROM and self.size.height < BELOW_FROM, "-list-alone")

    # --- looking ----------------------------------------------------------------------------------------------------------------------------

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._look(PAUSE_S)

    @work(group="look", exclusive=True)
    async def _look(self, pause: float = 0) -> None:
        """Find what is written now; the next key takes this one's place."""
        await asyncio.sleep(pause)
        while True:
            text, asked = self._filter.value, self._filter.asked
            kinds = kinds_named(asked.of("kind"))
            words = words_of(asked.words)
            if asked.of("kind") and not kinds:
                self._show_found(text, words, None, f"no kind begins so; the kinds are {', '.join(KIND_WORDS.values())}")
                return
            found = await self._desk.find(" ".join(asked.words), threads=asked.of("thread"), kinds=kinds, limit=LIMIT)
            self._show_found(text, words, found)
            if not found.behind:
                return
            await asyncio.sleep(AGAIN_S)

    def _show_found(self, text: str, words: tuple[str, ...], found: Found | None, trouble: str = "") -> None:
        pairs = zip(found.items, found.threads, strict=True) if found else ()
        kept = [(item, thread) for item, thread in pairs if not is_bookkeeping(item)]
        fresh = text != self._looked_for
        self._looked_for, self._words = text, words
        self._hits = {str(item.seq): item for item, _ in kept}
        self._names = {item.thread_id: one_line(thread, 60) for item, thread in kept}
        room = max((cell_len(each) for each in self._names.values()), default=0)
        rows = [Row(key, partial(self._line, item, min(room, 20))) for key, item in self._hits.items()]
        self._list.show(rows, empty="nothing was found" if words else HINT)
        if fresh:
            self._list.action_first()
        note = trouble or (_told(len(kept), found) if found and words else "")
        self._note.display = bool(note)
        self._note.update(Content(note))
        self._show_preview()

    def _line(self, item: ItemView, names: int, width: int) -> Content:
        old = age(item.at, clock.now())
        names = min(names, max(8, width // 4))
        lead = [(fitted(self._names[item.thread_id], names), "bold"), ("  ", ""), (f"{kind_word(item.kind):<8}  ", "$text-muted")]
        room = max(8, width - names - 14 - 5)
        said = _assembled(snippet(item.text, self._words, room))
        said = said.truncate(room, ellipsis=True) if said.cell_length > room else said
        return Content.assemble(*lead, said, " " * (room - said.cell_length), (f"{old:>5}", "$text-muted"))

    # --- the preview ------------------------------------------------------------------------------------------------------------------------

    @on(RowList.Moved)
    @work(group="preview", exclusive=True)
    async def _show_preview(self) -> None:
        row = self._list.current
        hit = self._hits.get(row.key) if row else None
        self.set_class(hit is None, "-nothing")
        if hit is None:
            return
        before = await asyncio.to_thread(self._desk.items, hit.thread_id, before=hit.seq, limit=2 * AROUND)
        after = await asyncio.to_thread(self._desk.items, hit.thread_id, after=hit.seq, limit=2 * AROUND)
        around = AROUND if self.has_class("-beside") else 1
        lines = [_assembled(pieces) for pieces in preview(hit.text, self._words, max(4, self.size.height // 2))]
        self._before.update(Content("\n").join(_beside(item) for item in _readable(before)[-around:]))
        self._hit.update(Content("\n").join([_heading(self._names.get(hit.thread_id, ""), hit), *lines]))
        self._after.update(Content("\n").join(_beside(item) for item in _readable(after)[:around]))
        self._preview.scroll_home(animate=False)

    # --- keys -------------------------------------------------------------------------------------------------------------------------------

    def action_list(self, what: str) -> None:
        name, _, step = what.removesuffix(")").partition("(")
        self._list.action_move(int(step)) if name == "move" else self._list.action_page(int(step))

    async def on_key(self, event: events.Key) -> None:
        """Enter takes its turn behind the letters before it, and opens what they find."""
        if event.key != "enter":
            return
        event.stop()
        event.prevent_default()
        if self._filter.value != self._looked_for:
            await self._look().wait()
        self._open(self._list.current)

    @on(RowList.Picked)
    def _picked(self, event: RowList.Picked) -> None:
        self._open(event.row)

    def _open(self, row: Row | None) -> None:
        hit = self._hits.get(row.key) if row else None
        if hit is not None:
            self.dismiss(Place(hit.thread_id, hit.seq))


def _told(count: int, found: Found) -> str:
    """How many there are, and what was not looked at."""
    said = f"the newest {count} of more" if found.more else f"{count} found, the newest first" if count else ""
    late = f"the index is still {found.behind:,} items behind: the newest are not in it yet" if found.behind else ""
    return "   ".join(part for part in (said, late) if part)


def _readable(items: list[ItemView]) -> list[ItemView]:
    return [item for item in items if not is_bookkeeping(item)]


def _assembled(pieces: list[Piece]) -> Content:
    return Content.assemble(*((piece.expandtabs(4), WORD if strong else "") for piece, strong in pieces))


def _heading(thread: str, item: ItemView) -> Content:
    when = item.at.astimezone().strftime("%Y-%m-%d %H:%M")
    return Content.assemble((thread, "bold $text-primary"), (f"  {kind_word(item.kind)} · {when}", "$text-muted"))


def _beside(item: ItemView) -> Content:
    return Content.styled(f"{kind_word(item.kind):>9}  {one_line(item.text, 160)}", "$text-muted")
