"""`show`: a transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command, on_desk
from codex_desk.cli.lines import item_lines, thread_line
from codex_desk.cli.params import THREAD, thread_named
from codex_desk.engine.wording import speaker_of

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk


@command()
@click.argument("thread", type=THREAD)
@click.option("--items", "limit", type=click.IntRange(min=0), default=50, show_default=True, help="How many of the newest items.")
@on_desk
async def show_command(desk: Desk, out: Output, thread: str, limit: int) -> None:
    """Show the newest items of THREAD's transcript, oldest first."""
    found = thread_named(desk, thread)
    items = desk.items(found.id, limit=limit) if limit else []
    lines = [thread_line(found), ""]
    for item in items:
        lines += item_lines(item, speaker_of(found))
    out.give({"thread": found.to_json(), "items": [item.to_json() for item in items]}, lines)
