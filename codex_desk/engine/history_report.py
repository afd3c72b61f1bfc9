"""What an import found and did: every file and every line accounted for; and how the whole history stands."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from codex_desk.engine.reading import Reader
from codex_desk.rollouts.linking import counted

LISTED = 100
"""Paths that a report names of each kind."""

DONE = (
    *("new", "grown", "rewritten", "on_desk", "problems", "bytes_read", "lines", "repaired", "without_meta"),
    *("threads_new", "items_new", "items_changed", "items_removed"),
)
"""What a report says of what was done, in contrast to what was found and how it stands."""


@dataclass(slots=True)
class HistoryReport:
    """`read` counts what this import did; `standing` how the whole history stands after it."""

    root: str
    files: int = 0
    """Rollout files that are there."""
    same: int = 0
    new: int = 0
    grown: int = 0
    rewritten: int = 0
    moved: int = 0
    gone: int = 0
    twice: int = 0
    others: int = 0
    """Files in the same folders that are no rollouts."""
    on_desk: int = 0
    """Files of threads that live on the desk: those are theirs to tell."""
    problems: list[tuple[str, str]] = field(default_factory=list)
    """(path, reason) of files that could not be read, or not to their end."""
    bytes_read: int = 0
    lines: Counter[str] = field(default_factory=Counter)
    """By what became of them; see `rollouts.shapes.Fate`."""
    repaired: int = 0
    threads_new: int = 0
    items_new: int = 0
    items_changed: int = 0
    items_removed: int = 0
    without_meta: int = 0
    """Files without a line that says whose they are; their name does."""
    threads: int = 0
    items: int = 0
    linked: int = 0
    pending: int = 0
    orphaned: int = 0
    sealed: int = 0
    kinds: dict[str, dict[str, int]] = field(default_factory=dict)
    """`spawned`, `forked`, `side_chat`, `messages`: how many are linked, pending, orphaned."""
    unknown: dict[str, int] = field(default_factory=dict)
    """Lines that were not understood, by the type that they name."""

    def add(self, other: HistoryReport) -> None:
        """What another one says was done was done too."""
        for name in DONE:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def brought(self) -> bool:
        """Whether anything came of it."""
        return bool(self.new or self.grown or self.rewritten or self.moved or self.items_changed)

    def to_json(self) -> dict[str, Any]:
        return {
            "root": self.root,
            "files": {
                "found": self.files,
                "new": self.new,
                "grown": self.grown,
                "rewritten": self.rewritten,
                "moved": self.moved,
                "same": self.same,
                "gone": self.gone,
                "twice": self.twice,
                "others": self.others,
                "on_desk": self.on_desk,
                "without_meta": self.without_meta,
                "failed": [{"path": path, "reason": reason} for path, reason in self.problems[:LISTED]],
            },
            "bytes": self.bytes_read,
            "lines": {"read": sum(self.lines.values()), **dict(self.lines.most_common()), "repaired": self.repaired},
            "threads": {"total": self.threads, "new": self.threads_new},
            "items": {"total": self.items, "new": self.items_new, "changed": self.items_changed, "removed": self.items_removed},
            "relations": {"linked": self.linked, "pending": self.pending, "orphaned": self.orphaned, "kinds": self.kinds},
            "sealed": self.sealed,
            "not_understood": self.unknown,
        }


def standing(reader: Reader, report: HistoryReport) -> None:
    """Count the whole history: what is linked, what waits for something that is not there, what cannot be read."""
    one = reader.row("SELECT count(*), (SELECT coalesce(sum(items), 0) FROM rollout) FROM history")
    assert one is not None
    report.threads, report.items = int(one[0]), int(one[1])
    kinds = {name: _counts(reader, question) for name, question in QUESTIONS.items()}
    report.kinds = {name: counts for name, counts in kinds.items() if any(counts.values())}
    report.linked = sum(counts["linked"] for counts in kinds.values())
    report.pending = sum(counts["pending"] for counts in kinds.values())
    report.orphaned = sum(counts["orphaned"] for counts in kinds.values())
    files = reader.rows("SELECT unknown, sealed FROM rollout WHERE unknown != '{}' OR sealed != 0")
    report.sealed = sum(row["sealed"] for row in files)
    report.unknown = counted(json.loads(row["unknown"]) for row in files)


QUESTIONS = {
    "spawned": (
        "SELECT (SELECT count(*) FROM thread WHERE status = 'history' AND spawned_by IS NOT NULL),"
        " (SELECT count(*) FROM history_link WHERE kind = 'spawn' AND linked = 0),"
        " (SELECT count(*) FROM history h JOIN thread t ON t.id = h.thread_id WHERE h.parent_id IS NOT NULL AND t.spawned_by IS NULL)"
    ),
    "forked": (
        "SELECT (SELECT count(*) FROM thread t JOIN thread s ON s.id = t.forked_from WHERE t.status = 'history'), 0,"
        " (SELECT count(*) FROM thread t WHERE t.status = 'history' AND t.forked_from IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM thread s WHERE s.id = t.forked_from))"
    ),
    "side_chats": (
        "SELECT (SELECT count(*) FROM thread t JOIN thread s ON s.id = t.side_chat_of WHERE t.status = 'history'), 0,"
        " (SELECT count(*) FROM thread t WHERE t.status = 'history' AND t.side_chat_of IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM thread s WHERE s.id = t.side_chat_of))"
    ),
    "messages": (
        "SELECT (SELECT count(*) FROM history_link WHERE kind = 'message' AND linked = 1),"
        " (SELECT count(*) FROM history_link WHERE kind = 'message' AND linked = 0), 0"
    ),
}
"""How many relations of a kind are linked, pending and orphaned."""


def _counts(reader: Reader, question: str) -> dict[str, int]:
    row = reader.row(question)
    assert row is not None
    return {"linked": int(row[0]), "pending": int(row[1]), "orphaned": int(row[2])}
