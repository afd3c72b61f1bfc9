"""The lower part of a pane: what was said to the person, what is queued, and the composer with its popup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from codex_desk.engine.views import ThreadView
from codex_desk.tui.model.composer import Say
from codex_desk.tui.model.drafts import Draft, Recall
from codex_desk.tui.terminal.editor import EditorError, edit_outside
from codex_desk.tui.widgets.composer import Composer, Mode
from codex_desk.tui.widgets.popup import CompletionPopup, Sources
from codex_desk.tui.widgets.strips import Entry, Flash, QueueStrip, Tone

PLACEHOLDER = "/ commands   @ files and agents   ! shell"
MODES: Mapping[Mode, str] = {
    "prompt": "",
    "shell": "your own command: in this folder, as you, no sandbox",
    "search": "earlier prompts: Enter takes · ^r next · Esc leaves",
}
RUNNING = "your command runs · Esc stops it"


class Writing(Vertical):
    """Keeps the popup, the editor and recall to itself; what a draft means goes up as `Composer.Decided`."""

    def __init__(self, sources: Sources, *, plain: bool = False) -> None:
        super().__init__()
        self._cwd = ""
        self._mode: Mode = "prompt"
        self._asked_again = False
        """Whether what is said is about the next key."""
        self._flash = Flash(plain=plain)
        self._sign = ">" if plain else "›"
        self._popup = CompletionPopup(sources, plain=plain)
        self.queue = QueueStrip(plain=plain)
        self.composer = Composer(self._popup)
        self.composer.placeholder = PLACEHOLDER

    def compose(self) -> ComposeResult:
        yield self._flash
        yield self.queue
        yield self._popup
        with Horizontal(classes="prompt"):
            yield Static(self._sign, markup=False, classes="sign")
            yield self.composer

    def on_mount(self) -> None:
        self.anchor()  # what is too much for a low terminal gives way at the top, and the line that is written stays in sight
        self.watch(self.composer, "shell", self._title, init=False)

    def say(self, text: str, tone: Tone = "info") -> None:
        self._flash.say(text, tone)

    def take(self, thread: ThreadView, draft: Draft, recall: Recall) -> None:
        """Another thread is shown: its draft, its prompts, its folder's files."""
        if thread.cwd != self._cwd:
            self._cwd = thread.cwd
            self._popup.forget_files()
        self.say("")
        self._popup.close()
        self.composer.popup_opened(False)
        self.composer.take_draft(draft, recall)

    def show_queue(self, entries: Sequence[Entry]) -> None:
        had_focus = self.queue.has_focus
        self.queue.show_entries(entries)
        self._title()
        if had_focus and not entries:
            self.composer.focus()

    @on(Composer.Decided)
    def _decided(self, event: Composer.Decided) -> None:
        if isinstance(event.outcome, Say):
            event.stop()
            self.say(event.outcome.text)
            self._asked_again = True

    @on(Composer.Typed)
    def _typed(self) -> None:
        """What a second press would do is not so any more."""
        if self._asked_again:
            self._asked_again = False
            self.say("")

    @on(Composer.ModeChanged)
    def _mode_changed(self, event: Composer.ModeChanged) -> None:
        event.stop()
        self._mode = event.mode
        self.set_class(event.mode == "shell", "-shell")
        self._title()

    def _title(self) -> None:
        """What the line over the composer says: what waits, and whom the draft is for."""
        queued = f"queued {len(self.queue.entries)} · Alt+↑ edits" if self.queue.entries else ""
        mode = MODES[self._mode] or (RUNNING if self.composer.shell else "")
        self.border_title = "   ".join(part for part in (mode, queued) if part)

    @on(CompletionPopup.Found)
    def _found(self, event: CompletionPopup.Found) -> None:
        event.stop()
        self.composer.popup_opened(True)

    @on(CompletionPopup.Clicked)
    def _clicked(self, event: CompletionPopup.Clicked) -> None:
        event.stop()
        self.composer.action_tab()
        self.composer.focus()

    @on(Composer.QueueWanted)
    def _queue_wanted(self, event: Composer.QueueWanted) -> None:
        event.stop()
        if self.queue.entries:
            self.queue.focus_last()
        else:
            self.say("nothing is queued here")

    # --- other ways to write ------------------------------------------------------------------------------------------------------------------

    @on(Composer.EditorWanted)
    @work(group="editor", exclusive=True)
    async def _edit_draft(self, event: Composer.EditorWanted) -> None:
        edited = await self.in_editor(self.composer.whole_text())
        if edited is not None:
            self.composer.put_edited(edited.rstrip("\n"))

    async def in_editor(self, text: str) -> str | None:
        """The text as the user's editor left it; None if there was no editor, which is said."""
        try:
            return await edit_outside(self.app, text)
        except EditorError as error:
            self.say(str(error), "error")
            return None
