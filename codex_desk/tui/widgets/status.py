"""The line at the top and the line at the bottom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.cells import cell_len
from textual.content import Content
from textual.keys import format_key
from textual.reactive import reactive
from textual.widget import Widget

from codex_desk.engine.views import ThreadView
from codex_desk.frozen import frozen
from codex_desk.text import one_line
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.model.words import ASKING, WORKING, home_of, short_path, tokens


@frozen
class Facts:
    """What the top line tells: of the desk, and of the thread in the active pane."""

    folder: str = ""
    """Where the thread is at home, its project's name first."""
    asking: int = 0
    working: int = 0
    tokens: str = ""
    note: str = ""
    """What the engine does now: that it opens, or that it could not be opened."""


def facts_of(
    threads: Sequence[ThreadView], here: ThreadView | None, folder: Path, note: str, offered: frozenset[str] = frozenset()
) -> Facts:
    """`threads`: every live one; `here`: the active pane's; `folder`: where the desk was opened; `offered`: the ids of those for which something stands
    in the inbox, though they go on meanwhile."""
    return Facts(
        folder=home_of(here) if here else short_path(str(folder), Path.home()),
        asking=sum(one.status in ASKING or one.id in offered for one in threads),
        working=sum(one.status in WORKING for one in threads),
        tokens=tokens(here.context_tokens) if here else "",
        note=note,
    )


def offered_in(desk: DeskDoor | None) -> frozenset[str]:
    """The threads for which something stands in the inbox that nobody waits for yet: as much again of a budget."""
    return frozenset() if desk is None else frozenset(one.thread_id for one in desk.approvals() if one.kind == "budget")


class StatusBar(Widget):
    """`codex-desk  ~/repo      ⚠ 1 needs you  ▶ 2 working  18.2k tok`"""

    facts: reactive[Facts] = reactive(Facts())

    def __init__(self, *, plain: bool = False) -> None:
        """`plain`: the words without their glyphs."""
        super().__init__()
        self._asking, self._working = ("", "") if plain else ("⚠ ", "▶ ")

    def render(self) -> Content:
        facts = self.facts
        right: list[tuple[str, str]] = []
        if facts.note:
            right.append((facts.note, "$text-muted"))
        if facts.asking:
            right.append((f"{self._asking}{facts.asking} {'needs' if facts.asking == 1 else 'need'} you", "bold $text-warning"))
        if facts.working:
            right.append((f"{self._working}{facts.working} working", "$text-success"))
        if facts.tokens:
            right.append((facts.tokens, "$text-muted"))
        room = self.size.width - 2
        while right and cell_len("  ".join(text for text, _ in right)) > room:
            right.pop()
        said = Content("  ").join(Content.styled(text, style) for text, style in right)
        name = "codex-desk" if room >= said.cell_length + 12 else ""
        free = room - said.cell_length - 14
        project = facts.folder.partition("/")[0]
        folder = next((one_line(place, 200) for place in (facts.folder, project) if cell_len(place) <= free), "")
        left = Content.assemble((name, "bold $text-primary"), "  " if folder else "", (folder, "$text-muted"))
        gap = max(1, room - left.cell_length - said.cell_length)
        return Content.assemble(" ", left, " " * gap, said)


class HintBar(Widget):
    """What works where the focus is, and what the thread's turns run on."""

    hints: reactive[Sequence[tuple[str, str]]] = reactive(())
    """(key, what it does), the most useful first: those behind give way to a narrow terminal."""
    runs_on: reactive[str] = reactive("")

    def render(self) -> Content:
        room = self.size.width - 2
        right = one_line(self.runs_on) if cell_len(self.runs_on) <= room else ""
        left_room = room - cell_len(right) - (2 if right else 0)
        shown: list[Content] = []
        used = 0
        for key, words in self.hints:
            hint = Content.assemble((key, "bold $text-accent"), f" {words}")
            if used + hint.cell_length + 2 > left_room:
                break
            shown.append(hint)
            used += hint.cell_length + 2
        left = Content("  ").join(shown)
        gap = max(1, room - left.cell_length - cell_len(right))
        return Content.assemble(" ", left, " " * gap, (right, "$text-muted"))


_NAMES = {
    "enter": "Enter",
    "escape": "Esc",
    "space": "Space",
    "tab": "Tab",
    "delete": "Del",
    "backspace": "Backspace",
    "insert": "Ins",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "ctrl": "Ctrl",
    "alt": "Alt",
    "shift": "Shift",
}


def key_name(key: str) -> str:
    """A key as the screen writes it: `^x`, `F6`, `Alt+←`."""
    parts = [_NAMES.get(part) or format_key(part) for part in key.partition(",")[0].split("+")]
    if len(parts) == 2 and parts[0] == "Ctrl" and len(parts[1]) == 1:
        return f"^{parts[1]}"
    if parts[-1].startswith("f") and parts[-1][1:].isdigit():
        parts[-1] = parts[-1].upper()
    return "+".join(parts)
