"""The Codex program: where it is, which version, whether it will do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from codex_desk.runtimes.outside import Program

OLDEST = (0, 163, 0)
"""The first version whose published protocol has all that is asked of it: dynamic tools, tool outputs that open a turn, attachments."""

ASK_VERSION_S = 10.0
_VERSION = re.compile(r"\b(\d+)\.(\d+)\.(\d+)(\S*)")

_looked_at: dict[tuple[str, int, int], str | None] = {}
"""Version lines by path, time and size of the file: asking costs a process, and every new session asks."""


def find_program(wanted: str, env: Mapping[str, str]) -> Program:
    """The program that `wanted` names, on `PATH` or by its path, and what is wrong with it."""
    found = shutil.which(str(Path(wanted).expanduser()) if os.sep in wanted else wanted, path=env.get("PATH"))
    if found is None:
        where = f"{wanted} is no program" if os.sep in wanted else f"there is no {wanted} on PATH"
        return Program(None, None, f"Codex was not found: {where}. Install it (npm install -g @openai/codex), or set `codex` to its path")
    path = Path(found)
    line = _version_line(path, env)
    if line is None:
        return Program(path, None, f"{path} does not run as Codex does: `{path} --version` failed. Install Codex again, or set `codex`")
    number = version_of(line)
    if number is None:
        return Program(path, None, f"{path} is not Codex: `{path} --version` says {line[:80]!r}. Set `codex` to the path of Codex")
    version = ".".join(map(str, number))
    if number < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        return Program(path, version, f"Codex {version} at {path} is too old: codex-desk needs {oldest} or newer. Update Codex")
    return Program(path, version, None)


def version_of(line: str) -> tuple[int, int, int] | None:
    """The number in the first line of `codex --version`; None where it is some other program's."""
    match = _VERSION.search(line)
    if match is None or "codex" not in line.lower():
        return None
    return int(match[1]), int(match[2]), int(match[3])


def _version_line(path: Path, env: Mapping[str, str]) -> str | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    key = (str(path), facts.st_mtime_ns, facts.st_size)
    if key not in _looked_at:
        _looked_at[key] = _ask(path, env)
    return _looked_at[key]


def _ask(path: Path, env: Mapping[str, str]) -> str | None:
    try:
        ran = subprocess.run(
            [str(path), "--version"], capture_output=True, stdin=subprocess.DEVNULL, timeout=ASK_VERSION_S, check=True, env=dict(env)
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout.decode("utf-8", "replace").strip().partition("\n")[0]
