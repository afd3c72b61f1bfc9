"""Automations: what ran, what will run, and why something did not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from codex_desk.engine.automation_views import AutomationView, OccurrenceView
from codex_desk.engine.events import AutomationChanged, Event
from codex_desk.engine.views import ThreadView
from codex_desk.text import one_line, visible
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.failures import reason_of
from codex_desk.tui.model import automations as model
from codex_desk.tui.model import clock
from codex_desk.tui.model.columns import GAP
from codex_desk.tui.model.place import Place
from codex_desk.tui.model.words import fitted
from codex_desk.tui.screens.ask import Confirm
from codex_desk.tui.screens.automation_form import AutomationForm
from codex_desk.tui.screens.automation_week import Week
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.screens.reading import Reading
from codex_desk.tui.widgets.filter import Filter
from codex_desk.tui.widgets.rows import Row, RowList

RUNS = 300
"""Runs of an automation that are listed."""
WHO_RUNS = "With no desk open nothing runs, unless this machine calls `codex-desk tick`: codex-desk automation install --print"


class Automations(Dialog[Place]):
    """Every automation with its next and its last run. Gives the session to go to, if one was asked for."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    AUTO_FOCUS = "RowList"
    HELP = (
        "Schedules that prompt a session. Enter shows the runs of one, each with its outcome, and why it did not run. n makes one, r runs one now, p pauses "
        "or resumes it, x removes it. f shows its next five runs, c the coming week. t goes to its session. / filters. They run while a desk is open, or "
        "when this machine calls `codex-desk tick`."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", id="automations.filter"),
        Binding("n", "make", "new", id="automations.new"),
        Binding("r", "run", "run now", id="automations.run"),
        Binding("p", "pause", "pause, resume", id="automations.pause"),
        Binding("x", "remove", "remove", id="automations.remove"),
        Binding("f", "five", "next five", id="automations.five"),
        Binding("c", "week", "coming week", id="automations.week"),
        Binding("t", "go", "to its session", id="automations.go"),
    ]

    def __init__(self, desk: DeskDoor, thread: ThreadView | None = None) -> None:
        """`thread`: the session that a new one is for, unless another is named."""
        super().__init__()
        self._desk, self._thread = desk, thread
        self._filter = Filter((), placeholder="words: a name, a session, a state")
        self._head = Static(markup=False, classes="head")
        self._list = RowList()
        self._list.add_class("-close")
        self._about = Static(markup=False, classes="preview")
        self._said = Static(markup=False, classes="note")
        self._views: list[AutomationView] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="box -tall") as box:
            box.border_title = "Automations"
            box.border_subtitle = "Enter why not · n new · r run · p pause · f five · c week · Esc"
            yield self._filter
            yield self._head
            yield self._list
            yield self._about
            yield self._said

    def on_mount(self) -> None:
        self._note(WHO_RUNS)
        self._read()

    # --- reading and showing ------------------------------------------------------------------------------------------------------------------

    @work(group="read", exclusive=True)
    async def _read(self) -> None:
        self._views = await asyncio.to_thread(self._desk.automations)
        self._show()

    async def hear(self, event: Event) -> None:
        if isinstance(event, AutomationChanged):
            self.read_soon(self._read)

    def _passing(self) -> list[AutomationView]:
        words = [word.casefold() for word in self._filter.asked.words]
        return [
            view
            for view in self._views
            if all(word in f"{view.handle} {view.target} {view.state} {view.schedule} {view.last_outcome}".casefold() for word in words)
        ]

    def _show(self) -> None:
        rows = [Row(view.id, partial(self._line, view)) for view in self._passing()]
        empty = "nothing matches this filter" if self._filter.value.strip() else "no automations yet: n makes one"
        self._list.show(rows, empty=empty)
        self._draw_head()
        self._draw_about()

    def _line(self, view: AutomationView, width: int) -> Content:
        now = clock.now()
        cells = model.cells(view, now)
        parts = [
            (fitted(cells[name][0], size) + " " * GAP, cells[name][1]) for name, size in model.columns(self._views, now, width).items()
        ]
        return Content.assemble(*parts, (one_line(view.schedule, 120) if width >= model.WIDE else "", "$text-muted"))

    def _draw_head(self) -> None:
        width = self._list.scrollable_content_region.width
        widths = model.columns(self._views, clock.now(), width)
        words = "".join(fitted(model.TITLES[name], size) + " " * GAP for name, size in widths.items())
        self._head.update(Content(words + ("schedule" if widths and width >= model.WIDE else "")))

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw_head)

    def _draw_about(self) -> None:
        view = self._current
        self._about.set_class(view is None, "-none")
        if view is not None:
            prompt = one_line(view.prompt, 300)
            self._about.update(Content.assemble(prompt, *[("\n" + visible(line), "$text-muted") for line in model.about(view)]))

    def _note(self, words: str, *, bad: bool = False) -> None:
        self._said.set_class(bad, "warning")
        self._said.update(Content(one_line(words, 400)))

    # --- keys -------------------------------------------------------------------------------------------------------------------------------

    @property
    def _current(self) -> AutomationView | None:
        row = self._list.current
        return next((view for view in self._views if row is not None and view.id == row.key), None)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._show()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._list.focus()

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._draw_about()

    def action_filter(self) -> None:
        self._filter.focus()

    def action_go(self) -> None:
        if (view := self._current) is not None:
            self.dismiss(Place(view.target_id))

    @on(RowList.Picked)
    @work(group="ask", exclusive=True)
    async def _picked(self, event: RowList.Picked) -> None:
        view = self._current
        if view is not None and (place := await self.app.push_screen_wait(AutomationRuns(self._desk, view))) is not None:
            self.dismiss(place)

    @work(group="ask", exclusive=True)
    async def action_make(self) -> None:
        made = await self.app.push_screen_wait(AutomationForm(self._desk, self._thread))
        if made is not None:
            off = self._desk.guards_off(made.target_id) if made.guard else None
            self._note(f"{off}; until then it does not run" if off else f"{made.handle} is made", bad=off is not None)
            self._read()

    @work(group="do", exclusive=True)
    async def _carry_out(self, act: Callable[[str], Awaitable[object]], said: str) -> None:
        view = self._current
        if view is None:
            return
        try:
            await act(view.id)
        except Exception as error:
            self._note(reason_of(error), bad=True)
            return
        self._note(f"{view.handle} {said}")
        self._read()

    def action_run(self) -> None:
        self._carry_out(self._desk.run_automation, "runs now; Enter shows what becomes of it")

    def action_pause(self) -> None:
        view = self._current
        if view is not None and view.state == "active":
            self._carry_out(self._desk.pause_automation, "is paused; p resumes it")
        elif view is not None:
            self._carry_out(self._desk.resume_automation, "runs again from its next time on")

    @work(group="ask", exclusive=True)
    async def action_remove(self) -> None:
        view = self._current
        words = "Nothing more runs, and what waits is cancelled. What it ran stays on record. p only pauses it."
        if view is not None and await self.app.push_screen_wait(Confirm(f"Remove {view.handle}?", words, yes="remove it")):
            self._carry_out(self._desk.remove_automation, "is removed")

    @work(group="ask", exclusive=True)
    async def action_five(self) -> None:
        view = self._current
        if view is None:
            return
        try:
            times = await self._desk.upcoming(view.id, 5)
        except Exception as error:  # such as a zone that this machine does not know
            self._note(reason_of(error), bad=True)
            return
        lines = [model.told_day(moment, view.zone, clock.now()) for moment in times] or ["nothing more: it has ended"]
        title = f"Next runs of {view.handle}" + ("" if view.state == "active" else f" ({view.state})")
        await self.app.push_screen_wait(Reading(title, Content("\n".join([*lines, "", f"{one_line(view.schedule, 200)} in {view.zone}"]))))

    @work(group="ask", exclusive=True)
    async def action_week(self) -> None:
        place = await self.app.push_screen_wait(Week(self._desk))
        if place is not None:
            self.dismiss(place)


