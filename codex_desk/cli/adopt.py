"""`adopt`: sessions that Codex already has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command, run_on_desk
from codex_desk.cli.failures import DONE
from codex_desk.cli.lines import adoptable_lines, thread_line
from codex_desk.cli.output import current_output

if TYPE_CHECKING:
    from codex_desk.engine.desk import Desk


@command()
@click.argument("session", metavar="CODEX_ID-or-NAME", required=False)
@click.argument("handle", required=False)
@click.option("--list", "listing", is_flag=True, help="Show what could be adopted, by project.")
@click.option("--project", help="Only the sessions of this project: its folder, or its name.")
@click.option("--yes", is_flag=True, help="Take it with the tools and base instructions that another program gave it.")
def adopt_command(session: str | None, handle: str | None, listing: bool, project: str | None, yes: bool) -> int:
    """Bring a session that Codex has to the desk under HANDLE, or under one made of its title. It stays what it is, in its own folder."""
    ctx = click.get_current_context()
    if listing == (session is not None):
        raise click.UsageError("take either a session, or --list.", ctx)
    if project is not None and not listing:
        raise click.UsageError("--project needs --list.", ctx)
    out = current_output()

    async def work(desk: Desk) -> int:
        if session is None:
            found = await desk.adoptable(project)
            out.give({"candidates": [each.to_json() for each in found]}, adoptable_lines(found))
            if not found:
                out.say("Codex has no session" + (f" in {project}" if project else ""))
            return DONE
        thread = await desk.adopt(session, handle, yes=yes)
        out.give(thread.to_json(), thread_line(thread))
        return DONE

    return run_on_desk(work)
