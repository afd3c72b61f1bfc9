"""The composer: a text area whose keys are decided by `ComposerMachine`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import TextArea

from codex_desk.tui.model.completion import Trigger, find_trigger
from codex_desk.tui.model.composer import Clear, ComposerMachine, Copy, Newline, Nothing, Outcome, Queue, Run, Send, Steer
from codex_desk.tui.model.drafts import Draft, Recall


class Composer(TextArea):
    """Where a prompt is written. What a key means goes up as `Decided`; what needs only the text happens here."""

    HELP = (
        "Write a prompt. Enter sends it, or steers the turn that was running when you began; Tab queues it. "
        "A slash lists commands, @ files and handles; a backslash before Enter breaks the line."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "send", id="composer.send"),
        Binding("ctrl+j,shift+enter,alt+enter", "newline", "new line", show=False, id="composer.newline"),
        Binding("tab", "tab", "queue", show=False, id="composer.queue"),
        Binding("escape", "escape", "stop", show=False, id="composer.stop"),
        Binding("ctrl+c", "ctrl_c", "copy, clear, stop", show=False, id="composer.clear"),
        Binding("ctrl+d", "ctrl_d", "quit when empty", show=False, id="composer.quit"),
        Binding("ctrl+r", "search_recall", "search prompts", show=False, id="composer.search"),
        Binding("ctrl+g", "external", "editor", show=False, id="composer.editor"),
        Binding("up", "up", "recall", show=False, id="composer.up"),
        Binding("down", "down", "later prompt", show=False, id="composer.down"),
        Binding("ctrl+n", "down", show=False, id="composer.next"),
        Binding("ctrl+b", "cursor_left", show=False, id="composer.left"),
        Binding("ctrl+f", "cursor_right", show=False, id="composer.right"),
        Binding("alt+b", "cursor_word_left", show=False, id="composer.word_left"),
        Binding("alt+f", "cursor_word_right", show=False, id="composer.word_right"),
        Binding("ctrl+underscore", "undo", show=False, id="composer.undo"),
    ]

    turn: reactive[str | None] = reactive(None)
    """The running turn of the thread, None while it is idle."""
    working: reactive[int] = reactive(0)
    """How many threads of the desk run a turn."""

    class Decided(Message):
        """A key meant this. A draft that is to be sent or run is not in the composer any more."""

        def __init__(self, outcome: Outcome) -> None:
            super().__init__()
            self.outcome = outcome

    class PopupMoved(Message):
        """An arrow key while the popup is open."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class EditorWanted(Message):
        """Open the draft in the user's editor."""

    class RecallWanted(Message):
        """Search the earlier prompts."""

    class Typed(Message):
        """The human pressed a key here."""

    def __init__(self, complete: Callable[[Trigger | None], bool], *, id: str | None = None) -> None:
        """`complete` is told what the word before the cursor asks for, and says whether the popup offers something."""
        super().__init__(soft_wrap=True, tab_behavior="focus", show_line_numbers=False, highlight_cursor_line=False, placeholder="", id=id)
        self.machine = ComposerMachine()
        self.recall = Recall()
        self._draft = Draft()
        self._complete = complete
        self._popup = False
        self._noticed: tuple[str, tuple[int, int]] = ("", (0, 0))

    def take_draft(self, draft: Draft, recall: Recall) -> None:
        """Show another thread's draft, and recall its prompts."""
        self._draft, self.recall, self.machine = draft, recall, ComposerMachine()
        self._noticed = ("", (0, 0))
        self.set_text(draft.text)

    def set_text(self, text: str) -> None:
        """Replace the draft; the cursor goes behind it."""
        self.load_text(text)
        self.move_cursor(self.document.end)

    def put_back(self, text: str) -> None:
        """A text that could not be sent: it is the draft again, before what has been typed since."""
        self.set_text("\n\n".join(part for part in (self._draft.pastes.take(text), self.text) if part))

    def clear_draft(self) -> None:
        self._draft.pastes.clear()
        self.set_text("")

    def whole_text(self) -> str:
        """The draft as it is sent, large pastes put back."""
        return self._draft.pastes.expand(self.text)

    def insert_choice(self, trigger: Trigger, insert: str) -> None:
        """Put a completion in the place of the word that asked for it."""
        row, column = self.cursor_location
        start = column - (len(trigger.query) + 1)
        self.replace(insert, (row, max(0, start)), (row, column), maintain_selection_offset=False)

    @on(TextArea.Changed)
    def _changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._notice()

    def _notice(self) -> bool:
        """Take in what the text is by now, and say whether the popup is open. Keys that come in one burst are faster than the message of a change."""
        text, cursor = self.text, self.cursor_location
        if (text, cursor) != self._noticed:
            if text != self._noticed[0]:
                self._draft.text = text
                self.machine.changed(text, self.turn)
            self._noticed = (text, cursor)
            row, column = cursor
            before = self.document[row][:column]
            self._popup = self._complete(find_trigger(before if row == 0 else f" {before}"))
        return self._popup

    def popup_opened(self, opened: bool) -> None:
        """The popup came later than the keys that asked for it, or was closed; typing on asks again."""
        self._popup = opened

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        chip = self._draft.pastes.take(event.text)
        self.replace(chip, *self.selection, maintain_selection_offset=False)

    async def _on_key(self, event: events.Key) -> None:
        """Keys are carried out here, in the order in which they came: a binding that the application looked up would overtake letters still to be written."""
        self.post_message(self.Typed())
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
            case Send() | Steer() | Queue():
                self.post_message(self.Decided(replace(outcome, text=self._take(self.whole_text()))))
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

    def action_enter(self) -> None:
        # The backslash breaks the line only where the cursor is: at the end.
        text = self.text if self.cursor_at_end_of_text else self.text.rstrip("\\")
        self._decide(self.machine.enter(text, popup=self._notice(), turn=self.turn))

    def action_newline(self) -> None:
        self.replace("\n", *self.selection, maintain_selection_offset=False)

    def action_tab(self) -> None:
        self._decide(self.machine.tab(self.text, popup=self._notice()))

    def action_escape(self) -> None:
        self._decide(self.machine.escape(self.text, popup=self._notice(), turn=self.turn))

    def action_ctrl_c(self) -> None:
        self._decide(self.machine.ctrl_c(self.text, selected=bool(self.selected_text), turn=self.turn, working=self.working))

    def action_ctrl_d(self) -> None:
        if self.text:
            self.action_delete_right()
        else:
            self.app.exit(0)

    def action_up(self) -> None:
        if self._notice():
            self.post_message(self.PopupMoved(-1))
        elif not self.cursor_at_first_line:
            self.action_cursor_up()
        elif (text := self.recall.up(self.text)) is not None:
            self.set_text(self._draft.pastes.take(text))

    def action_down(self) -> None:
        if self._notice():
            self.post_message(self.PopupMoved(1))
        elif not self.cursor_at_last_line:
            self.action_cursor_down()
        elif (text := self.recall.down()) is not None:
            self.set_text(self._draft.pastes.take(text))

    def action_external(self) -> None:
        self.post_message(self.EditorWanted())

    def action_search_recall(self) -> None:
        self.post_message(self.RecallWanted())
