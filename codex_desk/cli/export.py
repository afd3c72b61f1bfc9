"""`export`: a transcript as Markdown, to keep or to send on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command, on_desk
from codex_desk.cli.params import THREAD, thread_named

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk


@command()
@click.argument("thread", type=THREAD)
@click.option("--tree", is_flag=True, help="Its children's transcripts after it.")
@on_desk
async def export_command(desk: Desk, out: Output, thread: str, tree: bool) -> None:
    """Write THREAD's whole transcript as Markdown."""
    found = thread_named(desk, thread)
    text = desk.export(found.id, tree=tree)
    out.give({"thread": found.to_json(), "markdown": text}, text)
