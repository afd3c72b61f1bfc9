"""The Textual application: starts the engine behind the first frame, and routes keys and messages to the screens."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.console import RenderableType
from textual import events, on, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.theme import Theme
from textual.types import CSSPathType

from codex_desk.engine.glance import glance
from codex_desk.text import visible
from codex_desk.tui import starting
from codex_desk.tui.bridge import Bridge, engine_opener
from codex_desk.tui.catalog import TABLE
from codex_desk.tui.messages import EngineFailed, EngineReady, Heard, Hearing, SettingsWritten, ThemeWanted
from codex_desk.tui.model.keymap import Keymap
from codex_desk.tui.presence import Presence
from codex_desk.tui.screens.first_run import FirstRun
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.settings.in_force import InForce
from codex_desk.tui.settings.preferences import Preferences, read_preferences
from codex_desk.tui.settings.wardrobe import Wardrobe
from codex_desk.tui.settings.watching import EVERY
from codex_desk.tui.terminal import driving as terminal
from codex_desk.tui.terminal.app import TerminalApp
from codex_desk.tui.terminal.manners import Manners
from codex_desk.tui.widgets.approval import ApprovalCard

TIDY_EVERY_S = 30.0
"""How often it is looked whether garbage is to be collected; that itself costs nothing."""


class DeskApp(TerminalApp, inherit_bindings=False):
    """Gives 0 when it was left."""

    TITLE = "codex-desk"
    CSS_PATH: ClassVar[CSSPathType | None] = ["app.tcss", "screens/main.tcss"]
    ENABLE_COMMAND_PALETTE = True
    PAUSE_GC_ON_SCROLL = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+p", "command_palette", "every command, by name", show=False, priority=True, id="palette"),
    ]

    def __init__(self, bridge: Bridge, folder: Path, preferences: Preferences, *, wanted: Path | None = None) -> None:
        """`folder`: where a new session is at home; `wanted`: the folder whose session was asked for, if one was."""
        super().__init__(driver_class=terminal.driver())
        self._wanted = wanted
        self.bridge = bridge
        self._folder = folder
        self._preferences = preferences
        self.wardrobe = Wardrobe(self, bridge.themes_folder, preferences.theme)
        self.in_force = InForce(self, bridge.home, preferences)
        self._leaving = False
        """From here on nothing is drawn: what the engine still tells is not shown."""
        self.presence = Presence(self, bridge)
        self._tidying = starting.Tidying()
        self.manners = Manners(self, bridge, bell=preferences.bell, plain=preferences.plain, place=folder.name)

    def exit(self, result: int | None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        self._leaving = True
        super().exit(result, return_code, message)

    def on_load(self) -> None:
        """What the first frame is made with. Set later, a theme would have every style sheet parsed and every widget styled a second time."""
        theme = self.wardrobe.first()
        if theme is not None:
            self.register_theme(theme)
            self.set_reactive(App.theme, theme.name)
            self.stylesheet.set_variables(self.get_css_variables())
            self.update_classes({f"-theme-{theme.name}": True, "-dark-mode": theme.dark, "-light-mode": not theme.dark}, update=False)
            self._refresh_truecolor_filter(self.ansi_theme)
        self.set_class(self._preferences.plain, "-plain", update=False)
        if self._preferences.plain:
            self.speak_plainly()

    def get_default_screen(self) -> Screen[object]:
        """The desk itself: another screen beneath it would be laid out and drawn as well."""
        return self._main_screen() if self.bridge.threads else super().get_default_screen()

    def on_mount(self) -> None:
        self.in_force.begin()
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
        self.wardrobe.read()
        self.warn("Theme", self.wardrobe.news())
        self.set_interval(EVERY, self.look_at_settings)
        self.set_interval(TIDY_EVERY_S, self._tidy)

    def _main_screen(self) -> MainScreen:
        wanted, self._wanted = self._wanted, None
        return MainScreen(self.bridge, self._folder, self.keymap, plain=self._preferences.plain, wanted=wanted)

    @on(terminal.Background)
    def _background_told(self, event: terminal.Background) -> None:
        self.wardrobe.background(event.light)

    def get_theme(self, theme_name: str) -> Theme | None:
        """As Textual's own, without a copy of all themes; it is asked for with every line that is drawn."""
        return self._registered_themes.get(theme_name)

    def say(self, text: str) -> None:
        """Tell the person something in passing, where they look."""
        if isinstance(self.screen, MainScreen):
            self.screen.panes.active.say(text)
        else:
            super().say(text)

    def warn(self, title: str, said: Iterable[str]) -> None:
        """Tell the person of something that is wrong with how the desk is set up."""
        for text in said:
            self.notify(visible(text), title=title, severity="warning", markup=False)

    # --- settings -----------------------------------------------------------------------------------------------------------------------------

    @property
    def keymap(self) -> Keymap:
        """The keys in force."""
        return self.in_force.keymap

    @on(ThemeWanted)
    @work(group="theme", exclusive=True)
    async def _theme_wanted(self, event: ThemeWanted) -> None:
        from codex_desk.tui.screens.theme import ThemePicker

        name = event.name or await self.push_screen_wait(ThemePicker(self.wardrobe))
        self.warn("Theme", self.wardrobe.news())
        if name is not None:
            await self.in_force.keep_theme(name)

    def look_at_settings(self) -> None:
        """Files that were changed while the desk is open."""
        if not self._leaving and self.in_force.look():
            self._read_settings()

    @on(SettingsWritten)
    @work(group="settings")
    async def _read_settings(self) -> None:
        await self.in_force.read()

    def _tidy(self) -> None:
        self._tidying.look(busy=any(thread.status in ("running", "waiting") for thread in self.bridge.threads))

    # --- keys ---------------------------------------------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Keys pass the leader before anything else sees them."""
        if self.presence.sign(event):
            self._tidying.key()
            if isinstance(self.screen, MainScreen):
                self.screen.paint_soon()
        if (
            isinstance(event, events.Key)
            and not event.is_forwarded
            and not self._leaving
            and isinstance(self.screen, MainScreen)
            and self.screen.take_key(event)
        ):
            return
        await super().on_event(event)

    # --- what the engine tells ----------------------------------------------------------------------------------------------------------------

    @on(EngineReady)
    async def _engine_ready(self) -> None:
        self._read_settings()
        for screen in self._live_screens():
            if isinstance(screen, MainScreen):
                await screen.engine_ready()
            elif isinstance(screen, FirstRun) and self.bridge.threads and not screen.beginning:
                self.switch_screen(self._main_screen())  # made elsewhere since the glance
        self.presence.begin()
        starting.end()

    @on(EngineFailed)
    def _engine_failed(self, event: EngineFailed) -> None:
        for screen in self._live_screens():
            if isinstance(screen, MainScreen | FirstRun):
                screen.engine_failed(event.reason)
        starting.end()

    @on(Heard)
    async def _heard(self, event: Heard) -> None:
        try:
            self.manners.heard(event.event)
            for screen in self._live_screens():
                if isinstance(screen, Hearing):
                    await screen.hear(event.event)
        finally:
            event.done()

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

    def action_help(self) -> None:
        """Help for what has the focus; once more leaves it."""
        from codex_desk.tui.screens.help import Help

        if isinstance(self.screen, Help):
            self.screen.dismiss(None)
        else:
            self.push_screen(Help(self.screen, TABLE.with_keys(self.keymap.keys), self.keymap))

    def action_command_palette(self) -> None:
        """What the table of commands offers here."""
        from codex_desk.tui.screens.palette import Entry, Palette, entries_of

        if isinstance(self.screen, Palette):
            return
        if isinstance(self.screen, MainScreen):
            self.push_screen(Palette(entries_of(self.screen)))
            return
        here = [
            Entry("Choose the theme", "theme", "the colours", "", partial(self.post_message, ThemeWanted(None))),
            Entry("Help", "help", "for what has the focus", "", self.action_help),
            Entry("Quit", "quit", "leave", "", partial(self.exit, 0)),
        ]
        self.push_screen(Palette(here))


def run(home: Path, directory: Path | None, plain: bool) -> int:
    """Open the desk at `home`. `directory`: where a new session is at home, and whose session is opened first. Gives the exit code."""
    folder = (directory or Path.cwd()).resolve()
    preferences = read_preferences(home, os.environ, plain=plain)
    bridge = Bridge(home, glance(home, folder if directory else None), engine_opener(home))
    return asyncio.run(_run(DeskApp(bridge, folder, preferences, wanted=folder if directory else None), mouse=preferences.mouse))


async def _run(app: DeskApp, *, mouse: bool) -> int:
    try:
        code = await app.run_async(mouse=mouse)
    finally:
        await app.presence.leave()
        await app.bridge.close()
    return code if code is not None else app.return_code or 0
