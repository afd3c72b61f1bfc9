"""The `shell` tool: a command in the sandbox, and outside of it where the human says so."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
from pathlib import Path

from codex_desk.frozen import frozen
from codex_desk.rights import Rights
from codex_desk.runtimes.base import ItemDraft, ToolResult
from codex_desk.tools import processes
from codex_desk.tools.commands import simple_command
from codex_desk.tools.environment import search_path, tool_environment
from codex_desk.tools.errors import ToolRefusal
from codex_desk.tools.output import HeadTail, LiveText
from codex_desk.tools.processes import Finished
from codex_desk.tools.protected import appeared, placeholders, survey
from codex_desk.tools.reading import folder_beneath
from codex_desk.tools.sandbox import Tier
from codex_desk.tools.workspace import Ask, ToolPort, Workspace

DEFAULT_TIMEOUT_MS = 120_000
LONGEST_TIMEOUT_MS = 3_600_000

_NO_SANDBOX = "no sandbox holds here"
_FILE_LIMITS = re.compile(r"read-only file system|permission denied|operation not permitted", re.IGNORECASE)
_NETWORK_LIMITS = re.compile(
    r"network is unreachable|could not resolve|name resolution|name or service not known|nodename nor servname|no address associated",
    re.IGNORECASE,
)


@frozen
class Command:
    """A command line, and where and how long it may run."""

    text: str
    folder: Path
    timeout_ms: int


@frozen
class _Run:
    finished: Finished
    output: str
    tier: Tier
    made: tuple[str, ...] = ()
    """Protected paths that have appeared meanwhile."""


async def run_shell(text: str, workdir: str | None, timeout_ms: int, workspace: Workspace, port: ToolPort) -> ToolResult:
    """Run a command line. Whatever exit code it ends with, and a refusal by the human, are results. Raises `ToolRefusal` otherwise."""
    command = Command(text, folder_beneath(workdir or ".", workspace), timeout_ms)
    if not workspace.confined:
        return _result(command, await _run(command, workspace, port, sandboxed=False))
    if workspace.sandbox.tier == "none":
        await _require_approval(command, _NO_SANDBOX, workspace, port)
        return _result(command, await _run(command, workspace, port, sandboxed=False))
    first = await _run(command, workspace, port, sandboxed=True)
    limit = _limit_hit(first, workspace.rights)
    if not limit or not workspace.rights.may_escalate:
        return _result(command, first, limit)
    verdict = await port.approve(_ask(command, f"{limit}; run it again outside of the sandbox?"))
    if not verdict.allowed:
        return _result(command, first, f"{limit}; not run outside of it: {verdict.reason or 'the human said no'}")
    return _result(command, await _run(command, workspace, port, sandboxed=False), f"{limit}; run again outside of it")


async def _require_approval(command: Command, why: str, workspace: Workspace, port: ToolPort) -> None:
    if not workspace.rights.may_escalate:
        raise ToolRefusal("no_sandbox", f"{why}, and this turn may not ask; use read, list, grep, git and apply_patch")
    verdict = await port.approve(_ask(command, why))
    if not verdict.allowed:
        raise ToolRefusal("refused", verdict.reason or "the human said no")


def _ask(command: Command, why: str) -> Ask:
    return Ask("command", command.text, str(command.folder), why, simple_command(command.text))


async def _run(command: Command, workspace: Workspace, port: ToolPort, *, sandboxed: bool) -> _Run:
    argv = [_shell(), "-c", command.text]
    env = tool_environment(workspace.thread_id, workspace.home, network=workspace.rights.network or not sandboxed)
    if not sandboxed:
        return _Run(*await _stream(argv, command, env, port), "none")
    tier = workspace.sandbox.tier
    roots = workspace.write_roots
    if tier == "bubblewrap":
        env.pop("TMPDIR", None)  # its /tmp is its own
    with placeholders(roots) if tier == "bubblewrap" else contextlib.nullcontext():
        before = await asyncio.to_thread(survey, roots)
        wrapped = await asyncio.to_thread(workspace.sandbox.wrap, argv, workspace, before)
        finished, output = await _stream(wrapped, command, env, port)
        after = await asyncio.to_thread(survey, roots)
    return _Run(finished, output, tier, tuple(os.fsencode(path).decode("utf-8", "replace") for path in appeared(before, after)))


def _shell() -> str:
    return shutil.which("bash", path=search_path()) or "/bin/sh"


async def _stream(argv: list[str], command: Command, env: dict[str, str], port: ToolPort) -> tuple[Finished, str]:
    kept, live = HeadTail(), LiveText(port.output)

    def take(data: bytes) -> None:
        kept.feed(data)
        live.feed(data)

    finished = await processes.run(argv, cwd=command.folder, env=env, timeout=command.timeout_ms / 1000, output=take)
    live.feed(b"", final=True)
    return finished, kept.text()


def _limit_hit(run: _Run, rights: Rights) -> str:
    """What of the sandbox a failed command seems to have run into; empty for nothing."""
    if run.finished.exit_code == 0 or run.finished.timed_out:
        return ""
    if not rights.network and (found := _NETWORK_LIMITS.search(run.output)):
        return f"the sandbox has no network ({found[0].lower()})"
    if found := _FILE_LIMITS.search(run.output):
        return f"the sandbox limits files ({found[0].lower()})"
    return ""


def _result(command: Command, run: _Run, note: str = "") -> ToolResult:
    outcome = {
        "exit_code": run.finished.exit_code,
        "duration_ms": run.finished.duration_ms,
        "timed_out": run.finished.timed_out,
        "sandbox": run.tier,
        "output": run.output,
    }
    notes = [note] if note else []
    if run.finished.timed_out:
        notes.append(f"killed after {command.timeout_ms / 1000:g} s, with everything it had started")
    if run.made:
        notes.append(f"appeared while it ran, though read-only to agents: {', '.join(run.made)}")
    if notes:
        outcome["note"] = "; ".join(notes)
    ok = run.finished.exit_code == 0 and not run.finished.timed_out
    item = ItemDraft("command", command.text, {"command": command.text, "cwd": str(command.folder), **outcome})
    return ToolResult(json.dumps(outcome, ensure_ascii=False), ok, item)
