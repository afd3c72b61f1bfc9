"""`board`: the shared scope of a workflow, to look at and for the human to take part in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command, on_desk
from codex_desk.cli.failures import DONE, FAILED
from codex_desk.cli.hosting import wait_until_final
from codex_desk.cli.params import TEXT, THREAD, NumberParam, thread_named

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.board_views import EntryView
    from codex_desk.engine.desk import Desk

ENTRY = NumberParam("entry", ("e", "#"))


@command()
@click.argument("thread", type=THREAD)
@click.option(
    "--post", "posts", type=(str, TEXT), multiple=True, metavar="KIND TEXT", help="Write a status, finding, note or handoff, as yourself."
)
@click.option("--decide", type=TEXT, metavar="TEXT", help="Decide for the parent, on the entries that --cites names.")
@click.option("--cites", type=ENTRY, multiple=True, metavar="ID", help="An entry that the decision rests on.")
@click.option(
    "--promote", "promoted", type=ENTRY, multiple=True, metavar="ID", help="Bring an entry into the parent's context, with its source."
)
@click.option("--since", type=NumberParam("cursor", ("",)), default="0", metavar="CURSOR", help="Only what came behind an earlier cursor.")
@click.option("--summary", is_flag=True, help="Let the parent write up what was shared, in one turn.")
@click.option("--close", is_flag=True, help="End the workflow; nothing more is written on its board.")
@click.argument("more_cites", nargs=-1, type=ENTRY, metavar="")
@on_desk
async def board_command(
    desk: Desk,
    out: Output,
    thread: str,
    posts: tuple[tuple[str, str], ...],
    decide: str | None,
    cites: tuple[int, ...],
    promoted: tuple[int, ...],
    since: int,
    summary: bool,
    close: bool,
    more_cites: tuple[int, ...],
) -> int:
    """Show the board of THREAD, or the one that it works on, after the changes asked for."""
    from codex_desk.engine.board_meant import OFF
    from codex_desk.engine.boards import Close, Decide, Post, Promote, Summarise
    from codex_desk.engine.errors import Refusal

    found = thread_named(desk, thread)
    rests_on = (*cites, *more_cites)
    if rests_on and decide is None:
        raise click.UsageError("--cites goes with --decide TEXT.", click.get_current_context())
    await desk.open_board(found.id)
    board = desk.board(found.id)
    if board is None:
        raise Refusal("no_board", OFF)
    for kind, text in posts:
        await desk.do(Post(found.id, kind, text))
    if decide is not None:
        await desk.do(Decide(found.id, decide, rests_on))
    for number in promoted:
        await desk.do(Promote(found.id, number))
    code, written = DONE, None
    if summary:
        asked = await desk.do(Summarise(found.id))
        waited = await wait_until_final(desk, out, [asked.id], None)
        code, written = waited.exit_code, waited.messages[0].answer
        if code != DONE:
            out.say(f"no summary: {waited.messages[0].state}: {waited.messages[0].reason}")
            code = code or FAILED
    if close:
        await desk.do(Close(found.id))
        board = desk.board(found.id) or board
    entries = desk.board_entries(board, since=since)
    cursor = entries[-1].position if entries else since
    extra = {"summary": written} if summary else {}
    out.give(
        {"entries": [entry.to_json() for entry in entries], "cursor": cursor, **extra},
        [written] if written else [entry_line(each) for each in entries],
    )
    if not board.live:
        out.say(f"this board of {board.parent} is closed")
    elif not entries and not summary:
        out.say("nothing new on the board" if since else "nothing is on the board yet")
    return code


def entry_line(entry: EntryView) -> str:
    """An entry for people: its number, kind, author and text, and what it stands to."""
    who = {"human": "you", "system": f"{entry.author} (desk)"}.get(entry.origin, entry.author)
    parts = [f"e{entry.id}", entry.kind, who + (f" → {entry.to}" if entry.to else "")]
    for word, number in (("refers to", entry.refers_to), ("invalidates", entry.invalidates), ("supersedes", entry.supersedes)):
        parts += [f"{word} e{number}"] if number else []
    parts += [f"cites {' '.join(f'e{number}' for number in entry.cites)}"] if entry.cites else []
    parts += [f"invalidated by e{entry.invalidated_by}"] if entry.invalidated_by else []
    parts += [f"superseded by e{entry.superseded_by}"] if entry.superseded_by else []
    parts += ["promoted"] if entry.promoted_at else []
    return " · ".join([*parts, entry.text])
