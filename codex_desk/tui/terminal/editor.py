"""Other programs in this terminal: the user's own editor, for a draft or for reading an item, and the stock Codex."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import sys
import tempfile
import termios
from collections.abc import Iterator, Sequence
from pathlib import Path

from textual.app import App, SuspendNotSupported


class EditorError(Exception):
    """The editor could not be used; the message says what to set."""


async def edit_outside(app: App[int], text: str) -> str:
    """Open a text in `$VISUAL` or `$EDITOR`, and give back what it was when the editor closed. What else the application does goes on meanwhile.

    Raises `EditorError`."""
    try:
        command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    except ValueError as error:
        raise EditorError(f"EDITOR cannot be read: {error}") from error
    with tempfile.TemporaryDirectory(prefix="codex-desk-") as folder:
        file = Path(folder) / "prompt.md"
        file.write_text(text, encoding="utf-8")
        try:
            code = await run_outside(app, [*command, str(file)])
        except SuspendNotSupported as error:
            raise EditorError("an editor cannot be opened here: this is not a terminal of its own") from error
        except OSError as error:
            raise EditorError(f"{command[0]} cannot be started ({error.strerror}): set EDITOR to an editor") from error
        if code != 0:
            raise EditorError(f"{command[0]} ended with {code}; nothing was changed")
        return file.read_text(encoding="utf-8", errors="replace")


async def run_outside(app: App[int], command: Sequence[str], folder: Path | None = None) -> int:
    """Give the terminal to another program until it ends, and give back what it ended with. What else the application does goes on meanwhile.

    Raises `SuspendNotSupported` where there is no terminal of its own, `OSError` for a program or a folder that is not there."""
    with app.suspend(), _terminal_kept(), _interrupts_ignored():
        running = await asyncio.create_subprocess_exec(*command, cwd=folder)
        return await running.wait()


@contextlib.contextmanager
def _terminal_kept() -> Iterator[None]:
    """An editor that crashes leaves the terminal as it was before."""
    stream = sys.__stdin__
    if stream is None or not stream.isatty():
        yield
        return
    state = termios.tcgetattr(stream)
    try:
        yield
    finally:
        termios.tcsetattr(stream, termios.TCSANOW, state)


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """`^C` in an editor is the editor's, though it reaches every process of the terminal. A handler, unlike `SIG_IGN`, is not the editor's too."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
