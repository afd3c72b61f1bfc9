"""The ladder of sandboxes, and the canary that says which rung holds."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from codex_desk.frozen import frozen
from codex_desk.rights import Rights
from codex_desk.tools import processes
from codex_desk.tools.bubblewrap import bubblewrap
from codex_desk.tools.environment import search_path, tool_environment
from codex_desk.tools.protected import survey
from codex_desk.tools.seatbelt import seatbelt

if TYPE_CHECKING:
    from codex_desk.tools.workspace import Workspace

Tier = Literal["bubblewrap", "codex", "seatbelt", "none"]

_CANARY_TIMEOUT = 15.0
"""Seconds."""


@frozen
class Sandbox:
    """One rung. `codex` confines writing and the network, but lets a command read what Codex lets it read, hidden paths included."""

    tier: Tier
    program: str = ""
    """Absolute path; empty for `none`."""

    def wrap(self, argv: Sequence[str], workspace: Workspace, protected: Iterable[Path] | None = None) -> list[str]:
        """The command that runs `argv` within the workspace's mode; `argv` itself where the mode asks for no sandbox, or none holds.

        `protected`: what to bind read-only inside the writable roots, where the caller has surveyed them already.
        """
        if not workspace.confined:
            return list(argv)
        match self.tier:
            case "bubblewrap":
                return bubblewrap(self.program, argv, workspace, survey(workspace.write_roots) if protected is None else protected)
            case "codex":
                return _codex(self.program, argv, workspace)
            case "seatbelt":
                return seatbelt(self.program, argv, workspace)
            case "none":
                return list(argv)


def _codex(program: str, argv: Sequence[str], workspace: Workspace) -> list[str]:
    settings: dict[str, object] = {
        "sandbox_mode": workspace.rights.mode,
        "sandbox_workspace_write.network_access": workspace.rights.network,
        "sandbox_workspace_write.writable_roots": [str(root) for root in workspace.writable_roots],
        # Sockets of terminal multiplexers live in /tmp.
        "sandbox_workspace_write.exclude_slash_tmp": True,
    }
    # A value is TOML, of which JSON's strings, booleans and arrays are a part.
    overrides = [part for key, value in settings.items() for part in ("-c", f"{key}={json.dumps(value)}")]
    return [program, "sandbox", *overrides, "--", *argv]


async def find_sandbox() -> Sandbox:
    """The first rung that a canary command cannot escape; tier `none` where none holds. Takes some 50 to 500 ms."""
    for sandbox in _candidates():
        if await _holds(sandbox):
            return sandbox
    return Sandbox("none")


def _candidates() -> Iterator[Sandbox]:
    ladder: list[tuple[Tier, str]] = [("seatbelt", "/usr/bin/sandbox-exec")] if sys.platform == "darwin" else [("bubblewrap", "bwrap")]
    for tier, name in [*ladder, ("codex", "codex")]:
        if program := shutil.which(name, path=search_path()):
            yield Sandbox(tier, program)


_CANARY = """
import json, pathlib, socket, sys
inside, outside, secret, port = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), int(sys.argv[4])
def tried(act):
    try:
        act()
    except OSError:
        return False
    return True
got = {
    "wrote": tried(lambda: outside.write_text("x")),
    "connected": tried(lambda: socket.create_connection(("127.0.0.1", port), 2)),
    "read": tried(secret.read_text),
}
inside.write_text(json.dumps(got))
"""
"""Tries to get out, and reports from the one place it may write."""


async def _holds(sandbox: Sandbox) -> bool:
    with _cage(sandbox) as cage, closing(socket.create_server(("127.0.0.1", 0))) as server:
        argv = [interpreter(), "-I", "-S", "-c", _CANARY, *map(str, (cage.report, cage.escaped, cage.secret, server.getsockname()[1]))]
        env = tool_environment("canary", cage.workspace.home, network=False)
        try:
            await processes.run(
                sandbox.wrap(argv, cage.workspace), cwd=cage.workspace.cwd, env=env, timeout=_CANARY_TIMEOUT, output=_ignore
            )
            got = json.loads(cage.report.read_text())
        except (OSError, ValueError):  # it does not start, or it lets nothing be done at all
            return False
        # A private /tmp lets the write succeed without any effect: what counts is that nothing is there on this side.
        return not cage.escaped.exists() and not got["connected"] and (sandbox.tier == "codex" or not got["read"])


@frozen
class _Cage:
    workspace: Workspace
    report: Path
    escaped: Path
    secret: Path


@contextmanager
def _cage(sandbox: Sandbox) -> Iterator[_Cage]:
    from codex_desk.tools.workspace import Workspace

    with tempfile.TemporaryDirectory(prefix="codex-desk-canary-") as name:
        root = Path(name).resolve()
        cwd, home, elsewhere = root / "cwd", root / "home", root / "elsewhere"
        for folder in (cwd, home, elsewhere):
            folder.mkdir()
        secret = home / "secret"
        secret.write_text("x")
        workspace = Workspace("canary", cwd, cwd, (), Rights("workspace-write", False, False), home, home, sandbox)
        yield _Cage(workspace, cwd / "report", elsewhere / "escaped", secret)


def interpreter() -> str:
    """Python itself, not a virtual environment's link to it, which may lie where a sandbox sees nothing. For programs without packages."""
    return os.path.realpath(sys.executable)


def _ignore(data: bytes) -> None:
    """The canary's output says nothing that its report does not."""
