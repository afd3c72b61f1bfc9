"""The theme that the screen wears: chosen, light or dark as the terminal is, tried on; and what is wrong with any."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual.theme import BUILTIN_THEMES, Theme

from codex_desk.tui.settings import themes
from codex_desk.tui.settings.themes import ThemeProblem
from codex_desk.tui.terminal import driving as terminal

if TYPE_CHECKING:
    from codex_desk.tui.terminal.app import TerminalApp


class Wardrobe:
    """One application's themes. A theme has a name; None stands for the one that is light or dark as the terminal is."""

    def __init__(self, app: TerminalApp, folder: Path, wanted: str | None) -> None:
        """`folder`: the user's own themes; `wanted`: the theme that the settings name."""
        self._app = app
        self.folder = folder
        self.wanted = wanted
        self._light = terminal.told_light(os.environ)
        self._own: dict[str, Theme] = {}
        """Those out of files, by name."""
        self._problems: Sequence[ThemeProblem] = ()
        self._told: set[str] = set()

    @property
    def as_terminal(self) -> str:
        """The theme for the terminal: of its own colours where it has few, else for its background, as far as that is known."""
        if self._app.own_colours:
            return themes.OWN_COLOURS
        return themes.DEFAULT_LIGHT if self._light else themes.DEFAULT_DARK

    @property
    def own(self) -> Sequence[Theme]:
        """The desk's themes and the user's, as last read."""
        return tuple(self._own.values())

    @property
    def others(self) -> Sequence[Theme]:
        """Those that come with Textual."""
        return tuple(theme for name, theme in BUILTIN_THEMES.items() if name not in self._own)

    @property
    def problems(self) -> Sequence[ThemeProblem]:
        """What is wrong with the user's files, as last read."""
        return self._problems

    def first(self) -> Theme | None:
        """The theme of the first frame: the one that is wanted, else the default. No more files are read than it takes."""
        wanted = self.wanted or self.as_terminal
        found = themes.find_theme(wanted, self.folder) or self._app.get_theme(wanted)
        return found if found is not None and self._can_show(found) else themes.find_theme(self.as_terminal, self.folder)

    def _can_show(self, theme: Theme) -> bool:
        return theme.ansi or not self._app.own_colours

    def read(self) -> None:
        """Read all files, so that what has changed in them counts."""
        found, self._problems = themes.load_themes(self.folder)
        worn = self._app.get_theme(self._app.theme)
        for name in self._own.keys() - {theme.name for theme in found} - {self._app.theme}:
            self._app.unregister_theme(name)
        self._own = {theme.name: theme for theme in found}
        for theme in found:
            self._app.register_theme(theme)
        if worn is not None and self._app.get_theme(worn.name) != worn:
            self._app.mutate_reactive(type(self._app).theme)  # the same name, other colours

    def news(self) -> Sequence[str]:
        """What is wrong and has not been told yet: with a file, or that the theme which is wanted is not there."""
        said = [str(problem) for problem in self._problems]
        if self.wanted and self._app.get_theme(self.wanted) is None:
            said.append(f"there is no theme {self.wanted}; {self.as_terminal} is used")
        elif self.wanted and not self._app.no_color and not self._can_show(self._app.available_themes[self.wanted]):
            said.append(f"this terminal has 16 colours, too few for {self.wanted}; {self.as_terminal} is used")
        fresh = [each for each in said if each not in self._told]
        self._told.update(fresh)
        return fresh

    def wear(self, name: str | None) -> bool:
        """Put a theme on; whether it is there."""
        name = name or self.as_terminal
        if self._app.get_theme(name) is None and not self._own:
            self.read()
        theme = self._app.get_theme(name)
        if theme is None:
            return False
        self._app.theme = name if self._can_show(theme) else self.as_terminal
        return True

    def choose(self, name: str | None) -> None:
        """What the settings name from now on. One that is not there leaves the theme for the terminal, and is news."""
        self.wanted = name
        if not self.wear(name):
            self.wear(None)

    def background(self, light: bool) -> None:
        """The terminal told its background: followed, unless the person has chosen."""
        self._light = light
        if self.wanted is None and self._app.theme in (themes.DEFAULT_DARK, themes.DEFAULT_LIGHT):
            self.wear(None)
