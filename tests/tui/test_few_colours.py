"""The desk in terminals of 256 colours, of 16, and without any."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.color import ColorType
from rich.segment import Segment

from codex_desk.tui.app import DeskApp
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.settings import themes
from tests.tui.fakes import FakeDesk, app_on, attached, opened, shown, thread, until


def office() -> FakeDesk:
    return FakeDesk().put(thread("operator"), attached("reviewer", "operator"), thread("implementor", "needs_human", reason="make test?"))


def segments(app: DeskApp) -> Iterator[Segment]:
    """All that is drawn, as it goes to the terminal."""
    for strip in app.screen._compositor.render_strips():
        yield from strip


def colours(app: DeskApp) -> set[ColorType]:
    """The kinds of colour in sight; what a space would be written in is not."""
    written = {one.style.color for one in segments(app) if one.style and one.text.strip()}
    behind = {one.style.bgcolor for one in segments(app) if one.style}
    return {colour.type for colour in written | behind if colour}


async def test_256_colours_are_chosen_here_and_no_other_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLORTERM")
    monkeypatch.setenv("TERM", "xterm-256color")
    app = app_on(office(), last="operator")
    async with opened(app):
        assert app.theme == themes.DEFAULT_DARK
        assert colours(app) == {ColorType.EIGHT_BIT}


async def test_a_terminal_of_16_colours_gets_its_own_and_is_told_why_a_theme_is_not_worn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLORTERM")
    monkeypatch.setenv("TERM", "xterm")
    app = app_on(office(), last="operator", theme="desk-dusk")
    async with opened(app) as pilot:
        assert app.theme == themes.OWN_COLOURS
        assert ColorType.TRUECOLOR not in colours(app)
        await until(pilot, lambda: "too few for desk-dusk" in shown(app).replace("\n", " "))


@pytest.mark.parametrize("term", ["xterm", "xterm-256color"])
async def test_without_colour_all_is_told_apart_by_weight_and_by_what_is_reversed(term: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", term)
    app = app_on(office(), last="operator", theme="desk-light")
    async with opened(app) as pilot:
        assert isinstance(app.screen, MainScreen)
        assert colours(app) <= {ColorType.DEFAULT}
        assert len(reversed_text(app)) == 1, "the cursor in the composer"
        await pilot.press("f6")
        assert "operator" in reversed_text(app)
        assert any(one.style and one.style.dim and "Ready" in one.text for one in segments(app))
        assert any(one.style and one.style.bold and "operator" in one.text for one in segments(app))
        await pilot.press("ctrl+x", "o")
        await until(pilot, lambda: "Open" in shown(app))
        assert "operator" in reversed_text(app)
        assert colours(app) <= {ColorType.DEFAULT}


def reversed_text(app: DeskApp) -> str:
    return "".join(one.text for one in segments(app) if one.style and one.style.reverse)
