"""Wherever a file is cut, reading it in two steps gives what reading it whole gives."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from codex_desk.rollouts import reading
from codex_desk.rollouts.parser import Parser, lay_over
from codex_desk.rollouts.reading import Piece, Task, read
from codex_desk.rollouts.shapes import Chunk
from codex_desk.rollouts.state import State
from tests.rollouts.samples import ALL, event, meta, rollout, sample

OWN = "01a1f7f9-6105-71b1-b7e0-de050e59c801"
SMALL = 12_000
"""Bytes up to which every offset is tried."""


def ids(path: Path) -> str:
    return f"{path.parent.parent.name}-{path.parent.name}-{path.stem[-8:]}"


def step(lines: list[bytes], state: str) -> tuple[Chunk, str]:
    """Read some lines with what was remembered of those before; what is remembered goes through its stored form."""
    parser = Parser(State.from_json(state) if state else None)
    for line in lines:
        parser.feed(line, 0)
    chunk = parser.close()
    return chunk, parser.state.to_json()


def added_up(chunks: list[Chunk], state: str) -> dict[str, Any]:
    """What several stretches gave together, in the form in which it would be stored."""
    items: list[list[Any]] = []
    summary: dict[str, Any] = {}
    spawns: dict[int, list[str | None]] = {}
    fates: Counter[str] = Counter()
    for chunk in chunks:
        assert [item.index for item in chunk.items] == list(range(len(items), len(items) + len(chunk.items)))
        items += [[item.kind, item.text, dict(item.data), item.turn_id, item.at] for item in chunk.items]
        for index, patch in chunk.patches.items():
            items[index][0], items[index][1] = patch.kind or items[index][0], items[index][1] if patch.text is None else patch.text
            lay_over(items[index][2], patch.data)
        for index, spawn in chunk.spawns.items():
            known = spawns.setdefault(index, [None, None])
            known[0], known[1] = spawn.agent_id or known[0], spawn.path or known[1]
        summary |= {key: value for key, value in asdict(chunk.summary).items() if value is not None}
        fates += chunk.fates
    facts = next((chunk.facts for chunk in chunks if chunk.facts is not None), None)
    sealed = sum(chunk.sealed for chunk in chunks)
    return {
        "items": items,
        "summary": summary,
        "spawns": spawns,
        "fates": fates,
        "facts": facts,
        "sealed": sealed,
        "state": json.loads(state),
    }


@pytest.mark.row("S2-12")
@pytest.mark.row("S2-13")
@pytest.mark.parametrize("path", ALL, ids=ids)
def test_cut_behind_any_line_a_sample_gives_the_same(path: Path) -> None:
    lines = path.read_bytes().splitlines()
    whole, remembered = step(lines, "")
    expected = added_up([whole], remembered)
    for cut in range(len(lines) + 1):
        first, between = step(lines[:cut], "")
        second, end = step(lines[cut:], between)
        assert added_up([first, second], end) == expected, f"cut behind line {cut}"


class Bytes:
    """A file's bytes, in blocks as they come."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int, /) -> bytes:
        data, self._data = self._data[:size], self._data[size:]
        return data


@pytest.mark.row("S2-13")
@pytest.mark.parametrize("path", ALL, ids=ids)
def test_cut_at_any_byte_only_whole_lines_are_taken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BLOCK", 4096)
    data = path.read_bytes()
    cuts = range(len(data) + 1) if len(data) <= SMALL else sorted(random.Random(7).sample(range(len(data)), 300))
    for cut in cuts:
        taken = b"".join(stretch.data for stretch in reading._stretches(Bytes(data[:cut]), 1 << 30, False))
        assert data.startswith(taken)
        assert len(taken) <= cut
        assert not taken or taken.endswith(b"\n") or data[len(taken) : len(taken) + 1] in (b"\n", b"")
        assert b"\n" not in data[len(taken) : cut]


def test_a_record_inside_of_half_a_line_is_not_taken_for_the_line() -> None:
    inner = {"type": "tool_output", "kept": {"timestamp": "2026-11-20T08:00:00.000Z", "type": "event_msg", "payload": {}}, "more": 1}
    data = rollout(meta(OWN), event("item_completed", item=inner))
    whole = data.index(b"\n") + 1
    for cut in range(whole, len(data) - 1):
        assert b"".join(stretch.data for stretch in reading._stretches(Bytes(data[:cut]), 1 << 30, False)) == data[:whole]


def all_of(pieces: list[Piece]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for piece in pieces:
        found = [] if piece.again else found
        found += [(row[0], row[1]) for row in piece.items]
        for index, patch in piece.patches.items():
            kind, text = found[index]
            found[index] = (patch.kind or kind, text if patch.text is None else patch.text)
    return found


def read_at(path: Path, data: bytes, cuts: list[int]) -> list[Piece]:
    """The pieces of a file that is read each time it has grown to one of these sizes."""
    pieces: list[Piece] = []
    task = Task("segment", str(path), False)
    for cut in [*cuts, len(data)]:
        path.write_bytes(data[:cut])
        pieces.append(read(task))
        task = pieces[-1].next()
    return pieces


@pytest.mark.parametrize("seed", range(8))
def test_a_file_that_grows_while_it_is_read_gives_the_same(tmp_path: Path, seed: int) -> None:
    data = sample("0.169.0/everything", "d268-77d3").read_bytes()
    path = tmp_path / "file.jsonl"
    chance = random.Random(seed)
    cuts = sorted(chance.sample(range(len(data)), 5))
    pieces = read_at(path, data, cuts)
    assert all_of(pieces) == all_of(read_at(path, data, []))
    assert sum(piece.bytes_read for piece in pieces) == len(data)
    assert not any(piece.again or piece.problem for piece in pieces)


def test_a_long_file_is_read_in_pieces_that_add_up(tmp_path: Path) -> None:
    data = sample("0.169.0/everything", "d268-77d3").read_bytes()
    path = tmp_path / "file.jsonl"
    path.write_bytes(data)
    pieces = [read(Task("segment", str(path), False), 20_000)]
    while pieces[-1].more:
        pieces.append(read(pieces[-1].next(), 20_000))
    assert all_of(pieces) == all_of(read_at(path, data, []))


def test_a_line_that_is_too_long_is_passed_over_wherever_it_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST", 2_000)
    monkeypatch.setattr(reading, "BLOCK", 512)
    long = event("agent_message", message="x" * 7_000)
    data = rollout(meta(OWN), event("user_message", message="before"), long, event("user_message", message="after"))
    path = tmp_path / "file.jsonl"
    for cut in range(0, len(data), 97):
        pieces = read_at(path, data, [cut])
        assert all_of(pieces) == [("user_message", "before"), ("user_message", "after")]
        assert [(line.what, line.offset) for piece in pieces for line in piece.raw] == [("too long", data.index(long))]
