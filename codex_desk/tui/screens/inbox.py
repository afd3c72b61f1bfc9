"""The one inbox: what waits for a yes or no, of all threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from codex_desk.engine.events import ApprovalChanged, Event
from codex_desk.engine.views import ApprovalView
from codex_desk.text import one_line, visible
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.widgets.approval import ApprovalCard

LISTED = 8
"""Rows of the list, as in dialog.tcss."""
BOX_SHARE = 88
"""Percent of the screen's rows that the box may take, as there."""


class Inbox(Dialog[str]):
    """Gives the thread to open, if one was asked for. The card's answers go up, as they do from a pane."""

    HELP = "Everything that waits for you. Tab goes to the card, whose keys answer; o opens the thread that asks."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,f6", "other_half", "to the card", priority=True, show=False, id="inbox.card"),
        Binding("o", "open", "open the thread", id="inbox.open"),
    ]

    def __init__(self, desk: DeskDoor) -> None:
        super().__init__()
        self._desk = desk
        self._pending: Sequence[ApprovalView] = ()

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Waiting for you"
            box.border_subtitle = "Tab to the card · o opens the thread · Esc closes"
            yield OptionList()
            yield ApprovalCard()
            yield Static(markup=False, classes="note")

    def on_mount(self) -> None:
        self._read()

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """The list, its note and the frame keep their rows; the card has the others."""
        listed = min(LISTED, max(1, len(self._pending)))
        self.query_one(ApprovalCard).fit(self.size.height * BOX_SHARE // 100 - listed - 5, share=100)

    async def hear(self, event: Event) -> None:
        if isinstance(event, ApprovalChanged):
            self._read()

    def _read(self) -> None:
        listed = self.query_one(OptionList)
        held = self._chosen
        self._pending = self._desk.approvals()
        nothing = [Option(Content.styled("nothing waits for you", "$text-muted"), disabled=True)]
        listed.set_options([Option(_line(one), id=one.id) for one in self._pending] or nothing)
        self._fit()
        ids = [one.id for one in self._pending]
        if ids:
            listed.highlighted = ids.index(held.id) if held and held.id in ids else 0
        self._show_card()

    @property
    def _chosen(self) -> ApprovalView | None:
        at = self.query_one(OptionList).highlighted
        return self._pending[at] if at is not None and at < len(self._pending) else None

    @on(OptionList.OptionHighlighted)
    def _show_card(self) -> None:
        chosen = self._chosen
        card = self.query_one(ApprovalCard)
        if chosen is None and card.has_focus:
            self.query_one(OptionList).focus()
        card.ask([chosen] if chosen else [])

    def action_other_half(self) -> None:
        card = self.query_one(ApprovalCard)
        (self.query_one(OptionList) if card.has_focus or not card.display else card).focus()

    def action_open(self) -> None:
        if chosen := self._chosen:
            self.dismiss(chosen.thread_id)

    @on(ApprovalCard.Said)
    def _said(self, event: ApprovalCard.Said) -> None:
        event.stop()
        self.query_one(".note", Static).update(Content(event.text))


def _line(one: ApprovalView) -> Content:
    return Content.assemble((f"⚠ {one_line(one.id, 40)}  ", "$text-warning"), f"{one_line(visible(one.text), 100)}")
