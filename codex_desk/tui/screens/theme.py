"""Choose the colours: the theme under the cursor is worn at once, Enter keeps it, Escape puts the old one back on."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from textual import on
from textual.theme import Theme
from textual.widgets import OptionList

from codex_desk.tui.model.words import short_path
from codex_desk.tui.screens.pick import Picker, Row
from codex_desk.tui.settings.preferences import AUTO
from codex_desk.tui.settings.themes import shipped_folder
from codex_desk.tui.settings.wardrobe import Wardrobe


class ThemePicker(Picker):
    """Gives the name of the theme that was picked, or `auto`."""

    HELP = "The theme under the cursor is on the screen at once. Enter keeps it, Escape goes back to the one before; letters filter."

    def __init__(self, wardrobe: Wardrobe) -> None:
        wardrobe.read()
        self._wardrobe = wardrobe
        self._before = wardrobe.wanted
        note = f"Your own themes are files in {short_path(str(wardrobe.folder), Path.home())}"
        super().__init__("Theme", theme_rows(wardrobe), note=note, start=wardrobe.wanted or AUTO)

    @on(OptionList.OptionHighlighted)
    def _try_on(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_id is not None:
            self._wardrobe.wear(None if event.option_id == AUTO else event.option_id)

    def action_leave(self) -> None:
        self._wardrobe.choose(self._before)
        super().action_leave()


def theme_rows(wardrobe: Wardrobe) -> list[Row]:
    """The one for the terminal, the desk's own, the user's, those of the user's that cannot be used with the reason, and Textual's."""
    shipped = {file.stem for file in shipped_folder().glob("*.toml")}
    rows = [Row(AUTO, AUTO, f"as the terminal is, light or dark: {wardrobe.as_terminal}")]
    rows += _rows((theme for theme in wardrobe.own if theme.name in shipped), "the desk's")
    rows += _rows((theme for theme in wardrobe.own if theme.name not in shipped), "yours")
    rows += [Row(f"!{problem.file}", problem.file.name, refused=f"line {problem.line}: {problem.message}") for problem in wardrobe.problems]
    return [*rows, *_rows(wardrobe.others, "Textual's")]


def _rows(themes: Iterable[Theme], whose: str) -> Iterable[Row]:
    return map(partial(_row, whose=whose), themes)


def _row(theme: Theme, whose: str) -> Row:
    ground = "the terminal's own colours" if theme.ansi else "dark" if theme.dark else "light"
    return Row(theme.name, theme.name, f"{ground} · {whose}")
