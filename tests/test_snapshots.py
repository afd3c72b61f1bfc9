"""Every picture belongs to a test."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).parent
SNAPSHOTS = TESTS.parent / "snapshots"


def test_no_picture_is_without_its_test() -> None:
    orphans = [str(picture.relative_to(SNAPSHOTS)) for picture in SNAPSHOTS.rglob("*.svg") if not _has_test(picture)]
    assert orphans == []


def _has_test(picture: Path) -> bool:
    module = TESTS / picture.parent.relative_to(SNAPSHOTS).with_suffix(".py")
    if not module.is_file():
        return False
    names = {
        node.name
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    return f"test_{picture.stem.partition('-')[0]}" in names
