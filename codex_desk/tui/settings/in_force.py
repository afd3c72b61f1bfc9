"""The settings that the screen itself goes by: theme, keys, mouse, bell and motion; taken over from the files as they change."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from textual import constants

from codex_desk.tui.failures import reason_of
from codex_desk.tui.model.keymap import Keymap
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.settings.preferences import AUTO, Preferences
from codex_desk.tui.settings.watching import Found, SettingsWatch
from codex_desk.tui.terminal import driving as terminal

if TYPE_CHECKING:
    from codex_desk.tui.app import DeskApp


class InForce:
    """Applies them to one application."""

    def __init__(self, app: DeskApp, home: Path, preferences: Preferences) -> None:
        """`preferences`: what the first frame is made with."""
        self._app = app
        self._home = home
        self._first = preferences
        self._on_file: Preferences | None = None
        """What the files said when they were last read."""
        self._watch = SettingsWatch(home, os.environ, plain=preferences.plain)
        self._reading = asyncio.Lock()
        self.keymap = _keymap(preferences)
        """The keys."""

    @property
    def settled(self) -> bool:
        """Whether the files have been read, and are what they were then."""
        return self._on_file is not None and not self._reading.locked() and not self._watch.changed()

    def begin(self) -> None:
        """What is in force from the first frame on."""
        self._app.set_keymap(self.keymap.overrides)
        self._move_by_itself(self._first)

    def look(self) -> bool:
        """Whether there is something to read: asked every two seconds, and costs two looks at files."""
        return self._app.app_focus and self._watch.changed()

    async def read(self) -> None:
        """Take in what the files say by now. What is wrong with them at the start is said in the pane."""
        async with self._reading:
            first, found = self._watch.untold, await asyncio.to_thread(self._watch.read)
            self._app.warn("Settings", self._watch.news(found, keys_only=first))
            before = self._on_file or (None if first and self._watch.as_begun else self._first)
            self._on_file = found.preferences or before or self._first
            if before is not None and found.preferences is not None:
                self._use(before, found.preferences, found)

    async def keep_theme(self, name: str) -> None:
        """Put a theme on, or with `auto` the one for the terminal, and write it into the settings."""
        self._app.wardrobe.choose(None if name == AUTO else name)
        try:
            said = await asyncio.to_thread(self._save, "tui.theme", name)
        except Exception as error:
            said = f"the theme is on, but could not be kept: {reason_of(error)}"
        await self.read()
        if said != f"tui.theme is {name}":
            self._app.warn("Theme", [said])

    def _save(self, key: str, value: str) -> str:
        from codex_desk.tui.settings.saving import save

        return save(self._home, key, value)

    def _use(self, before: Preferences, wanted: Preferences, found: Found) -> None:
        """Take over what differs."""
        app = self._app
        if wanted.theme != before.theme:
            app.wardrobe.choose(wanted.theme)
            app.warn("Theme", app.wardrobe.news())
        if wanted.keymap != before.keymap:
            self.keymap = found.keymap
            app.set_keymap(self.keymap.overrides)
            for screen in app.screen_stack:
                if isinstance(screen, MainScreen):
                    screen.use_keymap(self.keymap)
        if wanted.mouse != before.mouse:
            self._take_mouse(wanted.mouse)
        self._move_by_itself(wanted)
        app.manners.bell = wanted.bell

    def _take_mouse(self, taken: bool) -> None:
        driver = self._app._driver  # Textual has no public way to what writes to the terminal
        if isinstance(driver, terminal.DeskDriver):
            driver.use_mouse(taken)

    def _move_by_itself(self, preferences: Preferences) -> None:
        """Nothing moves for those who asked for less motion, or for no colour."""
        still = preferences.reduced_motion or os.environ.get("NO_COLOR")
        self._app.animation_level = "none" if still else constants.TEXTUAL_ANIMATIONS


def _keymap(preferences: Preferences) -> Keymap:
    """The keys in force; only a keymap has all of them looked through."""
    if not preferences.keymap:
        return Keymap()
    from codex_desk.tui.settings.bindings import keymap_for

    return keymap_for(preferences.keymap)
