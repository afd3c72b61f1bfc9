"""What `doctor` looks at. Each check says what was found and, where something is amiss, how to mend it."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from codex_desk.cli.failures import failure_of
from codex_desk.frozen import frozen

if TYPE_CHECKING:
    from codex_desk.config import Resolved
    from codex_desk.engine.desk import Desk
    from codex_desk.runtimes.outside import Program

ASK_VERSION_S = 5.0
OLDEST_PYTHON = (3, 11)


@frozen
class Check:
    name: str
    state: Literal["ok", "note", "wrong"]
    """`note`: works, but less well than it could."""
    found: str
    mend: str | None = None

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def surroundings() -> Iterator[Check]:
    """What can be seen without opening anything of the desk's."""
    from codex_desk.cli.terminal_check import terminal

    yield python()
    yield terminal()
    yield git()


def python() -> Check:
    version = platform.python_version()
    found = f"{version} at {sys.executable}, SQLite {sqlite3.sqlite_version}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Check("python", "wrong", found, "codex-desk needs Python 3.11 or newer")
    return Check("python", "ok", found)


def codex(program: Program) -> Check:
    """The program alone."""
    if program.path is None:
        return Check(
            "codex", "note", "no Codex was found", "nothing needs it; install Codex to run sessions on it, or set `codex` to its path"
        )
    if program.trouble is not None:
        return Check("codex", "wrong", program.trouble, "no session on it runs until then")
    return Check("codex", "ok", f"Codex {program.version} at {program.path}")


async def codex_at_work(desk: Desk) -> Check:
    """The program as it answers: its sign-in, and its sessions."""
    from codex_desk.engine.errors import Refusal

    check = codex(desk.surroundings.codex_program())
    if check.state != "ok":
        return check
    try:
        standby = await desk.elsewhere.standby()
        sessions = await desk.adoptable()
    except Refusal as refusal:
        return Check("codex", "wrong", f"{check.found}: {refusal.message}", "run it by itself to see what is wrong: codex app-server")
    here = sum(each.where == "on the desk" for each in sessions)
    found = f"{check.found}, {standby.account}, {len(sessions)} sessions, {here} of them on the desk"
    if standby.complaint:
        return Check(
            "codex", "wrong", f"{check.found}: {standby.complaint}", "mend Codex's own settings; what it cannot read has no effect"
        )
    if not standby.signed_in:
        return Check("codex", "wrong", found, "codex login")
    return Check("codex", "ok", f"{found}; what its sandbox lets be read, its agents read, the desk's own folder included")


def git() -> Check:
    path = shutil.which("git")
    version = None if path is None else _version_of(path)
    if version is None:
        return Check("git", "note", "no git on PATH", "install git: agents cannot look at diffs without it")
    return Check("git", "ok", f"{version} at {path}")


