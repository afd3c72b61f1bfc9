"""The `read` and `list` tools."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from codex_desk.tools.beneath import Reach
from codex_desk.tools.errors import ToolRefusal
from codex_desk.tools.workspace import Workspace

READ_LIMIT = 256 * 1024
"""Bytes of a file that one call gives."""
LINE_LIMIT = 8 * 1024
"""Bytes of one line; what is longer is cut."""
SCAN_LIMIT = 256 << 20
"""Bytes that a call goes through to get to its first line."""
LIST_LIMIT = 1000
"""Entries of a folder that one call gives."""

_BINARY_SAMPLE = 8 * 1024


def read_file(path: str, offset: int, limit: int, workspace: Workspace) -> dict[str, object]:
    """Numbered lines from `offset` (1 is the first) on, at most `limit`. Raises `ToolRefusal`, also for a binary file."""
    reach = Reach(workspace, workspace.read_roots)
    located = reach.locate(path)
    with reach.file(located) as descriptor, open(descriptor, "rb", closefd=False) as file:
        size = os.fstat(descriptor).st_size
        if b"\0" in file.read(_BINARY_SAMPLE):
            raise ToolRefusal("binary", f"{path} is a binary file of {size:,} bytes; look at it with a program in shell")
        file.seek(0)
        text, following, note = _window(_lines(file), offset, limit)
    result: dict[str, object] = {"path": reach.shown(located), "size": size, "text": text}
    if following is not None:
        result |= {"next_offset": following, "note": note}
    return result


def _window(lines: Iterator[tuple[int, str]], offset: int, limit: int) -> tuple[str, int | None, str]:
    """The lines of the window, the number of the line after it (None at the end of the file), and what ended it."""
    window: list[str] = []
    used = 0
    for number, line in lines:
        if number < offset:
            continue
        if len(window) == limit:
            return "".join(window), number, f"{limit} lines given; there are more"
        used += len(line.encode())
        if used > READ_LIMIT:
            return "".join(window), number, f"a call gives at most {READ_LIMIT // 1024} KB; there is more"
        window.append(f"{number:>6}\t{line}\n")
    return "".join(window), None, ""


def _lines(file: BinaryIO) -> Iterator[tuple[int, str]]:
    """Numbered lines without their end, read piece by piece: a line may be as long as the file."""
    number, scanned = 0, 0
    while piece := file.readline(LINE_LIMIT):
        number += 1
        line, rest = piece, 0
        while not piece.endswith(b"\n") and (piece := file.readline(LINE_LIMIT)):
            rest += len(piece.removesuffix(b"\n"))
            _check_scanned(scanned + rest)
        scanned += len(line) + rest
        _check_scanned(scanned)
        text = line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "replace")
        yield number, text + (f" [… {rest:,} bytes of this line left out …]" if rest else "")


def _check_scanned(size: int) -> None:
    if size > SCAN_LIMIT:
        raise ToolRefusal("too_large", f"only the first {SCAN_LIMIT >> 20} MB of a file are read; use shell for what lies beyond")


def list_folder(path: str, workspace: Workspace) -> dict[str, object]:
    """The entries of a folder, sorted by name. Raises `ToolRefusal`."""
    reach = Reach(workspace, workspace.read_roots)
    located = reach.locate(path)
    with reach.folder(located) as folder:
        descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
        try:
            names = sorted(os.listdir(descriptor))  # noqa: PTH208 (a descriptor)
            entries = [_entry(name, descriptor) for name in names[:LIST_LIMIT]]
        finally:
            os.close(descriptor)
    result: dict[str, object] = {"path": reach.shown(located), "entries": entries}
    if len(names) > LIST_LIMIT:
        result["left_out"] = len(names) - LIST_LIMIT
    return result


def _entry(name: str, folder: int) -> dict[str, object]:
    shown = os.fsencode(name).decode("utf-8", "replace")
    try:
        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISLNK(info.st_mode):
            target = os.fsencode(os.readlink(name, dir_fd=folder)).decode("utf-8", "replace")
            return {"name": shown, "kind": "link", "target": target}
    except FileNotFoundError:  # gone since the folder was listed
        return {"name": shown, "kind": "gone"}
    if stat.S_ISDIR(info.st_mode):
        return {"name": shown, "kind": "folder"}
    if stat.S_ISREG(info.st_mode):
        return {"name": shown, "kind": "file", "size": info.st_size}
    return {"name": shown, "kind": "other"}


def folder_beneath(path: str, workspace: Workspace) -> Path:
    """A folder that a command may start in. Raises `ToolRefusal`."""
    reach = Reach(workspace, workspace.read_roots)
    located = reach.locate(path)
    with reach.folder(located):
        return located
