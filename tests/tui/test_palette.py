from __future__ import annotations

import pytest
from textual.events import Key

from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.screens.palette import Entry, Palette, found
from tests.tui.fakes import FakeDesk, app_on, opened, shown, squeezed, thread, until, write


def entry(title: str, name: str, help: str) -> Entry:
    return Entry(title, name, help, "", lambda: None)


ENTRIES = [
    entry("Archive this session", "archive", "put a session away"),
    entry("Rename this session", "rename", "give a session another handle"),
    entry("Who waits for whom", "waits", "the wait-for graph"),
]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["archive", "rename", "waits"]),
        ("rename", ["rename"]),
        ("/waits", ["waits"]),
        ("away", ["archive"]),
        ("graph", ["waits"]),
        ("zzz", []),
    ],
)
def test_a_command_is_found_by_title_name_and_help(query: str, names: list[str]) -> None:
    assert [one.name for one, _, _ in found(ENTRIES, query)] == names


def test_what_the_title_says_comes_before_what_the_help_says() -> None:
    listed = [entry("Look at it", "look", "what another session does"), entry("Session away", "archive", "")]
    assert [one.name for one, _, _ in found(listed, "session")] == ["archive", "look"]


async def test_letters_and_enter_at_once_run_what_the_letters_say() -> None:
    app = app_on(FakeDesk().put(thread("operator")))
    async with opened(app) as pilot:
        await until(pilot, lambda: app.bridge.desk is not None)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, Palette) and "Commands" in shown(app))
        assert "New session make a session in a folder ^x n" in squeezed(app)
        for letter in "who waits":
            app.post_message(Key("space" if letter == " " else letter, letter))
        app.post_message(Key("enter", "\r"))
        await until(pilot, lambda: not isinstance(app.screen, Palette | MainScreen))
        assert "waits" in type(app.screen).__name__.lower()


async def test_what_is_called_nothing_is_said() -> None:
    app = app_on(FakeDesk().put(thread("operator")))
    async with opened(app) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "Commands" in shown(app))
        await write(pilot, "zzz")
        await until(pilot, lambda: "no command is called zzz" in shown(app))
        await pilot.press("enter", "escape")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
