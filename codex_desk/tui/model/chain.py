"""The bill of a chain as lines: how much of each limit is used, who took how much, and what is held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from codex_desk.frozen import frozen
from codex_desk.text import one_line
from codex_desk.tui.model.waits import duration
from codex_desk.tui.model.words import GLYPHS, WORDS, tokens

if TYPE_CHECKING:
    from codex_desk.engine.bills import Bill, HeldMessage, Spender, Spent

Tone = Literal["plain", "near", "over"]
"""How a limit stands: below 80 %, from there on, used up."""

CELLS = 16
"""Of a limit's bar."""


@frozen
class Share:
    """One limit."""

    name: str
    used: str
    limit: str
    bar: str | None
    """As far as it is used; None where none is drawn."""
    tone: Tone
    again: str
    """That the human gave as much again; empty where they did not."""


@frozen
class Worker:
    """One thread of the chain."""

    thread_id: str
    guides: str
    name: str
    glyph: str
    words: str
    took: tuple[str, str, str]
    """Turns, tokens, time."""


@frozen
class Waiting:
    """One held message."""

    number: int
    thread_id: str
    way: str
    """`reviewer → operator`."""
    reason: str


def shares(bill: Bill, *, plain: bool = False) -> list[Share]:
    """`plain`: without bars."""
    return [_share(each, plain) for each in bill.spent]


def _share(spent: Spent, plain: bool) -> Share:
    part = spent.used / spent.limit if spent.limit else float(spent.used > 0)
    tone: Tone = "over" if part >= 1 else "near" if part >= 0.8 else "plain"
    again = "" if not spent.granted else "given again" if spent.granted == 1 else f"given again {spent.granted} times"
    return Share(spent.name, _amount(spent.name, spent.used), _amount(spent.name, spent.limit), None if plain else bar(part), tone, again)


def _amount(name: str, amount: float) -> str:
    if name == "time":
        return duration(amount)
    return (tokens(int(amount)) or "0 tok").removesuffix(" tok") if name == "tokens" else f"{int(amount):,}"


def bar(part: float) -> str:
    """A bar of at most `CELLS` cells, to the half of one; what is used at all shows."""
    halves = max(1 if part > 0 else 0, min(CELLS * 2, int(part * CELLS * 2)))
    return "━" * (halves // 2) + "╸" * (halves % 2)


def workers(bill: Bill) -> list[Worker]:
    """The threads as a tree."""
    lines: list[Worker] = []
    open_at: list[bool] = []
    """For each depth, whether another thread follows there."""
    for each in bill.spenders:
        del open_at[each.depth :]
        stem = "".join("│  " if more else "   " for more in open_at[1:])
        guides = "" if each.depth == 0 else stem + ("└─ " if each.last else "├─ ")
        open_at.append(not each.last)
        took = (f"{each.turns} turn{'' if each.turns == 1 else 's'}", tokens(each.tokens) or "0 tok", duration(each.seconds))
        lines.append(Worker(each.thread_id, guides, each.thread, _glyph(each), _state(each), took))
    return lines


def _glyph(spender: Spender) -> str:
    return "⏸" if spender.held else GLYPHS[spender.status]  # type: ignore[index]  # a status of the store


def _state(spender: Spender) -> str:
    return "stopped by you" if spender.held else WORDS[spender.status]  # type: ignore[index]


def waiting(held: Sequence[HeldMessage]) -> list[Waiting]:
    return [Waiting(one.number, one.to_id, f"{one_line(one.sender, 40)} → {one_line(one.to, 40)}", one_line(one.reason)) for one in held]


def standing(bill: Bill) -> str:
    """What the chain does now, in a few words."""
    if bill.stopped is not None:
        return "stopped by you"
    if bill.refused:
        return "you gave no more for it"
    if bill.held:
        return f"{len(bill.held)} held"
    return f"{bill.running} working" if bill.running else "at rest"


def in_short(bill: Bill) -> str:
    """The bill in one line: `12 turns of 3 threads, 84.2k tok, 1 held`."""
    turns = sum(each.turns for each in bill.spenders)
    threads = len(bill.spenders)
    parts = (
        f"{turns} turn{'' if turns == 1 else 's'} of {threads} thread{'' if threads == 1 else 's'}",
        tokens(bill.tokens),
        standing(bill),
    )
    return ", ".join(part for part in parts if part)
