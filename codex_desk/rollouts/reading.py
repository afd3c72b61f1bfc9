"""A stretch of a rollout file as items. A file is read in pieces, each from where the last one ended, in whichever process has time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic_core import to_json

from codex_desk.rollouts.crossing import crosses
from codex_desk.rollouts.lines import LONGEST, decode
from codex_desk.rollouts.parser import Parser
from codex_desk.rollouts.shapes import Facts, Patch, RawLine, Spawn, Summary
from codex_desk.rollouts.source import BLOCK, NO_EDGES, Edges, Reading, Stamp, Track, Unreadable, advance, opened
from codex_desk.rollouts.state import State

PIECE = 8 << 20
"""Bytes of a file that one piece reads, so that what is in memory has an end."""

ZST_PIECE = 64 << 20
"""For a compressed file, which is decompressed from its start each time."""


@crosses
@dataclass(frozen=True, slots=True)
class Task:
    """A file to read from where it was read to."""

    segment_id: str
    path: str
    compressed: bool
    offset: int = 0
    edges: Edges = NO_EDGES
    state: str = ""
    """Empty for a file that was never read."""


Row = tuple[str, str, str, str | None, str]
"""An item as the store takes it: kind, text, data as JSON, turn, time. A plain tuple, because a hundred thousand of them go from one
process to another."""


@crosses
@dataclass(slots=True)
class Piece:
    """What a stretch gave, ready to be stored."""

    task: Task
    stamp: Stamp | None = None
    problem: str | None = None
    again: bool = False
    """What stood before had changed: this is the file from its start, and replaces what it gave before."""
    more: bool = False
    """The file goes on; `task` says from where."""
    offset: int = 0
    edges: Edges = NO_EDGES
    state: str = ""
    first: int = 0
    """Index of the first new item."""
    items: list[Row] = field(default_factory=list)
    keys: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    """By index: messages from and to other threads, with the thread's id: (direction, id)."""
    patches: dict[int, Patch] = field(default_factory=dict)
    spawns: dict[int, Spawn] = field(default_factory=dict)
    raw: list[RawLine] = field(default_factory=list)
    fates: dict[str, int] = field(default_factory=dict)
    facts: Facts | None = None
    summary: Summary = field(default_factory=Summary)
    repaired: int = 0
    sealed: int = 0
    bytes_read: int = 0

    def next(self) -> Task:
        """The task of reading on."""
        task = self.task
        return Task(task.segment_id, task.path, task.compressed, self.offset, self.edges, self.state)


def read(task: Task, budget: int | None = None) -> Piece:
    """Read a file on from where the task says, or from its start where it is not what it was. Never raises for what a file is or holds."""
    piece = Piece(task)
    limit = budget or (ZST_PIECE if task.compressed else PIECE)
    try:
        with opened(task.path, compressed=task.compressed) as (reading, stamp):
            piece.stamp = stamp
            tail = advance(reading, task.offset, task.edges)
            if tail is not None:
                _read_on(piece, reading, task, tail, limit)
                return piece
        with opened(task.path, compressed=task.compressed) as (reading, stamp):
            piece.stamp, piece.again = stamp, True
            _read_on(piece, reading, Task(task.segment_id, task.path, task.compressed), b"", limit)
    except Unreadable as error:
        piece.problem = str(error)
    except OSError as error:
        piece.problem = error.strerror or str(error)
    return piece


def _read_on(piece: Piece, reading: Reading, task: Task, tail: bytes, limit: int) -> None:
    parser = Parser(State.from_json(task.state) if task.state else State())
    track = Track(task.offset, task.edges, tail)
    piece.first = parser.state.items
    try:
        for stretch in _stretches(reading, limit, parser.state.skipping is not None):
            _feed(parser, stretch, track)
        piece.more = track.offset - task.offset >= limit
    except Unreadable as error:  # what came before it is kept
        piece.problem = str(error)
    _close(piece, parser, track)
    piece.bytes_read = track.offset - task.offset


class _Stretch(NamedTuple):
    data: bytes
    """Whole lines; the last one without its newline at the end of a file that lacks it."""
    too_long: bool = False
    """A line that is longer than any that is read; `data` is a part of it."""


def _stretches(reading: Reading, limit: int, skipping: bool) -> Iterator[_Stretch]:
    """Whole lines, block by block, until about `limit` bytes have come. A last line that is not whole yet is left for the next time.

    `skipping`: it begins inside of a line that is too long."""
    rest, given = b"", 0
    while given < limit or skipping:
        block = reading.read(BLOCK)
        if not block:
            if rest and _is_whole(rest):
                yield _Stretch(rest)
            return
        if skipping:
            end = block.find(b"\n") + 1
            given += end or len(block)
            yield _Stretch(block[:end] if end else block, too_long=True)
            skipping, block = not end, block[end:] if end else b""
            if not block:
                continue
        end = block.rfind(b"\n") + 1
        if not end:
            rest += block
            if len(rest) > LONGEST:
                given += len(rest)
                yield _Stretch(rest, too_long=True)
                rest, skipping = b"", True
            continue
        data, rest = rest + block[:end], block[end:]
        given += len(data)
        yield _Stretch(data)


def _is_whole(line: bytes) -> bool:
    """Whether a last line is all there, though its newline is not. One that only ends like a record may be the first half of a longer one."""
    found = decode(line)
    return found.record is not None and not found.before


def _feed(parser: Parser, stretch: _Stretch, track: Track) -> None:
    if stretch.too_long:
        parser.skipped(len(stretch.data), track.offset, ends=stretch.data.endswith(b"\n"))
    else:
        at = track.offset
        feed = parser.feed
        for line in stretch.data.split(b"\n"):
            size = len(line)
            if size > LONGEST:
                parser.skipped(size, at, ends=True)
            elif size:
                feed(line, at)
            at += size + 1
    track.passed(stretch.data)


def _close(piece: Piece, parser: Parser, track: Track) -> None:
    """Put what the parser made into the form that the store takes."""
    chunk = parser.close()
    piece.offset, piece.edges, piece.state = track.offset, track.edges, parser.state.to_json()
    piece.items = [(item.kind, item.text, to_json(item.data, inf_nan_mode="null").decode(), item.turn_id, item.at) for item in chunk.items]
    piece.keys = {
        item.index: (item.kind, peer)
        for item in chunk.items
        if (peer := item.data.get("peer_id")) and item.kind in ("message_in", "message_out")
    }
    piece.patches, piece.spawns, piece.raw = chunk.patches, chunk.spawns, chunk.raw
    piece.fates, piece.facts, piece.summary = dict(chunk.fates), chunk.facts, chunk.summary
    piece.repaired, piece.sealed = chunk.repaired, chunk.sealed
