"""How the audit is told: columns, times, and what a filter asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.cells import cell_len

from codex_desk.engine.views import AuditView
from codex_desk.tui.model.columns import Column, fitted_columns

FIELDS = ("kind", "thread", "by")
"""What a filter of the audit can name."""
TEXT = 24
"""Cells that are the text's before other columns get more than their least."""
GLYPH = 2
"""Cells of an event's sign."""

COLUMNS = (
    Column("seq", 9, from_width=130),
    Column("at", 19),
    Column("kind", 18),
    Column("thread", 40, least=8),
    Column("peer", 40, from_width=96, least=8),
    Column("by", 10, from_width=130),
)
"""All but the text, which is the last column and takes what is left."""

TITLES = {"seq": "no.", "at": "when", "kind": "event", "thread": "thread", "peer": "with", "by": "by"}
"""What stands above each column."""

FULL_TIME = 110
"""Cells of a list from which on a time has its year and its seconds."""


def told_time(at: datetime, now: datetime, width: int) -> str:
    """Local time: `09:14:05` today, else with the day; in a wide list always whole."""
    here = at.astimezone()
    if width >= FULL_TIME:
        return here.strftime("%Y-%m-%d %H:%M:%S")
    return here.strftime("%H:%M:%S" if here.date() == now.astimezone().date() else "%m-%d %H:%M")


class Widest:
    """The widest value of each column so far, so that a page more costs what that page costs."""

    def __init__(self) -> None:
        self._cells: dict[str, int] = {}
        self._handles: dict[str, int] = {}
        self._oldest: datetime | None = None

    def take(self, events: Iterable[AuditView]) -> None:
        """Look at more events."""
        for event in events:
            for name, handle in (("thread", event.thread), ("peer", event.peer)):
                if handle:
                    self._widen(name, self._handles.get(handle) or self._handles.setdefault(handle, cell_len(handle)))
            self._widen("kind", len(event.kind) + GLYPH)
            self._widen("by", len(event.origin))
            self._widen("seq", len(str(event.seq)))
            self._oldest = event.at if self._oldest is None else min(self._oldest, event.at)

    def columns(self, now: datetime, width: int) -> dict[str, int]:
        """Cells of each column of a list so wide; none before there are events."""
        if self._oldest is None:
            return {}
        needed = self._cells | {"at": len(told_time(self._oldest, now, width))}
        titled = (max(needed[one.name], len(TITLES[one.name])) if one.name in needed else 0 for one in COLUMNS)
        return fitted_columns(COLUMNS, titled, width, TEXT)

    def _widen(self, name: str, cells: int) -> None:
        self._cells[name] = max(self._cells.get(name, 0), cells)


def unknown_values(asked: Sequence[str], known: Iterable[str]) -> list[str]:
    """What was asked for of a field, and is the beginning of none of its values."""
    values = tuple(known)
    return [each for each in asked if not any(value.startswith(each) for value in values)]
