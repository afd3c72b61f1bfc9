"""Themes from TOML files: those that are shipped, and the user's own.

A file is one table with the fields of `textual.theme.Theme` and a table `[variables]`. What is wrong with a file is a problem with its name and line, and
leaves the other themes, a shipped one of the same name included, as they are.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path

from textual.color import Color, ColorParseError
from textual.theme import Theme

from codex_desk.files import FileRefused, read_regular
from codex_desk.frozen import frozen
from codex_desk.text import one_line
from codex_desk.tui.settings.preferences import AUTO

DEFAULT_DARK = "desk-dark"
DEFAULT_LIGHT = "desk-light"
OWN_COLOURS = "desk-terminal"
"""The theme for a terminal that has no more than its own 16 colours."""

_PACKAGE = Path(__file__).parents[2]
COLOURS = ("primary", "secondary", "warning", "error", "success", "accent", "foreground", "background", "surface", "panel", "boost")
FIELDS = frozenset(field.name for field in fields(Theme))
STYLE_WORDS = frozenset({"none", "not", "bold", "dim", "italic", "underline", "underline2", "strike", "reverse", "blink"})
ANSI_VARIABLES = {"ansi-background": "ansi_default", "ansi-foreground": "ansi_default"}
"""What Textual's own style sheets want of a theme with the terminal's colours, and does not make by itself (8.2.8)."""
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
LARGEST_FILE = 64 * 1024
"""Bytes."""


@frozen
class ThemeProblem:
    """Why a theme file is not used. `line` counts from 1; 1 where the problem is with the file as a whole."""

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file.parent.name}/{self.file.name} line {self.line}: {self.message}"


class _Wrong(Exception):
    """What is wrong with a theme, and the key that it is wrong with."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def shipped_folder() -> Path:
    """The themes of this installation: beside the package's modules in a wheel, at the top of a checkout."""
    installed = _PACKAGE / "themes"
    return installed if installed.is_dir() else _PACKAGE.parent / "themes"


def load_themes(user_folder: Path) -> tuple[list[Theme], list[ThemeProblem]]:
    """All usable themes, a user's own in place of a shipped one of its name, and what is wrong with the others. A missing folder is no problem."""
    themes: dict[str, Theme] = {}
    problems: list[ThemeProblem] = []
    for folder in (shipped_folder(), user_folder):
        files: dict[str, Path] = {}
        for file in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            match read_theme(file):
                case Theme(name=name) if name in files:
                    problems.append(ThemeProblem(file, 1, f'name = "{name}" is the name of {files[name].name}, which is used'))
                case Theme() as theme:
                    themes[theme.name], files[theme.name] = theme, file
                case ThemeProblem() as problem:
                    problems.append(problem)
    return list(themes.values()), problems


def find_theme(name: str, user_folder: Path) -> Theme | None:
    """The usable theme of a name, as `load_themes` would give it. A shipped one is in the file of its name: where the user has none, no other is read."""
    if NAME.fullmatch(name) and not (user_folder.is_dir() and any(user_folder.glob("*.toml"))):
        file = shipped_folder() / f"{name}.toml"
        found = read_theme(file) if file.is_file() else None
        return found if isinstance(found, Theme) else None
    return next((theme for theme in load_themes(user_folder)[0] if theme.name == name), None)


def read_theme(file: Path) -> Theme | ThemeProblem:
    """The theme in a file, or what is wrong with it."""
    try:
        data = read_regular(file, LARGEST_FILE + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        return ThemeProblem(file, 1, f"cannot be read: {error.strerror or error}")
    except FileRefused as refusal:
        return ThemeProblem(file, 1, str(refusal))
    except UnicodeDecodeError as error:
        return ThemeProblem(file, error.object[: error.start].count(b"\n") + 1, "not UTF-8")
    if len(data) > LARGEST_FILE:
        return ThemeProblem(file, 1, f"larger than {LARGEST_FILE // 1024} KB")
    try:
        return _theme(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        return ThemeProblem(file, _line_of_error(error, text), str(error))
    except _Wrong as wrong:
        return ThemeProblem(file, _line_of_key(wrong.key, text), str(wrong))


def _theme(data: Mapping[str, object]) -> Theme:
    for key in data:
        if key not in FIELDS:
            raise _Wrong(key, f"{_said(key)} is no field of a theme{_near(key, FIELDS)}")
    for key in ("name", "primary"):
        if not isinstance(data.get(key), str):
            raise _Wrong(key, f"{key} is missing" if key not in data else f"{key} must be a string")
    name = str(data["name"])
    if not NAME.fullmatch(name) or name == AUTO:
        raise _Wrong("name", f'name = "{_said(name)}" is no name: small letters, digits and hyphens, at most 40, and not {AUTO}')
    for key in COLOURS:
        if key in data:
            _check_colour(key, data[key])
    for key in ("dark", "ansi"):
        if not isinstance(data.get(key, False), bool):
            raise _Wrong(key, f"{key} must be true or false")
    for key in ("luminosity_spread", "text_alpha"):
        if not isinstance(data.get(key, 0.0), float | int):
            raise _Wrong(key, f"{key} must be a number")
    variables = _variables(data.get("variables", {}))
    if data.get("ansi"):
        variables = ANSI_VARIABLES | variables
    theme = Theme(**{**data, "variables": variables})  # pyright: ignore[reportArgumentType]  # checked above
    try:
        theme.to_color_system().generate()
    except (ColorParseError, ValueError, TypeError) as error:
        raise _Wrong("name", f"makes no colours: {error}") from error
    return theme


def _variables(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise _Wrong("variables", "variables must be a table")
    for key, setting in value.items():
        if not isinstance(setting, str):
            raise _Wrong(key, f"{_said(key)} must be a string")
        if not key.endswith(("-style", "-style-hover")):
            _check_colour(key, setting)
        elif not STYLE_WORDS.issuperset(setting.split()):
            raise _Wrong(key, f"{_said(key)} = {_said(setting)} is no text style: of {', '.join(sorted(STYLE_WORDS))}")
    return {str(key): str(setting) for key, setting in value.items()}


def _check_colour(key: str, value: object) -> None:
    """Raises where a value is no colour, with an opacity after it or not (`#fff`, `auto 60%`, `ansi_red`)."""
    if not isinstance(value, str):
        raise _Wrong(key, f"{_said(key)} must be a string")
    colour, _, opacity = value.partition(" ")
    try:
        if opacity and not re.fullmatch(r"\d{1,3}%", opacity):
            raise ValueError(opacity)
        if colour != "auto":
            Color.parse(colour)
    except (ColorParseError, ValueError):
        raise _Wrong(key, f'{_said(key)} = "{_said(value)}" is no colour') from None


def _said(text: str) -> str:
    return one_line(text, 60)


def _near(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _line_of_error(error: tomllib.TOMLDecodeError, text: str) -> int:
    """Python 3.11 tells the line in the message alone; at the end of a document it does not."""
    match = re.search(r"line (\d+)", str(error))
    return int(match[1]) if match else text.count("\n") + 1


def _line_of_key(key: str, text: str) -> int:
    pattern = re.compile(rf"""\s*(?:\[\s*)?["']?{re.escape(key)}["']?\s*(?:=|\])""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 1)
