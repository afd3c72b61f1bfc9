"""`interrupt`, `resume`, `compact`: a thread's turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command, on_desk
from codex_desk.cli.failures import DONE
from codex_desk.cli.hosting import wait_until_final
from codex_desk.cli.lines import thread_line
from codex_desk.cli.params import THREAD, thread_named
from codex_desk.engine.wording import name_of

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk


@command()
@click.argument("thread", type=THREAD)
@click.option("--chain", is_flag=True, help="Also all else that the prompt behind it caused; what is queued is held.")
@on_desk
async def interrupt_command(desk: Desk, out: Output, thread: str, chain: bool) -> None:
    """Stop THREAD's turn. Nothing but you starts another there until you prompt it or resume it."""
    from codex_desk.engine.turns import Interrupt

    stopped = await desk.do(Interrupt(thread_named(desk, thread).id, chain))
    out.give(stopped.to_json(), thread_line(stopped))
    if chain and (bill := desk.bill(stopped.id)) is not None and bill.stopped is not None:
        names = ", ".join(each.thread for each in bill.spenders if each.held)
        out.say(f"stopped with it: {names}; {len(bill.held)} held. codex-desk resume {name_of(stopped)} lets all of it go on")


@command()
@click.argument("thread", type=THREAD)
@on_desk
async def resume_command(desk: Desk, out: Output, thread: str) -> None:
    """Let THREAD, which you stopped, go on with what is queued for it; what a budget held there goes on with as much again."""
    from codex_desk.engine.turns import Resume

    resumed = await desk.do(Resume(thread_named(desk, thread).id))
    out.give(resumed.to_json(), thread_line(resumed))
    if resumed.queued and not desk.desk_is_open():
        out.say(f"{resumed.queued} queued: nothing is open to run it")


@command()
@click.argument("thread", type=THREAD)
@on_desk
async def compact_command(desk: Desk, out: Output, thread: str) -> int:
    """Let THREAD's model write down what it needs to go on, and read that instead of its history. The transcript stays whole."""
    from codex_desk.engine.turns import Compact

    asked = await desk.do(Compact(thread_named(desk, thread).id))
    waited = await wait_until_final(desk, out, [asked.id], None)
    shorter = desk.thread(asked.to_id)
    out.give(shorter.to_json(), f"{thread_line(shorter)} · {shorter.context_tokens} tokens of context")
    if waited.exit_code != DONE and not waited.needs_human:
        [ended] = waited.messages
        out.say(f"not compacted: {ended.state}: {ended.reason}")
    return waited.exit_code
