"""How many colours a terminal shows, and which of few is nearest to one of many."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Literal

Depth = Literal["truecolor", "256", "standard"]
"""16 777 216 colours, 256 or 16."""

_MANY = ("alacritty", "contour", "foot", "ghostty", "rio", "wezterm", "xterm-ghostty", "xterm-kitty")
"""Beginnings of the `TERM` of terminals that show all, and do not say so over ssh, where `COLORTERM` is not passed on."""
_MANY_PROGRAMS = frozenset({"iTerm.app", "WezTerm", "ghostty", "vscode", "Hyper", "rio", "WarpTerminal", "Tabby"})
_TELL_TALES = ("WT_SESSION", "KONSOLE_VERSION")
_FIRST_VTE = 3600
"""The version of GNOME's terminal library from which on it shows all."""

_LEVELS = (0, 95, 135, 175, 215, 255)
"""What each part of a colour may be in the cube of 216 colours that begins at 16."""
_CUBE, _GREYS = 16, 232
NEARLY_GREY = 16
"""Between the largest and the smallest part of a colour."""


def depth(env: Mapping[str, str]) -> Depth:
    """What the environment tells of the terminal. GNU screen shows 256 at most, whatever the terminal outside is said to do."""
    term = env.get("TERM", "")
    some: Depth = "256" if "256color" in term else "standard"
    if env.get("STY"):
        return some
    many = (
        env.get("COLORTERM") in ("truecolor", "24bit")
        or term.startswith(_MANY)
        or term.endswith("-direct")
        or env.get("TERM_PROGRAM") in _MANY_PROGRAMS
        or any(env.get(name) for name in _TELL_TALES)
        or _number(env.get("VTE_VERSION", "")) >= _FIRST_VTE
    )
    return "truecolor" if many else some


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


@lru_cache(4096)
def nearest(red: int, green: int, blue: int) -> int:
    """The number of the colour, among the 240 that are the same in every terminal of 256, that looks most like one.

    What is nearly grey is taken for a grey of its brightness, the darker of two: so a theme's surfaces stay apart, and in their order.
    """
    if min(red, green, blue) > 4 and max(red, green, blue) < 246 and max(red, green, blue) - min(red, green, blue) < NEARLY_GREY:
        bright = 0.299 * red + 0.587 * green + 0.114 * blue
        return _GREYS + min(range(24), key=lambda step: abs(bright - (8 + 10 * step)))
    wanted = _looks(red, green, blue)
    return min(_palette(), key=lambda entry: sum((a - b) ** 2 for a, b in zip(entry[1], wanted, strict=True)))[0]


def of_256(number: int) -> tuple[int, int, int]:
    """Red, green and blue of a number from 16 on."""
    if number >= _GREYS:
        shade = 8 + 10 * (number - _GREYS)
        return shade, shade, shade
    at = number - _CUBE
    return _LEVELS[at // 36], _LEVELS[at // 6 % 6], _LEVELS[at % 6]


@cache
def _palette() -> list[tuple[int, tuple[float, float, float]]]:
    return [(number, _looks(*of_256(number))) for number in range(_CUBE, 256)]


def _looks(red: int, green: int, blue: int) -> tuple[float, float, float]:
    """Where a colour is among all that the eye tells apart: in Oklab (bottosson.github.io/posts/oklab), its colour counting twice its lightness.

    Theme colours differ from their surfaces in lightness by much more than a step; what a palette loses first is whether they are green or grey.
    """
    r, g, b = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red / 255, green / 255, blue / 255))
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        2 * (1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short),
        2 * (0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short),
    )
