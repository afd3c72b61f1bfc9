from __future__ import annotations

from pathlib import Path

from textual.widgets import Input

from codex_desk.tui.catalog import TABLE
from codex_desk.tui.model.helping import Entry, Section, matching
from codex_desk.tui.reference import BEGIN, END, block, replaced
from codex_desk.tui.screens.help import Help
from codex_desk.tui.settings.bindings import full_keymap, keymap_for
from tests.tui.fakes import FakeDesk, app_on, opened, shown, squeezed, thread, until, write

README = Path(__file__).parents[2] / "README.md"
SECTIONS = [
    Section("Sidebar", "Every session.", [Entry("Enter", "open", "sidebar.open"), Entry("z", "put it away", "sidebar.archive")]),
    Section("Commands", "", [Entry("/archive [THREAD]", "put a session away")]),
]


def found(query: str) -> list[tuple[str, list[str]]]:
    return [(section.title, [entry.left for entry in section.entries]) for section in matching(SECTIONS, query)]


def test_help_is_found_by_key_words_and_id() -> None:
    assert found("away") == [("Sidebar", ["z"]), ("Commands", ["/archive [THREAD]"])]
    assert found("sidebar.open") == [("Sidebar", ["Enter"])]
    assert found("commands put") == [("Commands", ["/archive [THREAD]"])]


def test_a_place_that_is_named_is_shown_whole() -> None:
    assert found("sidebar") == [("Sidebar", ["Enter", "z"])]
    assert found("") == [("Sidebar", ["Enter", "z"]), ("Commands", ["/archive [THREAD]"])]


async def test_help_begins_with_what_has_the_focus_and_letters_filter() -> None:
    app = app_on(FakeDesk().put(thread("operator")))
    async with opened(app, (80, 24)) as pilot:
        await pilot.press("f6", "f1")
        await until(pilot, lambda: isinstance(app.screen, Help) and "Sidebar" in shown(app))
        assert "Every session, by what it needs." in squeezed(app)
        assert "Space peek sidebar.peek" in squeezed(app)
        await write(pilot, "who waits")
        await until(pilot, lambda: "^x w who waits for whom leader.waits" in squeezed(app))
        assert "sidebar.peek" not in shown(app)
        await pilot.press("f1")
        await until(pilot, lambda: not isinstance(app.screen, Help))
        await write(pilot, "q")
        app.screen.query_one("Composer").focus()


async def test_help_footer_palette_and_menu_show_the_keys_in_force() -> None:
    app = app_on(FakeDesk().put(thread("operator")), keymap={"leader": "ctrl+o", "leader.attach": "A", "sidebar.rename": "R", "help": "f2"})
    async with opened(app, (140, 40)) as pilot:
        await until(pilot, lambda: "^o A attach" in shown(app) and "F2 help" in shown(app))
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, Help))
        app.screen.query_one(Input).value = "attach"
        await until(pilot, lambda: "^o A let this session work for another leader.attach" in squeezed(app))
        await pilot.press("escape")
        await pilot.press("ctrl+p")
        await write(pilot, "attach")
        await until(pilot, lambda: "^o A" in shown(app))
        await pilot.press("escape", "escape")
        await pilot.press("f6")
        await until(pilot, lambda: "R rename" in shown(app))
        await pilot.press("m")
        await until(pilot, lambda: "R rename give a session another handle" in squeezed(app))


def test_without_a_keymap_the_commands_keys_are_the_shipped_ones() -> None:
    assert {id: keys for id, keys in full_keymap({}).keys.items() if id.startswith("leader.")} == {
        id: keys for id, keys in keymap_for({}).keys.items() if id.startswith("leader.")
    }


def test_the_readme_tells_the_keys_and_commands_that_there_are() -> None:
    page = README.read_text("utf-8")
    assert replaced(page) == page, "python -m codex_desk.tui.reference README.md brings its tables up to date"


def test_the_tables_name_every_command_that_can_be_typed_and_every_key_after_the_leader() -> None:
    text = block()
    assert text.startswith(BEGIN) and text.endswith(END)
    assert [one.name for one in TABLE if one.slash and f"`{one.usage}`" not in text] == []
    assert [one.name for one in TABLE if one.key and f"`{one.key}`" not in text] == []
