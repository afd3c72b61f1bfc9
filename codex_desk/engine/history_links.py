"""Relations of imported threads: made once both ends are there, in whichever order they came.

A relation is never guessed: a child's own file names its parent, a call names its child, a fork the file that it begins behind. What names
something that is not there is pending (a call whose child is missing) or orphaned (a thread whose parent, or whose beginning, is missing),
and is looked at again by the next import.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from codex_desk.engine.chain import TOMBSTONE
from codex_desk.engine.events import HistoryChanged
from codex_desk.engine.history_order import FRESH, order_segments, stand_behind
from codex_desk.engine.journal import Tx
from codex_desk.rollouts.agents import FINAL
from codex_desk.rollouts.linking import acceptable

NAMELESS = ("parent", "another thread", "a new thread")
"""What a message calls the thread at its other end that its file does not name."""
OUTCOMES = FINAL | {"interrupted"}


def link_all(tx: Tx, names: Mapping[str, str] | None = None, *, relations: bool = True) -> None:
    """Give threads the names that Codex has for them, and make every relation that can be made now."""
    driver = tx.driver
    changed = _rename(tx, names or {})
    if relations:
        changed |= _know_again(driver)
        changed |= _adopt_parents_from_calls(driver)
        changed |= _link_children(tx)
        changed |= _link_calls(driver)
        changed |= _fill_in_results(driver)
        changed |= _name_peers(driver)
        changed |= order_segments(tx)
        changed |= stand_behind(tx)
        driver.execute("UPDATE history SET fresh = 0 WHERE fresh = 1")
    if changed:
        seq = tx.take_seq()
        driver.executemany("UPDATE thread SET changed = ? WHERE id = ?", [(seq, thread_id) for thread_id in changed])
        tx.tell(HistoryChanged(tuple(sorted(changed))))


def _rename(tx: Tx, names: Mapping[str, str]) -> set[str]:
    rows = [(name, thread_id) for thread_id, name in names.items()]
    tx.driver.executemany("UPDATE history SET name = ? WHERE thread_id = ?", rows)
    tx.driver.executemany("UPDATE thread SET title = ? WHERE id = ? AND status = 'history'", rows)
    return set(names)


def _know_again(driver: sqlite3.Connection) -> set[str]:
    """Where a thread came from is told by Codex's id; a session that was made on the desk has another one here."""
    changed: set[str] = set()
    for column in ("forked_from", "side_chat_of"):
        rows = driver.execute(
            f"SELECT t.id, p.id FROM thread t JOIN thread p ON p.external_id = t.{column}"
            f" WHERE t.id IN ({FRESH}) AND t.status = 'history' AND p.id != t.{column}"
        ).fetchall()
        driver.executemany(f"UPDATE thread SET {column} = ? WHERE id = ?", [(source, thread_id) for thread_id, source in rows])
        changed |= {thread_id for thread_id, _ in rows}
    return changed


# --- spawned ------------------------------------------------------------------------------------------------------------------------------


def _adopt_parents_from_calls(driver: sqlite3.Connection) -> set[str]:
    """Calls that say only an agent's path learn its id; children whose own file does not say who spawned them learn it from the call."""
    driver.execute(
        "UPDATE history_link SET peer_id = (SELECT h.thread_id FROM history h WHERE h.parent_id = history_link.thread_id"
        " AND h.agent_path = history_link.path ORDER BY h.thread_id DESC LIMIT 1) WHERE linked = 0 AND kind = 'spawn' AND peer_id IS NULL AND path IS NOT NULL"
    )
    rows = driver.execute(
        "SELECT l.peer_id, l.thread_id FROM history_link l JOIN history h ON h.thread_id = l.peer_id JOIN thread t ON t.id = l.peer_id"
        " WHERE l.linked = 0 AND l.kind = 'spawn' AND h.parent_id IS NULL AND t.kind = 'subagent' ORDER BY l.seq DESC"
    ).fetchall()
    driver.executemany("UPDATE history SET parent_id = ? WHERE thread_id = ?", [(parent, child) for child, parent in rows])
    return {child for child, _ in rows}


