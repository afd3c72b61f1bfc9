"""What the first frame has to know of the settings, read before the engine: theme, mouse, keys.

The full settings are read by the engine, which also reports what is wrong with them; here a file that cannot be used counts as empty.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from codex_desk.paths import Home


@dataclass(frozen=True, slots=True)
class Preferences:
    theme: str | None = None
    mouse: bool = True
    plain: bool = False
    reduced_motion: bool = False
    bell: bool = True
    keymap: Mapping[str, str] = field(default_factory=dict)
    """Binding id → keys, several with commas between."""


def read_preferences(home: Path, *, plain: bool = False) -> Preferences:
    """`[tui]` of config.toml and, above it, settings.toml; `plain` is what the command line asked for."""
    places = Home(home)
    merged: dict[str, object] = {}
    for file in (places.config_toml, places.settings_toml):
        table = _table(file)
        keymap = {**_keys(merged.get("keymap")), **_keys(table.get("keymap"))}
        merged |= {**table, "keymap": keymap}
    theme = merged.get("theme")
    return Preferences(
        theme=theme if isinstance(theme, str) else None,
        mouse=merged.get("mouse") is not False,
        plain=plain or merged.get("plain") is True,
        reduced_motion=merged.get("reduced_motion") is True,
        bell=merged.get("bell") is not False,
        keymap=_keys(merged.get("keymap")),
    )


def _table(file: Path) -> dict[str, object]:
    try:
        with file.open("rb") as stream:
            found = tomllib.load(stream).get("tui", {})
    except (OSError, ValueError):  # reported by the engine, with file and line
        return {}
    return found if isinstance(found, dict) else {}


def _keys(found: object) -> dict[str, str]:
    return {str(key): value for key, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}
