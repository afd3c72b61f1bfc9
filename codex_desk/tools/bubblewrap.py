"""The bubblewrap tier: the whole machine read-only, the writable roots bound over it, and what is hidden masked.

Whatever mount is deeper comes later, so that a root beneath a private folder such as /tmp is there again, and a mask beneath a root holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from codex_desk.frozen import frozen
from codex_desk.tools.hidden import hidden_paths, listening_sockets

if TYPE_CHECKING:
    from codex_desk.tools.workspace import Workspace

_NAMESPACES = (
    "--die-with-parent",
    "--unshare-user-try",
    "--unshare-pid",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-cgroup-try",
    # Without it a command of root keeps root's capabilities, and could undo every mount below.
    "--cap-drop",
    "ALL",
)

_PRIVATE = ("/tmp", "/var/tmp", "/run")
"""Folders that are empty and the command's own: sockets of multiplexers, docker, buses and agents live in them."""


class _Kind(IntEnum):
    """At one and the same path, the later wins."""

    PRIVATE = auto()
    READABLE = auto()
    WRITABLE = auto()
    READ_ONLY = auto()
    MASK = auto()


@frozen
class _Mount:
    kind: _Kind
    path: Path

    @property
    def order(self) -> tuple[int, _Kind, Path]:
        return len(self.path.parts), self.kind, self.path

    def arguments(self) -> list[str]:
        path = str(self.path)
        match self.kind:
            case _Kind.PRIVATE:
                return ["--tmpfs", path]
            case _Kind.READABLE | _Kind.READ_ONLY:
                return ["--ro-bind", path, path]
            case _Kind.WRITABLE:
                return ["--bind", path, path]
            case _Kind.MASK if self.path.is_dir():
                return ["--perms", "0000", "--tmpfs", path, "--remount-ro", path]
            case _Kind.MASK:
                return ["--ro-bind", "/dev/null", path]


def bubblewrap(program: str, argv: Sequence[str], workspace: Workspace, protected: Iterable[Path]) -> list[str]:
    """The command that runs `argv` in the sandbox of this workspace. `protected`: existing paths to bind read-only inside the roots."""
    command = [program, *_NAMESPACES]
    if not workspace.rights.network:
        command.append("--unshare-net")
    command += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    for mount in sorted(_mounts(workspace, protected), key=lambda mount: mount.order):
        command += mount.arguments()
    if workspace.rights.network:
        # The one file of /run that names are looked up with, where /etc/resolv.conf is a link to it.
        resolver = os.path.realpath("/etc/resolv.conf")
        command += ["--ro-bind-try", resolver, resolver] if resolver.startswith("/run/") else []
    # On NixOS every program is found through this link.
    return [*command, "--ro-bind-try", "/run/current-system", "/run/current-system", "--", *argv]


def _mounts(workspace: Workspace, protected: Iterable[Path]) -> Iterator[_Mount]:
    private = {Path(os.path.realpath(path)) for path in _PRIVATE}
    hidden = [path for path in hidden_paths(workspace.home, workspace.codex_home) if path.exists()]
    writable = [root for root in workspace.write_roots if _is_real(root) and not _beneath(root, hidden)]
    readable = [root for root in workspace.read_roots if _is_real(root) and not _beneath(root, [*hidden, *writable])]
    bound = [*readable, *writable]
    for path in private:
        yield _Mount(_Kind.PRIVATE, path)
    for path in readable:
        yield _Mount(_Kind.READABLE, path)
    for path in writable:
        yield _Mount(_Kind.WRITABLE, path)
    for path in protected:
        if _beneath(path, writable) and not _beneath(path, hidden):
            yield _Mount(_Kind.READ_ONLY, path)
    masks = {*hidden, *listening_sockets()}
    for path in masks:
        in_view = _beneath(path, bound) or not _beneath(path, private)
        if in_view and not any(parent in masks for parent in path.parents):
            yield _Mount(_Kind.MASK, path)


def _is_real(root: Path) -> bool:
    """Whether the root is still the folder it was: one that became a link would bind what it leads to."""
    return root.is_dir() and os.path.realpath(root) == str(root)


def _beneath(path: Path, roots: Iterable[Path]) -> bool:
    return any(path.is_relative_to(root) for root in roots)
