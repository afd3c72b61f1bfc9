from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings

from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Attach
from codex_desk.engine.views import ThreadView
from codex_desk.store.database import Database
from codex_desk.tools.sandbox import Sandbox
from tests.engine.scripted import Place, ScriptedRuntime

settings.register_profile("engine", database=None, deadline=None)
settings.load_profile("engine")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sandbox holds here: a command of a confined turn always has to be asked for."""

    async def none() -> Sandbox:
        return Sandbox("none")

    monkeypatch.setattr("codex_desk.engine.desk.find_sandbox", none)


@pytest.fixture(scope="session")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store as the first start makes it; tests begin with a copy, because making one costs more than most of them."""
    folder = tmp_path_factory.mktemp("new")
    Database.open(folder / "desk.db", folder).close()
    return folder / "desk.db"


@pytest.fixture
def place(tmp_path: Path, new_store: Path) -> Place:
    place = Place(tmp_path)
    place.home.mkdir(mode=0o700)
    shutil.copy(new_store, place.home)
    return place


@pytest.fixture
def runtime(place: Place) -> ScriptedRuntime:
    return place.runtime


@pytest.fixture
async def desk(place: Place) -> AsyncIterator[Desk]:
    """An open desk that runs every thread's turns."""
    async with place.open() as opened:
        yield opened


@pytest.fixture
async def operator(place: Place, desk: Desk) -> ThreadView:
    return await place.session(desk, "operator")


@pytest.fixture
async def reviewer(place: Place, desk: Desk, operator: ThreadView) -> ThreadView:
    """Attached to the operator."""
    thread = await place.session(desk, "reviewer")
    await desk.do(Attach(thread.id, operator.id))
    return desk.thread(thread.id)


@pytest.fixture
async def team(place: Place, desk: Desk) -> dict[str, ThreadView]:
    """Five sessions, attached to nothing."""
    return {handle: await place.session(desk, handle) for handle in ("operator", "reviewer", "tester", "writer", "reader")}


@pytest.fixture
async def children(place: Place, desk: Desk, operator: ThreadView) -> dict[str, ThreadView]:
    """A reviewer and a tester, attached to the operator."""
    made = {}
    for handle in ("reviewer", "tester"):
        made[handle] = await place.session(desk, handle)
        await desk.do(Attach(made[handle].id, operator.id))
    return made
