from __future__ import annotations

from pathlib import Path

from codex_desk.tui.preferences import Preferences, read_preferences


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


def test_the_command_line_can_ask_for_plain(tmp_path: Path) -> None:
    assert read_preferences(tmp_path, plain=True).plain
