"""Opening files beneath allowed roots, and nowhere else, whatever links and swaps a folder holds.

A path is resolved first, which says where it leads, and then walked from the top with no link allowed in any component: a folder that is
swapped for a link between the two steps ends the walk instead of leading it elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from codex_desk.tools.errors import ToolRefusal
from codex_desk.tools.hidden import hidden_paths
from codex_desk.tools.workspace import Workspace

_STEP = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Reach:
    """Where one call may go: beneath its roots, and not into what is hidden."""

    def __init__(self, workspace: Workspace, roots: tuple[Path, ...]) -> None:
        self.base = workspace.cwd
        self.roots = roots
        self.hidden = hidden_paths(workspace.home, workspace.codex_home)
        self._hidden_identities = frozenset(_identities(self.hidden))

    def locate(self, text: str) -> Path:
        """The real path that a tool's path argument stands for; it need not exist. Raises `ToolRefusal` beyond the roots."""
        path = Path(os.path.realpath(self.base / text))
        if any(path.is_relative_to(hidden) for hidden in self.hidden):
            raise _hidden(text)
        if not any(path.is_relative_to(root) for root in self.roots):
            places = ", ".join(map(str, self.roots)) or "nowhere"
            raise ToolRefusal("outside", f"{text} leads to {path}, outside of where this tool may go: {places}")
        return path

    def shown(self, path: Path) -> str:
        """The path relative to the cwd where it lies beneath it; bytes that are no UTF-8 as replacements."""
        name = path.relative_to(self.base) if path.is_relative_to(self.base) else path
        return os.fsencode(name).decode("utf-8", "replace")

    @contextlib.contextmanager
    def folder(self, path: Path) -> Iterator[int]:
        """A descriptor of a located folder, for operations relative to it. Raises `ToolRefusal`."""
        descriptor = os.open("/", _STEP)
        try:
            for part in path.parts[1:]:
                inner = self._step(descriptor, part, path)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)

    def _step(self, folder: int, name: str, path: Path) -> int:
        try:
            inner = os.open(name, _STEP, dir_fd=folder)
        except OSError as error:
            raise _refusal(path, error) from error
        if _identity(os.fstat(inner)) in self._hidden_identities:
            os.close(inner)
            raise _hidden(str(path))
        return inner

    @contextlib.contextmanager
    def file(self, path: Path) -> Iterator[int]:
        """A reading descriptor of a located regular file. Raises `ToolRefusal` for anything else; never waits on a fifo or a device."""
        with self.folder(path.parent) as folder:
            try:
                self._check_regular(os.stat(path.name, dir_fd=folder, follow_symlinks=False), path)
                descriptor = os.open(path.name, _READ, dir_fd=folder)
            except OSError as error:
                raise _refusal(path, error) from error
        try:
            self._check_regular(os.fstat(descriptor), path)
            yield descriptor
        finally:
            os.close(descriptor)

    def _check_regular(self, info: os.stat_result, path: Path) -> None:
        if _identity(info) in self._hidden_identities:  # a hard link, or another spelling of the name
            raise _hidden(str(path))
        if stat.S_ISDIR(info.st_mode):
            raise ToolRefusal("is_folder", f"{path} is a folder; use list")
        if not stat.S_ISREG(info.st_mode):
            raise ToolRefusal(
                "not_a_file", f"{path} is no regular file: devices, pipes, sockets and links that lead nowhere are not opened"
            )


def _identity(info: os.stat_result) -> tuple[int, int]:
    return info.st_dev, info.st_ino


def _identities(paths: tuple[Path, ...]) -> Iterator[tuple[int, int]]:
    for path in paths:
        with contextlib.suppress(OSError):  # not there: nothing that could be reached by another name
            yield _identity(path.stat())


def _hidden(text: str) -> ToolRefusal:
    return ToolRefusal("hidden", f"{text} is hidden from tools: it holds credentials or the desk's own records")


def _refusal(path: Path, error: OSError) -> ToolRefusal:
    match error.errno:
        case errno.ENOENT:
            return ToolRefusal("not_found", f"{path} does not exist")
        case errno.ELOOP:
            return ToolRefusal("moved", f"{path} goes through a link that leads in a circle, or that was put there just now")
        case errno.ENOTDIR:
            return ToolRefusal("moved", f"{path} goes through something that is no folder")
        case errno.EACCES | errno.EPERM:
            return ToolRefusal("denied", f"{path}: permission denied")
        case _:
            return ToolRefusal("failed", f"{path}: {error.strerror or error}")
