"""The composer: a text area whose keys are decided by `ComposerMachine`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Literal, Protocol

from textual import events, on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import TextArea

from codex_desk.text import visible
from codex_desk.tui.model.completion import SHOWN, Choice, Trigger
from codex_desk.tui.model.composer import (
    Clear,
    ClosePopup,
    Complete,
    CompletePath,
    Copy,
    Newline,
    Nothing,
    Outcome,
    Queue,
    Run,
    Send,
    Shell,
    Steer,
    is_shell,
)
from codex_desk.tui.model.drafts import Draft, Recall
from codex_desk.tui.widgets.cutting import CuttingArea

SEARCHED = 500
"""Earlier prompts that a search looks through."""
LONGEST = 50_000
"""Characters of a draft that are shown; a longer one comes back from the editor as a chip."""


Mode = Literal["prompt", "shell", "search"]
"""For the thread, for the human's own shell, or to find an earlier prompt by."""


class Suggestions(Protocol):
    """The popup, as the composer drives it."""

    def ask(self, before: str) -> bool:
        """The text before the cursor is this; whether something is offered for it."""
        ...

    def ask_path(self, before: str) -> bool:
        """Offer files for the last word; whether there are any."""
        ...

    def ask_recall(self, query: str, entries: Sequence[str]) -> bool:
        """Offer earlier prompts that hold the words of a query; always open."""
        ...

    @property
    def is_asked(self) -> bool:
        """Whether the word before the cursor wants to be completed, whatever is offered for it."""
        ...

    @property
    def is_hint(self) -> bool:
        """Whether it only tells what could follow: no letter of it is typed, and nothing was chosen. Enter is not for it."""
        ...

    def move(self, step: int) -> None: ...
    def take(self) -> tuple[Trigger, Choice] | None:
        """What is chosen; the popup closes."""
        ...

    def close(self) -> None: ...


