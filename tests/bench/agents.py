"""Many subagents at once, on a model that answers at once, while a person types."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from codex_desk.engine.desk import Desk
from codex_desk.engine.lifecycle import Lifecycles
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import Set
from codex_desk.runtimes.base import ThreadSpec, TurnHost, TurnInput

if TYPE_CHECKING:
    from tests.bench.figures import Figure

AGENTS = 50
SECONDS = 14.0
"""How long they are spawned, answer and are closed again, over and over."""


class Spawned(TypedDict):
    """Milliseconds, for each subagent, by how they were asked for."""

    rounds: int
    wrong: int
    """Answers that are not those of the subagent that was asked."""
    spawned: dict[str, list[float]]
    """From the call to the first event of its life."""
    started: dict[str, list[float]]
    """From the call to the beginning of its turn."""


@dataclass(slots=True)
class Crowd:
    """The model of a parent and of its subagents, and when it called for each."""

    agents: int = AGENTS
    called: dict[str, float] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=lambda: {"one by one": [], "all at once": []})
    wrong: int = 0
    rounds: int = 0

    async def turn(self, spec: ThreadSpec, given: TurnInput, host: TurnHost) -> str:
        if not spec.handle.startswith("lead"):
            return f"{spec.handle} is done"
        how = next(how for how in self.names if how in given.input)
        wanted = [f"a{self.rounds}-{number}" for number in range(self.agents)]
        self.names[how] += wanted
        self.rounds += 1
        if how == "all at once":
            await asyncio.gather(*(self._spawn(host, name) for name in wanted))
        else:
            for name in wanted:
                await self._spawn(host, name)
        waited = json.loads((await host.call_tool("wait", "wait_agent", {"targets": wanted, "mode": "all"})).text)
        self.wrong += sum(row["answer"] != f"{name} is done" for name, row in zip(wanted, waited["results"], strict=True))
        for name in wanted:
            await host.call_tool(f"close-{name}", "close_agent", {"target": name})
        return "all are done"

    async def _spawn(self, host: TurnHost, name: str) -> None:
        self.called[name] = time.perf_counter()
        await host.call_tool(f"spawn-{name}", "spawn_agent", {"message": "say so", "task_name": name})


async def spawn_over_and_over(crowd: Crowd, desk: Desk, seconds: float = SECONDS) -> Spawned:
    """Have the one session that there is spawn them, in both ways by turns."""
    heard: dict[str, dict[str, float]] = {"spawned": {}, "started": {}}
    lifecycles = Lifecycles(desk)

    def hear(event: object) -> None:
        changed = lifecycles.of(event)  # type: ignore[arg-type]
        if changed is not None and changed.what in heard:
            heard[changed.what].setdefault(changed.name, time.perf_counter())

    desk.hub.add(hear)
    [lead] = desk.threads()
    await desk.do(Set(lead.id, "agents.max_threads", str(crowd.agents)))
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or crowd.rounds < len(crowd.names):
        for how in crowd.names:
            sent = await desk.do(Send(lead.id, how))
            await desk.run_until([sent.id])
    desk.hub.remove(hear)
    took = {
        what: {how: [(moments[name] - crowd.called[name]) * 1000 for name in names] for how, names in crowd.names.items()}
        for what, moments in heard.items()
    }
    return Spawned(rounds=crowd.rounds, wrong=crowd.wrong, spawned=took["spawned"], started=took["started"])


def subagents(root: Path) -> list[Figure]:
    """In the open desk, with the session that spawns them on the screen and keys going into its composer."""
    from tests.bench.figures import slow_end
    from tests.bench.place import Place, apart
    from tests.bench.screen import desk, result, typed
    from tests.bench.stores import Seeded, seed

    place = Place(root)
    apart(seed, place, [Seeded("lead", 40)])
    with desk(place, "subagents") as terminal:
        terminal.rest(1.0)
        keys = list(typed(terminal, 80))
        found: Spawned = result(terminal, place)
    return [*figures_of(found), slow_end(f"key to paint, {AGENTS} subagents at once", keys, 50)]


def figures_of(found: Spawned, agents: int = AGENTS) -> list[Figure]:
    from tests.bench.figures import Figure, middle

    one, every = "one by one", "all at once"
    return [
        Figure(f"wrong answers of {found['rounds'] * agents}, {agents} subagents at once", found["wrong"], 0, "answers"),
        middle(f"spawn to first event, {agents} at once, called {one}", found["spawned"][one], 30),
        middle(f"spawn to its turn's start, {agents} at once, called {one}", found["started"][one], 30),
        middle(f"spawn to first event, {agents} called in one response", found["spawned"][every], 30),
        middle(f"spawn to its turn's start, {agents} called in one response", found["started"][every], None),
    ]
