"""Approvals in words: what is asked, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from codex_desk.engine.views import ApprovalView, GrantView
from codex_desk.text import one_line
from codex_desk.tui.model.words import short_path

STATE_WORDS: Mapping[str, str] = {"approved": "allowed", "denied": "denied", "expired": "expired"}
STATE_GLYPHS: Mapping[str, str] = {"approved": "✓", "denied": "✗", "expired": "·"}
SCOPE_WORDS: Mapping[str, str] = {"once": "once", "thread": "in its thread", "tree": "with its subagents", "folder": "in its folder"}


def decision(approval: ApprovalView) -> str:
    """What became of it: `allowed once`, `denied`, `expired: nobody to ask`."""
    word = STATE_WORDS.get(approval.state, approval.state)
    if approval.state == "approved":
        return f"{word} {SCOPE_WORDS.get(approval.scope or 'once', one_line(approval.scope or '', 20))}"
    return f"{word}: {one_line(approval.reason, 80)}" if approval.reason else word


def elsewhere(before: Iterable[ApprovalView], now: Iterable[ApprovalView], decided: Iterable[ApprovalView], mine: Iterable[str]) -> str:
    """What became of approvals that waited before and do not now, those that were answered here left out; empty for none."""
    waiting, own = {one.id for one in now}, set(mine)
    gone = [one.id for one in before if one.id not in waiting and one.id not in own]
    ends = {one.id: one for one in decided}
    told: list[str] = []
    for name in gone:
        end = ends.get(name)
        if end is None:
            told.append(f"{name} is not asked any more")
        elif end.state == "expired":
            told.append(f"{name} {decision(end)}")
        else:
            told.append(f"{name} was {decision(end)}, elsewhere")
    return one_line("   ".join(told), 400)


def grant_place(grant: GrantView, home: Path) -> str:
    """Where a grant counts."""
    match grant.scope:
        case "folder":
            return f"in {one_line(short_path(grant.folder or '', home))}"
        case "tree":
            return f"in {one_line(grant.thread or 'a thread', 60)} and its subagents"
        case _:
            return f"in {one_line(grant.thread or 'a thread', 60)}"