def _version_of(path: str) -> str | None:
    """The first line of `--version`; None where the program does not run."""
    try:
        ran = subprocess.run([path, "--version"], capture_output=True, stdin=subprocess.DEVNULL, timeout=ASK_VERSION_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout.decode("utf-8", "replace").strip().partition("\n")[0]


async def desk_checks() -> AsyncIterator[Check]:
    """What is seen from inside: opening the desk is itself the first check."""
    from codex_desk.engine.desk import Desk

    try:
        async with Desk.open() as desk:
            yield home(desk)
            yield store(desk)
            for check in settings(desk):
                yield check
            yield await codex_at_work(desk)
            yield await sandbox(desk)
            yield trust(desk)
            yield roles(desk)
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        yield Check("store", "wrong", failure.message, "the message says what to do; no session can be reached until then")


def home(desk: Desk) -> Check:
    mode = stat.S_IMODE(desk.home.stat().st_mode)
    if mode != 0o700:
        return Check("home", "wrong", f"{desk.home} has mode {mode:o}", f"chmod 700 {desk.home}")
    return Check("home", "ok", str(desk.home))


def store(desk: Desk) -> Check:
    chain = desk.verify_audit()
    if not chain.verified:
        return Check(
            "store",
            "wrong",
            f"the audit does not verify: {chain.reason}",
            "codex-desk audit --verify names the row; backups/ holds older copies",
        )
    sessions = len(desk.threads())
    opened = "a desk is open" if desk.desk_is_open() else "no desk is open"
    return Check("store", "ok", f"{sessions} sessions, {chain.events} audit events verified, {opened}")


def settings(desk: Desk) -> Iterator[Check]:
    """The settings, the provider they choose, and the runtime that a new session here would get."""
    from codex_desk.config import ConfigError

    try:
        resolved = desk.settings(cwd=Path.cwd())
    except ConfigError as error:
        yield Check("settings", "wrong", error.message, "mend the file; no turn runs until then")
        return
    if resolved.warnings:
        said = "; ".join(str(warning) for warning in resolved.warnings)
        yield Check("settings", "note", said, "these have no effect; `codex-desk config show` lists what has")
    else:
        yield Check("settings", "ok", "read, nothing unknown in them")
    program = desk.surroundings.codex_program(resolved.settings)
    yield provider(resolved, on_codex=program.trouble is None and resolved.settings.runtime in ("auto", "codex"))


def provider(resolved: Resolved, *, on_codex: bool) -> Check:
    """`on_codex`: new sessions run in Codex, which has providers of its own."""
    from codex_desk.config import ConfigError, usable

    try:
        chosen = resolved.provider
    except ConfigError as error:
        return Check("provider", "wrong", error.message, "codex-desk provider list names those there are")
    name = f"{resolved.settings.model_provider} ({resolved.settings.model} at {chosen.base_url})"
    if usable(chosen, os.environ):
        return Check("provider", "ok", f"{name}; codex-desk provider test tries it")
    if on_codex:
        return Check("provider", "ok", f"{name}: {chosen.env_key} is not set, and nothing needs it: new sessions here run on Codex")
    return Check(
        "provider",
        "note",
        f"{name}: {chosen.env_key} is not set, so sessions here would run offline",
        f"set {chosen.env_key}, or take a server of your own: codex-desk provider add http://127.0.0.1:11434/v1 --model NAME",
    )


async def sandbox(desk: Desk) -> Check:
    tier = await desk.sandbox_tier()
    if tier != "none":
        return Check("sandbox", "ok", f"{tier}, tried with a command that it had to stop")
    mend = "use a macOS that has sandbox-exec" if sys.platform == "darwin" else "install bubblewrap, and allow user namespaces"
    return Check(
        "sandbox",
        "note",
        "none holds: every shell command needs your approval, and what keeps agents from acting as you guards against accident only",
        mend,
    )


def roles(desk: Desk) -> Check:
    """The roles that count here, and what is wrong with the files of others."""
    from codex_desk.config import ConfigError
    from codex_desk.paths import project_of

    try:
        roles = desk.surroundings.roles(project_of(Path.cwd()))
    except ConfigError:
        return Check("roles", "wrong", "none can be read before the settings can", "see settings")
    found = ", ".join(sorted(roles.found)) or "none beside those that are built in"
    warnings = [*roles.warnings, *(warning for role in roles.found.values() for warning in role.warnings)]
    if not warnings:
        return Check("roles", "ok", found)
    return Check("roles", "note", found, "; ".join(str(warning) for warning in warnings))


def trust(desk: Desk) -> Check:
    from codex_desk.paths import project_of

    project = project_of(Path.cwd())
    if desk.is_trusted(project):
        return Check("trust", "ok", f"{project} is trusted: its settings and roles count, as far as a project's may")
    if (project / ".codex-desk").exists() or (project / ".codex" / "agents").exists():
        return Check(
            "trust", "note", f"{project} is not trusted: its own settings and roles are off", f"read them, then: codex-desk trust {project}"
        )
    return Check("trust", "ok", f"{project} is not trusted, and has no settings of its own")
