from __future__ import annotations

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from codex_desk.tui.model.colours import Depth, depth, nearest, of_256

THEMES = sorted((Path(__file__).parents[3] / "themes").glob("*.toml"))


@pytest.mark.parametrize(
    ("env", "colours"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "truecolor"),
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "tmux-256color"}, "256"),
        ({"TERM": "xterm"}, "standard"),
        ({"TERM": "linux"}, "standard"),
        ({}, "standard"),
        ({"TERM": "xterm-256color", "WT_SESSION": "x"}, "truecolor"),
        ({"TERM": "alacritty"}, "truecolor"),
        ({"TERM": "xterm-kitty"}, "truecolor"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "truecolor"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, "256"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, "truecolor"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "old"}, "256"),
        ({"TERM": "screen", "STY": "1.tty", "COLORTERM": "truecolor"}, "standard"),
        ({"TERM": "screen-256color", "STY": "1.tty", "COLORTERM": "truecolor"}, "256"),
    ],
)
def test_what_a_terminal_shows_is_told_by_its_environment(env: dict[str, str], colours: Depth) -> None:
    assert depth(env) == colours


def test_a_colour_of_the_256_stays_what_it_is() -> None:
    for number in range(16, 256):
        colour = of_256(number)
        assert max(abs(one - other) for one, other in zip(colour, of_256(nearest(*colour)), strict=True)) <= 5, number


@pytest.mark.parametrize("file", THEMES, ids=lambda file: file.stem)
def test_with_256_colours_a_themes_surfaces_keep_their_order_and_its_signs_their_hue(file: Path) -> None:
    theme = tomllib.loads(file.read_text())
    if theme.get("ansi"):
        return
    shown = {name: of_256(nearest(*bytes.fromhex(value[1:]))) for name, value in theme.items() if str(value).startswith("#")}
    surfaces = [sum(shown[name]) for name in ("background", "surface", "panel") if name in shown]
    assert all(one <= other if theme["dark"] else one >= other for one, other in pairwise(surfaces))
    assert len({shown["background"], shown["panel"]}) == 2
    red, green = shown["error"], shown["success"]
    assert red[0] == max(red)
    assert green[1] == max(green)
    assert len({shown["error"], shown["success"], shown["warning"], shown["foreground"]}) == 4
