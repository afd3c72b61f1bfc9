"""Going back from a child, in words: the modes, what a fold adds to the parent's context, and what became of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codex_desk.tui.model.words import tokens

if TYPE_CHECKING:
    from codex_desk.engine.fold_reading import FoldMode, FoldView

MODES: tuple[FoldMode, ...] = ("qa", "summary", "replace", "none")
FILES = "history goes back, files do not"
NARROW = 66
"""Columns below which a mode is said in few words."""


def mode_named(word: str | None) -> FoldMode | None:
    """The mode of this name; None where there is none."""
    return next((mode for mode in MODES if mode == word), None)


def what_it_brings(mode: FoldMode, view: FoldView, columns: int) -> str:
    """One line about a mode."""
    short = columns < NARROW
    match mode:
        case "qa":
            return "your requests and the answers" if short else "your requests, each with the final answer to it"
        case "summary":
            return "one call to its model" if short else f"what {view.child}'s model makes of it, in one model call"
        case "replace":
            return "history goes back first, then qa" if short else f"{view.parent} goes back to before {view.child}'s answer, then qa"
        case "none":
            return "nothing; you can fold it later" if short else "nothing now; it stays there, and can be folded later"


def title(view: FoldView) -> str:
    return f"Back to {view.parent} with {counted(view.turns, 'turn')} of {view.child}"


def context(view: FoldView) -> str:
    """What the parent's context is with the fold and without."""
    if not view.text:
        return f"{view.parent}'s context stays as it is"
    change = signed(view.tokens)
    if not view.before:
        return f"{view.parent}: about {change} tok of context"
    return f"{view.parent}: {tokens(view.before).removesuffix(' tok')} → about {tokens(view.after) or '0 tok'} ({change})"


def signed(count: int) -> str:
    """`+1.2k`, `−340`."""
    size = tokens(abs(count)).removesuffix(" tok") or "0"
    return f"−{size}" if count < 0 else f"+{size}"


def still_running(view: FoldView) -> str:
    """What of the human's work in the child the fold cannot hold yet; empty for nothing."""
    if not view.running:
        return ""
    return f"{counted(view.running, 'request')} of yours in {view.child} not answered yet: for the next fold"


def told(made: FoldView, *, waits: int = 0) -> str:
    """What became of it, in one line."""
    goes_on = f", and {made.parent} goes on" if made.sent is not None else ""
    match made.state:
        case None if made.sent is not None:
            return f"nothing new was brought back; {made.parent} goes on"
        case None:
            return (
                f"back in {made.parent}; {counted(waits, 'request')} of yours in {made.child} not answered yet"
                if waits
                else f"back in {made.parent}"
            )
        case "waiting":
            return f"{made.parent} works: {counted(made.turns, 'turn')} of {made.child} will be folded in as that turn ends{goes_on}"
        case _:
            return f"{counted(made.turns, 'turn')} of {made.child} folded in{goes_on}"


def counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
