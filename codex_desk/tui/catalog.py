"""The one table of commands."""

from __future__ import annotations

from codex_desk.tui.commands import CommandTable
from codex_desk.tui.verbs import approvals, children, links, look, panes, sessions, turns

TABLE = CommandTable(
    (
        *children.COMMANDS,
        *sessions.COMMANDS,
        *links.COMMANDS,
        *turns.COMMANDS,
        *approvals.COMMANDS,
        *look.COMMANDS,
        *panes.COMMANDS,
    )
)
