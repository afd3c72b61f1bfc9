"""How people read the bill of a chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codex_desk.cli.lines import STATUS_GLYPHS, columns
from codex_desk.engine.wording import clock
from codex_desk.text import one_line

if TYPE_CHECKING:
    from codex_desk.engine.bills import Bill, Spender, Spent

EXCERPT = 80


def bill_lines(bill: Bill) -> list[str]:
    """What began it, how much of each limit is used, who took how much as a tree, and what is held and why."""
    by = "you" if bill.origin == "human" else bill.origin
    lines = [f"#{bill.message_id} from {by} to {bill.thread}, {clock(bill.began_at)}: {one_line(bill.prompt, EXCERPT)}"]
    lines += [f"  {row}" for row in columns([_share(each) for each in bill.spent])]
    lines += columns([_spender(each) for each in bill.spenders])
    if bill.stopped is not None:
        lines.append(f"stopped: {bill.stopped}")
    if bill.refused:
        lines.append("you gave no more for this")
    lines += [f"held: {reason}" for reason in bill.reasons]
    lines += [f"  #{each.number}  {each.sender} → {each.to}  {one_line(each.reason)}" for each in bill.held]
    return lines


def _share(spent: Spent) -> tuple[str, ...]:
    again = f"as much again {spent.granted}×" if spent.granted else ""
    if spent.name == "time":
        return spent.name, duration(spent.used), f"of {duration(spent.limit)}", again
    return spent.name, f"{spent.used:,}", f"of {spent.limit:,}", again


def _spender(spender: Spender) -> tuple[str, ...]:
    stem = "" if spender.depth == 0 else "  " * (spender.depth - 1) + ("└─ " if spender.last else "├─ ")
    return (
        STATUS_GLYPHS.get(spender.status, "○"),
        stem + spender.thread,
        spender.status.replace("_", " "),
        f"{spender.turns} turn{'' if spender.turns == 1 else 's'}",
        f"{spender.tokens:,} tokens",
        duration(spender.seconds),
    )


def duration(seconds: float) -> str:
    """`0:48`, `1:02:03`."""
    whole = int(seconds)
    minutes = f"{whole % 3600 // 60:02}" if whole >= 3600 else str(whole // 60)
    return f"{whole // 3600}:{minutes}:{whole % 60:02}" if whole >= 3600 else f"{minutes}:{whole % 60:02}"
