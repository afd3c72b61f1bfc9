"""Help for what has focus, and the table of all commands and keys."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content
from textual.screen import Screen

from codex_desk.tui.commands import CommandTable
from codex_desk.tui.widgets.status import key_name

ANYWHERE = (
    ("^x", "the leader: a panel shows what follows"),
    ("F6, Shift+F6", "next and previous region"),
    ("Alt+←, Alt+→", "the threads beside this one"),
    ("^p", "palette"),
    ("F1", "this help"),
    ("^z", "suspend"),
)


def help_for(screen: Screen[None], table: CommandTable) -> Content:
    """What the focused widget does, its keys, the keys that work anywhere, and every command."""
    focused = screen.focused
    parts: list[Content] = []
    said = getattr(focused, "HELP", None) or getattr(screen, "HELP", None)
    if said:
        parts += [Content(said.strip()), Content("")]
    keys: dict[str, list[str]] = {}
    for active in screen.active_bindings.values():
        # What has an id is ours; the rest is Textual's own editing keys.
        if active.node is focused and active.binding.id and active.binding.description:
            keys.setdefault(active.binding.description, []).append(key_name(active.binding.key))
    if keys:
        parts += [_heading("Here"), *_two_columns((", ".join(names), words) for words, names in keys.items()), Content("")]
    parts += [_heading("Anywhere"), *_two_columns(ANYWHERE), Content("")]
    parts += [_heading("After ^x"), *_two_columns((one.key, one.palette or one.help) for one in table if one.key), Content("")]
    parts += [_heading("Commands"), *_two_columns((one.usage, one.help) for one in table if one.slash)]
    return Content("\n").join(parts)


def _heading(words: str) -> Content:
    return Content.styled(words, "bold $text-primary")


def _two_columns(rows: Iterable[tuple[str, str]]) -> list[Content]:
    return [
        Content.assemble((f"  {left:<22}", "$text-accent"), right)
        if len(left) <= 22
        else Content.assemble((f"  {left}", "$text-accent"), "\n", " " * 24, right)
        for left, right in rows
    ]
