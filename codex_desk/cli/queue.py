"""`queue`: what waits for a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command, on_desk
from codex_desk.cli.lines import queue_line
from codex_desk.cli.params import MESSAGE, TEXT, THREAD, thread_named

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk
    from codex_desk.engine.views import ThreadView


@command()
@click.argument("thread", type=THREAD)
@click.option("--edit", "edits", type=(MESSAGE, TEXT), multiple=True, metavar="ID TEXT", help="Give a message that waits another text.")
@click.option("--remove", "removals", type=MESSAGE, multiple=True, metavar="ID", help="Take a message out; it ends as cancelled.")
@on_desk
async def queue_command(desk: Desk, out: Output, thread: str, edits: tuple[tuple[int, str], ...], removals: tuple[int, ...]) -> None:
    """Show what waits for THREAD, in order, after the changes asked for."""
    from codex_desk.engine.mailbox import Edit, Remove

    found = thread_named(desk, thread)
    for number in [*(number for number, _ in edits), *removals]:
        _own(desk, found, number)
    for number, text in edits:
        await desk.do(Edit(number, text))
    for number in removals:
        await desk.do(Remove(number))
    waiting = desk.queue(found.id)
    out.give({"messages": [message.to_json() for message in waiting]}, [queue_line(message) for message in waiting])
    if not waiting:
        out.say("nothing waits")


def _own(desk: Desk, thread: ThreadView, number: int) -> None:
    """Refuse a number that is another thread's: a slip of the finger must not edit a stranger's queue."""
    from codex_desk.engine.errors import Refusal

    message = desk.message(number)
    if message.to_id != thread.id:
        raise Refusal("unknown_message", f"#{number} is not a message to {thread.handle}; it is one to {message.to}")
