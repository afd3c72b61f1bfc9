"""What stands before an offset is what it was, or it is read again."""

from __future__ import annotations

from pathlib import Path

import pytest
import zstandard

from codex_desk.rollouts import source
from codex_desk.rollouts.reading import Piece, Task, read
from tests.rollouts.samples import event, meta, rollout

OWN = "01a1f7f9-6105-71b1-b7e0-de050e59c801"
LINES = [event("user_message", message=f"number {number:04} {'x' * 60}") for number in range(200)]
DATA = rollout(meta(OWN), *LINES)
"""Longer than both edges together."""


def grown(path: Path, data: bytes, later: bytes, *, compressed: bool = False) -> Piece:
    """Read a file, change it, and read on."""
    path.write_bytes(zstandard.compress(data) if compressed else data)
    first = read(Task("s", str(path), compressed))
    assert first.offset == len(data)
    path.write_bytes(zstandard.compress(later) if compressed else later)
    return read(first.next())


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("size", [0, 1, 30, len(DATA)])
def test_what_was_appended_is_read_and_nothing_else(tmp_path: Path, size: int, compressed: bool) -> None:
    data = rollout(*DATA.splitlines()[:size])
    more = rollout(event("user_message", message="more"))
    piece = grown(tmp_path / "f", data, data + more, compressed=compressed)
    assert (piece.again, piece.bytes_read, [row[1] for row in piece.items]) == (False, len(more), ["more"])


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: data.replace(b"number 0000", b"Number 0000"), "the first bytes"),
        (lambda data: data.replace(b"number 0199", b"Number 0199"), "the last bytes"),
        (lambda data: data[:5000], "cut off"),
        (lambda data: b"", "emptied"),
        (lambda data: data[:300] + b"x" + data[300:], "one byte more"),
    ],
)
def test_a_file_that_is_not_what_it_was_is_read_from_its_start(tmp_path: Path, change, why: str, compressed: bool) -> None:  # type: ignore[no-untyped-def]
    later = change(DATA)
    piece = grown(tmp_path / "f", DATA, later, compressed=compressed)
    assert piece.again, why
    assert piece.first == 0


def test_a_plain_file_that_was_compressed_goes_on_where_it_was(tmp_path: Path) -> None:
    plain, packed = tmp_path / "f.jsonl", tmp_path / "f.jsonl.zst"
    plain.write_bytes(DATA)
    first = read(Task("s", str(plain), False))
    more = rollout(event("user_message", message="more"))
    packed.write_bytes(zstandard.compress(DATA) + zstandard.compress(more))
    task = first.next()
    piece = read(Task("s", str(packed), True, task.offset, task.edges, task.state))
    assert (piece.again, [row[1] for row in piece.items]) == (False, ["more"])


def test_a_compressed_file_that_is_half_written_gives_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl.zst"
    packed = zstandard.compress(DATA)
    path.write_bytes(packed[: len(packed) // 2])
    piece = read(Task("s", str(path), True))
    path.write_bytes(packed)
    assert len(piece.items) + len(read(piece.next()).items) == len(LINES)


def test_a_small_file_cannot_be_blown_up_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "LARGEST", 3 << 20)
    path = tmp_path / "f.jsonl.zst"
    path.write_bytes(zstandard.compress(rollout(meta(OWN)) + b"x" * (200 << 20)))
    piece = read(Task("s", str(path), True))
    assert piece.problem is not None
    assert "once decompressed" in piece.problem
    assert piece.facts is not None


@pytest.mark.parametrize("what", ["nothing", "folder", "garbage"])
def test_what_cannot_be_read_says_why(tmp_path: Path, what: str) -> None:
    path = tmp_path / "f.jsonl.zst"
    if what == "folder":
        path.mkdir()
    elif what == "garbage":
        path.write_bytes(b"\x00\x01\x02 no zstd")
    piece = read(Task("s", str(path), True))
    assert piece.problem
    assert piece.items == []
