"""Into a child and back, with what was done there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from codex_desk.engine.views import ThreadView
from codex_desk.tui.commands import Command
from codex_desk.tui.deck import Deck
from codex_desk.tui.grammar import Call, UsageError
from codex_desk.tui.model import folding as words
from codex_desk.tui.model.words import name

if TYPE_CHECKING:
    from codex_desk.engine.fold_reading import FoldView


async def agent(deck: Deck, call: Call) -> None:
    desk = await deck.desk()
    thread = await deck.named(None)
    if (ref := call.get("child")) is not None:
        child = await deck.named(ref)
        await deck.stage.open_thread(child.id, entered=child.parent_id == thread.id)
        return
    from codex_desk.tui.screens.children import Children

    picked = await deck.stage.ask(Children(desk, thread))
    if picked is not None:
        await deck.stage.open_thread(picked, entered=True)


async def back(deck: Deck, call: Call) -> None:
    """Where the human has done something in the child since the last fold, what of it goes to the parent is asked first."""
    mode = words.mode_named(call.get("mode"))
    if mode is None and call.get("mode") is not None:
        raise UsageError(f"--mode is {', '.join(words.MODES)}, not {call.get('mode')!r}")
    thread, go_on = await deck.named(None), "continue" in call.flags
    if thread.parent_id is None:
        if not await deck.stage.leave_thread():
            deck.stage.say(f"{name(thread)} has no parent to go back to", "error")
        return
    desk = await deck.desk()
    seen = await asyncio.to_thread(desk.fold, thread.id, mode or "qa")
    if seen.turns and mode != "none":
        from codex_desk.tui.screens.fold import FoldEditor

        made = await deck.stage.ask(FoldEditor(desk, deck.do, seen, go_on=go_on))
        if made is None:  # they stay in the child
            return
    else:
        from codex_desk.engine.folding import Fold

        made = await deck.do(Fold(thread.id, "none", go_on=True)) if go_on else seen
    await _leave(deck, thread, made.parent_id)
    _tell(deck, thread, made, waits=seen.running)


async def _leave(deck: Deck, thread: ThreadView, parent_id: str) -> None:
    if not await deck.stage.leave_thread():
        await deck.stage.open_thread(parent_id)


def _tell(deck: Deck, thread: ThreadView, made: FoldView, *, waits: int) -> None:
    """Say what was brought back, and offer to take it back."""
    undo = ""
    if made.state is not None and made.sent is None:  # a parent that goes on has begun its turn

        async def take_back() -> str:
            from codex_desk.engine.folding import Unfold

            await deck.do(Unfold(thread.id))
            return f"the fold of {made.child} is taken back: {made.parent} reads what it did before"

        deck.undo.offer(take_back)
        undo = f"   {deck.stage.key_of('undo')} undoes"
    deck.stage.say(words.told(made, waits=waits) + undo)


COMMANDS = (
    Command("agent", "enter a child of this thread", agent, "[CHILD]", palette="Enter a child thread"),
    Command(
        "back",
        "leave a child, and bring its parent what you did there",
        back,
        "[--mode M] [--continue]",
        palette="Back from a child thread",
        offers={"--mode": words.MODES},
    ),
)
