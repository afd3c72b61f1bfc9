"""`fold`: what the human did in a child, for its parent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command, on_desk
from codex_desk.cli.failures import DONE, FAILED
from codex_desk.cli.hosting import wait_until_final
from codex_desk.cli.params import THREAD, thread_named

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk
    from codex_desk.engine.fold_reading import FoldMode, FoldView

MODES = ("qa", "summary", "replace", "none")


@command()
@click.argument("child", type=THREAD)
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default="qa",
    help="qa (unless told): your requests and the final answers; summary: what CHILD's model makes of them, in one call; "
    "replace: the parent's history first goes back to before CHILD's first answer; none: nothing.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be folded, and change nothing.")
@click.option("--undo", is_flag=True, help="Take the last fold of CHILD back, until its parent's next turn begins.")
@click.option("--continue", "go_on", is_flag=True, help="Start the parent afterwards.")
@click.option("--yes", is_flag=True, help="With --mode replace: yes, history goes back, files do not.")
@on_desk
async def fold_command(desk: Desk, out: Output, child: str, mode: FoldMode, dry_run: bool, undo: bool, go_on: bool, yes: bool) -> int:
    """Bring what you did in CHILD since the last fold to the session that it works for."""
    from codex_desk.engine.folding import Fold, Unfold

    if undo and (dry_run or go_on):
        raise click.UsageError("--undo goes with neither --dry-run nor --continue.", click.get_current_context())
    found = thread_named(desk, child)
    if undo:
        taken: FoldView = await desk.do(Unfold(found.id))
        out.give(taken.to_json(), taken.text)
        out.say(f"taken back: {_turns(taken)} of {taken.child}; {taken.parent} reads what it did before")
        return DONE
    seen = desk.fold(found.id, mode)
    summary = None
    if mode == "summary" and seen.turns:
        code, summary = await _summary(desk, out, found.id)
        if summary is None:
            return code
        seen = desk.fold(found.id, mode, summary)
    if dry_run:
        out.give(seen.to_json(), seen.text)
        _say_more(out, seen, "nothing new to fold" if not seen.turns else f"{_turns(seen)} would be folded into {seen.parent}")
        return DONE
    wanted = seen.messages if summary is not None else None
    made: FoldView = await desk.do(Fold(found.id, mode, summary=summary, messages=wanted, sure=yes, go_on=go_on))
    out.give(made.to_json(), made.text)
    _say_more(out, made, _told(made))
    if made.sent is not None and not desk.desk_is_open():
        out.say(f"{made.parent} goes on with #{made.sent}: queued, nothing is open to run it")
    return DONE


async def _summary(desk: Desk, out: Output, child_id: str) -> tuple[int, str | None]:
    """What the child's model writes, in one call; or the exit code of a call without it, which is told."""
    from codex_desk.engine.folding import AskSummary, CancelSummary

    asked = await desk.do(AskSummary(child_id))
    if asked is None:
        return DONE, ""
    out.say(f"asking {asked.to}'s model for a summary")
    try:
        waited = await wait_until_final(desk, out, [asked.id], None)
    except asyncio.CancelledError:
        await asyncio.shield(desk.do(CancelSummary(asked.id)))
        raise
    [ended] = waited.messages
    if ended.answer and waited.exit_code == DONE:
        return DONE, ended.answer
    if not waited.needs_human:
        out.say(f"no summary, and nothing was folded: {ended.state}: {ended.reason}")
    else:
        await desk.do(CancelSummary(asked.id))
    out.give({"text": "", "tokens": 0, "turns": 0, "item_id": None}, ())
    return waited.exit_code or FAILED, None


def _told(made: FoldView) -> str:
    if made.state is None:
        return "nothing is brought back" if made.mode == "none" else f"nothing new in {made.child} to fold"
    if made.state == "waiting":
        return f"{made.parent} works: {_turns(made)} of {made.child} will be folded in when that turn ends"
    return f"{_turns(made)} of {made.child} folded into {made.parent}; --undo takes it back until its next turn begins"


def _say_more(out: Output, view: FoldView, words: str) -> None:
    out.say(words)
    if view.note:
        out.say(view.note)
    if view.running:
        out.say(f"{view.running} of your requests in {view.child} still to be answered: for the next fold")


def _turns(view: FoldView) -> str:
    return f"{view.turns} turn" if view.turns == 1 else f"{view.turns} turns"
