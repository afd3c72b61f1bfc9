"""Looking: audit, waits, status, diff, search, themes, help; and leaving."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from codex_desk.engine.views import ThreadView
from codex_desk.text import one_line, visible
from codex_desk.tui.commands import Command
from codex_desk.tui.deck import Deck
from codex_desk.tui.door import DeskDoor
from codex_desk.tui.grammar import Call, UsageError
from codex_desk.tui.model import clock
from codex_desk.tui.model.words import WORDS, age, name, place, tokens

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""What git calls a folder without files: what a repository without commits is compared with."""


async def audit(deck: Deck, call: Call) -> None:
    from codex_desk.tui.screens.audit import Audit

    ref = call.get("thread")
    thread_id = (await deck.named(ref)).id if ref else None
    await deck.stage.ask(Audit(await deck.desk(), thread_id, verify="verify" in call.flags))


async def who_waits(deck: Deck, call: Call) -> None:
    from codex_desk.tui.screens.reading import Reading

    desk = await deck.desk()
    now = clock.now()
    lines = [_wait_line(desk, one.thread_id, one.messages, one.mode, age(one.since, now)) for one in desk.waits()]
    await deck.stage.ask(Reading("Who waits for whom", Content("\n").join(lines or [Content("nobody waits")])))


def _wait_line(desk: DeskDoor, thread_id: str, numbers: Sequence[int], mode: str, since: str) -> Content:
    whom = ", ".join(f"{one.to} #{one.id} ({one.state})" for one in map(desk.message, numbers))
    every = f"{mode} of " if len(numbers) > 1 else ""
    return Content(visible(f"⧗ {name(desk.thread(thread_id))} waits {since} for {every}{whom}"))


async def status(deck: Deck, call: Call) -> None:
    from codex_desk.tui.screens.reading import Reading

    thread = await deck.named(call.get("thread"))
    facts = status_facts(await deck.desk(), thread, await deck.bridge.find_tier())
    lines = [Content.assemble((f"{label:>12}  ", "$text-muted"), visible(value)) for label, value in facts if value]
    await deck.stage.ask(Reading(f"Status of {name(thread)}", Content("\n").join(lines)))


def status_facts(desk: DeskDoor, thread: ThreadView, tier: str) -> list[tuple[str, str]]:
    """(what, its value) of a thread, as its next turn will find them."""
    settings = desk.settings(thread.id).settings
    edge = f"rights {thread.rights}, wake {thread.wake}, interrupt {'yes' if thread.interrupt else 'no'}" if thread.rights else ""
    return [
        ("handle", thread.handle or ""),
        ("state", f"{WORDS[thread.status]}{f': {thread.reason}' if thread.reason else ''}"),
        ("folder", thread.cwd),
        ("project", thread.project),
        ("stands", place(thread)),
        ("attachment", edge),
        ("children", ", ".join(name(one) for one in desk.children(thread.id))),
        ("runtime", thread.runtime),
        ("model", thread.model or settings.model),
        ("sandbox", f"{settings.sandbox_mode}, approvals {settings.approval_policy}, held by {tier}"),
        ("context", tokens(thread.context_tokens)),
        ("queued", str(thread.queued) if thread.queued else ""),
        ("hand", "yours: only you start a turn here" if thread.held else ""),
        ("id", thread.id),
    ]


async def diff(deck: Deck, call: Call) -> None:
    from codex_desk.tui.screens.reading import Reading

    thread = await deck.named(None)
    text = await (await deck.desk()).changes(thread.id) or "nothing has changed since the last commit"
    await deck.stage.ask(Reading(f"Changes in {thread.cwd}", Content("\n").join(_diff_line(line) for line in text.splitlines()[:5000])))


def _diff_line(line: str) -> Content:
    style = {"+": "$text-success", "-": "$text-error", "@": "$text-accent"}.get(line[:1], "")
    return Content.styled(visible(line), style) if style else Content(visible(line))


async def search(deck: Deck, call: Call) -> None:
    from codex_desk.tui.screens.ask import Ask
    from codex_desk.tui.screens.pick import Picker, Row

    query = call.get("text") or await deck.stage.ask(Ask("Search everything", "Words to look for in every transcript"))
    if not query:
        return
    desk = await deck.desk()
    found = await desk.search(query)
    rows = [
        Row(str(one.seq), name(desk.thread(one.thread_id)), f"{one.kind.replace('_', ' ')}: {one_line(one.text, 120)}") for one in found
    ]
    picked = await deck.stage.ask(Picker(f"Found for {query}", rows, empty="nothing was found"))
    if picked is not None:
        hit = next(one for one in found if str(one.seq) == picked)
        await deck.stage.open_thread(hit.thread_id, at=hit.seq)


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
    Command("status", "what this thread runs on and how it stands", status, "[THREAD]", palette="Status of this thread"),
    Command("diff", "what changed in this thread's folder", diff, palette="Changes in this folder"),
    Command("search", "full text over every transcript", search, "TEXT", palette="Search everything"),
    Command("export", "write the transcript to a Markdown file", export, "[THREAD] [--tree]", palette="Export the transcript"),
    Command("theme", "choose the colours", theme, "[NAME]", palette="Choose the theme"),
    Command("palette", "every command, by name", palette, key="p", slash=False),
    Command("help", "help for what has focus", help_, palette="Help"),
    Command("quit", "leave; what runs is interrupted and can be resumed", quit_, palette="Quit"),
)
