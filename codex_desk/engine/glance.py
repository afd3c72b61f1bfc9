"""What the first frame shows, before the engine is imported."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codex_desk.frozen import frozen
from codex_desk.paths import is_there
from codex_desk.store import glance as store

if TYPE_CHECKING:
    from codex_desk.engine.views import ItemView, ThreadView

TAIL = 40


@frozen
class Glance:
    """`threads` newest first, at most 200; `items` are the tail of the thread that `opened` names."""

    threads: tuple[ThreadView, ...] = ()
    opened: str | None = None
    items: tuple[ItemView, ...] = ()


def glance(home: Path, cwd: Path | None = None) -> Glance:
    """A read-only look at the desk's store. The opened thread is the one whose folder is `cwd`, else the last one used, else the newest. A store
    that is not there, or that cannot be read now, gives an empty look: the engine says why when it opens."""
    from codex_desk.engine.rows import item_view, thread_view  # a shell that completes a handle does without

    path = home / "desk.db"
    if not is_there(path):
        return Glance()
    try:
        with store.Glance(path) as look:
            threads = tuple(thread_view(row) for row in look.threads())
            opened = _opened(threads, look.meta("last_thread"), cwd)
            items = tuple(item_view(row) for row in look.tail(opened, TAIL)) if opened else ()
    except sqlite3.Error:
        return Glance()
    return Glance(threads, opened, items)


def handles(home: Path, prefix: str = "") -> list[tuple[str, str]]:
    """(handle, title) of the sessions whose handles begin so, newest first, for a shell that completes one; nothing where there is nothing to read."""
    return _beginning(home, prefix, store.Glance.handles)


def automations(home: Path, prefix: str = "") -> list[tuple[str, str]]:
    """(handle, schedule) of the automations whose handles begin so, likewise."""
    return _beginning(home, prefix, store.Glance.automations)


def _beginning(home: Path, prefix: str, read: Callable[[store.Glance], Sequence[sqlite3.Row]]) -> list[tuple[str, str]]:
    path = home / "desk.db"
    if not is_there(path):
        return []
    try:
        with store.Glance(path) as look:
            return [(handle, about) for handle, about in read(look) if handle is not None and handle.startswith(prefix)]
    except sqlite3.Error:
        return []


def _opened(threads: tuple[ThreadView, ...], last: str | None, cwd: Path | None) -> str | None:
    if cwd is not None:
        here = next((each.id for each in threads if each.cwd == str(cwd)), None)
        if here is not None:
            return here
    if last is not None and any(each.id == last for each in threads):
        return last
    return threads[0].id if threads else None
