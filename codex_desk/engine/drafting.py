"""What the human has typed in a thread's composer and not sent: kept beside the thread, so that it is there after a restart, and after a crash.

One draft a thread; whoever typed last is kept. It is no part of the thread: nothing of it is in a transcript, in the index or in a model's history.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar

from codex_desk.engine.identity import By
from codex_desk.engine.journal import Action, Tx
from codex_desk.engine.reading import Reader
from codex_desk.frozen import frozen

TEXT = "draft:"
PASTES = "draft-pastes:"
_KEEP = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_ORPHANS = (
    "DELETE FROM meta WHERE substr(key, 1, {length}) = '{prefix}'"
    " AND NOT EXISTS (SELECT 1 FROM thread WHERE id = substr(key, {length} + 1) AND archived_at IS NULL)"
)


@frozen
class KeepDraft(Action):
    """Keep a thread's draft in place of the one before; an empty text forgets it. Drafts of threads that are gone are forgotten too."""

    thread: str
    text: str
    pastes: Mapping[str, str] | None = None
    """What stands for large pastes in the text → the pastes; None: as they are kept already."""
    verb: ClassVar[str] = "note"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> None:
        run = tx.connection.exec_driver_sql
        if self.text:
            run(_KEEP, (TEXT + self.thread, self.text))
            if self.pastes is not None:
                run(_KEEP, (PASTES + self.thread, json.dumps(dict(self.pastes), ensure_ascii=False)))
        else:
            run("DELETE FROM meta WHERE key IN (?, ?)", (TEXT + self.thread, PASTES + self.thread))
        for prefix in (TEXT, PASTES):
            run(_ORPHANS.format(prefix=prefix, length=len(prefix)))


def kept_draft(reader: Reader, thread_id: str) -> tuple[str, Mapping[str, str]] | None:
    """A thread's draft and its pastes; None where there is none."""
    text = reader.meta(TEXT + thread_id)
    if text is None:
        return None
    return text, json.loads(reader.meta(PASTES + thread_id) or "{}")