class Composer(CuttingArea):
    """Where a prompt is written. What a key means goes up as `Decided`; what needs only the text and the popup happens here."""

    HELP = (
        "Write a prompt. Enter sends it, or steers the turn that was running when you began; Tab queues it. A slash lists commands, @ files and "
        "handles; ! runs a command as you, in this thread's folder. A backslash before Enter breaks the line, as ^j does."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,ctrl+enter", "enter", "send", id="composer.send"),
        Binding("ctrl+j,shift+enter,alt+enter", "newline", "new line", show=False, id="composer.newline"),
        Binding("tab", "tab", "queue", show=False, id="composer.queue"),
        Binding("escape", "escape", "stop", show=False, id="composer.stop"),
        Binding("ctrl+c", "ctrl_c", "copy, clear, stop", show=False, id="composer.clear"),
        Binding("ctrl+d", "ctrl_d", "quit when empty", show=False, id="composer.quit"),
        Binding("ctrl+r", "search_recall", "search prompts", show=False, id="composer.search"),
        Binding("ctrl+g", "external", "editor", show=False, id="composer.editor"),
        Binding("up", "up", "recall", show=False, id="composer.up"),
        Binding("down", "down", "later prompt", show=False, id="composer.down"),
        Binding("pageup", "page(-1)", show=False, id="composer.page_up"),
        Binding("pagedown", "page(1)", show=False, id="composer.page_down"),
        Binding("alt+up", "queue_last", "edit what is queued", show=False, id="composer.queued"),
        Binding("ctrl+n", "down", show=False, id="composer.next"),
        Binding("ctrl+b", "cursor_left", show=False, id="composer.left"),
        Binding("ctrl+f", "cursor_right", show=False, id="composer.right"),
        Binding("alt+b", "cursor_word_left", show=False, id="composer.word_left"),
        Binding("alt+f", "cursor_word_right", show=False, id="composer.word_right"),
        Binding("alt+d,alt+delete", "delete_word_right", show=False, id="composer.delete_word_right"),
        Binding("ctrl+y", "yank", "put back what was cut", show=False, id="composer.yank"),
        Binding("ctrl+underscore", "undo", "undo", show=False, id="composer.undo"),
        Binding("alt+underscore", "redo", "redo", show=False, id="composer.redo"),
    ]

    turn: reactive[str | None] = reactive(None)
    """The running turn of the thread, None while it is idle."""
    shell: reactive[bool] = reactive(False)
    """Whether a command of the human's runs in the thread."""
    working: reactive[int] = reactive(0)
    """How many threads of the desk run a turn."""

    class Decided(Message):
        """A key meant this. A draft that is to be sent or run is not in the composer any more."""

        def __init__(self, outcome: Outcome) -> None:
            super().__init__()
            self.outcome = outcome

    class ModeChanged(Message):
        """What is written is for somebody else now."""

        def __init__(self, mode: Mode) -> None:
            super().__init__()
            self.mode: Mode = mode

    class QueueWanted(Message):
        """Go to what is queued last."""

    class EditorWanted(Message):
        """Open the draft in the user's editor."""

    class Typed(Message):
        """The human pressed a key here. `command`: the draft is a command to the desk, and nothing for the thread."""

        def __init__(self, *, command: bool = False) -> None:
            super().__init__()
            self.command = command

    def __init__(self, suggestions: Suggestions, *, id: str | None = None) -> None:
        super().__init__(soft_wrap=True, tab_behavior="focus", show_line_numbers=False, highlight_cursor_line=False, placeholder="", id=id)
        self.recall = Recall()
        self._draft = Draft()
        self._suggestions = suggestions
        self._popup = False
        self._mode: Mode = "prompt"
        self._noticed: tuple[str, tuple[int, int]] = ("", (0, 0))
        self._searched: str | None = None
        """While the earlier prompts are searched: the draft that stood here before."""
        self._walked = ""
        """What was recalled last, as it stands here."""

    def take_draft(self, draft: Draft, recall: Recall) -> None:
        """Show another thread's draft, and recall its prompts."""
        self._draft, self.recall, self._searched = draft, recall, None
        self.set_text(draft.text)
        self._noticed = (self.text, self.cursor_location)
        self._tell_mode()

    def set_text(self, text: str) -> None:
        """Replace the draft; the cursor goes behind it."""
        self.load_text(visible(text))
        self.move_cursor(self.document.end)

    def put_back(self, text: str) -> None:
        """A text that could not be sent: it is the draft again, before what has been typed since."""
        self.set_text("\n\n".join(part for part in (self._draft.pastes.take(visible(text)), self.text) if part))

    def put_edited(self, text: str) -> None:
        """The draft as an editor left it."""
        text = visible(text)
        self._draft.pastes.clear()
        self.set_text(self._draft.pastes.take(text) if len(text) > LONGEST else text)

    def clear_draft(self) -> None:
        self._draft.pastes.clear()
        self.set_text("")

    def whole_text(self) -> str:
        """The draft as it is sent, large pastes put back."""
        return self._draft.pastes.expand(self.text)

    # --- what is noticed ----------------------------------------------------------------------------------------------------------------------

    @on(TextArea.Changed)
    def _changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._notice()

    def _notice(self) -> bool:
        """Take in what the text is by now, and say whether the popup is open. Keys that come in one burst are faster than the message of a change."""
        text, cursor = self.text, self.cursor_location
        if (text, cursor) != self._noticed:
            changed = text != self._noticed[0]
            self._noticed = (text, cursor)
            if self._searched is not None:
                self._popup = self._search()
                return self._popup
            if changed:
                self._draft.write(text)
                self._draft.machine.changed(text, self.turn)
                self._tell_mode()
            self._popup = self._suggestions.ask(self._before)
        return self._popup

    @property
    def _before(self) -> str:
        """What stands before the cursor. Only the first line can be a command."""
        row, column = self.cursor_location
        before = self.document[row][:column]
        return before if row == 0 else f" {before}"

    def _tell_mode(self) -> None:
        mode: Mode = "search" if self._searched is not None else "shell" if is_shell(self.text) else "prompt"
        if mode != self._mode:
            self._mode = mode
            self.post_message(self.ModeChanged(mode))

    def popup_opened(self, opened: bool) -> None:
        """The popup came later than the keys that asked for it; typing on asks again."""
        self._popup = opened

    # --- keys ---------------------------------------------------------------------------------------------------------------------------------

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.recall.leave()
        self.replace(self._draft.pastes.take(visible(event.text)), *self.selection, maintain_selection_offset=False)

    async def _on_key(self, event: events.Key) -> None:
        """Keys are carried out here, in the order in which they came: a binding that the application looked up would overtake letters still to be written."""
        self.post_message(self.Typed(command=(self.text or event.character or "").startswith("/")))
        if event.is_printable:
            self.recall.leave()
            return
        active = self.screen.active_bindings.get(event.key)
        if active is not None and active.node is self:
            event.stop()
            event.prevent_default()
            await self.run_action(active.binding.action)

    def _decide(self, outcome: Outcome) -> None:
        match outcome:
            case Nothing():
                return
            case Newline():
                row, column = self.document.end
                self.replace("\n", (row, column - 1), (row, column), maintain_selection_offset=False)
            case Clear():
                self.recall.add(self.whole_text())
                self.clear_draft()
            case Copy():
                self.action_copy()
            case Complete(run):
                self._complete(run)
            case CompletePath():
                self._popup = self._suggestions.ask_path(self._before)
            case ClosePopup():
                self._suggestions.close()
                self._popup = False
                if self._searched is not None:
                    self._end_search(self._searched)
            case Send() | Steer() | Queue():
                self.post_message(self.Decided(replace(outcome, text=self._take(self.whole_text()))))
            case Shell():
                self.post_message(self.Decided(Shell(self._take(self.whole_text())[1:].strip())))
            case Run(line):
                self.post_message(self.Decided(Run(self._take(line))))
            case _:
                self.post_message(self.Decided(outcome))

    def _take(self, text: str) -> str:
        """The draft leaves at once: what is typed before anybody hears of it belongs to the next one."""
        self.recall.add(text)
        self.clear_draft()
        self._notice()
        return text

    def _complete(self, run: bool) -> None:
        """Put what is chosen in the place of the word that asked for it; with `run`, carry a command out as it then stands."""
        taken = self._suggestions.take()
        self._popup = False
        if self._searched is not None:
            self._end_search(taken[1].insert if taken is not None else self._searched)
            return
        if taken is None:
            return
        trigger, choice = taken
        row, column = self.cursor_location
        sign = 1 if trigger.kind in ("command", "mention") else 0
        insert = choice.insert.rstrip() if self.document[row][column : column + 1] == " " else choice.insert
        self.replace(insert, (row, max(0, column - len(trigger.query) - sign)), (row, column), maintain_selection_offset=False)
        if run and choice.runs and self.cursor_at_end_of_text:
            self._decide(Run(self.text.strip()))
        else:
            self._notice()

    def action_enter(self) -> None:
        # The backslash breaks the line only where the cursor is: at the end.
        text = self.text if self.cursor_at_end_of_text else self.text.rstrip("\\")
        popup = self._notice() and not self._suggestions.is_hint
        self._decide(self._draft.machine.enter(text, popup=popup, turn=self.turn))

    def action_newline(self) -> None:
        self.replace("\n", *self.selection, maintain_selection_offset=False)

    def action_tab(self) -> None:
        popup = self._notice()
        self._decide(self._draft.machine.tab(self.text, popup=popup, asks=self._suggestions.is_asked))

    def action_escape(self) -> None:
        popup = self._notice()
        self._decide(self._draft.machine.escape(self.text, popup=popup, turn=self.turn, shell=self.shell))

    def action_ctrl_c(self) -> None:
        if self._searched is not None:
            self._decide(ClosePopup())
            return
        self._notice()
        selected = bool(self.selected_text)
        self._decide(self._draft.machine.ctrl_c(self.text, selected=selected, turn=self.turn, working=self.working, shell=self.shell))

    def action_ctrl_d(self) -> None:
        if self.text:
            self.action_delete_right()
        elif self._searched is None:
            self.app.exit(0)

    def action_up(self) -> None:
        if self._notice() and not self._walks:
            self._suggestions.move(-1)
        elif not self._walks and self.wrapped_document.location_to_offset(self.cursor_location).y > 0:
            self.action_cursor_up()
        elif (text := self.recall.up(self.text)) is not None:
            self._recalled(text)

    def action_down(self) -> None:
        if self._notice() and not self._walks:
            self._suggestions.move(1)
        elif not self._walks and self.wrapped_document.location_to_offset(self.cursor_location).y < self.wrapped_document.height - 1:
            self.action_cursor_down()
        elif (text := self.recall.down()) is not None:
            self._recalled(text)

    @property
    def _walks(self) -> bool:
        """Whether what stands here was recalled, and nothing has been done with it: arrows go on through the earlier prompts."""
        return self._noticed[0] == self._walked and self.recall.shown is not None and self.cursor_at_end_of_text

    def _recalled(self, text: str) -> None:
        self.set_text(self._draft.pastes.take(visible(text)))
        self._walked = self.text

    def action_page(self, step: int) -> None:
        if self._notice():
            self._suggestions.move(step * (SHOWN - 1))
        elif step < 0:
            self.action_cursor_page_up()
        else:
            self.action_cursor_page_down()

    def action_queue_last(self) -> None:
        self.post_message(self.QueueWanted())

    def action_external(self) -> None:
        self.post_message(self.EditorWanted())

    def action_search_recall(self) -> None:
        """Search the earlier prompts, with nothing looked for yet; once more for the next one."""
        if self._searched is not None:
            self._suggestions.move(1)
            return
        self._notice()
        self._searched = self.text
        self.load_text("")
        self._popup = self._search()
        self._tell_mode()

    def _search(self) -> bool:
        return self._suggestions.ask_recall(self.text, self.recall.newest(SEARCHED))

    def _end_search(self, text: str) -> None:
        """The draft is this now."""
        self._searched = None
        self._recalled(text)
        self._noticed = (self._draft.text, (-1, -1))
        self._notice()
        self._tell_mode()

    def action_delete_left(self) -> None:
        """A chip goes whole: half of one would stand for nothing."""
        row, column = self.cursor_location
        chip = self._draft.pastes.chip_at_end(self.document[row][:column]) if self.selection.is_empty else 0
        if chip:
            self.replace("", (row, column - chip), (row, column), maintain_selection_offset=False)
        else:
            super().action_delete_left()
