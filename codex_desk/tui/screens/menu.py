"""The menu of a sidebar row: every action with its key, greyed with the reason where it cannot be taken."""

from __future__ import annotations

from collections.abc import Iterable

from codex_desk.engine.views import ThreadView
from codex_desk.tui.commands import Command
from codex_desk.tui.model.sidebar import why_not
from codex_desk.tui.model.words import name
from codex_desk.tui.screens.pick import Picker, Row


def row_menu(thread: ThreadView, actions: Iterable[Command]) -> Picker:
    """Gives `open`, `peek`, or the name of a command."""
    rows = [Row("open", "open", "Enter"), Row("peek", "peek", "Space   its last lines, and one line to send")]
    rows += [Row(one.name, one.name, f"{one.row_key}   {one.help}", why_not(one.name, thread)) for one in actions]
    return Picker(name(thread), rows)
