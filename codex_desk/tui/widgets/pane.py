"""A pane: one thread, with its transcript, what it asks, what waits for it, and its composer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from codex_desk.engine.events import (
    ApprovalChanged,
    Event,
    ItemAdded,
    MessageChanged,
    ShellChanged,
    ThreadChanged,
    TurnChanged,
)
from codex_desk.engine.views import Delivery, ItemView, ThreadView
from codex_desk.runtimes.base import Delta
from codex_desk.text import one_line, visible
from codex_desk.tui.beside import waits_of
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.elsewhere import Elsewhere
from codex_desk.tui.failures import reason_of
from codex_desk.tui.hints import key_of, runs_on
from codex_desk.tui.keeping import DraftKeeper
from codex_desk.tui.messages import CommandWanted
from codex_desk.tui.model import words
from codex_desk.tui.model.bookkeeping import is_bookkeeping
from codex_desk.tui.model.closed import closed
from codex_desk.tui.model.completion import Known
from codex_desk.tui.model.composer import Interrupt, Queue, Quit, Run, Send, Shell, Steer, StopShell
from codex_desk.tui.offering import sources
from codex_desk.tui.outbox import Outbox
from codex_desk.tui.recalls import Recalls
from codex_desk.tui.widgets.approval import ApprovalCard
from codex_desk.tui.widgets.blank import Blank
from codex_desk.tui.widgets.composer import Composer
from codex_desk.tui.widgets.reader import WINDOW, Reader
from codex_desk.tui.widgets.strips import QueueStrip, Tone
from codex_desk.tui.widgets.transcript import Transcript
from codex_desk.tui.widgets.writing import PLACEHOLDER, Writing

if TYPE_CHECKING:
    from codex_desk.engine.journal import Action

ACTIVE_TITLE = "bold $text-primary"


class Pane(Vertical):
    """Shows one thread at a time. What it cannot do itself it asks for by messages."""

    class Focused(Message):
        """The person works in this pane now."""

        def __init__(self, pane: Pane) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, bridge: Bridge, outbox: Outbox, keeper: DraftKeeper, commands: Sequence[Known], *, plain: bool = False) -> None:
        """`commands`: what the popup offers; `plain`: words for glyphs."""
        super().__init__(classes="pane")
        self._bridge = bridge
        self._outbox = outbox
        self._keeper = keeper
        self.reader = Reader(bridge, plain=plain)
        self.blank = Blank()
        self.card = ApprovalCard(lambda: key_of(self.app, type(self.screen), "region.next"), plain=plain)
        offered = sources(bridge, commands, lambda: self.thread, lambda: self.app.available_themes)
        self.writing = Writing(offered, plain=plain)
        self._recalls = Recalls(bridge)
        self._turn: str | None = None
        self._elsewhere = Elsewhere(bridge, self, self.say)
        self.thread: ThreadView | None = None
        """The thread shown, None before the first."""
        self._title: tuple[str, ...] = ("",)
        """The thread's name, and what stands behind it."""
        self.trail: list[str] = []
        """Threads that were entered from, the way back of `/back`."""

    def compose(self) -> ComposeResult:
        yield self.blank
        yield self.reader
        yield self.card
        yield self.writing

    @property
    def transcript(self) -> Transcript:
        return self.reader.transcript

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
        self._take_draft(thread, items, changed)
        self._draw_thread()
        self.show_queue()
        self.show_approvals()
        await self.reader.show(thread, items, live)
        self._show_shell()
        self.show_waits()
        blank = not items and live is None
        if blank:
            self.blank.about(thread, runs_on(self._bridge, thread), self._instruction_files(thread))
        self.blank.show(blank and not self.composer.shell)
        self._elsewhere.look(thread)

    def _instruction_files(self, thread: ThreadView) -> Sequence[Path] | None:
        try:
            return self._bridge.desk.instructions(thread.id).sources if self._bridge.desk else None
        except Exception as error:
            self.say(reason_of(error), "error")
            return None

    def _take_draft(self, thread: ThreadView, items: Sequence[ItemView], changed: bool) -> None:
        """Show the thread's draft: what was kept of it, unless something is written by now."""
        recall, draft = self._recalls.of(thread.id, items), self._keeper.drafts.of(thread.id)
        was_empty = not draft.text
        if gave_way := self._keeper.load(thread.id):
            recall.add(gave_way)
        if changed:
            self.writing.take(thread, draft, recall)
        elif was_empty and draft.text:
            self.composer.take_draft(draft, recall)

    def _show_shell(self) -> None:
        """The command that the human runs here, as far as it has come."""
        desk, thread = self._bridge.desk, self.thread
        run = desk.shell_of(thread.id) if desk and thread else None
        self.composer.shell = run is not None
        if run is not None:
            self.blank.show(False)
            self.transcript.live(Delta("tool", run.key, f"$ {one_line(run.command, 400)}"))
            if run.output:
                self.transcript.live(Delta("output", run.key, run.output))

    def _draw_thread(self) -> None:
        thread = self.thread
        if thread is None:
            return
        title = one_line(words.name(thread), 60)
        stands = one_line(words.place(thread), 60)
        about = (f"in {title}", stands, "/back") if self.trail else (title, stands)
        self._title = tuple(part for part in about if part)
        self._draw_title()
        shut = closed(thread)
        self.composer.placeholder = shut.short if shut else PLACEHOLDER
        running = self._turn or (f"a turn of {thread.id}" if thread.status in words.WORKING else None)
        self.composer.turn = running

    def _draw_title(self) -> None:
        # Not by a rule of the style sheet: another colour of a title draws every block inside of its frame again.
        name, *rest = self._title
        styled = Content.styled(name, ACTIVE_TITLE if self.has_class("-active") else "")
        title = Content.assemble(styled, *((f" · {part}", "$text-muted") for part in rest))
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
        self.call_after_refresh(self._keep_focus)

    def on_resize(self) -> None:
        self._fit_card()
        self.call_after_refresh(self._keep_focus)

    def _keep_focus(self) -> None:
        """What a card had covered in a small terminal is written in again once it is back."""
        hidden = self.has_class("-asked") and self.screen.has_class("-tiny")
        if self.screen.focused is None and self.app.app_focus and self.has_class("-active") and not hidden:
            self.composer.focus()

    def _fit_card(self) -> None:
        if self.is_attached:  # a pane can be left while it is being made
            self.card.fit(None if self.screen.has_class("-tiny") else self.size.height)

    def show_waits(self) -> None:
        """Who this thread waits for, or that it works."""
        desk, thread = self._bridge.desk, self.thread
        if desk is None or thread is None:
            return
        self.transcript.set_waiting(*waits_of(desk, thread))

    @on(Reader.Said)
    def _reader_said(self, event: Reader.Said) -> None:
        event.stop()
        self.say(event.text)

    async def hear(self, event: Event) -> None:
        """Turn one event of the desk into a change of what is shown here."""
        thread = self.thread
        if thread is None:
            return
        self.reader.hear(event)
        match event:
            case ItemAdded(item) if item.thread_id == thread.id and not is_bookkeeping(item):
                self.blank.show(False)
            case TurnChanged(thread_id, turn_id, state) if thread_id == thread.id:
                self._turn_changed(turn_id, state)
            case ShellChanged(thread_id, _, trouble) if thread_id == thread.id:
                self._show_shell()
                if trouble:
                    self.say(trouble, "error")
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
            self.blank.show(False)
        else:
            if self._turn == turn_id:
                self._turn = None
            self.transcript.turn_ended()
            self._show_shell()
        self._draw_thread()
        self.show_waits()

    @on(Transcript.LatestWanted)
    async def _show_latest(self, event: Transcript.LatestWanted) -> None:
        event.stop()
        if self.thread is not None:
            await self.show(self.thread)

    async def go_to(self, seq: int) -> None:
        """Show a line of the thread, however far back it is."""
        await self.reader.go_to(seq)

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
            case Shell(command):
                self._run_shell(command)
            case StopShell():
                if self._bridge.desk is not None and self.thread is not None:
                    self._bridge.desk.stop_shell(self.thread.id)
            case Interrupt():
                self.post_message(CommandWanted("/interrupt"))
            case Quit():
                self.post_message(CommandWanted("/quit"))

    def _send(self, text: str, delivery: Delivery, notice: str = "") -> None:
        if self.thread is not None and (shut := closed(self.thread)) is not None:
            self.composer.put_back(text)
            self.say(shut.words, "error")
        elif self.thread is not None:
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

    def _run_shell(self, command: str) -> None:
        if self.thread is not None:
            self.say("" if self._bridge.desk else "runs as soon as the engine is open")
            self._begin_shell(self.thread.id, command)

    @work(group="shell")
    async def _begin_shell(self, thread_id: str, command: str) -> None:
        """Run the human's own command; one that is not taken becomes the thread's draft again."""
        try:
            await (await self._bridge.ready()).shell(thread_id, command)
        except Exception as error:
            self._keep(thread_id, f"!{command}", reason_of(error))

    def _keep(self, thread_id: str, text: str, reason: str) -> None:
        """What could not be sent is the thread's draft again."""
        if self.thread is not None and self.thread.id == thread_id:
            self.composer.put_back(text)
            self.say(reason, "error")
            return
        draft = self._keeper.drafts.of(thread_id)
        draft.write("\n\n".join(part for part in (draft.pastes.take(visible(text)), draft.text) if part))
        self.app.notify(visible(reason), title="not sent; it is a draft again", severity="error", markup=False)

    @on(Composer.Typed)
    def _typed(self, event: Composer.Typed) -> None:
        event.stop()
        if self._bridge.desk is not None and self.thread is not None and not event.command:
            self._bridge.desk.keystroke(self.thread.id)

    @on(Transcript.Edit)
    @work(group="editor", exclusive=True)
    async def _edit_item(self, event: Transcript.Edit) -> None:
        await self.writing.in_editor(event.text)

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

    @on(ApprovalCard.Said)
    def _card_said(self, event: ApprovalCard.Said) -> None:
        event.stop()
        self.say(event.text)

    def on_descendant_focus(self) -> None:
        self.post_message(self.Focused(self))
