"""One desk and one app-server for each module: its tests make sessions of their own, in folders of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Attach
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import New
from codex_desk.engine.views import ItemView, MessageView, ThreadView
from tests.codex_program import CodexHome, Play, codex_or_skip
from tests.responses_server import Gate, responses_server

T = TypeVar("T")

PATIENCE = 30.0


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def codex(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CodexHome]:
    """A Codex with a home and a model of its own."""
    home = CodexHome(tmp_path_factory.mktemp("cx"), codex_or_skip())
    with responses_server(home.script) as server:
        home.prepare(server)
        yield home


@dataclass(slots=True)
class Office:
    """An open desk on the real Codex."""

    desk: Desk
    codex: CodexHome

    async def session(self, name: str, play: Play | None = None, *, instructions: str | None = None, **more: object) -> ThreadView:
        """A session at home in a folder of its name."""
        if play is not None:
            self.codex.plays[name] = play
        return await self.desk.do(New(name, self.codex.folder(name, instructions), runtime="codex", **more))  # type: ignore[arg-type]

    async def attach(self, child: ThreadView, parent: ThreadView, rights: str = "lesser") -> None:
        await self.desk.do(Attach(child.id, parent.id, rights=rights))  # type: ignore[arg-type]

    async def send(self, thread: ThreadView, text: str, **more: object) -> MessageView:
        return await self.desk.do(Send(thread.id, text, **more))  # type: ignore[arg-type]

    async def final(self, message: MessageView | int) -> MessageView:
        number = message if isinstance(message, int) else message.id

        def ended() -> MessageView | None:
            view = self.desk.message(number)
            return view if view.final else None

        return await self.desk.hub.until(ended, lambda event: getattr(event, "message_id", None) == number, PATIENCE)

    async def prompt(self, thread: ThreadView, text: str) -> MessageView:
        """A prompt and what came of it."""
        return await self.final(await self.send(thread, text))

    async def until(self, check: Callable[[], T | None]) -> T:
        """Until `check()` gives something, looked at after every event."""
        return await self.desk.hub.until(check, lambda _: True, PATIENCE)

    async def opened(self, gate: Gate) -> None:
        """Until a play has opened its gate."""
        await asyncio.to_thread(gate.wait)

    def items(self, thread: ThreadView, kind: str | None = None) -> list[ItemView]:
        return [item for item in self.desk.items(thread.id) if kind in (None, item.kind)]


@pytest.fixture(scope="module")
async def office(codex: CodexHome, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    home = tmp_path_factory.mktemp("d") / "home"
    async with open_desk(codex, home) as desk:
        yield Office(desk, codex)


def open_desk(codex: CodexHome, home: Path, **more: object):
    return Desk.open(home, host="desk", env=codex.env, **more)  # type: ignore[arg-type]
