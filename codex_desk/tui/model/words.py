"""How the screen says small facts: ages, counts, paths, states."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from rich.cells import cell_len, set_cell_size

from codex_desk.engine.views import ThreadStatus, ThreadView

GLYPHS: Mapping[ThreadStatus, str] = {
    "needs_human": "⚠",
    "error": "✗",
    "running": "▶",
    "waiting": "⧗",
    "idle": "○",
    "finished": "✓",
    "archived": "▪",
    "history": "·",
}

WORDS: Mapping[ThreadStatus, str] = {
    "needs_human": "needs you",
    "error": "error",
    "running": "working",
    "waiting": "waiting",
    "idle": "ready",
    "finished": "done",
    "archived": "archived",
    "history": "history",
}

RELATION_WORDS: Mapping[str, str] = {"attached": "attached", "spawned": "subagent"}
RELATION_GLYPHS: Mapping[str, str] = {"attached": "⇄", "spawned": "⑂"}

WORKING: frozenset[ThreadStatus] = frozenset({"running", "waiting"})
ASKING: frozenset[ThreadStatus] = frozenset({"needs_human", "error"})


def age(moment: datetime, now: datetime) -> str:
    """How long ago, in one unit: `now`, `12s`, `2m`, `3h`, `5d`. A moment in the future counts as now."""
    seconds = int((now - moment).total_seconds())
    for limit, size, unit in ((60, 1, "s"), (3600, 60, "m"), (86400, 3600, "h")):
        if seconds < limit:
            return "now" if seconds < 5 else f"{seconds // size}{unit}"
    return f"{seconds // 86400}d"


def tokens(count: int) -> str:
    """`18.2k tok`; empty for none."""
    if count <= 0:
        return ""
    if count < 1000:
        return f"{count} tok"
    if count < 1_000_000:
        return f"{count / 1000:.1f}k tok"
    return f"{count / 1_000_000:.1f}M tok"


def size(characters: int) -> str:
    """A length for people: `812 B`, `14.0 KB`, `5.0 MB`."""
    if characters < 1000:
        return f"{characters} B"
    if characters < 1_000_000:
        return f"{characters / 1000:.1f} KB"
    return f"{characters / 1_000_000:.1f} MB"


def short_path(path: str, home: Path) -> str:
    """The path with the user's home folder written `~`."""
    try:
        inside = Path(path).relative_to(home)
    except ValueError:
        return path
    return "~" if inside == Path() else f"~/{inside}"


def place(thread: ThreadView) -> str:
    """Where a thread stands, for a pane's title: `attached to operator`, `subagent of operator`, or nothing."""
    match thread.relation:
        case "attached":
            return f"attached to {thread.parent}"
        case "spawned":
            return f"subagent of {thread.parent}"
        case None if thread.was_attached_to:
            return f"was attached to {thread.was_attached_to}"
    return ""


def project_name(thread: ThreadView) -> str:
    """The last part of the project's folder."""
    return Path(thread.project).name or thread.project


def home_of(thread: ThreadView) -> str:
    """Where a thread is at home, from its project's folder on: `repo`, `repo/src`."""
    try:
        inside = Path(thread.cwd).relative_to(thread.project)
    except ValueError:
        return project_name(thread)
    return str(Path(project_name(thread)) / inside)


def fitted(text: str, cells: int) -> str:
    """One line of exactly so many cells: filled with spaces, or cut with `…`. A wide character counts two."""
    if cell_len(text) <= cells:
        return set_cell_size(text, cells)
    return set_cell_size(set_cell_size(text, cells - 1).rstrip() + "…", cells) if cells > 0 else ""


def name(thread: ThreadView) -> str:
    """What the thread is called on the screen."""
    return thread.handle or thread.title or thread.id
