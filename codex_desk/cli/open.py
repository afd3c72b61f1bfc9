"""`codex-desk [DIR]`: the desk itself."""

from __future__ import annotations

import os
from pathlib import Path

import click

from codex_desk.cli.command import command
from codex_desk.cli.opening import show_desk
from codex_desk.cli.params import FOLDER


@command("codex-desk [DIR]", hidden=True)
@click.argument("folder", metavar="[DIR]", type=FOLDER, required=False)
@click.option("--plain", is_flag=True, help="One column, no borders, words for glyphs.")
def open_command(folder: Path | None, plain: bool) -> int:
    """Open the desk, in DIR if one is given."""
    from codex_desk.paths import desk_home

    return show_desk(desk_home(os.environ), folder, plain)
