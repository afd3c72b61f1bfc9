"""`tick`: run what is due, and end. For cron, systemd and launchd; see `automation install`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codex_desk.cli.automation import moment_given, occurrence_line
from codex_desk.cli.command import command, on_desk

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk


SHOWN = 30
"""Runs that people are told of one by one."""


@command()
@click.option("--now", metavar="T", help="Take this as the time; schedules alone are moved by it.")
@on_desk
async def tick_command(desk: Desk, out: Output, now: str | None) -> None:
    """Run the automations that are due, and end when they have."""
    from codex_desk.engine.desk import Desk

    moment = None if now is None else moment_given(now, desk.zone())
    async with Desk.open(desk.home, host="once", approval_patience=0.0) as host:
        report = await host.tick(moment)
    data = {"due": report.due, "ran": report.ran, "outcomes": [{"automation": run.automation} | run.to_json() for run in report.runs]}
    lines = [occurrence_line(run) for run in report.runs]
    more = [f"{len(lines) - SHOWN:,} earlier ones: codex-desk automation show HANDLE"] if len(lines) > SHOWN else []
    out.give(data, [*more, *lines[-SHOWN:]] or ["nothing is due"])
    waiting = [run for run in report.runs if run.outcome is None and run.message is not None]
    if waiting:
        out.say(f"{len(waiting)} not ended yet: the open desk goes on with it")
