"""The Textual application: starts the engine behind the first frame, and routes keys and messages to the screens."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.console import RenderableType
from textual import events, on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.theme import Theme
from textual.types import CSSPathType

from codex_desk.engine.glance import glance
from codex_desk.text import one_line, visible
from codex_desk.tui import starting, terminal, themes
from codex_desk.tui.bridge import Bridge, engine_opener
from codex_desk.tui.catalog import TABLE
from codex_desk.tui.grammar import Call
from codex_desk.tui.manners import Manners
from codex_desk.tui.messages import EngineFailed, EngineReady, Heard, Hearing
from codex_desk.tui.model.keys import EscapeFilter
from codex_desk.tui.preferences import Preferences, read_preferences
from codex_desk.tui.screens.first_run import FirstRun
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.widgets.approval import ApprovalCard


class DeskApp(App[int], inherit_bindings=False):
    """Gives 0 when it was left."""

    TITLE = "codex-desk"
    CSS_PATH: ClassVar[CSSPathType | None] = ["app.tcss", "screens/main.tcss"]
    ENABLE_COMMAND_PALETTE = True
    PAUSE_GC_ON_SCROLL = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+p", "command_palette", "palette", show=False, priority=True, id="palette"),
    ]

    def __init__(self, bridge: Bridge, folder: Path, preferences: Preferences, *, wanted: Path | None = None) -> None:
        """`folder`: where a new session is at home; `wanted`: the folder whose session was asked for, if one was."""
        super().__init__(driver_class=terminal.driver())
        self._wanted = wanted
        self._follows_terminal = preferences.theme is None
        """Whether the theme is ours to choose, light or dark as the terminal is."""
        self.bridge = bridge
        self._folder = folder
        self._preferences = preferences
        self._escapes = EscapeFilter()
        self._themes_registered = False
        self._leaving = False
        """From here on nothing is drawn: what the engine still tells is not shown."""
        self._manners = Manners(self, bell=preferences.bell)

    def exit(self, result: int | None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        self._leaving = True
        super().exit(result, return_code, message)

    def on_load(self) -> None:
        """What the first frame is made with. Set later, a theme would have every style sheet parsed and every widget styled a second time."""
        theme = self._first_theme()
        if theme is not None:
            self.register_theme(theme)
            self.set_reactive(App.theme, theme.name)
            self.stylesheet.set_variables(self.get_css_variables())
            self.update_classes({f"-theme-{theme.name}": True, "-dark-mode": theme.dark, "-light-mode": not theme.dark}, update=False)
            self._refresh_truecolor_filter(self.ansi_theme)
        self.set_class(self._preferences.plain, "-plain", update=False)

    def get_default_screen(self) -> Screen[object]:
        """The desk itself: another screen beneath it would be laid out and drawn as well."""
        return self._main_screen() if self.bridge.threads else super().get_default_screen()

    def on_mount(self) -> None:
        self.set_keymap(dict(self._preferences.keymap))
        if self._preferences.reduced_motion:
            self.animation_level = "none"
        self.app_resume_signal.subscribe(self, self._paint_anew)
        if not self.bridge.threads:
            self.push_screen(FirstRun(self.bridge, self._folder))
            self.call_after_refresh(self._shown)

    def _paint_anew(self, _: object) -> None:
        """Back from a suspension the terminal is blank, and Textual paints only what changes."""
        self.refresh(layout=True)

    @on(MainScreen.Painted)
    def _shown(self) -> None:
        """The first frame is there: now what nobody had to wait for."""
        self.bridge.start(self.post_message)
        self._register_themes()

    def _main_screen(self) -> MainScreen:
        wanted, self._wanted = self._wanted, None
        return MainScreen(self.bridge, self._folder, dict(self._preferences.keymap), plain=self._preferences.plain, wanted=wanted)

    @property
    def _default_theme(self) -> str:
        return themes.DEFAULT_LIGHT if terminal.told_light(os.environ) else themes.DEFAULT_DARK

    def _first_theme(self) -> Theme | None:
        """The theme that is wanted, else the default."""
        folder, wanted = self.bridge.themes_folder, self._preferences.theme or self._default_theme
        return themes.find_theme(wanted, folder) or self.get_theme(wanted) or themes.find_theme(self._default_theme, folder)

    def _register_themes(self) -> None:
        """Offer all themes, once, and say what is wrong with any."""
        if self._themes_registered:
            return
        self._themes_registered = True
        found, problems = themes.load_themes(self.bridge.themes_folder)
        for theme in found:
            self.register_theme(theme)
        wanted = self._preferences.theme
        if wanted and wanted not in self.available_themes:
            self._warn(f"there is no theme {wanted}; the default is used")
        for problem in problems:
            self._warn(str(problem))

    @on(terminal.Background)
    def _background_told(self, event: terminal.Background) -> None:
        """Follow the terminal, unless the person has chosen."""
        if self._follows_terminal and self.theme in (themes.DEFAULT_DARK, themes.DEFAULT_LIGHT):
            name = themes.DEFAULT_LIGHT if event.light else themes.DEFAULT_DARK
            if name not in self.available_themes:
                self._register_themes()  # the terminal told it before the first frame
            self.theme = name

    def get_theme(self, theme_name: str) -> Theme | None:
        """As Textual's own, without a copy of all themes; it is asked for with every line that is drawn."""
        return self._registered_themes.get(theme_name)

    def _warn(self, text: str) -> None:
        self.notify(visible(text), title="Theme", severity="warning", markup=False)

    # --- keys ---------------------------------------------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Keys pass the escape filter and the leader before anything else sees them."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        verdict = self._escapes.key(event.key, event.character, time.monotonic())
        if verdict.escape_first:
            await self._key(events.Key("escape", "\x1b"))
        if verdict.hold:
            self.set_timer(EscapeFilter.WAIT, self._escape_stands)
        elif verdict.deliver:
            await self._key(event)

    async def _escape_stands(self) -> None:
        if self._escapes.silence():
            await self._key(events.Key("escape", "\x1b"))

    async def _key(self, event: events.Key) -> None:
        if isinstance(self.screen, MainScreen) and self.screen.take_key(event):
            return
        await super().on_event(event)

    # --- what the engine tells ----------------------------------------------------------------------------------------------------------------

    @on(EngineReady)
    async def _engine_ready(self) -> None:
        for screen in self._live_screens():
            if isinstance(screen, MainScreen):
                await screen.engine_ready()
            elif isinstance(screen, FirstRun) and self.bridge.threads:
                self.switch_screen(self._main_screen())  # made elsewhere since the glance
        starting.end()

    @on(EngineFailed)
    def _engine_failed(self, event: EngineFailed) -> None:
        for screen in self._live_screens():
            if isinstance(screen, MainScreen | FirstRun):
                screen.engine_failed(event.reason)
        starting.end()

    @on(Heard)
    async def _heard(self, event: Heard) -> None:
        self._manners.heard(event.event, self.bridge)
        for screen in self._live_screens():
            if isinstance(screen, Hearing):
                await screen.hear(event.event)

    def _live_screens(self) -> Sequence[Screen[object]]:
        return () if self._leaving else tuple(self.screen_stack)

    @on(ApprovalCard.Answered)
    def _answered(self, event: ApprovalCard.Answered) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, MainScreen):
                screen.answer(event)

    @on(FirstRun.Made)
    def _made(self, event: FirstRun.Made) -> None:
        self.bridge.open_first(event.thread.id)
        self.switch_screen(self._main_screen())

    # --- commands -----------------------------------------------------------------------------------------------------------------------------

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: what the table of commands offers."""
        if not isinstance(screen, MainScreen):
            yield SystemCommand("Quit", "leave", partial(self.exit, 0))
            return
        for command in TABLE:
            if command.palette:
                key = f"   ^x {command.key}" if command.key else ""
                run = partial(screen.run_command, command, Call())
                yield SystemCommand(command.palette, one_line(f"{command.help}{key}"), run)


def run(home: Path, directory: Path | None, plain: bool) -> int:
    """Open the desk at `home`. `directory`: where a new session is at home, and whose session is opened first. Gives the exit code."""
    folder = (directory or Path.cwd()).resolve()
    preferences = read_preferences(home, plain=plain)
    bridge = Bridge(home, glance(home, folder if directory else None), engine_opener(home))
    return asyncio.run(_run(DeskApp(bridge, folder, preferences, wanted=folder if directory else None), mouse=preferences.mouse))


async def _run(app: DeskApp, *, mouse: bool) -> int:
    try:
        code = await app.run_async(mouse=mouse)
    finally:
        await app.bridge.close()
    return code if code is not None else app.return_code or 0
