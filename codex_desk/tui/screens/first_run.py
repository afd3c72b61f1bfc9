"""The page for a desk that holds nothing yet: where answers can come from, what is here, and a composer that makes the first session."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from codex_desk.engine.errors import Refusal
from codex_desk.engine.views import ThreadView
from codex_desk.text import one_line, visible
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.failures import reason_of
from codex_desk.tui.found import Found, Source, handle_for, look_around
from codex_desk.tui.hints import key_of
from codex_desk.tui.messages import CommandWanted
from codex_desk.tui.model import adopting, clock
from codex_desk.tui.model.adopting import Choice
from codex_desk.tui.model.completion import Known
from codex_desk.tui.model.composer import Queue, Quit, Run, Send, Shell
from codex_desk.tui.model.words import age, fitted, short_path
from codex_desk.tui.widgets.composer import Composer
from codex_desk.tui.widgets.document import Document
from codex_desk.tui.widgets.drawn import Drawn
from codex_desk.tui.widgets.facts import fact
from codex_desk.tui.widgets.popup import Sources
from codex_desk.tui.widgets.rows import Row, RowList
from codex_desk.tui.widgets.writing import Writing

TINY_ROWS = 15
"""Below these there is room for the composer alone."""
LOW_ROWS = 30
"""Below these there is no room for the sketch of a desk."""
TRIES = 9
"""Handles tried when the folder's name is taken by an archived session."""
PATIENCE_S = 2.0
"""How long a first prompt waits for the look around to end."""
NEWEST = 4
"""Of Codex's sessions that are shown here; the others are behind the last row."""
ALL = "all of Codex's sessions"
"""That row's key."""
LABEL = 18
"""Cells of the left column."""


