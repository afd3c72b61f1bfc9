"""Copying out of the terminal: to the terminal itself by OSC 52, through a multiplexer where there is one, and to the clipboard programs that are here.

A terminal never says whether it took an OSC 52, so the others are asked as well, and the answer names all that took it. What is copied is the source of
what was chosen, not its drawing, with control characters written out (`visible`): it can be pasted into a shell without acting there.
"""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from codex_desk.frozen import frozen
from codex_desk.text import visible

if TYPE_CHECKING:
    from textual.app import App

LONGEST_SEQUENCE = 74_994
"""Bytes of text in one OSC 52 that every terminal takes which takes any (100 000 bytes of sequence, as in xterm and hterm)."""
SCREEN_PIECE = 250
"""Bytes of a string that GNU screen passes on at once."""
TIMEOUT_S = 1.0
"""A program that has not taken the text by then counts as one that does not."""


@frozen
class Program:
    name: str
    command: tuple[str, ...]
    wants: str = ""
    """A variable that has to be set for it to work; empty: it is there on macOS alone."""
    encoding: str = "utf-8"

    def usable(self, env: Mapping[str, str]) -> bool:
        here = bool(env.get(self.wants)) if self.wants else sys.platform == "darwin"
        return here and shutil.which(self.command[0], path=env.get("PATH")) is not None


TMUX = Program("tmux load-buffer", ("tmux", "load-buffer", "-w", "-"), "TMUX")
"""Its own buffer, and from there the clipboard of the terminal outside; works where the passing of sequences is off."""
PROGRAMS: Sequence[Program] = (
    Program("wl-copy", ("wl-copy",), "WAYLAND_DISPLAY"),
    Program("xclip", ("xclip", "-selection", "clipboard"), "DISPLAY"),
    Program("xsel", ("xsel", "--clipboard", "--input"), "DISPLAY"),
    Program("clip.exe", ("clip.exe",), "WSL_DISTRO_NAME", "utf-16"),
    Program("pbcopy", ("pbcopy",)),
)


async def copy(app: App[Any], text: str, env: Mapping[str, str] | None = None) -> str:
    """Copy a text, and say in a sentence what took it: `copied by OSC 52 through tmux, tmux load-buffer and wl-copy`, or why nothing did."""
    env = os.environ if env is None else env
    safe = visible(text)
    size = len(safe.encode("utf-8", "replace"))
    driver = None if app.is_headless else app._driver  # Textual has no public way to write a control sequence between its frames
    if driver is not None and driver.is_web:
        driver.write(sequences(safe, {})[0])
        return _said("the browser", [], size)
    if driver is not None:
        for sequence in sequences(safe, env):
            driver.write(sequence)
    took = await asyncio.gather(_first((TMUX,), safe, env), _first(PROGRAMS, safe, env))
    return _said(way(env) if driver is not None else "", [name for name in took if name], size)


def sequences(text: str, env: Mapping[str, str]) -> list[str]:
    """What to write to the terminal, so that it, or the one outside of a multiplexer, has the text on its clipboard."""
    plain = f"\x1b]52;c;{base64.b64encode(text.encode('utf-8', 'replace')).decode()}\x07"
    if env.get("TMUX"):
        # Itself, for a tmux with `set-clipboard on`; and through it, for one with `allow-passthrough on`.
        return [plain, f"\x1bPtmux;{plain.replace(chr(27), chr(27) * 2)}\x1b\\"]
    if env.get("STY"):
        pieces = (plain[start : start + SCREEN_PIECE] for start in range(0, len(plain), SCREEN_PIECE))
        return ["".join(f"\x1bP{piece}\x1b\\" for piece in pieces)]
    return [plain]


def way(env: Mapping[str, str]) -> str:
    """How a sequence reaches a clipboard from here, in words."""
    return "OSC 52 through tmux" if env.get("TMUX") else "OSC 52 through screen" if env.get("STY") else "OSC 52"


def programs(env: Mapping[str, str]) -> list[str]:
    """Names of the programs that would be asked here, the first that takes it being enough beside tmux."""
    return [one.name for one in (TMUX, *PROGRAMS) if one.usable(env)]


def _said(sequence: str, took: Sequence[str], size: int) -> str:
    if size > LONGEST_SEQUENCE:
        much = f"{size // 1000} kB"
        if took:
            return f"copied by {_and(took)}: {much} are more than many terminals take"
        if sequence:
            return f"sent by {sequence}, but {much} are more than many terminals take: look before you rely on it, or install wl-copy, xclip or xsel"
    ways = [*([sequence] if sequence else []), *took]
    return f"copied by {_and(ways)}" if ways else "not copied: there is no terminal and no program that would take it"


def _and(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


async def _first(among: Sequence[Program], text: str, env: Mapping[str, str]) -> str:
    """The name of the first program that took the text; empty where none did."""
    for program in among:
        if program.usable(env) and await _run(program, text, env):
            return program.name
    return ""


async def _run(program: Program, text: str, env: Mapping[str, str]) -> bool:
    # Its output goes nowhere: xclip stays in the background as the clipboard's owner and would hold a pipe open.
    nowhere = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *program.command, stdin=asyncio.subprocess.PIPE, stdout=nowhere, stderr=nowhere, env=dict(env)
        )
    except OSError:
        return False
    try:
        await asyncio.wait_for(process.communicate(text.encode(program.encoding, "replace")), TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        return False
    return process.returncode == 0
