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

from textual import events
from textual.pilot import Pilot

from codex_desk.engine.desk import Desk
from codex_desk.engine.glance import glance
from codex_desk.engine.journal import Tx
from codex_desk.engine.mailbox import Send
from codex_desk.tui import starting
from codex_desk.tui.app import DeskApp
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.preferences import read_preferences
from codex_desk.tui.widgets.block import Block
from codex_desk.tui.widgets.transcript import Transcript
from tests.bench.models import ScriptedRuntime, streaming
from tests.bench.stores import PROSE

APPENDED = 30
"""Items that `append` commits."""
DELTAS_PER_S = 50
STREAMED = 20_000
"""Characters that are there before the increments that count."""

LIST = "".join(f"- point {number} of many, and *each* of them says `something` of its own\n" for number in range(1000))[:STREAMED]
CODE = ("```python\n" + "".join(f"def step_{n}(x: int) -> int:\n    return x + {n}  # and so on\n\n" for n in range(1000)))[:STREAMED]

Script = Callable[[DeskApp, Desk], Awaitable[object]]


async def nothing(app: DeskApp, desk: Desk) -> None:
    """The keys come from outside."""


async def stream_everywhere(app: DeskApp, desk: Desk) -> None:
    """A turn in every session."""
    for thread in desk.threads():
        await desk.do(Send(thread.id, "go on"))


async def append(app: DeskApp, desk: Desk) -> list[float]:
    """Commit items to the thread that is shown; gives the moments at which that began."""
    thread_id = app.bridge.opened
    if thread_id is None:
        raise AssertionError("no thread is open")
    began: list[float] = []
    for number in range(APPENDED):
        await asyncio.sleep(0.3)

        def step(tx: Tx, text: str = appended(number)) -> None:
            tx.item(thread_id, "agent_message", text, "agent", turn_id="the turn", step=True)

        began.append(time.perf_counter())
        await desk.ledger.run(step)
    return began


def appended(number: int) -> str:
    """The text of an appended item."""
    return f"appended-item-{number:03}"


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
        transcript.action_oldest()
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


SCRIPTS: dict[str, tuple[Script, str, str]] = {
    "nothing": (nothing, "", PROSE),
    "stream-everywhere": (stream_everywhere, "", PROSE),
    "append": (append, "", PROSE),
    "lag-list": (lag, LIST, LIST),
    "lag-code": (lag, CODE, "x = x + 1  # on\n"),
    "focus": (focus, "", PROSE),
}
"""Script, what a turn says at once, and what it says after that, a few characters at a time."""


async def _main(script: Script, runtime: ScriptedRuntime, home: Path, folder: Path, out: Path) -> None:
    def opener() -> AbstractAsyncContextManager[Desk]:
        return Desk.open(home, host="desk", runtimes={"offline": runtime})

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
    found, at_once, then = SCRIPTS[name]
    asyncio.run(_main(found, ScriptedRuntime(streaming(then, DELTAS_PER_S, at_once)), *map(Path, places)))
