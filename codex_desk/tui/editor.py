"""The user's own editor, for a draft or for reading an item."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from textual.app import App, SuspendNotSupported


class EditorError(Exception):
    """The editor could not be used; the message says what to set."""


def edit_outside(app: App[int], text: str) -> str:
    """Open a text in `$VISUAL` or `$EDITOR`, and give back what it was when the editor closed. Raises `EditorError`."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory(prefix="codex-desk-") as folder:
        file = Path(folder) / "prompt.md"
        file.write_text(text, encoding="utf-8")
        try:
            with app.suspend():
                subprocess.run([*command, str(file)], check=True)
        except SuspendNotSupported as error:
            raise EditorError("an editor cannot be opened here: this is not a terminal of its own") from error
        except FileNotFoundError as error:
            raise EditorError(f"there is no editor {command[0]}: set EDITOR to one") from error
        except subprocess.CalledProcessError as error:
            raise EditorError(f"{command[0]} ended with {error.returncode}; nothing was changed") from error
        return file.read_text(encoding="utf-8", errors="replace")
