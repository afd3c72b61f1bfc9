from __future__ import annotations

import os
from pathlib import Path

from codex_desk.config import resolve
from codex_desk.tui.settings.preferences import Preferences, preferences_of, read_preferences


def test_without_files_everything_is_as_shipped(tmp_path: Path) -> None:
    assert read_preferences(tmp_path) == Preferences()


def test_settings_stand_above_config_key_by_key(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[tui]\ntheme = "a"\nmouse = false\n[tui.keymap]\nleader = "ctrl+o"\nhelp = "f2"\n')
    (tmp_path / "settings.toml").write_text('[tui]\ntheme = "b"\n[tui.keymap]\nhelp = "f3"\n')
    assert read_preferences(tmp_path) == Preferences(theme="b", mouse=False, keymap={"leader": "ctrl+o", "help": "f3"})


def test_a_file_that_cannot_be_read_does_not_keep_the_first_frame(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[tui\n")
    (tmp_path / "settings.toml").write_text("tui = 3\n")
    assert read_preferences(tmp_path) == Preferences()


def test_the_environment_stands_above_the_files(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('[tui]\ntheme = "a"\nbell = true\n')
    env = {"CODEX_DESK_TUI__THEME": "b", "CODEX_DESK_TUI__BELL": "no", "CODEX_DESK_TUI__REDUCED_MOTION": "1", "CODEX_DESK_TUI__MOUSE": ""}
    assert read_preferences(tmp_path, env) == Preferences(theme="b", bell=False, reduced_motion=True)


def test_auto_is_the_theme_of_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[tui]\ntheme = "desk-dusk"\n')
    (tmp_path / "settings.toml").write_text('[tui]\ntheme = "auto"\n')
    assert read_preferences(tmp_path).theme is None


def test_what_is_no_settings_file_does_not_keep_the_first_frame_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.toml")
    (tmp_path / "settings.toml").mkdir()
    assert read_preferences(tmp_path) == Preferences()


def test_a_byte_order_mark_is_no_matter_and_a_huge_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b'\xef\xbb\xbf[tui]\r\ntheme = "a"\r\n')
    (tmp_path / "settings.toml").write_bytes(b'[tui]\ntheme = "b"\n' + b"# x\n" * 2_500_000)
    assert read_preferences(tmp_path).theme == "a"


def test_they_are_the_same_as_those_of_the_settings_read_whole(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[tui]\ntheme = "auto"\nmouse = false\nplain = true\n[tui.keymap]\nhelp = "f2"\n')
    (tmp_path / "settings.toml").write_text("[tui]\nbell = false\nreduced_motion = true\n")
    env = {"CODEX_DESK_TUI__BELL": "on", "CODEX_DESK_TUI__KEYMAP__LEADER": "ctrl+o", "CODEX_DESK_MODEL": "x"}
    settings = resolve(tmp_path, project=None, trusted=False, env=env).settings
    assert preferences_of(settings) == read_preferences(tmp_path, env)
    assert settings.tui.keymap == {"help": "f2", "leader": "ctrl+o"}


def test_the_command_line_can_ask_for_plain(tmp_path: Path) -> None:
    assert read_preferences(tmp_path, plain=True).plain
