"""The one inbox: what waits for a yes or no, of all threads, and what was decided of late."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import ClassVar

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from codex_desk.engine.events import ApprovalChanged, Event
from codex_desk.engine.views import ApprovalView
from codex_desk.text import one_line, visible
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.failures import reason_of
from codex_desk.tui.hints import key_of
from codex_desk.tui.model import clock
from codex_desk.tui.model.approval import Answer
from codex_desk.tui.model.decisions import STATE_GLYPHS, decision, elsewhere
from codex_desk.tui.model.place import Place
from codex_desk.tui.model.words import age, fitted
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.screens.grants import Grants, Revoke
from codex_desk.tui.widgets.approval import ApprovalCard
from codex_desk.tui.widgets.rows import BOX_SHARE, Row, RowList, heading, space

Decide = Callable[[str, Answer], Awaitable[str]]
"""Carries an answer out, and says what it did."""

LISTED = 9
"""Rows of the list at most, while there is something to decide."""
TIGHT = 22
"""Rows below which the box takes the screen, and all that is in it stands close."""
AROUND_CARD = 4
"""Rows of the box that are neither the list's nor the card's."""
LONGEST = 20_000
"""Characters of a decided approval that are drawn at once."""


class Inbox(Dialog[Place]):
    """Answers here count for any thread. Gives the thread to open, if one was asked for."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    AUTO_FOCUS = "RowList"
    HELP = (
        "Everything that waits for your yes or no, then what was decided of late. Enter or Tab goes to the card, whose keys answer; "
        "o opens the thread that asks; g shows what may run without asking."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,f6", "other_half", "to the card", priority=True, show=False, id="inbox.card"),
        Binding("o", "open", "open the thread", id="inbox.open"),
        Binding("g", "grants", "grants", id="inbox.grants"),
    ]

    def __init__(self, desk: DeskDoor, decide: Decide, revoke: Revoke) -> None:
        super().__init__()
        self._desk, self._decide, self._revoke = desk, decide, revoke
        self._list = RowList(empty="nothing waits for you")
        self._card = ApprovalCard(lambda: key_of(self.app, Inbox, "inbox.card"))
        self._whole = Static(markup=False)
        self._decided = VerticalScroll(self._whole, can_focus=False, classes="fields decided")
        self._note = Static(markup=False, classes="note")
        self._pending: Sequence[ApprovalView] = ()
        self._by_key: dict[str, ApprovalView] = {}
        self._mine: set[str] = set()
        """What was answered here."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="box -fit -broad") as box:
            box.border_title = "Waiting for you"
            box.border_subtitle = "Tab to the card · o opens the thread · g grants · Esc closes"
            yield self._list
            yield self._card
            yield self._decided
            yield self._note

    def on_mount(self) -> None:
        self._say("")
        self._read()

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """The list, its note and the frame keep their rows; the card has the others. In a few rows one of the list is enough."""
        height = self.size.height
        tight = height < TIGHT
        self.set_class(tight, "-tight")
        listed = 1 if tight else min(LISTED if height >= 30 else LISTED // 2, max(1, len(self._list.rows)))
        self._list.styles.max_height = listed if self._pending else None
        self._card.fit(height if tight else height * BOX_SHARE // 100 - listed - AROUND_CARD, share=100)

    async def hear(self, event: Event) -> None:
        if isinstance(event, ApprovalChanged):
            self._read()

    def _read(self) -> None:
        before, self._pending = self._pending, self._desk.approvals()
        decided = self._desk.decided()
        if gone := elsewhere(before, self._pending, decided, self._mine):
            self._say(gone)
        # What is decided is another row: the cursor stays where the next one is asked.
        self._by_key = {one.id: one for one in self._pending} | {f"decided {one.id}": one for one in decided}
        names = max((cell_len(one_line(one.id, 40)) for one in self._by_key.values()), default=0)
        rows = [Row(one.id, partial(_pending_line, one, names)) for one in self._pending]
        if decided:
            lead = [space("before decided")] if rows else [Row("nothing", _nothing, passable=True), space("before decided")]
            rows += [*lead, heading("Decided"), *(Row(f"decided {one.id}", partial(_decided_line, one, names)) for one in decided)]
        self._list.show(rows)
        self._fit()
        self._show_chosen()

    @property
    def _chosen(self) -> ApprovalView | None:
        row = self._list.current
        return self._by_key.get(row.key) if row else None

    @on(RowList.Moved)
    def _show_chosen(self) -> None:
        """The card for what waits, the whole of it for what was decided."""
        chosen = self._chosen
        waits = chosen is not None and chosen.state == "pending"
        if not waits and self._card.has_focus:
            self._list.focus()
        self._card.ask([chosen] if waits and chosen else [])
        self._decided.display = chosen is not None and not waits
        if chosen is not None and not waits:
            self._whole.update(_whole(chosen))

    # --- keys -------------------------------------------------------------------------------------------------------------------------------

    def action_other_half(self) -> None:
        (self._list if self._card.has_focus or not self._card.display else self._card).focus()

    @on(RowList.Picked)
    def _picked(self) -> None:
        if self._card.display:
            self._card.focus()
        else:
            self.action_open()

    def action_open(self) -> None:
        if chosen := self._chosen:
            self.dismiss(Place(chosen.thread_id))

    @work(group="grants", exclusive=True)
    async def action_grants(self) -> None:
        place = await self.app.push_screen_wait(Grants(self._desk, self._revoke))
        if place is not None:
            self.dismiss(place)

    @on(ApprovalCard.Said)
    def _said(self, event: ApprovalCard.Said) -> None:
        event.stop()
        self._say(event.text)

    @on(ApprovalCard.Answered)
    def _answered(self, event: ApprovalCard.Answered) -> None:
        event.stop()  # else the application would carry it out as well
        self._carry_out(event.approval.id, event.answer)

    @work(group="answer")
    async def _carry_out(self, approval: str, answer: Answer) -> None:
        self._mine.add(approval)
        try:
            self._say(await self._decide(approval, answer))
        except Exception as error:  # somebody else may have been first
            self._say(reason_of(error), bad=True)
        self._read()

    def _say(self, words: str, *, bad: bool = False) -> None:
        self._note.display = bool(words)
        self._note.set_class(bad, "warning")
        self._note.update(Content(visible(words)))


def _nothing(width: int) -> Content:
    return Content.styled("nothing waits for you", "$text-muted")


def _line(width: int, lead: list[tuple[str, str]], text: str, tail: str) -> Content:
    """Lead, text cut to what is left, tail at the right edge."""
    used = sum(cell_len(part) for part, _ in lead) + cell_len(tail) + 2
    return Content.assemble(*lead, fitted(one_line(text), max(4, width - used)), "  ", (tail, "$text-muted"))


def _pending_line(one: ApprovalView, names: int, width: int) -> Content:
    name = fitted(one_line(one.id, 40), min(names, width // 3))
    return _line(width, [("⚠ ", "$text-warning"), (f"{name}  ", "bold")], one.text, age(one.asked_at, clock.now()))


def _decided_line(one: ApprovalView, names: int, width: int) -> Content:
    name = fitted(one_line(one.id, 40), min(names, width // 3))
    style = {"approved": "$text-success", "denied": "$text-error"}.get(one.state, "$text-muted")
    words = f"{decision(one)}  " if width >= 60 else ""
    lead = [(f"{STATE_GLYPHS.get(one.state, '·')} ", style), (f"{name}  ", ""), (words, "$text-muted")]
    return _line(width, lead, one.text, age(one.decided_at or one.asked_at, clock.now()))


def _whole(one: ApprovalView) -> Content:
    """A decided approval with all that was said about it."""
    when = "" if one.decided_at is None else f", {one.decided_at.astimezone().strftime('%Y-%m-%d %H:%M:%S')}"
    facts = (("", f"{decision(one)}{when}"), ("in", one.cwd), ("why", one.why), ("asked by", " → ".join(one.chain)))
    lines = [Content.assemble((f"{label}  " if label else "", "$text-muted"), one_line(value)) for label, value in facts if value]
    text = one.text if len(one.text) <= LONGEST else f"{one.text[:LONGEST]}…"
    return Content("\n").join([Content(visible(text)), Content(""), *lines])
