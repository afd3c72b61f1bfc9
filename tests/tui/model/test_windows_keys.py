"""Keys in `win32-input-mode`: what conhost and Windows Terminal write for each, taken from its specification."""

from __future__ import annotations

import pytest

from codex_desk.tui.model.windows_keys import Reader

SHIFT, CTRL, ALT, ALT_GR = 16, 8, 2, 9


def key(vk: int, unit: int, state: int = 0, down: int = 1, repeat: int = 1) -> str:
    return f"\x1b[{vk};30;{unit};{down};{state};{repeat}_"


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (key(65, 97), "a"),
        (key(65, 65, SHIFT), "A"),
        (key(65, 97, down=0), ""),
        (key(65, 97, repeat=3), "aaa"),
        (key(67, 3, CTRL), "\x03"),
        (key(66, 98, ALT), "\x1bb"),
        (key(81, 64, ALT_GR), "@"),
        (key(16, 0, SHIFT), ""),
        (key(13, 13), "\r"),
        (key(13, 13, SHIFT), "\x1b[13;2u"),
        (key(13, 10, CTRL), "\x1b[13;5u"),
        (key(13, 13, ALT), "\x1b[13;3u"),
        (key(9, 9), "\t"),
        (key(9, 9, SHIFT), "\x1b[Z"),
        (key(8, 8), "\x7f"),
        (key(8, 127, CTRL), "\x1b[127;5u"),
        (key(27, 27), "\x1b"),
        (key(38, 0), "\x1b[A"),
        (key(39, 0, CTRL), "\x1b[1;5C"),
        (key(46, 0), "\x1b[3~"),
        (key(117, 0, SHIFT), "\x1b[17;2~"),
        (key(112, 0), "\x1bOP"),
        ("\x1b[65;30;97;1_", "a"),
    ],
)
def test_a_key_is_what_any_other_terminal_would_have_sent(sent: str, meant: str) -> None:
    assert Reader().read(sent) == meant


def test_a_character_of_two_units_is_one() -> None:
    reader = Reader()
    assert [reader.read(key(0, unit)) for unit in (0xD83D, 0xDE00)] == ["", "😀"]


@pytest.mark.parametrize("sent", ["\x1b[A", "\x1b[13;2u", "\x1b[1;2;3;4;5;6;7_"])
def test_other_sequences_are_none_of_it(sent: str) -> None:
    assert Reader().read(sent) is None
