"""Sessions and what they are set to: new, open, rename, fork, enter and leave, model, sandbox, trust."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from codex_desk.engine.errors import Refusal
from codex_desk.engine.views import ThreadView
from codex_desk.rights import MODES
from codex_desk.text import one_line
from codex_desk.tui.commands import Command
from codex_desk.tui.deck import Deck
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.grammar import Call
from codex_desk.tui.model.sidebar import why_not
from codex_desk.tui.model.words import name, short_path


async def new(deck: Deck, call: Call) -> None:
    from codex_desk.engine.sessions import New

    start = str(deck.folder)

    async def make(handle: str, folder: str | None) -> ThreadView:
        home = _folder(start, folder or None)
        return await deck.do(
            New(handle, home, runtime=call.get("runtime"), model=call.get("model"), profile=call.get("profile"), role=call.get("role"))
        )

    if (handle := call.get("handle")) is not None:
        made = await make(handle, call.get("cwd") or call.get("dir"))
    else:
        from codex_desk.tui.found import prospects
        from codex_desk.tui.screens.new import NewSession

        desk = await deck.desk()

        def foresee(written: str) -> Sequence[tuple[str, str]]:
            home = _folder(start, written or None)
            return prospects(desk.settings(cwd=home), os.environ, home) if home.is_dir() else [("", "there is no such folder")]

        made = await deck.stage.ask(NewSession(make, start, foresee=foresee))
        if made is None:
            return
    await deck.stage.open_thread(made.id)


async def open_(deck: Deck, call: Call) -> None:
    if (ref := call.get("thread")) is not None:
        await deck.stage.open_thread((await deck.named(ref)).id)
        return
    from codex_desk.tui.screens.adopt import Sessions

    await _show_picked(deck, await deck.stage.ask(Sessions(await deck.desk(), deck.others())))


async def adopt(deck: Deck, call: Call) -> None:
    """A session that Codex has, or of history, onto the desk: by its id or name, or picked from a list."""
    desk = await deck.desk()
    if (ref := call.get("session")) is not None:
        deck.stage.say(f"reading {one_line(ref, 60)} …")
        taken = await desk.adopt(_external_id(desk, ref), call.get("handle"), yes="yes" in call.flags)
        await _show_picked(deck, taken.id)
    elif deck.thread is not None and deck.thread.status == "history" and deck.thread.kind == "session":
        await _take(deck, desk, deck.thread)
    else:
        from codex_desk.tui.screens.adopt import Sessions

        await _show_picked(deck, await deck.stage.ask(Sessions(desk, deck.others(), "take")))


async def _take(deck: Deck, desk: DeskDoor, thread: ThreadView) -> None:
    """The thread of history that the pane shows."""
    from codex_desk.engine.reported import slug
    from codex_desk.tui.model.adopting import choice_of, handles_of, proposed
    from codex_desk.tui.screens.naming import Naming

    wanted = [choice_of(thread, slug(thread.title) or "agent")]
    taken = handles_of(await asyncio.to_thread(partial(desk.threads, everything=True)))
    brought = await deck.stage.ask(Naming(desk, wanted, proposed(wanted, taken), taken))
    await _show_picked(deck, brought[0].id if brought else None)


def _external_id(desk: DeskDoor, ref: str) -> str:
    """The runtime's own id where a thread of history is named by its id here."""
    try:
        return desk.thread(ref).external_id or ref
    except Refusal:
        return ref


async def _show_picked(deck: Deck, thread_id: str | None) -> None:
    if thread_id is not None:
        await deck.stage.open_thread(thread_id)


async def stock(deck: Deck, call: Call) -> None:
    """This thread in its runtime's own program; what was done there is in the transcript afterwards."""
    thread = await deck.named(None)
    desk = await deck.desk()
    if (refused := why_not("stock", thread)) is not None:
        deck.stage.say(refused, "error")
        return
    deck.stage.say(f"asking Codex for {name(thread)} …")
    command = await desk.beside(thread.id)
    code = await deck.stage.run_outside(command, Path(thread.cwd))
    await desk.refresh(thread.id)
    ended = "" if code == 0 else f"; it ended with {code}"
    deck.stage.say(f"back from Codex{ended}")


async def _named_and_called(deck: Deck, call: Call) -> tuple[ThreadView, str | None]:
    """The thread and its new handle. One word that names no thread is the handle, for the thread that is open."""
    ref, handle = call.get("thread"), call.get("handle")
    try:
        return await deck.named(ref), handle
    except Refusal as refusal:
        if ref is None or handle is not None or refusal.code != "unknown_thread":
            raise
        return await deck.named(None), ref


async def rename(deck: Deck, call: Call) -> None:
    thread, handle = await _named_and_called(deck, call)
    handle = handle or await _ask_handle(deck, f"Rename {name(thread)}", "Its new handle", thread.handle or "")
    if handle is None:
        return
    from codex_desk.engine.sessions import Rename

    renamed: ThreadView = await deck.do(Rename(thread.id, handle))
    deck.stage.say(f"{name(thread)} is now {renamed.handle}")