class FirstRun(Screen[None]):
    CSS_PATH = "first_run.tcss"
    AUTO_FOCUS = "Composer"
    HELP = "Nothing is here yet. The first Enter makes a session in this folder and sends it what you wrote."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+x", "later", "everything else: a panel shows what can follow", show=False, priority=True, id="leader"),
        Binding("f6", "other_half", "to the next region", show=False, priority=True, id="region.next"),
        Binding("f1", "app.help", "help for what has the focus", show=False, priority=True, id="help"),
        Binding("ctrl+z", "app.suspend_process", "suspend the desk; fg brings it back", show=False, priority=True, id="suspend"),
    ]

    class Made(Message):
        """The first session is there."""

        def __init__(self, thread: ThreadView) -> None:
            super().__init__()
            self.thread = thread

    def __init__(self, bridge: Bridge, folder: Path) -> None:
        super().__init__()
        self.beginning = False
        """Whether a first prompt is on its way: until it is sent, this screen has to stay."""
        self._bridge = bridge
        self._folder = folder
        self._looked = asyncio.Event()
        self._sources: Sequence[Source] = ()
        self._has_codex = False
        self._facts: dict[str, str] = {}
        self._list = RowList()
        self._codex = RowList()
        self._choices: dict[str, Choice] = {}
        """The newest of Codex's sessions, by row."""
        self._counted = ""
        self._found = Drawn()

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="page", can_focus=False):
            yield Static(_title())
            yield Static(_sketch(), id="sketch")
            yield Static(id="from", markup=False)
            yield self._list
            yield Static(id="missing", markup=False)
            yield self._found
            yield Static(id="theirs", markup=False)
            yield self._codex
            yield Static(id="keys", markup=False)
        with Vertical(id="first"):
            here = one_line(short_path(str(self._folder), Path.home()))
            yield Static(
                Content.assemble("Your first session, ", (handle_for(self._folder), "bold"), ", at home in ", (here, "bold")), markup=False
            )
            yield Writing(Sources([Known("quit", "leave")]))

    def on_mount(self) -> None:
        self._composer.placeholder = "What shall it do?"
        self.query_one("#from", Static).update(Content.styled("Looking around …", "$text-muted"))
        self.query_one("#missing").display = self._list.display = False
        self.query_one("#theirs").display = self._codex.display = False
        self._draw_keys()
        self._look()
        self._find_tier()
        self._look_in_codex()

    def on_resize(self) -> None:
        self.set_class(self.size.height < TINY_ROWS, "-tiny")
        self.set_class(self.size.height < LOW_ROWS, "-low")
        if self._counted:
            self._fit_codex()

    def engine_failed(self, reason: str) -> None:
        self._writing.say(reason, "error")

    @property
    def _writing(self) -> Writing:
        return self.query_one(Writing)

    @property
    def _composer(self) -> Composer:
        return self.query_one(Composer)

    # --- what is here -----------------------------------------------------------------------------------------------------------------------

    @work(group="look", exclusive=True)
    async def _look(self) -> None:
        try:
            found = await asyncio.to_thread(look_around, self._bridge.home, os.environ, self._folder)
        except Exception as error:
            self.query_one("#from", Static).update(Content.styled(visible(reason_of(error)), "$text-error"))
            return
        finally:
            self._looked.set()
        self._show(found)

    def _show(self, found: Found) -> None:
        self._sources, self._has_codex = found.sources, found.codex
        self._draw_from()
        self._list.styles.height = len(found.sources)
        self._list.display = True
        self._list.show([Row(source.id, partial(self._line, source)) for source in found.sources])
        missing = self.query_one("#missing", Static)
        missing.display = bool(found.missing)
        missing.update(Content.styled(f"A model: {found.missing}, or codex-desk provider add URL --model M", "$text-muted"))
        self._facts |= dict(found.facts)
        self._draw_facts()

    @work(group="tier", exclusive=True)
    async def _find_tier(self) -> None:
        try:
            tier = await self._bridge.find_tier()
        except Exception as error:
            reason_of(error)  # said by `engine_failed`
            return
        held = "none holds on this machine: every command asks you first" if tier == "none" else f"{tier} holds every command"
        self._facts["sandbox"] = held
        if self._sources:
            self._draw_facts()

    @work(group="codex", exclusive=True)
    async def _look_in_codex(self) -> None:
        """What the user has in Codex, where there is one and something in it."""
        await self._looked.wait()
        if not self._has_codex:
            return  # why not stands on the page
        try:
            desk = await self._bridge.ready()
            found = await desk.adoptable()
            choices = await asyncio.to_thread(adopting.choices, (), found)
        except Exception as error:
            self._facts["Codex's sessions"] = reason_of(error)
            self._draw_facts()
            return
        if choices:
            self._show_codex(choices)

    def _show_codex(self, choices: Sequence[Choice]) -> None:
        self._facts.pop("Codex's sessions", None)
        self._draw_facts()
        newest = sorted((each for each in choices if each.can_be_taken), key=lambda each: each.at, reverse=True)[:NEWEST]
        self._choices = {each.key: each for each in newest}
        self._counted = adopting.counted(choices)
        theirs = self.query_one("#theirs", Static)
        theirs.display = self._codex.display = True
        key = key_of(self.app, FirstRun, "region.next")
        theirs.update(
            Content.assemble(("Your sessions in Codex", "bold"), (f"   {key} goes there, Enter takes one onto the desk", "$text-muted"))
        )
        self._fit_codex()

    def _fit_codex(self) -> None:
        """As many rows as there is room for; the one for all of them always."""
        newest = () if self.size.height < LOW_ROWS else tuple(self._choices.values())
        words = f"all of them, by project: {self._counted}"
        every = Row(ALL, lambda _: Content.styled(words, "$text-muted"))
        self._codex.styles.height = len(newest) + 1
        self._codex.show([*(Row(each.key, partial(_session_line, each)) for each in newest), every])

    @work(group="take", exclusive=True)
    async def _take(self, key: str) -> None:
        """Bring sessions of Codex's: the one that was picked, or those that are marked in the list of all."""
        desk = await self._bridge.ready()
        if key == ALL:
            from codex_desk.tui.screens.adopt import Sessions

            thread_id = await self.app.push_screen_wait(Sessions(desk, (), "take"))
        else:
            from codex_desk.tui.screens.naming import Naming

            wanted = [self._choices[key]]
            taken = adopting.handles_of(await asyncio.to_thread(partial(desk.threads, everything=True)))
            brought = await self.app.push_screen_wait(Naming(desk, wanted, adopting.proposed(wanted, taken), taken))
            thread_id = brought[0].id if brought else None
        if thread_id is not None:
            self.app.post_message(self.Made(desk.thread(thread_id)))

    def _draw_from(self) -> None:
        key = key_of(self.app, FirstRun, "region.next")
        change = f"   {key} changes it" if len(self._sources) > 1 and key else ""
        self.query_one("#from", Static).update(Content.assemble(("Answers come from", "bold"), (change, "$text-muted")))

    def _line(self, source: Source, width: int) -> Content:
        mark = "● " if source is self._chosen else "○ "
        return Content.assemble(mark, (fitted(one_line(source.name, 40), LABEL), "bold"), (f"  {source.words}", "$text-muted"))

    def _draw_facts(self) -> None:
        self._found.draw(Document([fact(f"{label:<{LABEL + 2}}  ", words) for label, words in self._facts.items()]))

    def _draw_keys(self) -> None:
        keys = (
            (key_of(self.app, Composer, "composer.send"), "sends"),
            (key_of(self.app, FirstRun, "leader"), "and a letter: everything else"),
            (key_of(self.app, FirstRun, "help"), "help"),
        )
        said = [Content.assemble((key, "bold $text-accent"), f" {words}") for key, words in keys if key]
        self.query_one("#keys", Static).update(Content("   ").join(said))

    @property
    def _chosen(self) -> Source | None:
        """Where the first session's answers will come from."""
        row = self._list.current
        return next((source for source in self._sources if row is not None and source.id == row.key), None)

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._list.redraw()

    @on(RowList.Picked)
    def _picked(self, event: RowList.Picked) -> None:
        if event.row.key == ALL or event.row.key in self._choices:
            self._take(event.row.key)
        else:
            self._composer.focus()

    def action_other_half(self) -> None:
        lists = ((self._list, len(self._sources) > 1), (self._codex, self._codex.display))
        regions = [self._composer, *(each for each, worth in lists if worth)]
        here = next((index for index, each in enumerate(regions) if each is self.focused), 0)
        self.set_focus(regions[(here + 1) % len(regions)])  # at once: the key may come twice

    def action_later(self) -> None:
        self._writing.say(f"{key_of(self.app, FirstRun, 'leader')} works from the first session on")

    # --- the first session ------------------------------------------------------------------------------------------------------------------

    @on(Composer.Decided)
    def _decided(self, event: Composer.Decided) -> None:
        match event.outcome:
            case Send(text) | Queue(text):
                self._begin(text)
            case Run("/quit") | Quit():
                self.app.exit(0)
            case Run(line) | Shell(line):
                self._composer.put_back(line if line.startswith("/") else f"!{line}")
                self._writing.say("commands come with the first session: write a prompt and press Enter", "error")

    @on(CommandWanted)
    def _command(self, event: CommandWanted) -> None:
        if event.line == "/quit":
            self.app.exit(0)

    @work(group="begin", exclusive=True)
    async def _begin(self, text: str) -> None:
        writing = self._writing
        self.beginning = True
        if self._bridge.desk is None and self._bridge.failure is None:
            writing.say("waits for the engine to open; nothing is lost")
        try:
            thread = await self._new()
            from codex_desk.engine.mailbox import Send as SendMessage

            await self._bridge.do(SendMessage(thread.id, text))
        except Exception as error:
            writing.composer.put_back(text)
            writing.say(reason_of(error), "error")
            self.beginning = False
            return
        self.app.post_message(self.Made(thread))

    async def _new(self) -> ThreadView:
        await self._bridge.ready()
        runtime = await self._runtime()
        from codex_desk.engine.sessions import New

        handle = handle_for(self._folder)
        for number in range(2, TRIES + 1):
            try:
                return await self._bridge.do(New(handle, self._folder, runtime=runtime))
            except Refusal as refusal:
                if refusal.code != "handle_taken":
                    raise
                handle = f"{handle_for(self._folder)[:37]}-{number}"
        raise Refusal(
            "handle_taken", f"the handles {handle_for(self._folder)} to {handle} are all taken: codex-desk new HANDLE makes another"
        )

    async def _runtime(self) -> str | None:
        """What runs the first session; None leaves it to the settings. A server that was found is kept in them first."""
        try:
            await asyncio.wait_for(self._looked.wait(), PATIENCE_S)
        except TimeoutError:
            return None
        source = self._chosen
        if source is None or (source is self._sources[0] and source.provider is None):
            return None
        if source.provider is not None:
            from codex_desk.config import add_provider

            await asyncio.to_thread(add_provider, self._bridge.home, *source.provider, model=source.model)
        return source.runtime


def _session_line(choice: Choice, width: int) -> Content:
    old = age(choice.at, clock.now())
    lead = f"{fitted(choice.handle, LABEL + 2)}  "
    room = max(0, width - LABEL - 4 - 6)
    place = Path(choice.project).name or choice.project
    return Content.assemble((lead, "bold"), (fitted(f"{place} · {choice.title}", room), "$text-muted"), (f" {old:>5}", "$text-muted"))


def _title() -> Content:
    name = Content.styled("codex-desk", "bold $text-primary")
    return Content.assemble(name, "\n", ("Long-lived sessions, at home in their folders, that work for one another.", "$text-muted"))


def _sketch() -> Content:
    """A desk in three lines: what its users will see at the left."""
    rows = (
        ("", "operator", "you talk to it, or to any of the others"),
        ("├─⇄ ", "reviewer", "attached: works for operator when it is asked"),
        ("└─⇄ ", "implementor", "has its own folder, instructions and history"),
    )
    return Content("\n").join(
        Content.assemble((guide, "$text-muted"), (name, "bold"), (f"{'':<{LABEL + 4 - len(guide) - len(name)}}{words}", "$text-muted"))
        for guide, name, words in rows
    )
