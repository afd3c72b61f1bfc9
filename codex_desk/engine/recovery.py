"""What is done about a process that died: its running turns end as `interrupted: process ended`, its leases are free again, and the user is told.

Nothing else needs mending: all that waits is a row."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from codex_desk.engine import claims, turns
from codex_desk.engine.identity import By
from codex_desk.engine.journal import Action, Tx
from codex_desk.engine.liveness import is_alive, lock_file
from codex_desk.frozen import frozen
from codex_desk.store.tables import Host, Lease, Turn

ENDED = "process ended"


@frozen
class Recover(Action):
    """Bury the hosts that no longer live. Returns the ids of the threads that were theirs, which another host may take over."""

    run: Path
    verb: ClassVar[str] = "recover"

    def perform(self, tx: Tx, by: By) -> set[str]:
        threads: set[str] = set()
        for host in tx.find(Host, "1"):
            if is_alive(self.run, host.id):
                continue
            for turn in tx.find(Turn, "host_id = ? AND state = 'running'", host.id):
                line = "the process that ran this turn ended; what it had committed is kept, and what was queued stays queued"
                tx.item(
                    turn.thread_id, "notice", line, "system", turn_id=turn.id, data={"event": "interrupted", "message": turn.message_id}
                )
                turns.end_turn(tx, turn, "interrupted", ENDED)
                threads.add(turn.thread_id)
            for lease in tx.find(Lease, "host_id = ?", host.id):
                tx.set_lease(lease, None, lease.fence + 1)
                threads.add(lease.thread_id)
            claims.release(tx, host.id)
            tx.delete(host)
        return threads


def dead_hosts(run: Path, hosts: list[str]) -> list[str]:
    """Those of `hosts` that no longer live; cheap enough to ask at every start."""
    return [host for host in hosts if not is_alive(run, host)]


def forget_files(run: Path, hosts: list[str]) -> None:
    """Remove the lock files of buried hosts."""
    for host in hosts:
        lock_file(run, host).unlink(missing_ok=True)
