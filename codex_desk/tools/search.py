"""The search that `grep` runs where ripgrep is missing: a program of its own, so that a pattern which never ends can be ended.

Needs nothing but the standard library, and is handed to Python as text, since a sandbox may not show where it lies. Its arguments are PATTERN
and PATH, its folder is the one that names are relative to.
Writes `name NUL line-number : line` for each match, as ripgrep does. Exit code 0 with matches, 1 without, 2 for a broken pattern.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator

SKIPPED = frozenset((".git", "node_modules", "__pycache__", ".venv"))
"""Folders not searched; what `.gitignore` says is not read."""
FILE_LIMIT = 8 << 20
"""Bytes; larger files are not searched."""

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def main(pattern: str, path: str) -> int:
    try:
        wanted = re.compile(os.fsencode(pattern))
    except re.error as error:
        print(f"bad pattern: {error}", file=sys.stderr)
        return 2
    found = False
    for name in files(path):
        for number, line in matches(wanted, name):
            found = True
            sys.stdout.buffer.write(os.fsencode(name) + b"\0%d:%s\n" % (number, line))
    return 0 if found else 1


def files(path: str) -> Iterator[str]:
    """The file itself, or every file of a folder, sorted, no link followed."""
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(set(folders) - SKIPPED)
        yield from (f"{folder}/{name}" for name in sorted(names))


def matches(pattern: re.Pattern[bytes], name: str) -> Iterator[tuple[int, bytes]]:
    try:
        descriptor = os.open(name, _OPEN)
    except OSError:  # a link, gone, or not ours to read: as grep -s has it
        return
    with open(descriptor, "rb") as file:  # noqa: PTH123 (a descriptor)
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode) or info.st_size > FILE_LIMIT:
            return
        data = file.read()
    if b"\0" in data:
        return
    for number, line in enumerate(data.splitlines(), 1):
        if pattern.search(line):
            yield number, line


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
