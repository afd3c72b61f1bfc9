"""What a fold does to the history that the parent's model reads: a chunk of its own, and for `replace` flags of others, all of which undo turns back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from codex_desk.engine.fold_reading import Edge, Rows, first_answer
from codex_desk.engine.journal import Tx
from codex_desk.frozen import frozen
from codex_desk.runtimes.native import chunks
from codex_desk.store.fold_tables import Fold
from codex_desk.store.tables import Segment

SEGMENTS = "SELECT id, kind, live FROM segment WHERE thread_id = ? AND made_at < ? ORDER BY id"
TURN_OF = """SELECT json_extract(settings, '$.external_id') FROM turn
    WHERE thread_id = ? AND (ended_at IS NULL OR ended_at >= ?) AND json_extract(settings, '$.external_id') IS NOT NULL ORDER BY started_at, id LIMIT 1"""
"""The first turn that ran when something happened, or began after it."""


@frozen
class Step:
    """A chunk of history, and what it did to those before it."""

    id: int
    compaction: bool = False
    undone: bool = False
    hidden: frozenset[int] = frozenset()
    shown: frozenset[int] = frozenset()


@frozen
class Cut:
    """Which chunks go out of use, and which come back into it."""

    hidden: tuple[int, ...] = ()
    shown: tuple[int, ...] = ()
    tokens: int = 0
    """An estimate of what the history gets smaller by."""


def in_use(steps: Iterable[Step]) -> list[int]:
    """The chunks that were the history once these had come, in order. Pure."""
    found: list[int] = []
    for step in steps:
        if step.undone:
            continue
        earlier = () if step.compaction else sorted({*found, *step.shown} - step.hidden)
        found = [*earlier, step.id]
    return found


def cut_for(rows: Rows, edge: Edge, since: str) -> Cut:
    """The way back to the last point before the child's first answer at which no tool call is open. A compaction behind that point goes too, and what it
    stood for comes back."""
    when = first_answer(rows, edge, since)
    if when is None:
        return Cut()
    folds = {
        row[0]: row
        for row in rows(
            "SELECT segment_id, state, hidden, shown FROM fold WHERE parent_id = ? AND segment_id IS NOT NULL", (edge.parent_id,)
        )
    }
    before = in_use(_step(number, kind, folds.get(number)) for number, kind, _ in rows(SEGMENTS, (edge.parent_id, when)))
    contents = _contents(rows, before)
    kept = set(before[: chunks.closed_prefix([contents[number] for number in before])])
    live = [row[0] for row in rows("SELECT id FROM segment WHERE thread_id = ? AND live = 1 ORDER BY id", (edge.parent_id,))]
    hidden = tuple(number for number in live if number not in kept)
    shown = tuple(sorted(kept - set(live)))
    gone = chunks.size_in_tokens(_contents(rows, hidden).values()) - chunks.size_in_tokens(contents[number] for number in shown)
    return Cut(hidden, shown, gone)


def outside_turn(rows: Rows, edge: Edge, since: str) -> str | None:
    """The same where the runtime keeps the history: its id of the turn in which the child's first answer came. It goes back by whole turns."""
    when = first_answer(rows, edge, since)
    found = [] if when is None else rows(TURN_OF, (edge.parent_id, when))
    return found[0][0] if found else None


def insert(tx: Tx, parent_id: str, text: str) -> int:
    """Append a chunk with a text of the desk's; returns its id."""
    tx.flush_segments()
    content = chunks.user_chunk(text)
    row = tx.insert(Segment(thread_id=parent_id, turn_id=None, kind="fold", live=True, content=content, made_at=tx.now))
    return row.id or 0


def use(tx: Tx, numbers: Iterable[int], *, live: bool) -> None:
    """Bring chunks into use, or take them out of it."""
    tx.driver.executemany("UPDATE segment SET live = ? WHERE id = ?", [(int(live), number) for number in numbers])


def give_back(tx: Tx, fold: Fold) -> None:
    """Let the history be again what it was before the fold, byte for byte."""
    if fold.segment_id is not None:
        use(tx, (fold.segment_id,), live=False)
    use(tx, (wake["segment"] for wake in fold.wakes if wake["segment"] is not None), live=False)
    use(tx, fold.shown, live=False)
    use(tx, fold.hidden, live=True)


def _step(number: int, kind: str, fold: Sequence[object] | None) -> Step:
    if kind == "compaction":
        return Step(number, compaction=True)
    if fold is None:
        return Step(number)
    return Step(number, False, fold[1] == "undone", frozenset(json.loads(str(fold[2]))), frozenset(json.loads(str(fold[3]))))


def _contents(rows: Rows, numbers: Iterable[int]) -> dict[int, bytes]:
    return {number: rows("SELECT content FROM segment WHERE id = ?", (number,))[0][0] for number in numbers}
