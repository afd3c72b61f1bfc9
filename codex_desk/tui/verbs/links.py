"""How sessions stand to each other: attach, detach, archive, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from codex_desk.engine.errors import Refusal
from codex_desk.engine.views import AttachmentView, EdgeRights, ThreadView, Wake
from codex_desk.text import one_line
from codex_desk.tui.commands import Command
from codex_desk.tui.deck import Deck
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.grammar import Call, UsageError
from codex_desk.tui.model.words import WORKING, name

NAMES = 1_000
"""Characters of a list of handles."""
Word = TypeVar("Word", bound=str)
RIGHTS: tuple[EdgeRights, ...] = ("lesser", "own")
WAKES: tuple[Wake, ...] = ("answers", "never")


async def attach(deck: Deck, call: Call) -> None:
    child = await deck.named(call.get("child"))
    rights: EdgeRights | None = _one_of(call, "rights", RIGHTS)
    wake: Wake | None = _one_of(call, "wake", WAKES)
    move = "move" in call.flags
    interrupt = True if "allow-interrupt" in call.flags else None
    if (parent_name := call.get("parent")) is not None:
        parent_id = (await deck.named(parent_name)).id
    else:
        from codex_desk.tui.screens.attach import AttachPicker

        # Thousands of sessions have their settings read for what would narrow.
        candidates = await asyncio.to_thread((await deck.desk()).candidates, child.id)
        picked = await deck.stage.ask(AttachPicker(child, candidates, own_rights=rights == "own"))
        if picked is None:
            return
        parent_id, rights, move = picked.parent_id, picked.rights, picked.move
    await _attach(deck, child, parent_id, move=move, rights=rights, wake=wake, interrupt=interrupt)


async def _attach(
    deck: Deck, child: ThreadView, parent_id: str, *, move: bool, rights: EdgeRights | None, wake: Wake | None, interrupt: bool | None
) -> None:
    from codex_desk.engine.links import Attach, Detach

    made: AttachmentView = await deck.do(Attach(child.id, parent_id, move, rights, wake, interrupt))

    async def back() -> str:
        if child.parent_id is not None and child.relation == "attached":
            await deck.do(Attach(child.id, child.parent_id, True, child.rights, child.wake, child.interrupt))
            return f"{made.child} is attached to {child.parent} again"
        await deck.do(Detach(child.id))
        return f"{made.child} is not attached any more"

    deck.undo.offer(back)
    deck.stage.say(f"{made.child} is attached to {made.parent}, rights {made.rights}   {deck.stage.key_of('undo')} undoes")


async def detach(deck: Deck, call: Call) -> None:
    child = await deck.named(call.get("child"))
    from codex_desk.engine.links import Attach, Detach

    ended: AttachmentView = await deck.do(Detach(child.id))

    async def back() -> str:
        await deck.do(Attach(ended.child_id, ended.parent_id, False, ended.rights, ended.wake, ended.interrupt))
        return f"{ended.child} is attached to {ended.parent} again"

    deck.undo.offer(back)
    deck.stage.say(f"{ended.child} is detached from {ended.parent}; both go on   {deck.stage.key_of('undo')} undoes")


async def undo(deck: Deck, call: Call) -> None:
    deck.stage.say(await deck.undo.take())


async def archive(deck: Deck, call: Call) -> None:
    thread = await deck.named(call.get("thread"))
    desk = await deck.desk()
    subagents, others = desk.archive_preview(thread.id)
    theirs, alone = await _archived_with(desk, thread)
    runs = thread.status in WORKING or any(one.thread_id == thread.id for one in desk.approvals())
    from codex_desk.tui.screens.ask import Confirm

    words = archive_words(thread, subagents, others, runs=runs, theirs=theirs, alone=alone)
    verb = "Close" if thread.kind == "subagent" else "Archive"
    if not await deck.stage.ask(Confirm(f"{verb} {name(thread)}?", words, yes=verb.lower())):
        return
    from codex_desk.engine.links import Archive

    await deck.do(Archive(thread.id))
    deck.stage.say(f"{name(thread)} is {'closed' if thread.kind == 'subagent' else 'archived'}: /unarchive {thread.handle} brings it back")


async def _archived_with(desk: DeskDoor, thread: ThreadView) -> tuple[Sequence[str], str]:
    """What Codex archives along with one of its sessions; and why it cannot be asked, in which case the desk archives alone. Refusals: spawned_on_desk."""
    try:
        return await desk.archived_with(thread.id), ""
    except Refusal as refusal:
        if refusal.code != "unavailable":
            raise
        return (), refusal.message


def archive_words(
    thread: ThreadView, subagents: Sequence[str], others: Sequence[str], *, runs: bool, theirs: Sequence[str] = (), alone: str = ""
) -> str:
    """What archiving does, in whole sentences: which subagents it ends, which attachments, and what goes on. `others` are the handles at the other ends
    of its attachments, its own parent first; `runs`: a turn runs in it; `theirs`: what its runtime archives along with it; `alone`: why its runtime
    cannot be asked."""
    attached = thread.relation == "attached"
    children = list(others[1:] if attached and others[:1] == [thread.parent] else others)
    lines: list[str] = []
    if runs:
        lines.append("Its running turn is interrupted first.")
    if subagents:
        lines.append(f"It ends its subagents: {one_line(', '.join(subagents), NAMES)}.")
    if children:
        lines.append(f"These attachments end, and the sessions live on: {one_line(', '.join(children), NAMES)}.")
    if attached:
        lines.append(f"Its own attachment to {thread.parent} ends.")
    if theirs:
        lines.append(
            f"Codex archives with it what was spawned below it: {one_line(', '.join(theirs), NAMES)}. /unarchive brings that back too."
        )
    if alone:
        lines.append(f"It is archived on the desk alone: {one_line(alone, NAMES)}")
    lines.append("Nothing is deleted.")
    return "\n".join(lines)


async def unarchive(deck: Deck, call: Call) -> None:
    desk = await deck.desk()
    if (ref := call.get("thread")) is not None:
        thread = await deck.named(ref)
    else:
        from codex_desk.tui.screens.pick import Picker, thread_choice

        archived = [one for one in desk.threads(everything=True, history=False) if one.archived_at is not None and one.kind == "session"]
        picked = await deck.stage.ask(Picker("Bring back", [thread_choice(one) for one in archived], empty="nothing is archived"))
        if picked is None:
            return
        thread = desk.thread(picked)
    reattach = "reattach" in call.flags
    if thread.was_attached_to and not reattach:
        from codex_desk.tui.screens.ask import Confirm

        words = f"{name(thread)} was attached to {thread.was_attached_to}."
        reattach = bool(await deck.stage.ask(Confirm("Attach it again?", words, yes="attach again", no="only bring it back")))
    from codex_desk.engine.links import Unarchive

    back: ThreadView = await deck.do(Unarchive(thread.id, reattach))
    await deck.stage.open_thread(back.id)


def _one_of(call: Call, option: str, words: tuple[Word, ...]) -> Word | None:
    value = call.get(option)
    if value is None:
        return None
    for word in words:
        if word == value:
            return word
    raise UsageError(f"--{option} is {' or '.join(words)}, not {value!r}")


COMMANDS = (
    Command(
        "attach",
        "let this session work for another",
        attach,
        "CHILD PARENT [--move] [--rights R] [--wake W] [--allow-interrupt]",
        key="a",
        row_key="a",
        palette="Attach as sub-agent to a parent thread",
        offers={"--rights": RIGHTS, "--wake": WAKES},
    ),
    Command("detach", "end this session's attachment, and nothing else", detach, "[CHILD]", "d", "d", "Detach from the parent thread"),
    Command(
        "undo", "take the last attach, detach or fold back", undo, key="u", palette="Undo the last attach, detach or fold", slash=False
    ),
    Command("archive", "put a session away; its attachments end", archive, "[THREAD]", "z", "z", "Archive this session"),
    Command("unarchive", "bring a session back", unarchive, "[THREAD] [--reattach]", palette="Bring an archived session back"),
)
