"""A pane: one thread, with its transcript, what it asks, what waits for it, and its composer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widget import Widget

from codex_desk.engine.events import ApprovalChanged, Event, ItemAdded, ItemChanged, Live, MessageChanged, ThreadChanged, TurnChanged
from codex_desk.engine.views import Delivery, ItemView, ThreadView
from codex_desk.text import one_line, visible
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.failures import reason_of
from codex_desk.tui.messages import CommandWanted
from codex_desk.tui.model import clock, words
from codex_desk.tui.model.bookkeeping import is_bookkeeping
from codex_desk.tui.model.composer import Interrupt, Queue, Quit, Run, Send, Steer
from codex_desk.tui.model.drafts import Drafts, Recall
from codex_desk.tui.outbox import Outbox
from codex_desk.tui.widgets.approval import ApprovalCard
from codex_desk.tui.widgets.composer import Composer
from codex_desk.tui.widgets.strips import QueueStrip, Tone
from codex_desk.tui.widgets.transcript import Transcript
from codex_desk.tui.widgets.waiting import WaitLine
from codex_desk.tui.widgets.writing import Writing

if TYPE_CHECKING:
    from codex_desk.engine.journal import Action

ACTIVE_TITLE = "bold $text-primary"
WINDOW = 200
"""Items read when a thread is opened, and with every step back."""


class Pane(Vertical):
    """Shows one thread at a time. What it cannot do itself it asks for by messages."""

    class Focused(Message):
        """The person works in this pane now."""

        def __init__(self, pane: Pane) -> None:
            super().__init__()
            self.pane = pane

    class JumpWanted(Message):
        """Go to a line of another thread."""

        def __init__(self, item: ItemView) -> None:
            super().__init__()
            self.item = item

    def __init__(self, bridge: Bridge, outbox: Outbox, drafts: Drafts, commands: Sequence[tuple[str, str]], *, plain: bool = False) -> None:
        """`commands`: (name, help) for the popup; `plain`: words for glyphs."""
        super().__init__(classes="pane")
        self._bridge = bridge
        self._outbox = outbox
        self._drafts = drafts
        self.transcript = Transcript(clock=lambda: clock.now(), plain=plain)
        self.card = ApprovalCard(plain=plain)
        self.writing = Writing(commands, self._handles, plain=plain)
        self._recalls: dict[str, Recall] = {}
        self._turn: str | None = None
        self._oldest: int | None = None
        """Seq of the oldest item that was read."""
        self.thread: ThreadView | None = None
        """The thread shown, None before the first."""
        self._title = Content("")
        self.trail: list[str] = []
        """Threads that were entered from, the way back of `/back`."""

    def compose(self) -> ComposeResult:
        yield self.transcript
        yield self.card
        yield self.writing

    @property
    def composer(self) -> Composer:
        return self.writing.composer

    @property
    def regions(self) -> list[Widget]:
        """What can have the focus here, the card next to the composer, so that one key leads from writing to answering."""
        if self.card.display and self.screen.has_class("-tiny"):
            return [self.card]  # it has the screen to itself
        return [self.transcript, self.writing.queue, self.composer, self.card]

    def say(self, text: str, tone: Tone = "info") -> None:
        """Tell the person something about this thread."""
        self.writing.say(text, tone)

    # --- what is shown ------------------------------------------------------------------------------------------------------------------------

    async def show(self, thread: ThreadView) -> None:
        """Show a thread, its draft and what waits for it."""
        changed = self.thread is None or self.thread.id != thread.id
        self.thread = thread
        desk = self._bridge.desk
        live = desk.live(thread.id) if desk else None
        self._turn = live.turn_id if live else None
        items = self._bridge.items(thread.id, WINDOW)
        self._oldest = items[0].seq if items else None
        if changed:
            recall = self._recalls.setdefault(thread.id, Recall(item.text for item in items if item.kind == "user_message"))
            self.writing.take(thread, self._drafts.of(thread.id), recall)
        self._draw_thread()
        self.show_queue()
        self.show_approvals()
        await self.transcript.show(thread, _to_read(items), live, len(items) == WINDOW)
        self.show_waits()

    def _draw_thread(self) -> None:
        thread = self.thread
        if thread is None:
            return
        title = one_line(words.name(thread), 60)
        stands = one_line(words.place(thread), 60)
        if self.trail:
            title = " · ".join(part for part in (f"in {title}", stands, "/back") if part)
        elif stands:
            title = f"{title} · {stands}"
        self._title = Content(title)
        self._draw_title()
        running = self._turn or (f"a turn of {thread.id}" if thread.status in words.WORKING else None)
        self.composer.turn = running

    def _draw_title(self) -> None:
        # Not by a rule of the style sheet: another colour of a title draws every block inside of its frame again.
        title = self._title.stylize(Style.parse(ACTIVE_TITLE)) if self.has_class("-active") else self._title
        self.border_title = title  # type: ignore[assignment]  # Textual takes Content here, and parses a str as markup

    def notify_style_update(self) -> None:
        """Another theme, or another pane is the active one."""
        super().notify_style_update()
        self._draw_title()

    def show_queue(self) -> None:
        if self.thread is None:
            return
        desk = self._bridge.desk
        entries = [*(desk.queue(self.thread.id) if desk else ()), *self._outbox.unsent(self.thread.id)]
        self.writing.show_queue(entries)

    def show_approvals(self) -> None:
        desk = self._bridge.desk
        thread = self.thread
        pending = [one for one in desk.approvals() if one.thread_id == thread.id] if desk and thread else []
        had_focus = self.card.has_focus
        self._fit_card()
        self.card.ask(pending)
        self.set_class(bool(pending), "-asked")
        if had_focus and not pending:
            self.composer.focus()

    def on_resize(self) -> None:
        self._fit_card()

    def _fit_card(self) -> None:
        self.card.fit(None if self.screen.has_class("-tiny") else self.size.height)

    def show_waits(self) -> None:
        """Who this thread waits for, or that it works."""
        desk, thread = self._bridge.desk, self.thread
        if desk is None or thread is None:
            return
        live = desk.live(thread.id)
        mine = [one for one in desk.waits() if one.thread_id == thread.id]
        self.transcript.set_waiting(
            [WaitLine(tuple(desk.message(number).to for number in one.messages), one.since, one.deadline) for one in mine],
            live.started_at if live and thread.status not in words.ASKING else None,
        )

    @on(Transcript.Copied)
    def _copied(self, event: Transcript.Copied) -> None:
        event.stop()
        self.say(f"copied by {event.how}")

    @on(Transcript.Jump)
    async def _jump(self, event: Transcript.Jump) -> None:
        event.stop()
        other = self._bridge.desk.other_end(event.item.seq) if self._bridge.desk else None
        if other is None:
            self.say("the other end of this line is not on this desk")
            return
        self.post_message(self.JumpWanted(other))

    async def hear(self, event: Event) -> None:
        """Turn one event of the desk into a change of what is shown here."""
        thread = self.thread
        if thread is None:
            return
        match event:
            case ItemAdded(item) if item.thread_id == thread.id:
                if not is_bookkeeping(item):
                    self.transcript.add(item)
            case ItemChanged(item) if item.thread_id == thread.id:
                self.transcript.change(item)
            case Live(thread_id, _, delta) if thread_id == thread.id:
                self.transcript.live(delta)
            case TurnChanged(thread_id, turn_id, state) if thread_id == thread.id:
                self._turn_changed(turn_id, state)
            case MessageChanged(_, to_id, sender_id) if thread.id in (to_id, sender_id):
                self.show_queue()
                self.show_waits()
            case ApprovalChanged(_, thread_id) if thread_id == thread.id:
                self.show_approvals()
            case ThreadChanged(thread_id) if thread_id == thread.id:
                self.thread = self._bridge.thread(thread_id) or thread
                self._draw_thread()
                self.show_queue()
                self.show_waits()

    def _turn_changed(self, turn_id: str, state: str) -> None:
        if state == "running":
            self._turn = turn_id
        else:
            if self._turn == turn_id:
                self._turn = None
            self.transcript.turn_ended()
        self._draw_thread()
        self.show_waits()

    @on(Transcript.EarlierWanted)
    async def _load_earlier(self, event: Transcript.EarlierWanted) -> None:
        event.stop()
        desk, thread = self._bridge.desk, self.thread
        if desk is None or thread is None or self._oldest is None:
            return
        items = desk.items(thread.id, before=self._oldest, limit=WINDOW)
        self._oldest = items[0].seq if items else self._oldest
        await self.transcript.prepend(_to_read(items), len(items) == WINDOW)

    @on(Transcript.LatestWanted)
    async def _show_latest(self, event: Transcript.LatestWanted) -> None:
        event.stop()
        if self.thread is not None:
            await self.show(self.thread)

    async def go_to(self, seq: int) -> None:
        """Show the transcript from this line on, however far back it is."""
        desk, thread = self._bridge.desk, self.thread
        if desk is None or thread is None:
            return
        items = desk.items(thread.id, after=seq - 1, limit=WINDOW)
        before = desk.items(thread.id, before=seq, limit=1)
        self._oldest = seq
        await self.transcript.show(thread, _to_read(items), desk.live(thread.id), bool(before))
        self.transcript.anchor(False)
        self.transcript.scroll_home(animate=False)
        self.transcript.focus()

    # --- what is written ----------------------------------------------------------------------------------------------------------------------

    @on(Composer.Decided)
    def _decided(self, event: Composer.Decided) -> None:
        event.stop()
        match event.outcome:
            case Send(text):
                self._send(text, "after_turn")
            case Steer(text):
                self._send(text, "next_step")
            case Queue(text, notice):
                self._send(text, "after_turn", notice)
            case Run(line):
                self.post_message(CommandWanted(line))
            case Interrupt():
                self.post_message(CommandWanted("/interrupt"))
            case Quit():
                self.post_message(CommandWanted("/quit"))

    def _send(self, text: str, delivery: Delivery, notice: str = "") -> None:
        if self.thread is not None:
            self.say(notice)
            self.deliver(self.thread.id, text, delivery)

    @work(group="send")
    async def deliver(self, thread_id: str, text: str, delivery: Delivery) -> None:
        """Send a prompt; one that is not taken becomes the thread's draft again."""
        sending = asyncio.ensure_future(self._outbox.send(thread_id, text, delivery))
        await asyncio.sleep(0)  # the outbox knows it now
        self.show_queue()
        try:
            sent = await sending
        except Exception as error:
            self._keep(thread_id, text, reason_of(error))
        else:
            if delivery == "next_step" and sent.delivery == "after_turn":
                self.say(sent.reason or "that turn had ended: queued")
        self.show_queue()

    def _keep(self, thread_id: str, text: str, reason: str) -> None:
        """What could not be sent is the thread's draft again."""
        if self.thread is not None and self.thread.id == thread_id:
            self.composer.put_back(text)
            self.say(reason, "error")
            return
        draft = self._drafts.of(thread_id)
        draft.text = "\n\n".join(part for part in (text, draft.text) if part)
        self.app.notify(visible(reason), title="not sent; it is a draft again", severity="error", markup=False)

    @on(Composer.Typed)
    def _typed(self, event: Composer.Typed) -> None:
        event.stop()
        if self._bridge.desk is not None and self.thread is not None:
            self._bridge.desk.keystroke(self.thread.id)

    @on(Transcript.Edit)
    def _edit_item(self, event: Transcript.Edit) -> None:
        event.stop()
        self.writing.in_editor(event.text)

    # --- the queue ----------------------------------------------------------------------------------------------------------------------------

    @on(QueueStrip.EditWanted)
    @work(group="ask", exclusive=True)
    async def _edit_queued(self, event: QueueStrip.EditWanted) -> None:
        from codex_desk.tui.screens.ask import Edit as Ask

        text = await self.app.push_screen_wait(Ask(f"Edit #{event.message.id}", event.message.body))
        if text is None:
            return
        from codex_desk.engine.mailbox import Edit

        await self._attempt(Edit(event.message.id, text))

    @on(QueueStrip.RemoveWanted)
    @work(group="ask")
    async def _remove_queued(self, event: QueueStrip.RemoveWanted) -> None:
        from codex_desk.engine.mailbox import Remove

        await self._attempt(Remove(event.message.id))

    async def _attempt(self, action: Action) -> None:
        try:
            await self._bridge.do(action)
        except Exception as error:
            self.say(reason_of(error), "error")
        self.show_queue()

    def _handles(self) -> list[tuple[str, str]]:
        return [(one.handle, words.WORDS[one.status]) for one in self._bridge.threads if one.handle and one.live]

    @on(ApprovalCard.Said)
    def _card_said(self, event: ApprovalCard.Said) -> None:
        event.stop()
        self.say(event.text)

    def on_descendant_focus(self) -> None:
        self.post_message(self.Focused(self))


def _to_read(items: Sequence[ItemView]) -> list[ItemView]:
    return [item for item in items if not is_bookkeeping(item)]
