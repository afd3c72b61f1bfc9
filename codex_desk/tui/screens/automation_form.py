"""A form for a new automation, with its next five runs as they follow from what is typed."""

from __future__ import annotations

import asyncio
from typing import ClassVar
from zoneinfo import ZoneInfo

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from codex_desk.engine.automation_views import AutomationView
from codex_desk.engine.views import ThreadView
from codex_desk.text import one_line, visible
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.failures import reason_of
from codex_desk.tui.screens.dialog import Dialog

PAUSE_S = 0.15
"""How long the writing of a schedule rests before it is looked through."""
SHOWN = 5
FORMS = "every 15m · 0 9 * * 1-5 · at 09:00 · RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0"
GUARDS = ("git-changed", "board-news", "child-idle")
CHOICES = {
    "overlap": ("skip", "buffer_one", "cancel_other"),
    "busy": ("queue_one", "skip", "next_step"),
    "catch_up": ("latest_once", "skip", "all(3)"),
}


class AutomationForm(Dialog[AutomationView]):
    """Gives the automation that was made. What is refused is said in the form, and nothing that was typed is lost."""

    CSS_PATH: ClassVar = ["dialog.tcss", "automation_form.tcss"]
    AUTO_FOCUS = "#handle"
    HELP = (
        "An automation prompts a session on a schedule. The next five runs stand below as you type. `only if` is a guard: git-changed, board-news, child-idle, "
        "or a command that ends with 0; a guard that says no calls no model. Right completes what is proposed."
    )

    def __init__(self, desk: DeskDoor, thread: ThreadView | None = None) -> None:
        super().__init__()
        self._desk, self._thread = desk, thread
        self._preview = Static(markup=False, classes="runs")
        self._said = Static(markup=False, classes="wrong")

    def compose(self) -> ComposeResult:
        session = self._thread.handle if self._thread is not None and self._thread.kind == "session" else None
        handles = [one.handle for one in self._desk.threads() if one.handle]
        with Vertical(classes="box") as box:
            box.border_title = "New automation"
            box.border_subtitle = "Enter goes on, and makes it · Tab next · → completes · Esc leaves"
            with VerticalScroll(can_focus=False):
                yield from self._field("name", "handle", "", "morning-check")
                yield from self._field("session", "target", session or "", "whom it prompts", handles)
                yield from self._field("when", "schedule", "", FORMS)
                yield from self._field("zone", "zone", self._desk.zone(), "Europe/Berlin")
                yield from self._field("prompt", "prompt", "", "what it says each time")
                yield from self._field("only if", "guard", "", "nothing, git-changed, board-news, child-idle, or a command", GUARDS)
                yield from self._field("overlap", "overlap", "skip", "", CHOICES["overlap"])
                yield from self._field("if busy", "busy", "queue_one", "", CHOICES["busy"])
                yield from self._field("catch up", "catch_up", "latest_once", "", CHOICES["catch_up"])
            yield self._preview
            yield self._said

    def _field(self, label: str, name: str, value: str, hint: str, known: list[str] | tuple[str, ...] = ()) -> ComposeResult:
        suggester = SuggestFromList(known) if known else None
        with Horizontal():
            yield Static(label, classes="label")
            yield Input(value, id=name, compact=True, select_on_focus=False, placeholder=hint, suggester=suggester)

    def on_mount(self) -> None:
        self._look()

    def _value(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._say("")
        if event.input.id in ("schedule", "zone"):
            self._look(PAUSE_S)

    @work(group="look", exclusive=True)
    async def _look(self, pause: float = 0) -> None:
        await asyncio.sleep(pause)
        if not self.is_attached:  # left meanwhile
            return
        schedule, zone = self._value("schedule"), self._value("zone")
        if not schedule:
            self._preview.update(Content.styled("the next five runs stand here once `when` says when", "$text-muted"))
            return
        try:
            offer = await self._desk.preview_schedule(schedule, zone or None, SHOWN)
        except Exception as error:
            self._preview.update(Content.styled(one_line(reason_of(error), 400), "$text-warning"))
            return
        clock = ZoneInfo(offer.schedule.zone)
        times = [moment.astimezone(clock).strftime("%a %d %b %Y %H:%M %Z") for moment in offer.times]
        self._preview.update(Content.assemble(("next runs\n", "$text-muted"), "\n".join(times)))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the next field that is empty and has to be filled; with none it makes the automation."""
        event.stop()
        missing = next((name for name in ("handle", "target", "schedule", "prompt") if not self._value(name)), None)
        if missing is not None:
            self.query_one(f"#{missing}", Input).focus()
            return
        self._make()

    @work(group="make", exclusive=True)
    async def _make(self) -> None:
        from codex_desk.engine.automations import Add

        try:
            target = self._desk.resolve(self._value("target"), None)
            made = await self._desk.add_automation(
                Add(
                    self._value("handle"),
                    target.id,
                    self._value("schedule"),
                    self._value("prompt"),
                    self._value("zone") or self._desk.zone(),
                    guard=self._value("guard") or None,
                    overlap=self._value("overlap") or "skip",
                    busy=self._value("busy") or "queue_one",
                    catch_up=self._value("catch_up") or "latest_once",
                )
            )
        except Exception as error:
            self._say(reason_of(error))
            return
        self.dismiss(made)

    def _say(self, text: str) -> None:
        self._said.update(Content(visible(text)))
        self._said.display = bool(text)
