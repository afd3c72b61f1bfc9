"""What no tool may see: the desk's own home, credentials, and the sockets through which a process could act as the human.

Source of the list: semantics §13.2 and §13.4.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

_IN_HOME = (".ssh", ".aws", ".gnupg", ".netrc", ".config/gh")

_SOCKET_VARIABLES = (
    "TMUX",
    "ZELLIJ_SOCKET_DIR",
    "SCREENDIR",
    "KITTY_LISTEN_ON",
    "WEZTERM_UNIX_SOCKET",
    "SSH_AUTH_SOCK",
    "GPG_AGENT_INFO",
    "DOCKER_HOST",
    "CONTAINER_HOST",
    "DBUS_SESSION_BUS_ADDRESS",
)
"""Variables that name a socket of a terminal multiplexer, an agent, or a service that starts processes."""

_LISTED_SOCKETS = Path("/proc/net/unix")


def hidden_paths(home: Path, codex_home: Path, env: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Real paths of what is hidden; not all of them exist."""
    paths = [home, codex_home / "auth.json"]
    for user_home in _user_homes(env):
        paths += [user_home / name for name in _IN_HOME]
    if config := env.get("XDG_CONFIG_HOME"):
        paths.append(Path(config) / "gh")
    paths += _named_sockets(env)
    return tuple(dict.fromkeys(Path(os.path.realpath(path)) for path in paths))


def _user_homes(env: Mapping[str, str]) -> Iterator[Path]:
    if home := env.get("HOME"):
        yield Path(home)
    try:
        yield Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:  # a uid without an entry, as in some containers
        return


def _named_sockets(env: Mapping[str, str]) -> Iterator[Path]:
    for variable in _SOCKET_VARIABLES:
        # "unix:///run/docker.sock", "unix:path=/run/user/1000/bus,guid=…", "/tmp/tmux-0/default,123,0"
        value = env.get(variable, "").removeprefix("unix:").removeprefix("path=").split(",")[0]
        if value.startswith("/"):
            yield Path("/" + value.lstrip("/"))


def listening_sockets() -> tuple[Path, ...]:
    """Every Unix socket with a path on this machine: reading a folder only does not stop a process from talking to what listens in it.

    Linux only; elsewhere there is no such list and the sandbox denies sockets by itself.
    """
    try:
        lines = _LISTED_SOCKETS.read_text(errors="surrogateescape").splitlines()[1:]
    except OSError:
        return ()
    names = {fields[7] for line in lines if len(fields := line.split(maxsplit=7)) == 8 and fields[7].startswith("/")}
    return tuple(sorted({Path(os.path.realpath(name)) for name in names if _is_socket(name)}))


def _is_socket(name: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(name).st_mode)  # noqa: PTH116 (names that no Path can hold are simply not there)
    except (OSError, ValueError):
        return False
