"""The fake app-server as a program that can be found."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

FAKE = Path(__file__).with_name("fake_app_server.py")


def fake_program(folder: Path) -> Path:
    """A program `codex` in this folder that is the fake app-server."""
    path = folder / "codex"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} {FAKE} "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path
