from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from codex_desk.rights import Mode, Rights
from codex_desk.tools.workspace import Ask, Verdict, Workspace

THREAD = "0199aaaa-0000-7000-8000-000000000001"


@dataclass
class Port:
    """A human who always answers the same, and what was shown to them."""

    verdict: Verdict = field(default_factory=lambda: Verdict(False, "no"))
    asks: list[Ask] = field(default_factory=list)
    live: list[str] = field(default_factory=list)
    grew: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by every increment of live output."""

    def output(self, text: str) -> None:
        self.live.append(text)
        self.grew.set()

    async def approve(self, ask: Ask) -> Verdict:
        self.asks.append(ask)
        return self.verdict

    async def shown(self, text: str) -> None:
        """Returns once the live output holds the text."""
        while text not in "".join(self.live):
            self.grew.clear()
            await self.grew.wait()


def with_rights(workspace: Workspace, mode: Mode, *, may_escalate: bool = False, network: bool = False) -> Workspace:
    return replace(workspace, rights=Rights(mode, may_escalate, network))


class Hold:
    """A pipe that processes keep open by writing to it: it tells when the last of them is gone, whatever process namespace they are in."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    async def released(self) -> None:
        """Returns once nobody holds it any more; somebody must have."""
        event, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_reader(self._reader, event.set)
        try:
            async with asyncio.timeout(10):
                await event.wait()
        finally:
            loop.remove_reader(self._reader)
            os.close(self._reader)
