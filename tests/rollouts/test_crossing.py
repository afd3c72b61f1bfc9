"""Pieces go from the processes that read to the one that writes."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from codex_desk.rollouts.reading import Task, read
from tests.rollouts.samples import ALL


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem[-12:])
def test_a_piece_is_the_same_on_the_other_side(path: Path) -> None:
    piece = read(Task("segment", str(path), compressed=False), 3000)
    assert pickle.loads(pickle.dumps(piece)) == piece
