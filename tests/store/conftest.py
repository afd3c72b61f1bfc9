from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_desk.store.database import Database


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's store is to be, beside an empty folder for backups."""
    (tmp_path / "backups").mkdir()
    return tmp_path / "desk.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    opened = Database.open(path, path.parent / "backups")
    yield opened
    opened.close()
