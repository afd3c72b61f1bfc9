"""Files that are opened with care: regular ones only, never beyond a root, and private ones written whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
_CHUNK = 1 << 20


class FileRefused(Exception):
    """The file is not what it should be; the message says why, without its name."""


def read_regular(path: Path, limit: int | None = None) -> bytes:
    """At most `limit` bytes of a regular file; links are followed. Never waits on a fifo or a device.

    Raises `FileRefused` for anything that is not a regular file, `OSError` as `open` does.
    """
    return _read(os.open(path, _READ & ~os.O_NOFOLLOW), limit)


def read_beneath(root: Path, path: Path, limit: int | None = None) -> bytes:
    """At most `limit` bytes of a regular file whose real path lies in `root` (a real path).

    The real path is walked from the root component by component, so that a folder swapped for a link meanwhile leads nowhere else.
    Raises `FileRefused` for anything else, `OSError` as `open` does.
    """
    try:
        real = path.resolve(strict=True)
    except RuntimeError:  # what 3.11 raises for a loop of links
        raise FileRefused("a link that leads in a circle") from None
    if not real.is_relative_to(root):
        raise FileRefused(f"its real path lies outside {root}")
    *folders, name = real.relative_to(root).parts or (".",)
    folder = os.open(root, _FOLDER)
    try:
        for part in folders:
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        return _read(os.open(name, _READ, dir_fd=folder), limit)
    finally:
        os.close(folder)


def _read(descriptor: int, limit: int | None) -> bytes:
    """Reads and closes the descriptor."""
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise FileRefused("a folder, not a file" if stat.S_ISDIR(mode) else "not a regular file")
        data = bytearray()
        while limit is None or len(data) < limit:
            chunk = os.read(descriptor, _CHUNK if limit is None else min(_CHUNK, limit - len(data)))
            if not chunk:
                break
            data += chunk
        return bytes(data)
    finally:
        os.close(descriptor)


def write_private(path: Path, data: bytes) -> None:
    """Replace the file by one of mode 0600 with these bytes, in one step that a crash cannot halve. Raises `OSError`."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
