"""The lower part of a pane: what was said to the person, what is queued, and the composer with its popup."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from codex_desk.engine.views import ThreadView
from codex_desk.text import one_line
from codex_desk.tui.editor import EditorError, edit_outside
from codex_desk.tui.messages import CommandWanted
from codex_desk.tui.model import completion
from codex_desk.tui.model.composer import ClosePopup, Complete, Say
from codex_desk.tui.model.drafts import Draft, Recall
from codex_desk.tui.widgets.composer import Composer
from codex_desk.tui.widgets.strips import CompletionPopup, Entry, Flash, QueueStrip, Tone

Described = Sequence[tuple[str, str]]
"""(name, what to say of it)."""


class Writing(Vertical):
    """Keeps the popup, the editor and recall to itself; what a draft means goes up as `Composer.Decided`."""

    def __init__(self, commands: Described, handles: Callable[[], Described], *, plain: bool = False) -> None:
        super().__init__()
        self._commands = commands
        self._handles = handles
        self._cwd = ""
        self._files: Sequence[str] = ()
        self._trigger: completion.Trigger | None = None
        self._flash = Flash(plain=plain)
        self._sign = ">" if plain else "›"
        self._popup = CompletionPopup()
        self.queue = QueueStrip()
        self.composer = Composer(self._ask)

    def compose(self) -> ComposeResult:
        yield self._flash
        yield self.queue
        yield self._popup
        with Horizontal(classes="prompt"):
            yield Static(self._sign, markup=False, classes="sign")
            yield self.composer

    def say(self, text: str, tone: Tone = "info") -> None:
        self._flash.say(text, tone)

    def take(self, thread: ThreadView, draft: Draft, recall: Recall) -> None:
        """Another thread is shown: its draft, its prompts, its folder's files."""
        if thread.cwd != self._cwd:
            self._cwd, self._files = thread.cwd, ()
        self.say("")
        self._close_popup()
        self.composer.take_draft(draft, recall)

    def show_queue(self, entries: Sequence[Entry]) -> None:
        self.queue.show_entries(entries)
        self.border_title = f"queued {len(entries)}" if entries else ""

    @on(Composer.Decided)
    def _decided(self, event: Composer.Decided) -> None:
        match event.outcome:
            case ClosePopup():
                self._close_popup()
            case Complete(run):
                self._complete(run)
            case Say(text):
                self.say(text)
            case _:
                return
        event.stop()

    # --- completion ---------------------------------------------------------------------------------------------------------------------------

    def _ask(self, trigger: completion.Trigger | None) -> bool:
        """Offer what could complete the word; whether there is anything."""
        self._trigger = trigger
        match trigger:
            case completion.Trigger("command", _, query):
                exact = any(name == query for name, _ in self._commands)
                return self._offer([] if exact else completion.match_commands(query, self._commands))
            case completion.Trigger("mention", _, query):
                if self._cwd and not self._files:
                    self._find_files(self._cwd)
                return self._offer(completion.match_mentions(query, self._handles(), self._files))
        return self._offer(())

    @work(group="files", exclusive=True)
    async def _find_files(self, cwd: str) -> None:
        self._files = await asyncio.to_thread(lambda: list(completion.walk(Path(cwd)))) or ("",)
        if cwd == self._cwd and self._trigger is not None and self._trigger.kind == "mention":
            self.composer.popup_opened(self._offer(completion.match_mentions(self._trigger.query, self._handles(), self._files)))

    def _offer(self, choices: Sequence[completion.Choice]) -> bool:
        self._popup.offer(choices)
        return bool(choices)

    def _close_popup(self) -> None:
        self._offer(())
        self.composer.popup_opened(False)

    def _complete(self, run: bool) -> None:
        chosen, trigger = self._popup.chosen, self._trigger
        if chosen is None or trigger is None:
            return
        self._close_popup()
        if run and trigger.kind == "command":
            self.composer.clear_draft()
            self.post_message(CommandWanted(chosen.insert.strip()))
            return
        self.composer.insert_choice(trigger, chosen.insert)

    @on(Composer.PopupMoved)
    def _popup_moved(self, event: Composer.PopupMoved) -> None:
        event.stop()
        self._popup.move(event.step)

    # --- other ways to write ------------------------------------------------------------------------------------------------------------------

    @on(Composer.EditorWanted)
    def _edit_draft(self, event: Composer.EditorWanted) -> None:
        event.stop()
        edited = self.in_editor(self.composer.whole_text())
        if edited is not None:
            self.composer.clear_draft()
            self.composer.set_text(edited.rstrip("\n"))

    def in_editor(self, text: str) -> str | None:
        """The text as the user's editor left it; None if there was no editor, which is said."""
        try:
            return edit_outside(self.app, text)
        except EditorError as error:
            self.say(str(error), "error")
            return None

    @on(Composer.RecallWanted)
    @work(group="ask", exclusive=True)
    async def _search_recall(self, event: Composer.RecallWanted) -> None:
        from codex_desk.tui.screens.pick import Picker, Row

        entries = self.composer.recall.entries
        rows = [Row(str(index), one_line(text, 60)) for index, text in reversed(list(enumerate(entries)))]
        picked = await self.app.push_screen_wait(Picker("Earlier prompts", rows, empty="nothing was prompted here yet"))
        if picked is not None:
            self.composer.set_text(entries[int(picked)])
