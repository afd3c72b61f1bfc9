"""The `grep` tool: ripgrep where there is one, else our own search, in the sandbox where one holds."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from codex_desk.rights import Rights
from codex_desk.tools import processes, search
from codex_desk.tools.beneath import Reach
from codex_desk.tools.environment import search_path, tool_environment
from codex_desk.tools.errors import ToolRefusal
from codex_desk.tools.output import HeadTail
from codex_desk.tools.sandbox import interpreter
from codex_desk.tools.workspace import Workspace

TIMEOUT = 20.0
"""Seconds."""
MATCH_LIMIT = 500
LINE_LIMIT = 400
"""Characters of a matching line that are shown."""

_OUTPUT_LIMIT = 4 << 20
"""Bytes of the search's output that are looked at."""


async def grep(pattern: str, path: str, workspace: Workspace) -> dict[str, object]:
    """Lines that match a regular expression, in a file or beneath a folder. Raises `ToolRefusal`, also for a broken pattern."""
    reach = Reach(workspace, workspace.read_roots)
    located = reach.locate(path)
    start = _start(reach, located)
    # Its own rights: it reads, whatever the thread may do besides. Under a sandbox even a folder swapped for a link meanwhile leads nowhere.
    reader = replace(workspace, rights=Rights("read-only", False, False), project=start)
    argv = await asyncio.to_thread(workspace.sandbox.wrap, _command(pattern, located, start, reach), reader)
    output, errors = HeadTail(2 * _OUTPUT_LIMIT), HeadTail()
    finished = await processes.run(
        argv,
        cwd=start,
        env=tool_environment(workspace.thread_id, workspace.home, network=False),
        timeout=TIMEOUT,
        output=output.feed,
        errors=errors.feed,
    )
    if finished.timed_out:
        raise ToolRefusal("timed_out", f"the search took more than {TIMEOUT:g} s; give a narrower path or a simpler pattern")
    # ripgrep says 2 also when it has found something and could not read something else.
    if finished.exit_code not in (0, 1) and not output.total:
        raise ToolRefusal("bad_pattern", errors.text().strip() or f"the search ended with exit code {finished.exit_code}")
    # What is cut from an overlong output lies beyond the match limit anyway.
    found = list(_matches(output.raw()[:_OUTPUT_LIMIT], start, reach))
    result: dict[str, object] = {"matches": found[:MATCH_LIMIT]}
    if output.cut or len(found) > MATCH_LIMIT:
        result["note"] = f"the first {MATCH_LIMIT} matches; give a narrower path or pattern for the others"
    return result


def _start(reach: Reach, located: Path) -> Path:
    """The folder to search from. Raises `ToolRefusal` for anything but a folder or a regular file."""
    if located.is_dir():
        with reach.folder(located):
            return located
    with reach.file(located):
        return located.parent


def _command(pattern: str, located: Path, start: Path, reach: Reach) -> list[str]:
    target = "." if located == start else f"./{located.name}"
    ripgrep = shutil.which("rg", path=search_path())
    if ripgrep is None:
        return [interpreter(), "-I", "-S", "-c", Path(search.__file__).read_text(), pattern, target]
    command = [ripgrep, "--no-config", "--no-messages", "--null", "--line-number", "--with-filename", "--no-heading", "--color=never"]
    command += ["--sort=path", "--hidden", "--glob=!.git"]
    # Without a sandbox, what is hidden is left out by name.
    command += [f"--glob=!/{_literal(path.relative_to(start))}" for path in reach.hidden if path.is_relative_to(start)]
    return [*command, "--regexp", pattern, "--", target]


def _literal(path: Path) -> str:
    return "".join(f"\\{sign}" if sign in "*?[]{}!\\" else sign for sign in str(path))


def _matches(output: bytes, start: Path, reach: Reach) -> Iterator[dict[str, object]]:
    for record in output.decode("utf-8", "replace").splitlines():
        name, _, rest = record.partition("\0")
        number, _, line = rest.partition(":")
        path = Path(os.path.normpath(start / name))
        if not number.isdigit() or any(path.is_relative_to(hidden) for hidden in reach.hidden):
            continue
        text = line if len(line) <= LINE_LIMIT else line[:LINE_LIMIT] + " […]"
        yield {"path": reach.shown(path), "line": int(number), "text": text}
