"""Settings that the screen writes: into settings.toml alone, and what came of it in words."""

from __future__ import annotations

import os
from pathlib import Path

from codex_desk.config import ConfigError, Resolved, resolve, set_user_setting
from codex_desk.config.describing import SettingRow, described, setting_rows
from codex_desk.config.keys import setting, setting_key
from codex_desk.tui.model.settings import saved_words


def save(home: Path, name: str, value: object | None) -> str:
    """Write one of the desk's settings, or with None take it out; says what is in force now. Raises `ConfigError`, `HomeError`, `OSError`."""
    read = None if value is None else setting(name, value)[1]
    set_user_setting(home, name, value)
    resolved = resolve(home, project=None, trusted=False, env=os.environ)
    return saved_words(row_of(resolved, name), mine="settings.toml", value=read)


def row_of(resolved: Resolved, name: str) -> SettingRow:
    """One setting in force; without a value where nothing sets it, such as an entry of the keymap that is gone. Raises `ConfigError`."""
    key = setting_key(name)
    for row in setting_rows(resolved):
        if row.described.key == key:
            return row
    gone = described(key)
    if gone is None:
        raise ConfigError("no setting", key=name, code="unknown_key")
    return SettingRow(gone, None, None, ())
