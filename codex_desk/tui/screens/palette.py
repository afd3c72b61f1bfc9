"""The palette: every command by name, as Textual's own, filled at once and drawn like the desk's other lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.command import Command, CommandInput, CommandList, CommandPalette, Hit
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.fuzzy import Matcher
from textual.style import Style
from textual.theme import Theme
from textual.widgets import LoadingIndicator
from textual.widgets.option_list import Option

from codex_desk.frozen import frozen
from codex_desk.text import one_line
from codex_desk.tui.grammar import Call
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.widgets.choices import Choices
from codex_desk.tui.widgets.status import key_name

WIDTH = 100
"""Cells of the box, as its style sheet has them."""
NAME_CELLS = 40
NARROW = 64
"""Cells of the list below which only names and keys are shown."""


@frozen
class Entry:
    """One command that can be asked for."""

    title: str
    name: str
    """As typed after the slash."""
    help: str
    key: str
    """How its key is written; empty for none."""
    run: Callable[[], object]


class _Commands(CommandList, Choices):
    """Its cursor's line can be read."""


class Palette(CommandPalette):
    """Textual gathers hits in the background, so that letters and Enter typed at once could pick what the letters were to rule out; these are few, and are
    looked through with every letter."""

    CSS_PATH: ClassVar = "palette.tcss"

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__(providers=[], placeholder="a command, in any of its words")
        self._entries = entries

    def compose(self) -> ComposeResult:
        with Vertical(id="--container") as box:
            box.border_title = "Commands"
            box.border_subtitle = "Enter runs it · Esc closes"
            with Horizontal(id="--input"):
                yield CommandInput(placeholder=self._placeholder, select_on_focus=False)
            with Vertical(id="--results"):
                yield _Commands()
                yield LoadingIndicator()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._wear)

    def _wear(self, _: Theme) -> None:
        """Textual leaves its system screens out when it styles the others anew."""
        self.app.stylesheet.update(self)

    def on_resize(self) -> None:
        if listed := self.query(_Commands):
            at = listed.first().highlighted
            self._gather_commands(self.query_one(CommandInput).value)
            listed.first().highlighted = at

    def _gather_commands(self, search_value: str) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # nothing has to be waited for
        if not self.query(CommandList):
            if self.is_current:
                self.call_later(self._gather_commands, search_value)  # asked for before there are widgets
            return
        listed = self.query_one(CommandList)
        hits = found(self._entries, search_value)
        width = min(WIDTH, self.app.size.width * 94 // 100) - 8  # the box, its frame, padding and scrollbar
        self._refresh_command_list(listed, [Command(_line(entry, title, width), hit) for entry, title, hit in hits], True)
        if not hits:
            listed.add_option(
                Option(Content.styled(f"no command is called {one_line(search_value, 40)}", "$text-muted"), self._NO_MATCHES, True)
            )
            self._list_visible = True
        self.add_class("-ready")


def entries_of(screen: MainScreen) -> list[Entry]:
    """What the table of commands offers on the desk, with the keys in force."""
    return [
        Entry(
            one.palette,
            one.name,
            one.help,
            f"{screen.leader_key} {key_name(one.key)}" if one.key else "",
            partial(screen.run_command, one, Call()),
        )
        for one in screen.table
        if one.palette
    ]


def found(entries: Sequence[Entry], query: str) -> list[tuple[Entry, Content, Hit]]:
    """The commands in whose title, name or help the letters of the query stand, the best match of a title or name first."""
    if not query:
        return [(entry, Content(entry.title), Hit(0, entry.title, entry.run, entry.title)) for entry in entries]
    matcher = Matcher(query, match_style=Style(bold=True, underline=True))
    hits: list[tuple[Entry, Content, Hit]] = []
    for entry in entries:
        by_name = max(matcher.match(entry.title), matcher.match(f"/{entry.name}"))
        score = by_name or (matcher.match(entry.help) / 10 if query.lower() in entry.help.lower() else 0)
        if score > 0:
            hits.append((entry, matcher.highlight(entry.title), Hit(score, entry.title, entry.run, entry.title)))
    return sorted(hits, key=lambda each: each[2].score, reverse=True)


def _line(entry: Entry, title: Content, width: int) -> Content:
    """Title, what it does, and its key at the right."""
    key_width = len(entry.key)
    if width < NARROW:
        gap = max(1, width - len(entry.title) - key_width)
        return Content.assemble(title, " " * gap, (entry.key, "$text-accent"))
    about = one_line(entry.help, max(1, width - NAME_CELLS - 6))
    gap = max(1, width - NAME_CELLS - len(about) - key_width)
    return Content.assemble(
        title, " " * max(1, NAME_CELLS - len(entry.title)), (about, "$text-muted"), " " * gap, (entry.key, "$text-accent")
    )
