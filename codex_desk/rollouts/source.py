"""The bytes of a rollout file, plain or compressed, from an offset on; and whether what stands before that offset is what it was.

Offsets count decompressed bytes, so a file that Codex compresses goes on where it was.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import BinaryIO, Protocol

from codex_desk.rollouts.crossing import crosses

EDGE = 4096
"""Bytes at either end of what was read that are compared."""

BLOCK = 1 << 20
LARGEST = 8 << 30
"""Decompressed bytes of one file at most: more than any conversation has, and less than a small file can be blown up to."""

WINDOW = 1 << 27
"""Memory that decompression may ask for."""


class Unreadable(Exception):
    """A file that cannot be read as a rollout; the message says why, without its name."""


@crosses
@dataclass(frozen=True, slots=True)
class Stamp:
    """A file as the file system shows it."""

    device: int
    inode: int
    size: int
    mtime_ns: int


class Reading(Protocol):
    def read(self, size: int, /) -> bytes: ...


def stamp_of(found: os.stat_result) -> Stamp:
    return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


@contextmanager
def opened(path: str, *, compressed: bool) -> Iterator[tuple[Reading, Stamp]]:
    """The file's bytes as they are now; what is appended meanwhile is left for the next time. Raises `Unreadable`, `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable("not a regular file")
        bounded = _Bounded(file, found.st_size)
        yield (_Decompressed(bounded) if compressed else bounded), stamp_of(found)


class _Bounded:
    """As many bytes of a file as it had when it was opened."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left)) if self._left > 0 else b""
        self._left -= len(data)
        return data

    def skip(self, size: int) -> None:
        """Go on that many bytes further; as far as the end at most."""
        size = min(size, self._left)
        self._file.seek(size, os.SEEK_CUR)
        self._left -= size


class _Decompressed:
    def __init__(self, file: _Bounded) -> None:
        import zstandard  # few files are compressed, and the import is felt where none is

        self._error = zstandard.ZstdError
        decompressor = zstandard.ZstdDecompressor(max_window_size=WINDOW)
        self._stream = decompressor.stream_reader(file, read_across_frames=True)  # pyright: ignore[reportArgumentType] - all it does is read
        self._given = 0

    def read(self, size: int) -> bytes:
        try:
            data = self._stream.read(size)
        except self._error as error:
            raise Unreadable(f"not what zstd made: {error}") from error
        self._given += len(data)
        if self._given > LARGEST:
            raise Unreadable(f"more than {LARGEST >> 30} GB once decompressed")
        return data


@crosses
@dataclass(frozen=True, slots=True)
class Edges:
    """Digests of the first and of the last bytes before an offset, `EDGE` of each at most."""

    head: str
    tail: str


NO_EDGES = Edges("", "")


def _name(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()


def advance(reading: Reading, offset: int, edges: Edges) -> bytes | None:
    """Go to `offset`. Gives the last bytes before it; None where what stands before it has changed, or is not there any more."""
    if offset == 0:
        return b""
    near = min(EDGE, offset)
    head = _exactly(reading, near)
    if _name(head) != edges.head or len(head) < near:
        return None
    tail = head
    if offset > near:
        rest = offset - near
        if isinstance(reading, _Bounded) and rest > near:
            reading.skip(rest - near)
            rest = near
        tail = _last(head, reading, rest, near)
        if tail is None or len(tail) < near:
            return None
    return tail if _name(tail) == edges.tail else None


def _last(head: bytes, reading: Reading, rest: int, near: int) -> bytes | None:
    """The last bytes once `rest` more were read; None where there are not so many."""
    tail = head
    while rest:
        data = reading.read(min(BLOCK, rest))
        if not data:
            return None
        rest -= len(data)
        tail = (tail + data)[-near:]
    return tail


def _exactly(reading: Reading, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = reading.read(size - len(data))
        if not more:
            break
        data += more
    return data


class Track:
    """Keeps the edges of what was read while it goes by. `tail`: what `advance` gave at `offset`."""

    def __init__(self, offset: int, edges: Edges, tail: bytes) -> None:
        self.offset = offset
        self._edges = edges
        self._tail = tail
        self._head = tail if offset < EDGE else None
        """The first bytes of the file; None once an edge of them was passed before."""

    def passed(self, data: bytes) -> None:
        """These bytes were read."""
        if self._head is not None and len(self._head) < EDGE:
            self._head += data[: EDGE - len(self._head)]
        self._tail = data[-EDGE:] if len(data) >= EDGE else (self._tail + data)[-EDGE:]
        self.offset += len(data)

    @property
    def edges(self) -> Edges:
        if self.offset == 0:
            return NO_EDGES
        return Edges(self._edges.head if self._head is None else _name(self._head), _name(self._tail))
