"""What opens the screen. `codex-desk` without a word comes here past the command line, whose reading is a twentieth of the time to the first frame."""

from __future__ import annotations

import os
import sys
from pathlib import Path

IN_BROWSER = "textual.drivers.web_driver:WebDriver"
"""What textual-serve sets `TEXTUAL_DRIVER` to."""
POOR = ("dumb", "unknown")
"""What `TERM` is where only lines can be written."""


def open_at_once() -> int:
    """`codex-desk` without a word. Gives the exit code."""
    from codex_desk.paths import desk_home

    try:
        return show_desk(desk_home(os.environ), None)
    except (Exception, BaseExceptionGroup, KeyboardInterrupt) as error:
        from codex_desk.cli.app import excused
        from codex_desk.cli.output import Output

        return excused(error, Output())


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
    """Refuse where the screen has nowhere to be shown: a terminal that can place its cursor, or the page that `serve` opened."""
    from codex_desk.engine.errors import Refusal

    if os.environ.get("TEXTUAL_DRIVER") == IN_BROWSER:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refusal("no_terminal", "the desk needs a terminal to open in; `codex-desk --help` lists what works without one")
    if os.environ.get("TERM") in POOR:
        raise Refusal(
            "no_terminal",
            f"this terminal cannot place its cursor (TERM={os.environ['TERM']}), so no screen can be drawn in it. Open the desk in another one, "
            "with --plain for a screen reader; `send --wait`, `show` and `approvals` work here",
        )
