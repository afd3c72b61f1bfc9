"""What the first frame has to know of the settings, read before the engine: theme, mouse, keys.

The full settings are read by the engine, which also reports what is wrong with them; here a file that cannot be used counts as empty.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from codex_desk.files import FileRefused, read_regular
from codex_desk.frozen import frozen
from codex_desk.paths import Home

if TYPE_CHECKING:
    from codex_desk.config.schema import Settings

AUTO = "auto"
"""The theme that is light or dark as the terminal is."""
_LARGEST = 1 << 20
"""Bytes of a file that are read before the first frame; a larger one is refused by the engine too."""
_VARIABLE = "CODEX_DESK_TUI__"
_KEYMAP = "keymap__"
_YES = frozenset({"1", "true", "t", "yes", "y", "on"})


@frozen
class Preferences:
    theme: str | None = None
    """None: light or dark, as the terminal is."""
    mouse: bool = True
    plain: bool = False
    reduced_motion: bool = False
    bell: bool = True
    keymap: Mapping[str, str] = field(default_factory=dict)
    """Binding id → keys, several with commas between."""


def read_preferences(home: Path, env: Mapping[str, str] | None = None, *, plain: bool = False) -> Preferences:
    """`[tui]` of config.toml, of settings.toml above it, and of the environment (None: this process's) above both; `plain` is what the
    command line asked for."""
    places = Home(home)
    merged: dict[str, object] = {}
    for table in (_table(places.config_toml), _table(places.settings_toml), _told_by(os.environ if env is None else env)):
        keymap = {**_keys(merged.get("keymap")), **_keys(table.get("keymap"))}
        merged |= {**table, "keymap": keymap}
    theme = merged.get("theme")
    return Preferences(
        theme=theme if isinstance(theme, str) and theme != AUTO else None,
        mouse=_switch(merged.get("mouse"), True),
        plain=plain or _switch(merged.get("plain"), False),
        reduced_motion=_switch(merged.get("reduced_motion"), False),
        bell=_switch(merged.get("bell"), True),
        keymap=_keys(merged.get("keymap")),
    )


def preferences_of(settings: Settings, *, plain: bool = False) -> Preferences:
    """The same out of settings that were read whole."""
    tui = settings.tui
    theme = None if tui.theme == AUTO else tui.theme
    return Preferences(theme, tui.mouse, plain or tui.plain, tui.reduced_motion, tui.bell, dict(tui.keymap))


def _table(file: Path) -> Mapping[str, object]:
    try:
        data = read_regular(file, _LARGEST + 1)
        found = tomllib.loads(data.decode("utf-8-sig")).get("tui", {}) if len(data) <= _LARGEST else {}
    except (OSError, FileRefused, ValueError, RecursionError):  # reported by the engine, with file and line
        return {}
    return found if isinstance(found, dict) else {}


def _told_by(env: Mapping[str, str]) -> Mapping[str, object]:
    told = {name.removeprefix(_VARIABLE).lower(): text for name, text in env.items() if name.startswith(_VARIABLE) and text}
    keymap = {name.removeprefix(_KEYMAP): text for name, text in told.items() if name.startswith(_KEYMAP)}
    return {**told, "keymap": keymap}


def _switch(value: object, default: bool) -> bool:
    """A yes or no; a variable of the environment holds it as a word."""
    if isinstance(value, str):
        return value.lower() in _YES
    return value if isinstance(value, bool) else default


def _keys(found: object) -> dict[str, str]:
    return {str(key): value for key, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}
