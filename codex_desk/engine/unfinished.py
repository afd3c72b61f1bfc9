"""Worktrees that were begun for a subagent which is not in the store yet: on record before git makes one, so that whatever ends the process in between,
it is found again, and removed where nobody has worked in it.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import ClassVar

from codex_desk.engine import worktrees
from codex_desk.engine.agents import Worktree
from codex_desk.engine.identity import By
from codex_desk.engine.journal import Action, Tx
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.liveness import is_alive
from codex_desk.engine.reading import Reader
from codex_desk.frozen import frozen
from codex_desk.store.tables import Meta, Thread

LOG = logging.getLogger(__name__)

KEY = "worktree "
"""Begins the keys of these records; the host's id and the worktree's path follow."""


@frozen
class Begin(Action):
    """Put on record that a worktree is about to be made. Returns the record's key."""

    host_id: str
    parent: str
    worktree: Worktree
    verb: ClassVar[str] = "worktree_begun"

    def perform(self, tx: Tx, by: By) -> str:
        value = json.dumps({"parent": self.parent, **self.worktree.to_json()})
        return tx.insert(Meta(key=f"{KEY}{self.host_id} {self.worktree.path}", value=value)).key


@frozen
class TakeBack(Action):
    """Strike the record out. Returns whether it stood: where it does not, its subagent was made. `told`: a line for the parent."""

    key: str
    parent: str
    told: str | None = None
    verb: ClassVar[str] = "worktree_begun"

    def perform(self, tx: Tx, by: By) -> bool:
        row = tx.get(Meta, self.key)
        if row is None:
            return False
        tx.delete(row)
        if self.told is not None and tx.get(Thread, self.parent) is not None:
            tx.item(self.parent, "notice", self.told, "system", data={"event": "note"})
        return True


async def sweep(ledger: Ledger, reader: Reader, run: Path) -> None:
    """See to what processes that died had begun: a worktree in which nothing would be lost is removed, any other is kept and its parent told."""
    for key, value in reader.metas(KEY).items():
        host = key.removeprefix(KEY).partition(" ")[0]
        if is_alive(run, host):
            continue
        kept = json.loads(value)
        removed, told = await worktrees.remove(Worktree(kept["path"], kept["repository"], kept["branch"]))
        LOG.warning("begun by a process that ended: %s", told)
        await ledger.do(TakeBack(key, kept["parent"], None if removed else f"left by a process that ended: {told}"))
