"""`trust`: which folders' own settings count."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from codex_desk.cli.command import command, on_desk
from codex_desk.cli.params import FOLDER

if TYPE_CHECKING:
    from codex_desk.cli.output import Output
    from codex_desk.engine.desk import Desk


@command()
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--revoke", is_flag=True, help="Trust it no longer.")
@on_desk
async def trust_command(desk: Desk, out: Output, folder: Path, revoke: bool) -> None:
    """Let the settings and roles in DIR's project count, as far as a project's may."""
    from codex_desk.engine.sessions import Trust

    trusted = await desk.do(Trust(folder, revoke))
    out.give({"folder": str(folder), "trusted": trusted}, f"{folder}: {'trusted' if trusted else 'not trusted'}")
