"""Going back from a child: what of the human's work there its parent gets, as exact text that can be edited before it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static, TextArea
from textual.widgets.option_list import Option
from textual.worker import Worker, WorkerError

from codex_desk.engine.events import Event, ThreadChanged
from codex_desk.text import one_line, visible
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.failures import reason_of
from codex_desk.tui.model import folding as words
from codex_desk.tui.model.words import WORKING
from codex_desk.tui.screens.ask import Confirm
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.widgets.choices import Choices
from codex_desk.tui.widgets.resting import RestingTextArea

if TYPE_CHECKING:
    from codex_desk.engine.fold_reading import FoldMode, FoldView
    from codex_desk.engine.views import MessageView

Do = Callable[[Any], Awaitable[Any]]

KEYS = "Enter folds · Tab text · ^o go on · Esc stays"
KEYS_IN_TEXT = "^s folds · Tab modes · ^o go on · Esc stays"
KEYS_ASKING = "Esc cancels the model call"


class FoldEditor(Dialog["FoldView"]):
    """Gives the fold as it was made; None where the human stays in the child."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss", "fold.tcss"]
    AUTO_FOCUS = "Choices"
    HELP = (
        "What you did in this child since the last fold goes to its parent: as your requests with the final answers, as a summary that the child's model "
        "writes in one call, or, with replace, after the parent's history went back to before the child's first answer. Nothing of the child's own work is "
        "lost by any of these. Tab goes to the text, which you can edit; the parent reads it as data, between marked lines. Until the parent's next turn "
        "begins, a fold can be undone."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "fold", "fold", priority=True, id="fold.fold"),
        Binding("ctrl+o", "go_on", "the parent goes on or not", priority=True, id="fold.go_on"),
        Binding("tab", "other", show=False, priority=True, id="fold.other"),
        Binding("shift+tab", "other", show=False, priority=True, id="fold.other_back"),
    ]

    def __init__(self, desk: DeskDoor, do: Do, seen: FoldView, *, go_on: bool = False) -> None:
        """`seen`: the fold as it would be, in the mode to begin with."""
        super().__init__()
        self._desk, self._do = desk, do
        self._view = seen
        self._go_on = go_on
        self._texts: dict[str, str] = {}
        """What the human made of a mode's text."""
        self._summary: str | None = None
        self._asking: MessageView | None = None
        self._looking: Worker[None] | None = None
        self._leaving = False
        """Escape was pressed once over an edited text."""
        self._modes = Choices(markup=False)
        self._area = RestingTextArea(soft_wrap=True, classes="exact")
        self._tokens = Static(markup=False, classes="tokens")
        self._said = Static(markup=False, classes="note")

    def compose(self) -> ComposeResult:
        with Vertical(classes="box -tall") as box:
            box.border_title = Content(visible(words.title(self._view)))  # type: ignore[assignment]  # a str is parsed as markup
            yield self._modes
            yield self._area
            yield self._tokens
            yield self._said

    def on_mount(self) -> None:
        self._show(self._view)

    def on_resize(self) -> None:
        self.call_after_refresh(self._fill_modes)

    # --- showing ----------------------------------------------------------------------------------------------------------------------------

    @property
    def _mode(self) -> FoldMode:
        return self._view.mode

    def _fill_modes(self) -> None:
        width = max(len(mode) for mode in words.MODES)
        columns = self._modes.size.width
        rows: list[Option] = []
        for mode in words.MODES:
            mark = "▸" if mode == self._mode else " "
            about = words.what_it_brings(mode, self._view, columns)
            rows.append(Option(Content.assemble(f"{mark} {mode:<{width}}  ", (about, "$text-muted")), id=mode))
        chosen = self._modes.highlighted if self._is_looking else None
        with self.prevent(OptionList.OptionHighlighted):
            self._modes.set_options(rows)
            self._modes.highlighted = words.MODES.index(self._mode) if chosen is None else chosen

    def _show(self, view: FoldView) -> None:
        """A mode, with its text as it is or as the human left it."""
        self._view, self._leaving = view, False
        self._fill_modes()
        self._area.read_only = not view.text
        with self.prevent(TextArea.Changed):
            self._area.load_text(self._texts.get(view.mode, visible(view.text)))
        self._area.placeholder = self._placeholder()
        self._note(view.note or words.still_running(view), warn=bool(view.note))
        self._draw()

    def _placeholder(self) -> str:
        match self._mode:
            case "none":
                return "Nothing goes back with you."
            case "summary":
                return f"Enter asks {self._view.child}'s model; what it writes stands here, to be edited. It enters neither history."
            case _:
                return ""

    def _draw(self) -> None:
        view = self._view
        if self._edited is not None:
            added = -(-(len(self._edited) - len(view.text)) // 4)
            view = replace(view, tokens=view.tokens + added)
        more = " · goes on" if self._go_on else ""
        self._tokens.update(Content(words.context(view) + more))
        keys = KEYS_IN_TEXT if self._area.has_focus else KEYS
        self.query_one(".box").border_subtitle = KEYS_ASKING if self._asking else keys

    def _note(self, text: str, *, warn: bool = False) -> None:
        self._said.set_class(warn, "warning")
        self._said.display = bool(text)
        self._said.update(Content(one_line(text, 400)))

    @property
    def _edited(self) -> str | None:
        """What the human made of the text; None where it stands as it was."""
        text = self._texts.get(self._mode)
        return None if text is None or text == visible(self._view.text) else text

    # --- keys -------------------------------------------------------------------------------------------------------------------------------

    @on(OptionList.OptionHighlighted)
    def _moved(self, event: OptionList.OptionHighlighted) -> None:
        mode = words.mode_named(event.option.id)
        if mode is not None and self._asking is None and (mode != self._mode or self._is_looking):
            self._looking = self._look(mode)

    @work(group="look", exclusive=True)
    async def _look(self, mode: FoldMode) -> None:
        try:
            view = await asyncio.to_thread(self._desk.fold, self._view.child_id, mode, self._summary if mode == "summary" else None)
        except Exception as error:
            self._note(reason_of(error), warn=True)
            return
        self._show(view)

    @property
    def _is_looking(self) -> bool:
        return self._looking is not None and not self._looking.is_finished

    async def _seen(self) -> FoldView | None:
        """The fold in the mode that is chosen: Enter may come before it is shown. None where it could not be looked at."""
        while (looking := self._looking) is not None and not looking.is_finished:
            with suppress(WorkerError):
                await looking.wait()
        chosen = self._modes.highlighted
        return self._view if chosen is None or words.MODES[chosen] == self._mode else None

    @on(OptionList.OptionSelected)
    def _picked(self, event: OptionList.OptionSelected) -> None:
        self.action_fold()

    @on(TextArea.Changed)
    def _changed(self) -> None:
        self._texts[self._mode] = self._area.text
        self._leaving = False
        self._draw()

    def on_descendant_focus(self) -> None:
        self._draw()

    def action_other(self) -> None:
        if self._asking is None:
            self.set_focus(self._modes if self._area.has_focus else self._area)

    def action_go_on(self) -> None:
        self._go_on = not self._go_on
        self._draw()

    def action_leave(self) -> None:
        if self._asking is not None:
            self._cancel(self._asking)
        elif self._edited is not None and not self._leaving:
            self._leaving = True
            self._note("esc again leaves what you edited, and stays in the child", warn=True)
        else:
            self.dismiss(None)

    @work(group="cancel")
    async def _cancel(self, asking: MessageView) -> None:
        from codex_desk.engine.folding import CancelSummary

        await self._carry_out(CancelSummary(asking.id))

    # --- what it does -----------------------------------------------------------------------------------------------------------------------

    @work(group="fold", exclusive=True)
    async def action_fold(self) -> None:
        if self._asking is not None:
            return
        view = await self._seen()
        if view is None:
            return
        if view.mode == "summary" and self._summary is None:
            await self._ask_model()
            return
        if view.mode == "replace" and not await self._sure(view):
            return
        from codex_desk.engine.folding import Fold

        wanted = None if view.mode == "none" else view.messages
        fold = Fold(view.child_id, view.mode, self._edited, self._summary if view.mode == "summary" else None, wanted, True, self._go_on)
        made = await self._carry_out(fold)
        if made is not None:
            self.dismiss(made)

    async def _sure(self, view: FoldView) -> bool:
        """Asked twice: this takes something away from what the parent knows."""
        if not view.goes_back and self._desk.thread(view.parent_id).status not in WORKING:
            return True
        first = f"{view.note}\n\n{words.context(view)}."
        second = f"{words.FILES.capitalize()}: what {view.parent} changed on disk since stays changed, and it will not know of it."
        for text, yes in ((first, "go back"), (second, "yes, go back")):
            if not await self.app.push_screen_wait(Confirm(f"Take {view.parent}'s history back?", visible(text), yes=yes)):
                return False
        return True

    async def _ask_model(self) -> None:
        from codex_desk.engine.folding import AskSummary

        asked: MessageView | None = await self._carry_out(AskSummary(self._view.child_id))
        if asked is None:
            return
        self._asking = asked
        self._note(f"asking {self._view.child}'s model, in one call that enters neither history …")
        self._draw()
        try:
            [ended] = await self._desk.run_until([asked.id])
        except Exception as error:
            self._note(reason_of(error), warn=True)
            return
        finally:
            self._asking = None
            self._draw()
        if ended.state != "answered" or not ended.answer:
            self._note(f"no summary: {ended.reason or ended.state}; nothing was folded", warn=True)
            return
        self._summary = ended.answer
        self._show(await asyncio.to_thread(self._desk.fold, self._view.child_id, "summary", ended.answer))
        self.set_focus(self._area)

    async def _carry_out(self, action: Any) -> Any:
        """What the action makes; None where it is refused, which is said."""
        try:
            return await self._do(action)
        except Exception as error:
            self._note(reason_of(error), warn=True)
            return None

    async def hear(self, event: Event) -> None:
        """Why a summary does not come: its thread may need the human first."""
        if self._asking is None or not isinstance(event, ThreadChanged) or event.thread_id != self._view.child_id:
            return
        child = self._desk.thread(event.thread_id)
        if child.status == "needs_human" and child.reason:
            self._note(f"{self._view.child} needs you first: {child.reason}", warn=True)
