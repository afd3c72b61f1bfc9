"""What is decided about relations between threads: pure functions over ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

DEEPEST = 64
"""Threads between one and the first of its line; no agent spawns that deep, and what reads a tree walks down it."""


def acceptable(wanted: Mapping[str, str], present: Mapping[str, str]) -> dict[str, str]:
    """Which of the wanted relations child → parent can be made beside the present ones: none that is part of a circle or leads into one,
    and none that lies too deep. From the top down, so that the order in which they were found makes no difference."""
    children: dict[str, list[str]] = {}
    for child, parent in wanted.items():
        children.setdefault(parent, []).append(child)
    made: dict[str, str] = {}
    ready = [parent for parent in children if parent not in wanted]
    for parent in ready:  # it grows: a child that found its place is the parent of others
        for child in children.get(parent, ()):
            if not leads_to(parent, child, lambda at: made.get(at) or present.get(at)):
                made[child] = parent
                ready.append(child)
    return made


def leads_to(start: str, goal: str, up: Callable[[str], str | None]) -> bool:
    """Whether going up from `start` meets `goal`, a circle, or no end within `DEEPEST` steps."""
    at: str | None = start
    for _ in range(DEEPEST):
        if at is None:
            return False
        if at == goal:
            return True
        at = up(at)
    return True


def counted(kinds: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Counts by name, added up; the most frequent first."""
    total: dict[str, int] = {}
    for counts in kinds:
        for name, number in counts.items():
            total[name] = total.get(name, 0) + number
    return dict(sorted(total.items(), key=lambda each: (-each[1], each[0])))
