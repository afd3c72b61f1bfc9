"""Help: first for what has the focus, then every place with its keys, and every command."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input

from codex_desk.tui.commands import Command
from codex_desk.tui.hints import keys_line
from codex_desk.tui.model.helping import Entry, Section, key_entries, matching
from codex_desk.tui.model.keymap import Keymap
from codex_desk.tui.screens.dialog import Dialog
from codex_desk.tui.settings.bindings import ANYWHERE, LEADER, Region, full_keymap, regions
from codex_desk.tui.widgets.rows import Row, RowList, heading, space
from codex_desk.tui.widgets.status import key_name

KEY_CELLS = (14, 22)
"""Cells for keys, in a narrow list and in a wide one."""
ID_CELLS = 22
NARROWEST_WITH_IDS, WIDE = 60, 84
"""Cells of a list."""


class Help(Dialog[None]):
    """Typing filters; arrows scroll."""

    CSS_PATH: ClassVar = ["dialog.tcss", "help.tcss"]
    AUTO_FOCUS = "Input"
    HELP = "Every key and command. Letters filter, by key, by what it does, or by the id that [tui.keymap] calls it by."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "down", show=False, id="help.down"),
        Binding("up", "move(-1)", "up", show=False, id="help.up"),
        Binding("pagedown", "page(1)", "page down", show=False, id="help.page_down"),
        Binding("pageup", "page(-1)", "page up", show=False, id="help.page_up"),
    ]

    def __init__(self, about: Screen[object], commands: Iterable[Command], keymap: Keymap) -> None:
        """`about`: the screen that help was asked for on; `commands`: with the keys in force; `keymap`: the user's."""
        super().__init__()
        self._sections = sections(about, tuple(commands), {**full_keymap({}).keys, **keymap.keys})
        self._list = RowList(led=True)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Help"
            box.border_subtitle = Content(keys_line(self.app, (Help, "help.down", "scrolls"), (Dialog, "dialog.close", "closes")))  # type: ignore[assignment]
            yield Input(placeholder="letters filter: a key, what it does, or its id", compact=True)
            yield self._list

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        self._fill()

    def on_resize(self) -> None:
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        query = self.query_one(Input).value
        width = self._list.scrollable_content_region.width
        rows: list[Row] = []
        for section in matching(self._sections, query):
            rows += [space(section.title)] if rows else []
            rows += _rows(section, width)
        self._list.show(rows, empty=f"nothing is called {query}")

    def action_move(self, step: int) -> None:
        self._list.action_move(step)

    def action_page(self, step: int) -> None:
        self._list.action_page(step)


def sections(screen: Screen[object], commands: Sequence[Command], keys: Mapping[str, Sequence[str]]) -> list[Section]:
    """All that there is: what has the focus and its screen first, then what works anywhere, the leader, the commands, and every other place."""
    written = {
        key: key_name(key) for held in (*keys.values(), *(bound.keys for region in regions() for bound in region.bounds)) for key in held
    }
    leader = next((written[key] for key in keys.get("leader", ())), "")
    found: dict[str, Section] = {}
    here: list[Section] = []
    for region in regions():
        title = f"After {leader}" if region.name == LEADER else region.name
        entries = key_entries(region.bounds, keys, written, f"{leader} " if region.name == LEADER else "")
        found[region.name] = Section(title, region.about, entries)
    for region in (*_places(screen.focused), *_places(screen)):
        if region.name in found:
            here.append(found.pop(region.name))
    if here and not here[0].about:
        said = str(getattr(screen, "HELP", "") or "").strip()
        here[0] = Section(here[0].title, said, here[0].entries)
    general = [found.pop(name) for name in (ANYWHERE, LEADER) if name in found]
    typed = Section("Commands", "", [Entry(one.usage, one.help) for one in commands if one.slash])
    return [section for section in (*here, *general, typed, *found.values()) if section.entries]


def _places(node: DOMNode | None) -> list[Region]:
    """The places that a widget or a screen is, the most special first."""
    by_type = {region.type: region for region in regions() if region.type is not None}
    return [by_type[each] for each in type(node).__mro__ if each in by_type]


def _rows(section: Section, width: int) -> list[Row]:
    rows = [heading(section.title)]
    rows += [
        _plain(f"{section.title} about {number}", line) for number, line in enumerate(textwrap.wrap(section.about, max(20, width - 2)))
    ]
    for number, entry in enumerate(section.entries):
        key = f"{section.title} {number}"
        if cell_len(entry.left) > _key_cells(width):
            rows.append(Row(f"{key} left", lambda _, entry=entry: Content.styled(f"  {entry.left}", "$text-accent"), passable=True))
            rows.append(Row(key, lambda width, entry=entry: _entry(Entry("", entry.words, entry.id), width)))
        else:
            rows.append(Row(key, lambda width, entry=entry: _entry(entry, width)))
    return rows


def _plain(key: str, line: str) -> Row:
    return Row(key, lambda _: Content(f"  {line}"), passable=True)


def _key_cells(width: int) -> int:
    return KEY_CELLS[width >= WIDE]


def _entry(entry: Entry, width: int) -> Content:
    left = f"  {entry.left}".ljust(_key_cells(width) + 4)
    if not entry.id or width < NARROWEST_WITH_IDS:
        return Content.assemble((left, "$text-accent"), entry.words)
    room = max(0, width - len(left) - ID_CELLS - 1)
    words = entry.words if len(entry.words) <= room else f"{entry.words[: room - 1]}…"
    return Content.assemble((left, "$text-accent"), words.ljust(room + 1), (entry.id, "$text-muted"))
