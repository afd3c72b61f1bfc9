"""Copying out of the terminal: to the terminal itself by OSC 52, and to the system's clipboard where a program for it is installed.

A terminal never says whether it took an OSC 52, so a program is asked as well, and the answer names both.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from textual.app import App

from codex_desk.text import visible

LONGEST_SEQUENCE = 74_994
"""Bytes of text in one OSC 52; what more terminals than not take (100 000 bytes of sequence, as in xterm and hterm)."""
TIMEOUT_S = 1.0

PROGRAMS: Sequence[tuple[str, tuple[str, ...], str]] = (
    ("WAYLAND_DISPLAY", ("wl-copy",), "wl-copy"),
    ("DISPLAY", ("xclip", "-selection", "clipboard"), "xclip"),
    ("DISPLAY", ("xsel", "--clipboard", "--input"), "xsel"),
    ("", ("pbcopy",), "pbcopy"),
)
"""The variable that a program needs (none on macOS), its command, its name."""


def copy(app: App[Any], text: str) -> str:
    """Copy a text, made safe to paste, and say what took it: `OSC 52`, `OSC 52 through tmux and xclip`; empty if nothing could."""
    safe = visible(text)
    ways = [way for way in (_to_terminal(app, safe, os.environ), _to_program(safe, os.environ)) if way]
    return " and ".join(ways)


def osc52(text: str, *, tmux: bool) -> str:
    """The sequence that puts a text on the terminal's clipboard, wrapped to pass through tmux to the terminal outside (`allow-passthrough`)."""
    sequence = f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\x07"
    return f"\x1bPtmux;{sequence.replace(chr(27), chr(27) * 2)}\x1b\\" if tmux else sequence


def _to_terminal(app: App[Any], text: str, env: Mapping[str, str]) -> str:
    if len(text.encode()) > LONGEST_SEQUENCE:
        return ""
    app.copy_to_clipboard(text)
    driver = app._driver
    if driver is None or driver.is_headless:
        return ""
    if not env.get("TMUX"):
        return "OSC 52"
    driver.write(osc52(text, tmux=True))
    return "OSC 52 through tmux"


def _to_program(text: str, env: Mapping[str, str]) -> str:
    for variable, command, name in PROGRAMS:
        usable = env.get(variable) if variable else sys.platform == "darwin"
        if usable and shutil.which(command[0]) and _run(command, text):
            return name
    return ""


def _run(command: Sequence[str], text: str) -> bool:
    # Its output goes nowhere: xclip stays in the background as the clipboard's owner and would hold a pipe open.
    try:
        done = subprocess.run(
            command, input=text.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
