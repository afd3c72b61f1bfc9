"""The environment that a tool's process sees: a list of what is let through, and nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from codex_desk.tools.words import words

_PASSED = words(
    """
    HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV JAVA_HOME GOPATH GOROOT GOFLAGS
    GOCACHE CARGO_HOME RUSTUP_HOME RUSTUP_TOOLCHAIN NVM_DIR NVM_BIN NODE_PATH PYENV_ROOT PYTHONPATH RBENV_ROOT GEM_HOME GEM_PATH
    DOTNET_ROOT ANDROID_HOME SDKROOT DEVELOPER_DIR SSL_CERT_FILE SSL_CERT_DIR NIX_SSL_CERT_FILE NIX_PROFILES XDG_CACHE_HOME
    XDG_CONFIG_HOME XDG_DATA_HOME CI
    """
)
_PROXIES = frozenset(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"))
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|AUTH(?!OR)", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"://[^/@\s]*:[^/@\s]+@")
"""An address with a password in it."""
_NO_SECRETS = frozenset(("SSH_AUTH_SOCK", "XAUTHORITY"))
"""Named like secrets; they name sockets and files."""
_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"

_NO_TERMINAL = {
    # There is no terminal: no colours, no pager, nobody to type a password.
    "TERM": "dumb",
    "NO_COLOR": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
}


def tool_environment(thread_id: str, home: Path, *, network: bool, env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What a shell of this thread gets. `CODEX_DESK_THREAD` makes every codex-desk started there act as the agent (semantics §13.2)."""
    passed = {name: value for name, value in env.items() if _may_pass(name, value, network)}
    return passed | {
        "PATH": search_path(env),
        "CODEX_DESK_THREAD": thread_id,
        "CODEX_DESK_HOME": str(home),
        **_NO_TERMINAL,
    }


def human_environment(home: Path, env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What a command that the human typed gets: what they started codex-desk with, but for secrets. What it prints goes on record, and to a model."""
    secrets = secrets_of(env)
    passed = {name: value for name, value in env.items() if name not in secrets and name != "CODEX_DESK_THREAD"}
    return passed | {"CODEX_DESK_HOME": str(home), **_NO_TERMINAL}


def secrets_of(env: Mapping[str, str]) -> dict[str, str]:
    """The variables that hold a key, a token or a password, by their names or by their values."""
    return {
        name: value for name, value in env.items() if name not in _NO_SECRETS and (_SECRET_NAME.search(name) or _SECRET_VALUE.search(value))
    }


def search_path(env: Mapping[str, str] = os.environ) -> str:
    """`PATH` without relative entries, which would find programs in whatever folder a tool works in."""
    entries = [entry for entry in env.get("PATH", "").split(os.pathsep) if entry.startswith("/")]
    return os.pathsep.join(entries) or _DEFAULT_PATH


def _may_pass(name: str, value: str, network: bool) -> bool:
    if _SECRET_NAME.search(name):
        return False
    if name.upper() in _PROXIES:
        return network and "@" not in value  # a proxy's address may carry a password
    return name in _PASSED or name.startswith("LC_")
