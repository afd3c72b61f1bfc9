"""The main screen: routes between the sidebar, the panes, the commands and what the desk tells."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.reactive import Reactive
from textual.widget import Widget

from codex_desk.engine.events import ApprovalChanged, Event, ThreadChanged
from codex_desk.engine.views import ThreadView
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.catalog import TABLE
from codex_desk.tui.commands import Command
from codex_desk.tui.deck import Deck, UndoSlot
from codex_desk.tui.failures import reason_of
from codex_desk.tui.found import handle_for
from codex_desk.tui.grammar import Call, UsageError
from codex_desk.tui.hints import hints_for, leader_key, runs_on, settings_trouble
from codex_desk.tui.jumps import Jumps
from codex_desk.tui.keeping import DraftKeeper
from codex_desk.tui.messages import CommandWanted
from codex_desk.tui.model import sidebar as sidebar_model
from codex_desk.tui.model import unread
from codex_desk.tui.model.keymap import Keymap
from codex_desk.tui.model.unread import Unread
from codex_desk.tui.outbox import Outbox
from codex_desk.tui.pacing import PacedScreen
from codex_desk.tui.screens.row_actions import RowActions
from codex_desk.tui.stage import PaneStage
from codex_desk.tui.widgets.approval import ApprovalCard
from codex_desk.tui.widgets.drawn import PointingScreen
from codex_desk.tui.widgets.leader_panel import LeaderPanel
from codex_desk.tui.widgets.pane import Pane
from codex_desk.tui.widgets.panes import Panes
from codex_desk.tui.widgets.reader import Reader
from codex_desk.tui.widgets.sidebar import Sidebar
from codex_desk.tui.widgets.status import HintBar, StatusBar, facts_of, offered_in
from codex_desk.tui.widgets.transcript import Transcript

ONE_PANE_BELOW = 100
"""Columns."""
WIDE = 140
"""Columns from which the sidebar has room for longer handles."""
TINY, FRAMED_ROWS = (80, 15), 10
"""Columns and rows below which there is no footer; rows below which there are no frames either."""


class MainScreen(PacedScreen, PointingScreen):
    CSS_PATH = "main.tcss"
    AUTO_FOCUS = ""
    HELP = "The desk: sessions to the left, each pane a thread. F6 goes round the regions."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+x", "leader", "everything else: a panel shows what can follow", show=False, priority=True, id="leader"),
        Binding("f6", "region(1)", "to the next region", show=False, priority=True, id="region.next"),
        Binding("shift+f6", "region(-1)", "to the region before", show=False, priority=True, id="region.previous"),
        Binding("alt+left", "sibling(-1)", "to the thread before this one", show=False, priority=True, id="sibling.previous"),
        Binding("alt+right", "sibling(1)", "to the thread after this one", show=False, priority=True, id="sibling.next"),
        Binding("f1", "help", "help for what has the focus", show=False, priority=True, id="help"),
        Binding("question_mark", "help", "help, where nothing is written", show=False, id="help.outside_text"),
        Binding("ctrl+z", "app.suspend_process", "suspend the desk; fg brings it back", show=False, priority=True, id="suspend"),
        Binding("escape", "to_composer", "to the composer", show=False, id="to_composer"),
        Binding("ctrl+c", "to_composer", show=False, id="to_composer.ctrl_c"),
    ]

    focused = Reactive[Widget | None](None, repaint=False)
    """What loses and what gets the focus draws itself; Textual's own screen draws everything."""

    class Painted(Message):
        """The first frame is there."""

    def __init__(self, bridge: Bridge, folder: Path, keymap: Keymap, *, plain: bool = False, wanted: Path | None = None) -> None:
        """`wanted`: the folder whose session was asked for; where there is none, one is offered."""
        super().__init__()
        self._wanted = wanted
        self.bridge = bridge
        self._folder = folder
        self._plain = plain
        self._outbox = Outbox(bridge)
        self._keeper = DraftKeeper(bridge, lambda text: self.panes.active.say(text, "error"))
        self.table = TABLE.with_keys(keymap.keys)
        """The commands, with the keys in force."""
        self.leader_key = leader_key(keymap)
        """How the leader key is written."""
        self._undo = UndoSlot()
        self._stale = False
        self._note = ""
        self._drawn = False
        """Whether there are widgets: events come from the application's own loop, before and after."""
        self._painting = False

        self._status = StatusBar(plain=plain)
        self._hints = HintBar()
        self._leader = LeaderPanel(self.leader_key, self.table.leader_keys())
        self.sidebar = Sidebar(row_keys=self.table.row_keys(), plain=plain)
        self.panes = Panes(self._new_pane)
        self._rows = RowActions(self)
        self._jumps = Jumps(self)
        self._unread: Unread | None = None
        """Not known before the engine is open."""

    def compose(self) -> ComposeResult:
        yield self._status
        with Horizontal(id="body"):
            yield self.sidebar
            yield self.panes
        yield self._hints
        yield self._leader

    def _new_pane(self) -> Pane:
        return Pane(self.bridge, self._outbox, self._keeper, TABLE.slash_menu(), plain=self._plain)

    @property
    def one_pane(self) -> bool:
        """Whether the terminal is too narrow for two, or one column was asked for."""
        return self._plain or self.size.width < ONE_PANE_BELOW

    # --- opening ------------------------------------------------------------------------------------------------------------------------------

    async def on_mount(self) -> None:
        self._drawn = True
        self._fit()
        self._redraw()
        pane = self.panes.active
        self.panes.activate(pane)
        thread = self.bridge.thread(self.bridge.opened or "")
        if thread is not None:
            await self.show_in(pane, thread)
            self.sidebar.point_at(thread.id)
        pane.composer.focus()
        self.call_after_refresh(self._paint)
        if self.bridge.desk is not None:
            self._find_tier()
        self.watch(self.app, "app_focus", self._redraw, init=False)  # who comes back sees what happened

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        if not self._painting:
            event.refresh_styles = False  # every widget was styled as it was made, a moment ago

    def _compositor_refresh(self) -> None:
        # Textual would paint before the end of the first thread's transcript is where it belongs.
        if self._painting:
            super()._compositor_refresh()

    @on(Transcript.Sized)
    def _paint(self) -> None:
        """The first frame, and from here on every one: at the latest when all has been laid out."""
        if not self._painting:
            self._painting = True
            self._refresh_layout()
            self.post_message(self.Painted())

    def on_unmount(self) -> None:
        self._drawn = False

    async def engine_ready(self) -> None:
        """Read everything again, from the engine."""
        if not self._drawn:
            return
        self._note = ""
        if self.bridge.desk is not None:
            self._unread = Unread(self.bridge.desk.metas(unread.PREFIX))
        for pane in self.panes.all:
            fresh = self.bridge.thread(pane.thread.id) if pane.thread else None
            if fresh is not None:
                await pane.show(fresh)
        self._redraw()
        self._find_tier()
        if trouble := settings_trouble(self.bridge, self.panes.active.thread):
            self.panes.active.say(trouble, "error")
        await self._go_to_wanted()

    async def _go_to_wanted(self) -> None:
        """The session of the folder that was asked for; the glance knows only the newest ones."""
        folder, self._wanted = self._wanted, None
        pane = self.panes.active
        if folder is None or (pane.thread and pane.thread.cwd == str(folder)):
            return
        if (at_home := sidebar_model.session_in(self.bridge.threads, folder)) is not None:
            await self.show_in(pane, at_home)
            return
        pane.say(f"no session is at home in {folder}: Enter makes one there, ^c keeps to this one")
        if not pane.composer.text:
            pane.composer.set_text(f"/new {handle_for(folder)} {shlex.quote(str(folder))}")

    @work(group="tier", exclusive=True)
    async def _find_tier(self) -> None:
        await self.bridge.find_tier()
        self._redraw()

    def engine_failed(self, reason: str) -> None:
        """Say what happened where the person is; what was typed stays."""
        self._note = "no engine"
        self.panes.active.say(reason, "error")
        self._redraw()

    async def show_in(self, pane: Pane, thread: ThreadView) -> None:
        """Show a thread in a pane, and remember it as the last used."""
        await self.panes.show(pane, thread)
        if self.bridge.desk is not None:
            self._note_fact("last_thread", thread.id)

    # --- what the desk tells ------------------------------------------------------------------------------------------------------------------

    async def hear(self, event: Event) -> None:
        if not self._drawn:
            return
        for pane in self.panes.all:
            await pane.hear(event)
        if isinstance(event, ThreadChanged | ApprovalChanged) and not self._stale:
            self._stale = True
            self.set_timer(0.05, self._redraw)  # many changes come at once

    def _redraw(self) -> None:
        self._stale = False
        if not self._drawn:
            return
        threads = [one for one in self.bridge.threads if one.live]
        here = self.panes.active.thread
        facts = facts_of(threads, here, self._folder, self._note or ("" if self.bridge.desk else "opening"), offered_in(self.bridge.desk))
        self.sidebar.show_threads(threads)
        self._see()
        for pane in self.panes.all:
            pane.composer.working = facts.working
        self._status.facts = facts
        self._hints.runs_on = runs_on(self.bridge, here)
        self._draw_hints()

    def _see(self) -> None:
        """What the panes show is seen, as long as somebody looks at the terminal."""
        if self._unread is None:
            return
        if self.app.app_focus:
            for pane in self.panes.on_screen:
                thread = self.bridge.thread(pane.thread.id) if pane.thread else None
                if thread is not None and (fact := self._unread.see(thread)) is not None:
                    self._note_fact(*fact)
        self.sidebar.fresh_ids = self._unread.fresh(self.bridge.threads)

    @work(group="facts")
    async def _note_fact(self, key: str, value: str) -> None:
        from codex_desk.engine.sessions import SetMeta

        await self.bridge.do(SetMeta(key, value))

    @on(Panes.Changed)
    def _panes_changed(self) -> None:
        self.sidebar.open_ids = self.panes.shown
        self._redraw()

    @on(Reader.JumpWanted)
    async def _jump(self, event: Reader.JumpWanted) -> None:
        await self._jumps.to(event.item, event.origin)

    @on(Reader.BackWanted)
    async def _jump_back(self, event: Reader.BackWanted) -> None:
        await self._jumps.back()

    @on(Pane.Focused)
    def _pane_focused(self, event: Pane.Focused) -> None:
        self.panes.activate(event.pane)

    # --- commands -----------------------------------------------------------------------------------------------------------------------------

    @on(CommandWanted)
    def _command_wanted(self, event: CommandWanted) -> None:
        event.stop()
        self.run_line(event.line)

    def run_line(self, line: str) -> None:
        """Carry out a typed command in the active pane."""
        try:
            command, call = TABLE.parse(line)
        except UsageError as error:
            pane = self.panes.active
            pane.composer.put_back(line)
            pane.say(str(error), "error")
            return
        self.run_command(command, call)

    def run_command(self, command: Command, call: Call | None = None, thread: ThreadView | None = None) -> None:
        """Carry out a command, about this thread or the active pane's."""
        pane = self.panes.active
        deck = Deck(self.bridge, PaneStage(self, pane), thread or pane.thread, self._undo, self._folder)
        self._run(command, deck, call or Call(), pane)

    @work(group="commands")
    async def _run(self, command: Command, deck: Deck, call: Call, pane: Pane) -> None:
        try:
            await command.run(deck, call)
        except Exception as error:
            pane.say(reason_of(error), "error")

    @on(Sidebar.Opened)
    async def _sidebar_opened(self, event: Sidebar.Opened) -> None:
        if (thread := self.bridge.thread(event.thread_id)) is not None:
            await self._rows.open(thread)

    @on(Sidebar.Asked)
    def _sidebar_asked(self, event: Sidebar.Asked) -> None:
        if (thread := self.bridge.thread(event.thread_id)) is not None:
            self._rows.press(event.key, thread)

    @on(Sidebar.MenuWanted)
    @work(group="menu", exclusive=True)
    async def _menu_wanted(self, event: Sidebar.MenuWanted) -> None:
        if (thread := self.bridge.thread(event.thread_id)) is not None:
            await self._rows.choose(thread)

    @on(Sidebar.Peeked)
    @work(group="menu", exclusive=True)
    async def _peeked(self, event: Sidebar.Peeked) -> None:
        if (thread := self.bridge.thread(event.thread_id)) is not None:
            await self._rows.peek(thread)

    def answer(self, event: ApprovalCard.Answered) -> None:
        """Carry a card's answer out, wherever the card was."""
        self.run_command(TABLE["decide"], Call({"approval": event.approval.id, "answer": event.answer}))

    # --- keys ---------------------------------------------------------------------------------------------------------------------------------

    def take_key(self, event: events.Key) -> bool:
        """Look at every key before it goes anywhere; whether it was the one after the leader."""
        for card in self.query(ApprovalCard):
            card.keystroke()
        return self._leader.take(event)

    def action_leader(self) -> None:
        self._leader.start()

    @on(LeaderPanel.Chosen)
    def _leader_chosen(self, event: LeaderPanel.Chosen) -> None:
        self.run_command(TABLE[event.command])

    @on(LeaderPanel.Unknown)
    def _leader_unknown(self) -> None:
        self.panes.active.say(f"that key means nothing after {self.leader_key}")

    def action_region(self, step: int) -> None:
        """Round the regions: the sidebar, then each pane's own, as far as they are there."""
        regions = [self.sidebar]
        for pane in self.panes.all:
            if pane.display:
                regions += [one for one in pane.regions if one.display]
        focused = self.focused
        here = next((index for index, one in enumerate(regions) if focused is one or (focused and one in focused.ancestors)), 0)
        chosen = regions[(here + step) % len(regions)]
        self.set_class(chosen is self.sidebar, "-sidebar")
        self.set_focus(chosen)  # at once: the key may come twice

    async def action_sibling(self, step: int) -> None:
        pane = self.panes.active
        if pane.thread is None:
            return
        beside = sidebar_model.siblings(self.bridge.threads, pane.thread)
        ids = [one.id for one in beside]
        if len(ids) > 1:
            await self.show_in(pane, beside[(ids.index(pane.thread.id) + step) % len(ids)])

    async def action_help(self) -> None:
        await self.run_action("app.help")

    def action_to_composer(self) -> None:
        self.remove_class("-sidebar")
        self.panes.active.composer.focus()

    def toggle_sidebar(self) -> None:
        """Show or hide it: slid over the pane in a narrow terminal, beside the panes in a wide one."""
        self.toggle_class("-sidebar" if self.one_pane else "-no-sidebar")
        hidden = not self.has_class("-sidebar") if self.one_pane else self.has_class("-no-sidebar")
        (self.panes.active.composer if hidden else self.sidebar).focus()

    def on_descendant_focus(self) -> None:
        self._draw_hints()

    def _draw_hints(self) -> None:
        self._hints.hints = hints_for(self, self.table, self.leader_key)

    def use_keymap(self, keymap: Keymap) -> None:
        """Other keys are in force from now on."""
        self.table = TABLE.with_keys(keymap.keys)
        self.leader_key = leader_key(keymap)
        self._leader.use(self.leader_key, self.table.leader_keys())
        self.sidebar.row_keys = frozenset(self.table.row_keys())
        self._draw_hints()

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        self.set_class(self.one_pane, "-narrow")
        self.set_class(self.size.width >= WIDE, "-wide")
        self.set_class(self.size.width < TINY[0] or self.size.height < TINY[1], "-tiny")
        self.set_class(self.size.height < FRAMED_ROWS, "-bare")