async def fork(deck: Deck, call: Call) -> None:
    thread, handle = await _named_and_called(deck, call)
    handle = handle or await _ask_handle(deck, f"Fork {name(thread)}", "The copy's handle. It gets history and settings, no attachments")
    if handle is None:
        return
    from codex_desk.engine.sessions import Fork

    copy: ThreadView = await deck.do(Fork(thread.id, handle))
    await deck.stage.open_thread(copy.id)


async def model(deck: Deck, call: Call) -> None:
    thread = await deck.named(None)
    chosen = call.get("model")
    if chosen is None:
        from codex_desk.tui.screens.ask import Ask

        chosen = await deck.stage.ask(Ask(f"Model of {name(thread)}", "Counts from the next turn", thread.model or ""))
    if chosen:
        await _set(deck, thread, "model", chosen)


async def role(deck: Deck, call: Call) -> None:
    thread = await deck.named(None)
    chosen = call.get("role")
    if chosen is None:
        from codex_desk.tui.screens.pick import Picker, Row

        found = await asyncio.to_thread((await deck.desk()).roles, thread.id)
        rows = [Row(role, role, about) for role, about in found]
        chosen = await deck.stage.ask(
            Picker(
                f"Role of {name(thread)}",
                rows,
                note="its settings become the session's own, from the next turn on",
                empty="no role is defined here",
            )
        )
    if chosen:
        await _set(deck, thread, "role", chosen)


async def sandbox(deck: Deck, call: Call) -> None:
    thread = await deck.named(None)
    chosen = call.get("mode")
    if chosen is None:
        from codex_desk.tui.screens.pick import Picker, Row

        tier = await deck.bridge.find_tier()
        about = {
            "read-only": "reads; anything more is refused or asked for",
            "workspace-write": "writes in its folder and its writable roots",
            "danger-full-access": "no limits",
        }
        held = "no sandbox holds on this machine: a mode guards against accident only" if tier == "none" else f"held by {tier}"
        rows = [Row(mode, mode, about[mode]) for mode in MODES]
        now = (await deck.desk()).settings(thread.id).settings.sandbox_mode
        chosen = await deck.stage.ask(Picker(f"Sandbox of {name(thread)}", rows, note=held, start=now))
    if chosen:
        await _set(deck, thread, "sandbox_mode", chosen)


async def settings(deck: Deck, call: Call) -> None:
    await deck.desk()
    from codex_desk.tui.screens.settings import Settings

    await deck.stage.ask(Settings(deck.bridge, deck.thread, deck.folder, call.get("text") or ""))


async def trust(deck: Deck, call: Call) -> None:
    start = deck.thread.cwd if deck.thread else str(deck.folder)
    folder = _folder(start, call.get("dir"))
    revoke = "revoke" in call.flags
    if not revoke:
        from codex_desk.tui.screens.ask import Confirm

        words = f"{folder}\n\nIts own settings, roles and instructions then count for every session in it."
        if not await deck.stage.ask(Confirm("Trust this folder?", words, yes="trust")):
            return
    from codex_desk.engine.sessions import Trust

    await deck.do(Trust(folder, revoke))
    deck.stage.say(f"{short_path(str(folder), Path.home())} is {'not trusted any more' if revoke else 'trusted'}")


def _folder(start: str, named: str | None) -> Path:
    """A folder as a person writes it: from the home folder, absolute, or seen from where they are."""
    return Path(start, Path(named or start).expanduser())


async def _set(deck: Deck, thread: ThreadView, key: str, value: str) -> None:
    from codex_desk.engine.sessions import Set

    await deck.do(Set(thread.id, key, value))
    deck.stage.say(f"{name(thread)}: {key} is {value} from its next turn")


async def _ask_handle(deck: Deck, title: str, words: str, start: str = "") -> str | None:
    from codex_desk.tui.screens.ask import Ask

    return await deck.stage.ask(Ask(title, words, start))


COMMANDS = (
    Command(
        "new",
        "make a session in a folder",
        new,
        "HANDLE [DIR] [--cwd D] [--runtime R] [--model M] [--profile P] [--role R]",
        "n",
        "n",
        "New session",
    ),
    Command("open", "show a session in this pane, Codex's and history too", open_, "[THREAD]", "o", palette="Open a session here"),
    Command(
        "adopt",
        "take sessions that Codex has onto the desk",
        adopt,
        "[SESSION] [HANDLE] [--yes]",
        palette="Take a session of Codex onto the desk",
    ),
    Command("stock", "this thread in the stock Codex", stock, key="t", palette="Open this thread in the stock Codex", slash=False),
    Command("rename", "give a session another handle", rename, "THREAD HANDLE", row_key="r", palette="Rename this session"),
    Command("fork", "a new session with a copy of the history", fork, "THREAD HANDLE", palette="Fork this session"),
    Command("model", "the model that answers", model, "[MODEL]", palette="Choose the model"),
    Command("role", "a role's model, instructions and limits for this session", role, "[ROLE]", palette="Choose a role"),
    Command("sandbox", "what a turn may do", sandbox, "[MODE]", palette="Choose the sandbox mode", offers={"MODE": MODES}),
    Command("settings", "every setting, with the layer it comes from", settings, "[TEXT]", palette="Settings"),
    Command("trust", "let a folder's own settings count", trust, "[DIR] [--revoke]", palette="Trust this folder"),
)
