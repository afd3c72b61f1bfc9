"""How a board is told: columns, what an entry stands to, and the whole of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from rich.cells import cell_len

from codex_desk.engine.board_views import KINDS, BoardView, EntryView
from codex_desk.text import one_line
from codex_desk.tui.model.columns import Column, fitted_columns
from codex_desk.tui.model.record import told_time

FIELDS = ("kind", "by")
"""What a filter of the board can name."""
GLYPHS: Mapping[str, tuple[str, str]] = {
    "status": ("▸", "$text-muted"),
    "finding": ("◆", "$text-primary"),
    "note": ("·", ""),
    "handoff": ("⇥", "$text-secondary"),
    "decision": ("✓", "$text-success"),
    "claim": ("▣", "$text-warning"),
}
"""The sign of a kind and its style."""

COLUMNS = (
    Column("mark", 1),
    Column("entry", 9),
    Column("at", 11, from_width=70),
    Column("kind", 10),
    Column("by", 30, least=6),
)
SHORT_TIME = 0
"""Times are told short in a list of any width: what an entry says needs the cells more than the day of it does."""
TITLES = {"mark": "", "entry": "entry", "at": "when", "kind": "kind", "by": "by"}
TEXT = 30
"""Cells that are the text's before other columns get more than their least."""


def who(entry: EntryView) -> str:
    """Whose entry it is, and for whom, in words."""
    author = {"human": "you", "system": f"{entry.author} (desk)"}.get(entry.origin, entry.author)
    return f"{author} → {entry.to}" if entry.to else author


def told(entry: EntryView) -> str:
    """What an entry stands to, before its text."""
    words: list[str] = []
    if entry.invalidated_by:
        words.append(f"✗ invalidated by e{entry.invalidated_by}")
    if entry.superseded_by:
        words.append(f"superseded by e{entry.superseded_by}")
    if entry.promoted_at:
        words.append("promoted")
    for word, number in (("invalidates", entry.invalidates), ("supersedes", entry.supersedes), ("to", entry.refers_to)):
        words += [f"{word} e{number}"] if number else []
    if entry.cites:
        words.append("cites " + " ".join(f"e{number}" for number in entry.cites))
    return ", ".join(words)


def cells(entry: EntryView, now: datetime, width: int, *, marked: bool) -> dict[str, tuple[str, str]]:
    """The columns of an entry's row, each with its style."""
    glyph, style = GLYPHS.get(entry.kind, ("·", ""))
    return {
        "mark": ("●" if marked else " ", "bold $text-primary"),
        "entry": (entry.name, "$text-muted"),
        "at": (told_time(entry.at, now, SHORT_TIME), "$text-muted"),
        "kind": (f"{glyph} {entry.kind}", style),
        "by": (one_line(who(entry), 60), "bold"),
    }


def columns(entries: Iterable[EntryView], now: datetime, width: int) -> dict[str, int]:
    """Cells of each column of a list so wide; none before there are entries."""
    needed: dict[str, int] = {}
    for entry in entries:
        for name, (text, _) in cells(entry, now, width, marked=False).items():
            needed[name] = max(needed.get(name, len(TITLES[name])), cell_len(text))
    return fitted_columns(COLUMNS, (needed.get(one.name, 0) for one in COLUMNS), width, TEXT) if needed else {}


def kinds_like(asked: Iterable[str]) -> tuple[str, ...]:
    """The kinds that begin like one of these."""
    wanted = tuple(asked)
    return tuple(kind for kind in KINDS if wanted and kind.startswith(wanted))


def passes(entry: EntryView, authors: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether an entry is one of those authors' and holds every word."""
    if authors and not any(who(entry).startswith(author) or entry.author.startswith(author) for author in authors):
        return False
    text = f"{entry.name} {entry.kind} {who(entry)} {entry.text}".casefold()
    return all(word.casefold() in text for word in words)


def terms(board: BoardView) -> str:
    """What holds on a board, in a line."""
    reach = {
        "workflow": "its parent and children",
        "session": "its parent and children, earlier boards too",
        "project": "every thread of the project",
    }
    policy = {"append-only": "everybody adds to it", "parent-mediated": "others see an entry once it is promoted"}
    state = "" if board.live else "closed · "
    return f"{state}{reach[board.visibility]} · {policy[board.write_policy]}"
