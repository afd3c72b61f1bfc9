"""`audit`: what passed between threads, and whether the record is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command, run_on_desk
from codex_desk.cli.failures import DONE, FAILED
from codex_desk.cli.lines import AUDIT_HEADER, audit_row, columns
from codex_desk.cli.output import current_output
from codex_desk.cli.params import THREAD, thread_named

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk


@command()
@click.argument("thread", type=THREAD, required=False)
@click.option("--verify", is_flag=True, help="Check the whole chain; exit 1 names the first row that was changed or removed.")
@click.option("--follow", is_flag=True, help="Go on showing events as they happen.")
def audit_command(thread: str | None, verify: bool, follow: bool) -> int:
    """Show the events of THREAD, or of the whole desk, in order."""
    if verify and (follow or thread is not None):
        raise click.UsageError("--verify checks the whole desk: it goes with neither THREAD nor --follow.", click.get_current_context())
    out = current_output()

    async def work(desk: Desk) -> int:
        if verify:
            return _verify(desk, out)
        thread_id = None if thread is None else thread_named(desk, thread).id
        if follow:
            await _follow(desk, out, thread_id)
            return DONE
        events = desk.audit(thread_id)
        out.give({"events": [event.to_json() for event in events]}, columns([audit_row(event) for event in events], AUDIT_HEADER))
        return DONE

    return run_on_desk(work)


def _verify(desk: Desk, out: Output) -> int:
    found = desk.verify_audit()
    state = "verified" if found.verified else "NOT verified"
    out.give({"verified": found.verified, "events": found.events, "head": found.head}, f"{state}: {found.events} events, head {found.head}")
    if found.verified:
        return DONE
    out.say(f"first broken row: {found.broken if found.broken is not None else 'none'}: {found.reason}")
    return FAILED


async def _follow(desk: Desk, out: Output, thread_id: str | None) -> None:
    from codex_desk.engine.events import Audited

    async with desk.subscribe() as events:
        last = 0
        for event in desk.audit(thread_id):
            last = event.seq
            out.stream(event.to_json(), "  ".join(audit_row(event)))
        async for heard in events:
            if not isinstance(heard, Audited):
                continue
            for event in desk.audit(thread_id, after=last):
                last = event.seq
                out.stream(event.to_json(), "  ".join(audit_row(event)))