def _link_children(tx: Tx) -> set[str]:
    """Children whose parent is there get under it, unless that would make a circle."""
    driver = tx.driver
    wanted = dict(
        driver.execute(
            "SELECT h.thread_id, p.id FROM history h JOIN thread t ON t.id = h.thread_id JOIN thread p ON p.external_id = h.parent_id"
            f" WHERE t.spawned_by IS NULL AND t.status = 'history' AND (h.fresh = 1 OR h.parent_id IN ({FRESH}))"
        ).fetchall()
    )
    if not wanted:
        return set()
    present = dict(driver.execute("SELECT id, spawned_by FROM thread WHERE spawned_by IS NOT NULL").fetchall())
    made = acceptable(wanted, present)
    driver.executemany("UPDATE thread SET spawned_by = ? WHERE id = ?", [(parent, child) for child, parent in made.items()])
    return set(made) | set(made.values())


def _link_calls(driver: sqlite3.Connection) -> set[str]:
    """Calls whose child is there say so."""
    rows = driver.execute(
        "SELECT l.seq, t.id, l.thread_id FROM history_link l JOIN thread t ON t.external_id = l.peer_id WHERE l.linked = 0 AND l.kind = 'spawn'"
    ).fetchall()
    driver.executemany(
        "UPDATE item SET data = json_set(data, '$.subagent_thread_id', ?) WHERE seq = ?", [(child, seq) for seq, child, _ in rows]
    )
    driver.executemany("UPDATE history_link SET linked = 1 WHERE seq = ?", [(seq,) for seq, _, _ in rows])
    return {thread_id for _, _, thread_id in rows}


def _fill_in_results(driver: sqlite3.Connection) -> set[str]:
    """Where the parent's file never says how a child ended, its own file does."""
    changed: set[str] = set()
    rows = driver.execute(
        "SELECT l.seq, l.thread_id, i.data, h.outcome, h.answer FROM history_link l JOIN item i ON i.seq = l.seq"
        " JOIN history h ON h.thread_id = l.peer_id"
        f" WHERE l.kind = 'spawn' AND l.linked = 1 AND h.outcome IS NOT NULL AND i.text != ? AND (h.fresh = 1 OR l.thread_id IN ({FRESH}))"
        " AND (json_extract(i.data, '$.result') IS NULL OR json_extract(i.data, '$.result_from') = 'child')",
        (TOMBSTONE,),
    ).fetchall()
    for seq, thread_id, text, outcome, answer in rows:
        data: dict[str, Any] = json.loads(text)
        filled = result_of(data, outcome, answer)
        if filled != data:
            driver.execute("UPDATE item SET data = ? WHERE seq = ?", (json.dumps(filled, ensure_ascii=False), seq))
            changed.add(thread_id)
    return changed


def result_of(data: Mapping[str, Any], outcome: str, answer: str | None) -> dict[str, Any]:
    """The data of a call that spawned, with what the child's own file says of its end. What the parent was told is never overwritten."""
    if outcome not in OUTCOMES:
        return dict(data)
    told = data.get("agent_status")
    filled = dict(data)
    if told not in FINAL and told != "shutdown":
        filled["agent_status"] = outcome
    if answer is not None and outcome in FINAL:
        filled |= {"result": answer, "result_from": "child", "ok": outcome == "completed"}
    return filled


def _name_peers(driver: sqlite3.Connection) -> set[str]:
    """Messages say what the thread at the other end is called now, where they said only its id."""
    rows = driver.execute(
        "SELECT l.seq, l.thread_id, l.peer_id, t.id, i.data, coalesce(t.handle, t.title) FROM history_link l JOIN item i ON i.seq = l.seq"
        " JOIN thread t ON t.external_id = l.peer_id"
        f" WHERE l.kind = 'message' AND (l.linked = 0 OR l.peer_id IN ({FRESH}) OR l.thread_id IN ({FRESH}))"
    ).fetchall()
    changed: set[str] = set()
    for seq, thread_id, peer_id, here, text, name in rows:
        data = json.loads(text)
        named = peer_named(data, peer_id, here, name)
        if named != data:
            driver.execute("UPDATE item SET data = ? WHERE seq = ?", (json.dumps(named, ensure_ascii=False), seq))
            changed.add(thread_id)
    driver.executemany("UPDATE history_link SET linked = 1 WHERE seq = ? AND linked = 0", [(row[0],) for row in rows])
    return changed


def peer_named(data: Mapping[str, Any], peer_id: str, here: str, name: str) -> dict[str, Any]:
    """The data of a message whose other end is there, as the thread `here`. What the file itself calls it stays."""
    named = dict(data)
    if here != peer_id:
        named["peer_id"] = here
    if name and (data.get("peer_named") or data.get("peer") in (peer_id, *NAMELESS)):
        named |= {"peer": name, "peer_named": True}
    return named
