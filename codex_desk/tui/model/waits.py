"""Who waits for whom, as a tree: each waiting thread, below it what it waits for, and below that what that waits for in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from codex_desk.frozen import frozen
from codex_desk.text import one_line

if TYPE_CHECKING:
    from codex_desk.engine.standing import Asked, Awaited, Standing, Wait

Tone = Literal["waits", "asks", "works", "still"]
"""A wait; something that only the human can do; a turn that runs; anything else."""

STATE_WORDS: Mapping[str, str] = {"running": "working", "delivered": "read"}


@frozen
class WaitRow:
    """One line. `guides` are the tree lines before it."""

    key: str
    thread_id: str
    """The thread that Enter opens."""
    guides: str
    name: str
    tone: Tone
    words: str
    since: datetime
    deadline: datetime | None = None
    """When the wait gives up."""
    frees: str = ""
    """What would end it, for the line below the list."""


def wait_rows(standing: Standing) -> tuple[list[WaitRow], list[WaitRow]]:
    """The trees of those that wait for other threads, and the threads outside of them that wait for the human."""
    waits = {wait.thread_id: wait for wait in standing.waits}
    asked: dict[str, list[Asked]] = {}
    for each in standing.asked:
        asked.setdefault(each.thread_id, []).append(each)
    awaited = {one.thread_id for wait in standing.waits for one in wait.awaited if not one.final}
    roots = [wait for wait in standing.waits if wait.thread_id not in awaited] or list(standing.waits)
    rows: list[WaitRow] = []
    for root in roots:
        rows.append(_waiting(root, "", root.thread_id, ""))
        rows += _below(root, waits, asked, "", root.thread_id, frozenset({root.thread_id}))
    shown = {row.thread_id for row in rows}
    rest = [_asking(one, "", one.thread, one.approval or one.thread_id) for one in standing.asked if one.thread_id not in shown]
    return rows, rest


def clock_words(row: WaitRow, now: datetime, *, short: bool = False) -> str:
    """`0:48`; for a wait also when it gives up: `0:48 · gives up in 4:12`, or `short`, `0:48 of 5:00`."""
    spent = duration((now - row.since).total_seconds())
    if row.deadline is None:
        return spent
    if short:
        return f"{spent} of {duration((row.deadline - row.since).total_seconds())}"
    return f"{spent} · gives up in {duration((row.deadline - now).total_seconds())}"


def duration(seconds: float) -> str:
    """`0:48`, `1:02:03`, `3d`; what is not yet, or no more, is `0:00`."""
    whole = max(0, int(seconds))
    if whole >= 86400:
        return f"{whole // 86400}d"
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def _below(
    wait: Wait, waits: Mapping[str, Wait], asked: Mapping[str, Sequence[Asked]], stem: str, key: str, seen: frozenset[str]
) -> Iterator[WaitRow]:
    for one in wait.awaited:
        last = one is wait.awaited[-1]
        guides, inside = stem + ("└─ " if last else "├─ "), stem + ("   " if last else "│  ")
        place = f"{key} {one.number}"
        waiting = waits.get(one.thread_id) if one.state == "running" else None
        if waiting is not None and one.thread_id not in seen:
            yield _waiting(waiting, guides, place, f"#{one.number} ")
            yield from _below(waiting, waits, asked, inside, place, seen | {one.thread_id})
            continue
        yield _message(one, guides, place)
        if one.state == "held":
            yield _held(one, inside + "└─ ", place)
        elif not one.final:
            asks = asked.get(one.thread_id, ())
            for each in asks:
                end = "└─ " if each is asks[-1] else "├─ "
                yield _asking(each, inside + end, "you", f"{place} {each.approval or ''}")


def _waiting(wait: Wait, guides: str, key: str, number: str) -> WaitRow:
    open_ones = [one for one in wait.awaited if not one.final]
    count = len(open_ones)
    names = ", ".join(dict.fromkeys(one.thread for one in open_ones))
    whom = f"{wait.mode} of {count}: {names}" if count > 1 else names or "its answers"
    answers = (
        " or ".join(f"#{one.number}" for one in open_ones) if wait.mode == "any" else " and ".join(f"#{one.number}" for one in open_ones)
    )
    frees = f"{wait.thread} goes on with the answer to {answers or 'what it asked'}, or when it gives up; x stops it"
    return WaitRow(
        key, wait.thread_id, guides, wait.thread, "waits", f"{number}⧗ waits for {one_line(whom)}", wait.since, wait.deadline, frees
    )


def _message(one: Awaited, guides: str, key: str) -> WaitRow:
    behind = f" behind #{one.behind}" if one.behind is not None else ""
    words = f"#{one.number} {STATE_WORDS.get(one.state, one.state)}{behind}"
    ahead = f"#{one.behind}" if one.behind is not None else f"what {one.thread} does now"
    frees = {
        "running": f"#{one.number} ends with {one.thread}'s turn; x stops that",
        "queued": f"#{one.number} begins when {ahead} has ended; x stops that",
        "held": f"#{one.number} waits for you",
    }.get(one.state, f"#{one.number} has ended")
    return WaitRow(key, one.thread_id, guides, one.thread, "works" if one.state == "running" else "still", words, one.since, frees=frees)


def _held(one: Awaited, guides: str, key: str) -> WaitRow:
    frees = f"yes in the inbox or /resume {one.thread} lets #{one.number} go on; its queue removes it"
    return WaitRow(f"held {key}", one.thread_id, guides, "you", "asks", f"⏸ {one_line(one.reason)}", one.since, frees=frees)


def _asking(one: Asked, guides: str, name: str, key: str) -> WaitRow:
    words = " ".join(part for part in (f"{one.approval}:" if one.approval else "", one_line(one.text)) if part)
    frees = f"your yes or no to {one.approval}" if one.approval else f"once you have seen to it: a prompt, or /resume {one.thread}"
    return WaitRow(f"asks {key}", one.thread_id, guides, name, "asks", f"⚠ {one_line(words)}", one.since, frees=frees)
