"""The Codex TUI, for comparison, where it is installed: `CODEX_DESK_CODEX` names it, else it is found on PATH."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CONFIG = """\
model = "a-model"
model_provider = "nowhere"
check_for_update_on_startup = false

[model_providers.nowhere]
name = "nowhere"
base_url = "http://127.0.0.1:9/v1"
wire_api = "responses"

[projects.{work}]
trust_level = "trusted"
"""
"""A provider that needs no sign-in and a folder that is trusted: the first thing to be seen is the composer."""


@dataclass(frozen=True, slots=True)
class Codex:
    """How it is started: with a home of its own, so that nothing of the user's is read or written."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    work: Path
    composer: str = "Ask Codex to do anything"
    """What its first frame says."""
    model: str = "a-model"
    """What it says once it can be prompted."""


def stop_server(codex: Codex) -> None:
    """Its first start leaves a server behind that outlives it, and what keeps that up to date. Those of this home are ended, on Linux."""
    home = codex.env["CODEX_HOME"].encode()
    subprocess.run(
        [*codex.argv, "app-server", "daemon", "stop"], env=codex.env, cwd=codex.work, capture_output=True, timeout=30, check=False
    )
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile, or is another user's
            if process.read_bytes().startswith(home):
                os.kill(int(process.parent.name), signal.SIGTERM)


def find_codex(root: Path) -> Codex | None:
    """Codex with a home under `root`, None where it is not installed."""
    found = os.environ.get("CODEX_DESK_CODEX") or shutil.which("codex")
    if not found:
        return None
    home, work = root / "home", root / "work"
    home.mkdir(parents=True)
    work.mkdir()
    (home / "config.toml").write_text(CONFIG.format(work=f'"{work.resolve()}"'))
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(root),
        "CODEX_HOME": str(home),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
    }
    return Codex((found,), env, work.resolve())