class AutomationRuns(Dialog[Place]):
    """The runs of an automation, the newest last, and why one did not run."""

    CSS_PATH: ClassVar = ["dialog.tcss", "record.tcss"]
    AUTO_FOCUS = "RowList"
    HELP = "Every planned run of an automation, the newest last, with its one outcome. Below the list stands why. Enter goes to the session of one that was sent."

    def __init__(self, desk: DeskDoor, view: AutomationView) -> None:
        super().__init__()
        self._desk, self._view = desk, view
        self._head = Static(markup=False, classes="head")
        self._list = RowList(follow=True, empty="no run was planned yet")
        self._list.add_class("-close")
        self._why = Static(markup=False, classes="preview")
        self._runs: list[OccurrenceView] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="box -tall") as box:
            title = f"Runs of {self._view.handle} · {one_line(self._view.schedule, 60)}"
            box.border_title = Content(title)  # type: ignore[assignment]  # Content is taken; a str is parsed as markup
            box.border_subtitle = "↑↓ why · Enter goes to its session · Esc closes"
            yield self._head
            yield self._list
            yield self._why

    def on_mount(self) -> None:
        self._read()

    @work(group="read", exclusive=True)
    async def _read(self) -> None:
        self._runs = await asyncio.to_thread(self._desk.occurrences, self._view.id, limit=RUNS)
        self._list.show([Row(str(run.id), partial(self._line, run)) for run in self._runs])
        self._draw()

    async def hear(self, event: Event) -> None:
        if isinstance(event, AutomationChanged) and event.automation_id == self._view.id:
            self.read_soon(self._read)

    def _line(self, run: OccurrenceView, width: int) -> Content:
        now = clock.now()
        cells = model.run_cells(run, now)
        widths = model.run_columns(self._runs, now, width)
        parts = [(fitted(cells[name][0], size) + " " * GAP, cells[name][1]) for name, size in widths.items()]
        return Content.assemble(*parts, (one_line(run.reason or "", 300), "$text-muted"))

    @property
    def _current(self) -> OccurrenceView | None:
        row = self._list.current
        return next((run for run in self._runs if row is not None and str(run.id) == row.key), None)

    @on(RowList.Moved)
    def _draw(self) -> None:
        widths = model.run_columns(self._runs, clock.now(), self._list.scrollable_content_region.width)
        words = "".join(fitted(model.RUN_TITLES[name], size) + " " * GAP for name, size in widths.items())
        self._head.update(Content(words + ("why" if widths else "")))
        run = self._current
        self._why.set_class(run is None, "-none")
        if run is not None:
            self._why.update(Content(visible(model.why(run, clock.now()))))

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    @on(RowList.Picked)
    def _picked(self, event: RowList.Picked) -> None:
        if (run := self._current) is not None and run.message is not None:
            self.dismiss(Place(self._view.target_id))
