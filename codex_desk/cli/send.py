"""`send`: a prompt."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command, run_on_desk
from codex_desk.cli.failures import DONE
from codex_desk.cli.hosting import wait_until_final
from codex_desk.cli.lines import message_lines
from codex_desk.cli.output import current_output
from codex_desk.cli.params import SECONDS, TEXT, THREAD, thread_named

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk
    from codex_desk.engine.views import Delivery, MessageView

DELIVERIES = ("after_turn", "next_step", "interrupt")


@command()
@click.argument("thread", type=THREAD)
@click.argument("text", type=TEXT)
@click.option(
    "--from", "sender", type=THREAD, help="Speak along this thread's edge: you wrote it, for that thread, with its rights as ceiling."
)
@click.option("--delivery", type=click.Choice(DELIVERIES), help="When it is read; after_turn unless told.")
@click.option("--steer", is_flag=True, help="Short for --delivery next_step.")
@click.option("--replace", is_flag=True, help="Short for --delivery interrupt.")
@click.option("--wait", is_flag=True, help="Wait for the answer; run the turn here if no desk is open.")
@click.option("--timeout", "seconds", type=SECONDS, help="Seconds to wait at most.")
def send_command(
    thread: str, text: str, sender: str | None, delivery: Delivery | None, steer: bool, replace: bool, wait: bool, seconds: float | None
) -> int:
    """Prompt THREAD with TEXT; `-` reads it from stdin, and a text that begins with a dash goes after `--`."""
    ctx = click.get_current_context()
    if sum([delivery is not None, steer, replace]) > 1:
        raise click.UsageError("take one of --delivery, --steer and --replace.", ctx)
    if seconds is not None and not wait:
        raise click.UsageError("--timeout needs --wait.", ctx)
    chosen: Delivery = "next_step" if steer else "interrupt" if replace else delivery or "after_turn"
    out = current_output()

    async def work(desk: Desk) -> int:
        from codex_desk.engine.mailbox import Send

        target = thread_named(desk, thread).id
        message = await desk.do(Send(target, text, None if sender is None else thread_named(desk, sender).id, chosen))
        if message.delivery != chosen:
            out.say(f"#{message.id} is delivered {message.delivery}, not {chosen}: {message.reason or 'there was nothing to hand it to'}")
        if wait:
            return await _wait(desk, out, message, seconds)
        out.give(message.to_json(), message_lines(message))
        if not message.final and not desk.desk_is_open():
            out.say("queued: nothing is open to run it")
        return DONE

    return run_on_desk(work)


async def _wait(desk: Desk, out: Output, message: MessageView, seconds: float | None) -> int:
    try:
        waited = await wait_until_final(desk, out, [message.id], seconds)
    except asyncio.CancelledError:
        _give(desk, out, message.id)
        raise
    _give(desk, out, message.id)
    if waited.timed_out:
        out.say(f"#{message.id} was not answered within {seconds:g} s")
    return waited.exit_code


def _give(desk: Desk, out: Output, number: int) -> None:
    message = desk.message(number)
    out.give(message.to_json(), message_lines(message))
