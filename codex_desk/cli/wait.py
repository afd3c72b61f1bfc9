"""`wait`: for messages that were sent before."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command, on_desk
from codex_desk.cli.hosting import Waited, wait_until_final
from codex_desk.cli.lines import message_lines
from codex_desk.cli.params import MESSAGE, SECONDS

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk


@command()
@click.argument("numbers", metavar="MESSAGE...", type=MESSAGE, nargs=-1, required=True)
@click.option("--any", "any_of", is_flag=True, help="The first of them is enough.")
@click.option("--timeout", "seconds", type=SECONDS, help="Seconds to wait at most.")
@on_desk
async def wait_command(desk: Desk, out: Output, numbers: tuple[int, ...], any_of: bool, seconds: float | None) -> int:
    """Wait until every MESSAGE is final; run the turns here if no desk is open."""
    try:
        waited = await wait_until_final(desk, out, numbers, seconds, any_of=any_of)
    except asyncio.CancelledError:
        _give(out, Waited([desk.message(number) for number in numbers]))
        raise
    _give(out, waited)
    return waited.exit_code


def _give(out: Output, waited: Waited) -> None:
    lines = [line for message in waited.messages for line in message_lines(message)]
    out.give({"messages": [message.to_json() for message in waited.messages], "timed_out": waited.timed_out}, lines)
    if waited.timed_out:
        out.say("timed out")
