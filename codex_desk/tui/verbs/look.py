"""Looking: audit, waits, status, diff, search, themes, help; and leaving."""

from __future__ import annotations

from pathlib import Path

from codex_desk.tui.commands import Command
from codex_desk.tui.deck import Deck
from codex_desk.tui.grammar import Call, UsageError
from codex_desk.tui.model.place import Place
from codex_desk.tui.model.words import short_path
from codex_desk.tui.verbs import turns


async def audit(deck: Deck, call: Call) -> None:
    from codex_desk.tui.screens.audit import Audit

    ref = call.get("thread")
    thread = await deck.named(ref) if ref else None
    await _go(deck, await deck.stage.ask(Audit(await deck.desk(), thread, verify="verify" in call.flags)))


async def _go(deck: Deck, place: Place | None) -> None:
    """Open where somebody wanted to go."""
    if place is not None:
        await deck.stage.open_thread(place.thread_id, at=place.seq)


async def who_waits(deck: Deck, call: Call) -> None:
    from codex_desk.tui.screens.waits import Waits

    async def stop(thread_id: str) -> str:
        return await turns.stop(deck, (await deck.desk()).thread(thread_id))

    await _go(deck, await deck.stage.ask(Waits(await deck.desk(), stop)))


async def chain(deck: Deck, call: Call) -> None:
    from codex_desk.tui.screens.chain import Chain

    thread, desk = await deck.named(call.get("thread")), await deck.desk()

    async def stop(thread_id: str) -> str:
        return await turns.stop_chain(deck, desk.thread(thread_id))

    async def go_on(thread_id: str) -> str:
        return await turns.go_on(deck, desk.thread(thread_id))

    await _go(deck, await deck.stage.ask(Chain(desk, thread.id, stop, go_on)))


async def board(deck: Deck, call: Call) -> None:
    from codex_desk.engine.errors import Refusal
    from codex_desk.tui.screens.board import Board

    thread, desk = await deck.named(call.get("thread")), await deck.desk()
    await desk.open_board(thread.id)
    found = desk.board(thread.id)
    if found is None:
        raise Refusal(
            "no_board",
            f"{thread.handle} has no board: one is made for a session with children, where `shared_workspace = true` stands under [agents] in the settings",
        )
    if "close" in call.flags:
        from codex_desk.engine.boards import Close

        await deck.do(Close(thread.id))
        deck.stage.say(f"the board of {found.parent} is closed; the next child opens another one")
        return
    await _go(deck, await deck.stage.ask(Board(desk, deck.do, found)))


async def automations(deck: Deck, call: Call) -> None:
    from codex_desk.tui.screens.automations import Automations

    await _go(deck, await deck.stage.ask(Automations(await deck.desk(), deck.thread)))


async def away(deck: Deck, call: Call) -> None:
    from codex_desk.tui.screens.away import WhileAway

    await _go(deck, await deck.stage.ask(WhileAway(await deck.desk())))


async def status(deck: Deck, call: Call) -> None:
    from codex_desk.tui.screens.status import Status

    thread = await deck.named(call.get("thread"))
    await deck.stage.ask(Status(await deck.desk(), thread, await deck.bridge.find_tier()))


async def diff(deck: Deck, call: Call) -> None:
    from codex_desk.tui.screens.changes import Changes

    thread = await deck.named(None)
    text = await (await deck.desk()).changes(thread.id)
    await deck.stage.ask(Changes(short_path(thread.cwd, Path.home()), text))


async def search(deck: Deck, call: Call) -> None:
    from codex_desk.tui.screens.search import Search

    await _go(deck, await deck.stage.ask(Search(await deck.desk(), call.get("text") or "")))


async def find(deck: Deck, call: Call) -> None:
    deck.stage.find_in_thread(call.get("text") or "")


async def export(deck: Deck, call: Call) -> None:
    thread = await deck.named(call.get("thread"))
    text = (await deck.desk()).export(thread.id, tree="tree" in call.flags)
    file = deck.folder / f"{thread.handle or thread.id}.md"
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError as error:
        raise UsageError(f"{file} is there already; it was not overwritten") from error
    deck.stage.say(f"written to {file}")


async def theme(deck: Deck, call: Call) -> None:
    deck.stage.choose_theme(call.get("name"))


async def help_(deck: Deck, call: Call) -> None:
    deck.stage.show_help()


async def quit_(deck: Deck, call: Call) -> None:
    deck.stage.leave()


async def palette(deck: Deck, call: Call) -> None:
    deck.stage.show_palette()


COMMANDS = (
    Command("audit", "what passed between threads; v verifies it", audit, "[THREAD] [--verify]", palette="Audit"),
    Command("waits", "who waits for whom", who_waits, key="w", palette="Who waits for whom"),
    Command(
        "chain",
        "what one prompt caused, what that took, and what of it is held",
        chain,
        "[THREAD]",
        key="l",
        palette="What this prompt caused",
    ),
    Command(
        "board",
        "what the agents of this workflow share; promote and decide",
        board,
        "[THREAD] [--close]",
        key="b",
        palette="Board of this workflow",
        aliases=("agent board", "agent shared"),
    ),
    Command("automations", "schedules that prompt a session: what ran, what will, and why not", automations, palette="Automations"),
    Command("away", "what happened while you were away, and what waits for you", away, palette="While you were away"),
    Command("status", "what this thread runs on and how it stands", status, "[THREAD]", palette="Status of this thread"),
    Command("diff", "what changed in this thread's folder", diff, palette="Changes in this folder"),
    Command("search", "full text over every transcript", search, "TEXT", key="f", palette="Search everything"),
    Command("find", "look for a text in this thread", find, "TEXT", palette="Find in this thread"),
    Command("export", "write the transcript to a Markdown file", export, "[THREAD] [--tree]", palette="Export the transcript"),
    Command("theme", "choose the colours", theme, "[NAME]", palette="Choose the theme"),
    Command("palette", "every command, by name", palette, key="p", slash=False),
    Command("help", "help for what has focus", help_, palette="Help"),
    Command("quit", "leave; what runs is interrupted and can be resumed", quit_, palette="Quit"),
)
