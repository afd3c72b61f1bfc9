"""A fold as it would be: its text, what it adds to the parent's context, and what it does to the parent's history, in words."""

from __future__ import annotations

from dataclasses import replace

from codex_desk.engine import fold_history, fold_reading, fold_text
from codex_desk.engine.errors import Refusal
from codex_desk.engine.fold_reading import KEPT_HERE, FoldView, Open, Rows
from codex_desk.engine.fold_text import Part
from codex_desk.store.words import FoldMode


def preview(
    rows: Rows, found: Open, names: tuple[str, str], parent: tuple[str, int], mode: FoldMode, summary: str | None = None
) -> FoldView:
    """The fold as it would be; of a summary that has not been asked for, without its text. `names`: of the child and of the parent; `parent`: its
    runtime, and the tokens of its context as far as they are known."""
    (child, parent_name), (runtime, before) = names, parent
    edge = found.edge
    parts = parts_of(found, child, mode, summary)
    text = fold_text.text_of(parts)
    tokens = fold_text.tokens_of(fold_text.sealed(child, parts, text, edited=False)) if parts else 0
    note, goes_back = "", False
    if mode == "replace" and found.exchanges:
        since = found.last_fold or edge.since
        if runtime in KEPT_HERE:
            cut = fold_history.cut_for(rows, edge, since)
            tokens -= cut.tokens
            goes_back = bool(cut.hidden)
        else:
            goes_back = fold_history.outside_turn(rows, edge, since) is not None
        note = _back_words(parent_name, child, goes_back, runtime)
    return FoldView(
        child=child,
        child_id=edge.child_id,
        parent=parent_name,
        parent_id=edge.parent_id,
        mode=mode,
        text=text,
        tokens=tokens,
        messages=found.messages,
        turns=len(found.exchanges),
        before=before,
        running=fold_reading.still_runs(rows, edge),
        note=note,
        goes_back=goes_back,
    )


def _back_words(parent: str, child: str, goes_back: bool, runtime: str) -> str:
    if not goes_back:
        return f"{child} has not answered {parent} since, so its history stays as it is."
    words = f"{parent} goes back to before {child}'s first answer: history goes back, files do not."
    if runtime in KEPT_HERE:
        return words
    return f"{words} {runtime.capitalize()} goes back by whole turns, as {parent}'s next turn begins, and cannot undo that afterwards."


def parts_of(found: Open, child: str, mode: FoldMode, summary: str | None) -> list[Part]:
    match mode:
        case "qa" | "replace":
            return fold_text.of_exchanges(child, found.exchanges)
        case "summary" if summary:
            return fold_text.of_summary(child, summary, len(found.messages))
        case _:
            return []


def chosen(found: Open, wanted: tuple[int, ...] | None) -> Open:
    """Of what is open the exchanges that the human has seen. Refusals: changed."""
    if wanted is None:
        return found
    chosen = tuple(exchange for exchange in found.exchanges if {number for number, _ in exchange.requests} & set(wanted))
    if {number for exchange in chosen for number, _ in exchange.requests} != set(wanted):
        raise Refusal("changed", "what was to be folded has changed meanwhile, or was folded by somebody else; look at it again")
    return replace(found, exchanges=chosen)


def preview_of(rows: Rows, child_id: str, mode: FoldMode, summary: str | None = None) -> FoldView:
    """What a fold of this child would bring now. Refusals: no_parent, unknown_thread."""
    child = _name(rows, child_id)
    edge = fold_reading.edge_of(rows, child_id, child)
    runtime, before = rows("SELECT runtime, context_tokens FROM thread WHERE id = ?", (edge.parent_id,))[0]
    return preview(rows, fold_reading.what_is_open(rows, edge), (child, _name(rows, edge.parent_id)), (runtime, before), mode, summary)


def _name(rows: Rows, thread_id: str) -> str:
    found = rows("SELECT handle, title FROM thread WHERE id = ?", (thread_id,))
    if not found:
        raise Refusal("unknown_thread", f"there is no thread {thread_id}")
    return found[0][0] or found[0][1] or thread_id
