"""Settings files that change while the desk runs: what the screen itself takes from them counts at once, and a file that breaks is told once.

The engine reads the settings with every turn by itself; this is about theme, keys, mouse, bell and motion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codex_desk.frozen import frozen
from codex_desk.paths import Home
from codex_desk.tui.model.keymap import Keymap
from codex_desk.tui.settings.preferences import Preferences, preferences_of

if TYPE_CHECKING:
    from codex_desk.config import Resolved

EVERY = 2.0
"""Seconds between two looks, while the terminal has the focus. A look at files that have not changed takes some 20 µs."""
Stamp = tuple[tuple[int, int, int] | None, ...]


@frozen
class Found:
    """What the files say by now."""

    preferences: Preferences | None
    """None where they cannot be used: what counted before counts on."""
    keymap: Keymap
    troubles: tuple[str, ...]
    """What is wrong with the settings, with file and line."""
    key_troubles: tuple[str, ...]
    """What is wrong with the keymap, likewise."""


class SettingsWatch:
    """Knows what was read last, and what has been told."""

    def __init__(self, home: Path, env: Mapping[str, str], *, plain: bool = False) -> None:
        self._home, self._env, self._plain = home, env, plain
        self._begun = stamp_of(home)
        """What the first frame was made with."""
        self._stamp: Stamp | None = None
        self._told: set[str] = set()

    @property
    def untold(self) -> bool:
        """Whether nothing was read yet."""
        return self._stamp is None

    @property
    def as_begun(self) -> bool:
        """Whether the files were still those of the first frame when they were read last."""
        return self._stamp == self._begun

    def changed(self) -> bool:
        """Whether the files are others than when they were read."""
        return self._stamp is not None and stamp_of(self._home) != self._stamp

    def read(self) -> Found:
        """Read them now. Imports the settings, and where there is a keymap every screen: not for the first frame."""
        from codex_desk.config import ConfigError, resolve
        from codex_desk.tui.settings.bindings import keymap_for

        self._stamp = stamp_of(self._home)
        try:
            resolved = resolve(self._home, project=None, trusted=False, env=self._env)
        except ConfigError as error:
            return Found(None, Keymap(), (str(error),), ())
        preferences = preferences_of(resolved.settings, plain=self._plain)
        keymap = keymap_for(preferences.keymap)
        keys = tuple(f"{_place(resolved, trouble.id)}tui.keymap.{trouble.id}: {trouble.message}" for trouble in keymap.troubles)
        return Found(preferences, keymap, tuple(map(str, resolved.warnings)), keys)

    def news(self, found: Found, *, keys_only: bool = False) -> Sequence[str]:
        """What is wrong and has not been told yet. What was mended and breaks again is told again."""
        whole = (*found.troubles, *found.key_troubles)
        fresh = [trouble for trouble in (found.key_troubles if keys_only else whole) if trouble not in self._told]
        self._told = set(whole)
        return fresh


def stamp_of(home: Path) -> Stamp:
    """What changes with the user's files."""
    places = Home(home)
    return tuple(map(stamp, (places.config_toml, places.settings_toml)))


def stamp(file: Path) -> tuple[int, int, int] | None:
    """What changes with a file; None where there is none."""
    try:
        info = file.stat()
    except (OSError, ValueError):  # ValueError: a null byte in its name
        return None
    return info.st_mtime_ns, info.st_size, info.st_ino


def _place(resolved: Resolved, id: str) -> str:
    """`file:line: ` of a key's entry; empty where it is in no file."""
    file, line = resolved.written_at(("tui", "keymap", id))
    return f"{file}:{line}: " if file and line else f"{file}: " if file else ""
