"""What a process had claimed of automations, given back as it goes. By statements alone: every desk that closes asks, and few have one."""

from __future__ import annotations

from codex_desk.engine.events import AutomationChanged
from codex_desk.engine.journal import Tx


def release(tx: Tx, host_id: str) -> None:
    """A process is gone: what it had claimed, another may see to."""
    for run, automation in tx.rows("SELECT id, automation_id FROM occurrence WHERE outcome IS NULL AND claimed_by = ?", (host_id,)):
        tx.driver.execute("UPDATE occurrence SET claimed_by = NULL, changed = ? WHERE id = ?", (tx.take_seq(), run))
        tx.tell(AutomationChanged(automation))
