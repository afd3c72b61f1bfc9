"""What `doctor` says of the terminal: what it shows, what it sends, how a copy leaves it, and what stands between it and the desk."""

from __future__ import annotations

import locale
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping

from codex_desk.cli.checks import Check
from codex_desk.frozen import frozen

ASK_TMUX_S = 1.0
COLOURS = {"truecolor": "true colour", "256": "256 colours", "standard": "16 colours"}


@frozen
class Seen:
    """A terminal, as far as a program in it can tell."""

    term: str
    columns: int
    rows: int
    encoding: str
    colours: str
    mouse: bool
    copies: tuple[str, ...]
    """The ways by which a copy leaves it."""
    inside: str = ""
    """The multiplexer around the desk: `tmux`, `screen`."""
    tells_focus: bool = True
    """Whether what is around the desk lets it know that nobody looks."""

    def words(self) -> str:
        around = f" in {self.inside}" if self.inside else ""
        mouse = "mouse for the desk" if self.mouse else "mouse left to the terminal"
        copies = f"copies by {', '.join(self.copies)}"
        return ", ".join([f"{self.term}{around}", f"{self.columns}×{self.rows}", self.encoding, self.colours, mouse, copies])

    def mends(self) -> Iterator[str]:
        """What could be better, and how."""
        if self.term in ("dumb", "unknown"):
            yield "this terminal cannot place its cursor, so the desk does not open in it: take another one; commands work here"
        elif not self.term:
            yield "set TERM to what this terminal is, such as xterm-256color"
        if self.term == "linux":
            yield "the Linux console has few of the desk's signs: codex-desk --plain says them in words"
        if self.encoding.upper().replace("-", "") != "UTF8":
            yield "set LANG to a UTF-8 locale, such as C.UTF-8"
        if self.columns < 80 or self.rows < 15:
            yield "below 80×15 there is no footer and one pane: make the window larger"
        if not self.tells_focus:
            yield "tmux does not tell the desk that you look elsewhere, so it never rings: set -g focus-events on, in tmux.conf"


def terminal() -> Check:
    if not sys.stdout.isatty():
        return Check("terminal", "note", "stdout is not a terminal", "the desk opens in a terminal; commands work without one")
    seen = look(os.environ)
    mends = list(seen.mends())
    return Check("terminal", "note" if mends else "ok", seen.words(), "; ".join(mends) or None)


def look(env: Mapping[str, str]) -> Seen:
    from codex_desk.paths import desk_home
    from codex_desk.tui.model.colours import depth
    from codex_desk.tui.settings.preferences import read_preferences
    from codex_desk.tui.terminal.clipboard import programs, way

    size = shutil.get_terminal_size()
    inside = "tmux" if env.get("TMUX") else "GNU screen" if env.get("STY") else ""
    return Seen(
        term=env.get("TERM", ""),
        columns=size.columns,
        rows=size.lines,
        encoding=locale.getencoding(),
        colours="no colour (NO_COLOR is set)" if env.get("NO_COLOR") else COLOURS[depth(env)],
        mouse=read_preferences(desk_home(env), env).mouse,
        copies=(way(env), *programs(env)),
        inside=inside,
        tells_focus=inside != "tmux" or _tmux_option("focus-events") != "off",
    )


def _tmux_option(name: str) -> str:
    """What the tmux around this process has an option set to; empty where it does not say."""
    try:
        ran = subprocess.run(["tmux", "show-options", "-gv", name], capture_output=True, text=True, timeout=ASK_TMUX_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return ran.stdout.strip()
