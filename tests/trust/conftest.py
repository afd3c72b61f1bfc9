from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from codex_desk.tools.sandbox import Sandbox, find_sandbox
from tests.engine.conftest import anyio_backend, desk, new_store, operator, place, reviewer, runtime

__all__ = ["anyio_backend", "desk", "new_store", "operator", "place", "reviewer", "runtime"]


@pytest.fixture(scope="session")
def found_sandbox() -> Sandbox:
    return asyncio.run(find_sandbox())


@pytest.fixture(autouse=True)
def the_machines_sandbox(found_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every desk has the sandbox of this machine, tried once for all tests."""

    async def found() -> Sandbox:
        return found_sandbox

    monkeypatch.setattr("codex_desk.engine.desk.find_sandbox", found)


@pytest.fixture
def bubblewrapped(found_sandbox: Sandbox) -> None:
    """For what only bubblewrap promises; elsewhere the test is skipped, on CI it fails."""
    if found_sandbox.tier != "bubblewrap":
        reason = f"holds for bubblewrap; here it is {found_sandbox.tier}"
        if os.environ.get("CODEX_DESK_CI") == "1" and Path("/proc").exists():
            pytest.fail(reason)
        pytest.skip(reason)
