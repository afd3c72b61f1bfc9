"""`codex-desk [DIR]`: the desk itself."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from codex_desk.cli.command import command
from codex_desk.cli.params import FOLDER


@command("codex-desk [DIR]", hidden=True)
@click.argument("folder", metavar="[DIR]", type=FOLDER, required=False)
@click.option("--plain", is_flag=True, help="One column, no borders, words for glyphs.")
def open_command(folder: Path | None, plain: bool) -> int:
    """Open the desk, in DIR if one is given."""
    from codex_desk.paths import desk_home

    return show_desk(desk_home(os.environ), folder, plain)


def show_desk(home: Path, folder: Path | None, plain: bool = False) -> int:
    """Run the screen until the user leaves it, and give its exit code. Refuses where there is no terminal or no such folder."""
    from codex_desk.engine.errors import Refusal

    if os.environ.get("CODEX_DESK_THREAD"):
        raise Refusal("origin_agent", "an agent opens no desk: this process was started by an agent's tool, and the screen is the user's")
    if folder is not None and not folder.is_dir():
        raise Refusal("no_folder", f"{folder} is not a folder")
    require_terminal()
    from codex_desk.tui import starting

    starting.begin()
    from codex_desk.tui.app import run

    return run(home, folder, plain)


def require_terminal() -> None:
    """Refuse where the screen has nowhere to be shown."""
    from codex_desk.engine.errors import Refusal

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refusal("no_terminal", "the desk needs a terminal to open in; `codex-desk --help` lists what works without one")
