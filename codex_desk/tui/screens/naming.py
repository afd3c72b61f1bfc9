"""What sessions are to be called that are taken onto the desk: a handle is proposed for each, and they are taken one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from codex_desk.engine.errors import Refusal
from codex_desk.engine.views import ThreadView
from codex_desk.text import visible
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.failures import reason_of
from codex_desk.tui.model.adopting import Choice, trouble
from codex_desk.tui.model.words import short_path
from codex_desk.tui.screens.ask import Confirm
from codex_desk.tui.screens.dialog import Dialog

FATE = "It stays what it is, at home in its own folder. Nothing runs before its first prompt."
FATES = "They stay what they are, each at home in its own folder. Nothing runs before their first prompts."
ON_THE_COMMAND_LINE = "; take it as it is with --yes"


class Naming(Dialog[list[ThreadView]]):
    """Gives the sessions that were taken, in order. What is refused is said under its handle, and the others go on."""

    CSS_PATH: ClassVar = ["dialog.tcss", "naming.tcss"]
    AUTO_FOCUS = "Input"
    HELP = (
        "A handle is what you and other sessions call a session by. It is proposed from its title, and can be changed before it is taken."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", show=False, id="naming.down"),
        Binding("up", "app.focus_previous", show=False, id="naming.up"),
    ]

    def __init__(self, desk: DeskDoor, wanted: Sequence[Choice], handles: Mapping[str, str], taken: Mapping[str, frozenset[str]]) -> None:
        """`handles`: what is proposed, by key; `taken`: those that are not free, by project."""
        super().__init__()
        self._desk, self._wanted, self._handles, self._taken = desk, wanted, handles, taken
        self._brought: dict[str, ThreadView] = {}
        self._progress = Static(markup=False, classes="note")

    def compose(self) -> ComposeResult:
        many = len(self._wanted) > 1
        with Vertical(classes="box") as box:
            box.border_title = f"Take {len(self._wanted)} sessions onto the desk" if many else "Take it onto the desk"
            box.border_subtitle = f"Enter takes {'them · ↑↓ other handles' if many else 'it'} · Esc leaves"
            with VerticalScroll(classes="sessions", can_focus=False):
                for number, each in enumerate(self._wanted):
                    with Horizontal(classes="named"):
                        yield Input(self._handles[each.key], id=f"handle-{number}", compact=True, select_on_focus=False)
                        yield Static(_about(each), markup=False, classes="whose")
                    yield Static(markup=False, classes="wrong", id=f"wrong-{number}")
            yield self._progress

    def on_mount(self) -> None:
        self._progress.update(FATES if len(self._wanted) > 1 else FATE)
        for number in range(len(self._wanted)):
            self._say(number, "")

    def action_leave(self) -> None:
        self.dismiss(list(self._brought.values()))

    @on(Input.Changed)
    def _changed(self) -> None:
        self._check()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        wrong = self._check()
        if wrong is None:
            self._take()
        elif not (isinstance(self.focused, Input) and self._says(self.focused)):
            self._input(wrong).focus()

    def _input(self, number: int) -> Input:
        return self.query_one(f"#handle-{number}", Input)

    def _left(self) -> list[tuple[int, Choice]]:
        return [(number, each) for number, each in enumerate(self._wanted) if each.key not in self._brought]

    def _check(self) -> int | None:
        """Say what is wrong with the handles; the number of the first with which something is."""
        written = {number: (each.project, self._input(number).value.strip()) for number, each in enumerate(self._wanted)}
        first: int | None = None
        for number, each in self._left():
            beside = [other for place, other in written.items() if place != number]
            wrong = trouble(written[number][1], each.project, self._taken, beside)
            self._say(number, wrong or "")
            first = number if first is None and wrong else first
        return first

    def _says(self, field: Input) -> bool:
        """Whether something is wrong with this one."""
        return bool(self.query_one(f"#wrong-{(field.id or '').removeprefix('handle-')}").display)

    def _say(self, number: int, words: str) -> None:
        wrong = self.query_one(f"#wrong-{number}", Static)
        wrong.display = bool(words)
        wrong.update(Content(visible(words)))

    @work(group="take", exclusive=True)
    async def _take(self) -> None:
        """One after the other: each has its past read, which takes a while where that is long."""
        refused = 0
        for number, each in self._left():
            handle = self._input(number).value.strip()
            self._progress.update(Content(f"reading {handle} …"))
            try:
                thread = await self._bring(each, handle)
            except Exception as error:
                self._say(number, reason_of(error))
                self._input(number).focus()
                refused += 1
                continue
            if thread is None:
                refused += 1
                continue
            self._brought[each.key] = thread
            self._input(number).disabled = True
        if not refused:
            self.action_leave()
            return
        done = len(self._brought)
        self._progress.update(f"{done} of {len(self._wanted)} {'is' if done == 1 else 'are'} on the desk" if done else "nothing was taken")

    async def _bring(self, each: Choice, handle: str) -> ThreadView | None:
        """The session on the desk; None where the human leaves it for what another program gave it."""
        try:
            return await self._desk.adopt(each.key, handle)
        except Refusal as refusal:
            if refusal.code != "carries_more":
                raise
            words = refusal.message.removesuffix(ON_THE_COMMAND_LINE)
            if not await self.app.push_screen_wait(Confirm(f"Take {handle} as it is?", words, yes="take it")):
                return None
            return await self._desk.adopt(each.key, handle, yes=True)


def _about(each: Choice) -> Content:
    return Content.styled(f"{short_path(each.cwd, Path.home())} · {each.title}", "$text-muted")
