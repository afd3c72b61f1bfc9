"""`search`: full text over every transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command, on_desk
from codex_desk.cli.lines import columns
from codex_desk.engine.wording import head_of, name_of, speaker_of
from codex_desk.text import one_line

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk


@command()
@click.argument("query")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@on_desk
async def search_command(desk: Desk, out: Output, query: str, limit: int) -> None:
    """Find QUERY in the transcripts of all threads, archived ones too."""
    found = [(item, desk.thread(item.thread_id)) for item in await desk.search(query, limit)]
    rows = [(item.id, name_of(thread), head_of(item, speaker_of(thread)), one_line(item.text, 160)) for item, thread in found]
    out.give({"items": [{**item.to_json(), "thread": name_of(thread)} for item, thread in found]}, columns(rows))
    if not found:
        out.say("nothing found")
