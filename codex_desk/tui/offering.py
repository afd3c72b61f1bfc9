"""What the desk knows that completes a word: handles, themes, files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from codex_desk.engine.views import ThreadView
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.model.completion import Known, walk
from codex_desk.tui.model.words import WORDS
from codex_desk.tui.widgets.popup import Described, Sources

HANDLES = frozenset({"CHILD", "PARENT", "THREAD", "--from"})
"""What stands for a session in a usage line."""


def sources(
    bridge: Bridge, commands: Sequence[Known], here: Callable[[], ThreadView | None], themes: Callable[[], Iterable[str]]
) -> Sources:
    """`here`: the thread that is written to; `themes`: the names of those that can be chosen."""

    def handles(*, live: bool = True) -> Described:
        return [(one.handle, WORDS[one.status]) for one in bridge.threads if one.handle and one.live == live]

    def words(command: str, slot: str) -> Described:
        if slot in HANDLES:
            return handles(live=command != "unarchive")
        if (command, slot) == ("theme", "NAME"):
            return [(name, "") for name in sorted(themes())]
        return ()

    async def files() -> Iterable[str]:
        thread = here()
        if thread is None:
            return ()
        known = await bridge.desk.files(thread.id) if bridge.desk else None
        return known if known is not None else await asyncio.to_thread(lambda: list(walk(Path(thread.cwd))))

    return Sources(commands, handles, words, files)
