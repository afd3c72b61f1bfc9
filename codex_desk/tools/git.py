"""The one door for git: it reads a repository, and nothing that the repository says makes it run a command.

A repository is data from anyone. Its config can name hooks, a file system monitor, external diffs, text converters, filters, a pager, a
signature checker, a transport for missing objects; each is switched off here, the filters by name, since git has no switch for all of them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from codex_desk.frozen import frozen
from codex_desk.tools import processes
from codex_desk.tools.environment import search_path
from codex_desk.tools.output import HeadTail

OUTPUT_LIMIT = 1 << 20
"""Bytes kept of each stream."""

_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.pager": "cat",
    "core.editor": "false",
    "core.askPass": "false",
    "core.sshCommand": "false",
    "core.attributesFile": os.devnull,
    "credential.helper": "",
    "safe.bareRepository": "explicit",
    "log.showSignature": "false",
    "gpg.program": "false",
    "gpg.openpgp.program": "false",
    "gpg.x509.program": "false",
    "gpg.ssh.program": "false",
    "gpg.ssh.defaultKeyCommand": "false",
    "commit.gpgSign": "false",
    "tag.gpgSign": "false",
    "status.submoduleSummary": "false",
    "diff.submodule": "short",
    "submodule.recurse": "false",
    "maintenance.auto": "false",
    "gc.auto": "0",
    "color.ui": "false",
}
"""In force over every config file; `safe.bareRepository` counts only when given like this."""

_PASSED = ("HOME", "USER", "LOGNAME", "TMPDIR", "TZ")

_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "false",
    "SSH_ASKPASS": "false",
    "GIT_SSH_COMMAND": "false",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "false",
    # A missing object must not be fetched: the transport's address and program come from the repository.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
}

_DIFFS = frozenset(("diff", "log", "show", "diff-tree", "diff-index", "diff-files", "format-patch", "whatchanged", "stash"))
_NO_PROGRAMS = ("--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty")
"""A submodule's own status would run in a repository whose filters nobody has named."""

_PROGRAM_KEYS = ("clean", "smudge", "process", "textconv", "command", "driver")
"""Last parts of `filter.*`, `diff.*` and `merge.*` keys whose value is a command line; an empty one is none."""


@frozen
class GitResult:
    exit_code: int
    output: str
    """Standard output, decoded with replacements, otherwise as git wrote it."""
    errors: str
    timed_out: bool = False
    truncated: bool = False
    """Whether the middle of the output was left out."""

    @property
    def ok(self) -> bool:
        return self.exit_code == 0 and not self.timed_out


async def git(*args: str, cwd: Path, timeout: float = 10.0, limit: int = OUTPUT_LIMIT) -> GitResult:
    """Run one git command of ours; `args[0]` is a built-in subcommand. Failures, a time-out among them, are results. `limit`: bytes of output kept.

    The user's own and the system's config do not count, neither does git's environment of this process. Raises `OSError` where git is
    missing or the folder is.
    """
    drivers = await _disarmed_drivers(cwd, timeout)
    if unnameable := [key for key in drivers if "=" in key]:
        return GitResult(128, "", f"{unnameable[0]!r} in this repository's config cannot be switched off, so git is not run here")
    return await _run(_SETTINGS | drivers, _with_switches(args), cwd, timeout, limit)


def _with_switches(args: tuple[str, ...]) -> tuple[str, ...]:
    match args:
        case ("status", *rest):
            return ("status", "--ignore-submodules=dirty", *rest)
        case ("stash", "show", *rest):
            return ("stash", "show", *_NO_PROGRAMS, *rest)
        case (question, *rest) if question in _DIFFS - {"stash"}:
            return (question, *_NO_PROGRAMS, *rest)
    return args


async def _disarmed_drivers(cwd: Path, seconds: float) -> dict[str, str]:
    """Settings that empty every command of every filter and driver that the repository's config names. Reading config runs nothing."""
    listed = await _run(_SETTINGS, ("config", "--null", "--name-only", "--get-regexp", r"^(filter|diff|merge)\..+\."), cwd, seconds)
    return _emptied(listed.output.split("\0"))


def _emptied(keys: Iterable[str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for key in keys:
        driver, _, last = key.rpartition(".")
        if last in _PROGRAM_KEYS:
            settings[key] = ""
            if driver.startswith("filter."):
                settings[f"{driver}.required"] = "false"
    return settings


async def _run(settings: Mapping[str, str], args: Iterable[str], cwd: Path, seconds: float, limit: int = OUTPUT_LIMIT) -> GitResult:
    program = shutil.which("git", path=search_path())
    if program is None:
        raise FileNotFoundError("git is not on PATH")
    output, errors = HeadTail(limit), HeadTail(OUTPUT_LIMIT)
    finished = await processes.run(
        [program, "--no-pager", *_overrides(settings), *args],
        cwd=cwd,
        env=_environment(),
        timeout=seconds,
        output=output.feed,
        errors=errors.feed,
    )
    return GitResult(finished.exit_code, _decoded(output), _decoded(errors), finished.timed_out, output.cut)


def _overrides(settings: Mapping[str, str]) -> list[str]:
    return [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _PASSED if name in os.environ} | _ENVIRONMENT | {"PATH": search_path()}


def _decoded(stream: HeadTail) -> str:
    return stream.raw().decode("utf-8", "replace")
