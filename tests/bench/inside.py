"""What happens inside of a desk that is measured: the real application in a real terminal, with a model that streams and a script that acts.

`python -m tests.bench.inside SCRIPT HOME FOLDER OUT` runs it; what the script gives is written to OUT as JSON when it is done."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypedDict

from textual import events
from textual.pilot import Pilot

from codex_desk.engine.desk import Desk
from codex_desk.engine.glance import glance
from codex_desk.engine.journal import Tx
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import Rename
from codex_desk.tui import starting
from codex_desk.tui.app import DeskApp
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.settings.preferences import read_preferences
from codex_desk.tui.widgets.block import Block
from codex_desk.tui.widgets.transcript import Transcript
from tests.bench.agents import Crowd, spawn_over_and_over
from tests.bench.models import ScriptedRuntime, Turn, streaming
from tests.bench.stores import PROSE

CHANGES = 30
"""What `append` and `rename` commit, one after the other."""
DELTAS_PER_S = 50
STREAMED = 20_000
"""Characters that are there before the increments that count."""

LIST = "".join(f"- point {number} of many, and *each* of them says `something` of its own\n" for number in range(1000))[:STREAMED]
CODE = ("```python\n" + "".join(f"def step_{n}(x: int) -> int:\n    return x + {n}  # and so on\n\n" for n in range(1000)))[:STREAMED]

CROWD = Crowd()

Script = Callable[[DeskApp, Desk], Awaitable[object]]


async def nothing(app: DeskApp, desk: Desk) -> None:
    """The keys come from outside."""


async def stream_everywhere(app: DeskApp, desk: Desk) -> None:
    """A turn in every session."""
    for thread in desk.threads():
        await desk.do(Send(thread.id, "go on"))


async def append(app: DeskApp, desk: Desk) -> Changes:
    """Commit items to the thread that is shown."""
    thread_id = app.bridge.opened
    if thread_id is None:
        raise AssertionError("no thread is open")

    async def one(text: str) -> None:
        def step(tx: Tx) -> None:
            tx.item(thread_id, "agent_message", text, "agent", turn_id="the turn", step=True)

        await desk.ledger.run(step)

    return await _one_by_one(one)


async def rename(app: DeskApp, desk: Desk) -> Changes:
    """Give the session that is shown one name after the other."""
    thread_id = app.bridge.opened
    if thread_id is None:
        raise AssertionError("no thread is open")
    return await _one_by_one(lambda name: desk.do(Rename(thread_id, name)))


class Changes(TypedDict):
    """One of each for every change."""

    began: list[float]
    """The moment."""
    spent: list[float]
    """Milliseconds of CPU time, up to long after it was shown."""


async def _one_by_one(change: Callable[[str], Awaitable[object]]) -> Changes:
    found = Changes(began=[], spent=[])
    for number in range(CHANGES):
        await asyncio.sleep(0.1)
        before = time.process_time()
        found["began"].append(time.perf_counter())
        await change(changed(number))
        await asyncio.sleep(0.3)
        found["spent"].append((time.process_time() - before) * 1000)
    return found


def changed(number: int) -> str:
    """What is then on the screen."""
    return f"changed-{number:03}"


async def work(app: DeskApp, desk: Desk, rounds: int = 3) -> dict[str, int]:
    """Turns of the offline stand-in in every session, all of them at once."""
    threads = desk.threads()
    for _ in range(rounds):
        sent = [await desk.do(Send(thread.id, "read note.txt")) for thread in threads]
        await desk.run_until([message.id for message in sent])
    return {"threads": len(threads), "turns": len(desk.rows("SELECT 1 FROM turn WHERE state = 'completed'"))}


async def lag(app: DeskApp, desk: Desk, seconds: float = 4.0) -> dict[str, list[float]]:
    """How late a sleep of 5 ms ends, in ms: while nothing happens, and while the shown thread streams."""
    await asyncio.sleep(1.0)
    idle = await _overshoot(seconds)
    await stream_everywhere(app, desk)
    await asyncio.sleep(1.0)
    return {"idle": idle, "streaming": await _overshoot(seconds)}


async def _overshoot(seconds: float, nap: float = 0.005) -> list[float]:
    samples: list[float] = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        await asyncio.sleep(nap)
        samples.append((time.perf_counter() - start - nap) * 1000)
    return samples


async def focus(app: DeskApp, desk: Desk, times: int = 12) -> dict[str, object]:
    """Milliseconds of CPU for each change of the terminal's focus, with as many blocks in the transcript as it ever shows."""
    transcript = app.screen.query_one(Transcript)
    for _ in range(20):
        transcript.scroll_to(y=1, animate=False)
        transcript.scroll_home(animate=False)
        await _settled(app)
    spent: list[float] = []
    for number in range(times):
        before = time.process_time()
        app.post_message(events.AppBlur() if number % 2 == 0 else events.AppFocus())
        await _settled(app)
        spent.append((time.process_time() - before) * 1000)
    return {"blocks": len(transcript.query(Block)), "spent": spent}


async def _settled(app: DeskApp) -> None:
    """Two frames later, and what follows from them."""
    for _ in range(2):
        drawn = asyncio.Event()
        app.call_after_refresh(drawn.set)
        await drawn.wait()
    await asyncio.sleep(0.1)


SCRIPTS: dict[str, tuple[Script, Turn | None]] = {
    "nothing": (nothing, streaming(PROSE, DELTAS_PER_S)),
    "stream-everywhere": (stream_everywhere, streaming(PROSE, DELTAS_PER_S)),
    "append": (append, None),
    "rename": (rename, None),
    "work": (work, None),
    "lag-list": (lag, streaming(LIST, DELTAS_PER_S, LIST)),
    "lag-code": (lag, streaming("x = x + 1  # on\n", DELTAS_PER_S, CODE)),
    "focus": (focus, None),
    "subagents": (lambda app, desk: spawn_over_and_over(CROWD, desk), CROWD.turn),
}
"""Script, and what a turn does; where nothing is said, the offline stand-in runs it."""


async def _main(script: Script, turn: Turn | None, home: Path, folder: Path, out: Path) -> None:
    def opener() -> AbstractAsyncContextManager[Desk]:
        return Desk.open(home, host="desk", runtimes={"offline": ScriptedRuntime(turn)} if turn is not None else None)

    async def act(pilot: Pilot[object]) -> None:
        desk = await app.bridge.ready()
        if not isinstance(desk, Desk):
            raise TypeError("the screen was given something else than a desk")
        result = await script(app, desk)
        out.with_suffix(".new").write_text(json.dumps(result))
        out.with_suffix(".new").replace(out)

    starting.begin()  # as `codex-desk` itself
    app = DeskApp(Bridge(home, glance(home), opener), folder, read_preferences(home))
    try:
        await app.run_async(auto_pilot=act)
    finally:
        await app.bridge.close()


if __name__ == "__main__":
    name, *places = sys.argv[1:]
    asyncio.run(_main(*SCRIPTS[name], *map(Path, places)))
