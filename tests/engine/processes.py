"""What tests run in processes of their own, because it ends with the process."""

from __future__ import annotations

import asyncio
import json
import random
import resource
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from codex_desk.engine import worktrees
from codex_desk.engine.agents import Worktree
from codex_desk.engine.errors import Refusal
from codex_desk.engine.links import Archive, Attach, Detach, Unarchive
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import Rename
from codex_desk.store.errors import StoreError
from codex_desk.tools.sandbox import Sandbox
from tests.engine.scripted import Place, Scripted, until
from tests.warm import Warm

Process = Warm


@contextmanager
def processes(what: str, root: Path, *calls: tuple[object, ...]) -> Iterator[list[Process]]:
    """One process for each of `calls`; whatever the test comes to, none outlives it."""
    started = [Warm(main, what, str(root), *map(str, more)) for more in calls]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            with process:
                sys.stderr.write(process.stderr.read())


def told(process: Process) -> Any:
    """The next thing that a process tells; waits for it."""
    return json.loads(process.stdout.readline())


def killed(process: Process) -> None:
    """`kill -9`, and the process is gone."""
    process.kill()
    process.wait()


def tell(value: object) -> None:
    print(json.dumps(value), flush=True)


# --- a host that is killed ------------------------------------------------------------------------------------------------------------------


async def hang(root: Path, host: str, number: str) -> None:
    """Host until killed: the turn of `operator` says a first part, then never ends."""
    place = Place(root)

    async def part(turn: Scripted) -> str:
        await turn.say("the first part")
        tell("running")
        await asyncio.Event().wait()
        return "never"

    place.runtime.scripts["operator"] = part
    async with place.open("once" if host == "once" else "desk") as desk:
        if host == "once":
            await desk.run_until([int(number)])
        await asyncio.Event().wait()


async def delegate(root: Path) -> None:
    """Host until killed: `operator` waits for a run of `scout`, which never ends, and spawns into a worktree that is made, but not the subagent."""
    place = Place(root)
    add = worktrees.add

    async def added(worktree: Worktree, cwd: Path) -> Path:
        await add(worktree, cwd)
        tell(worktree.path)
        return await asyncio.Event().wait() and cwd

    async def operator(turn: Scripted) -> str:
        run = turn.call("delegate_agent", agent_id="scout", prompt="look")
        await asyncio.gather(run, turn.call("spawn_agent", message="write", task_name="writer", worktree=True))
        return "never"

    async def scout(turn: Scripted) -> str:
        await turn.say("half of it")
        tell("running")
        await asyncio.Event().wait()
        return "never"

    worktrees.add = added
    place.runtime.scripts |= {"operator": operator, "scout": scout}
    async with place.open():
        await asyncio.Event().wait()


# --- several hands on one forest --------------------------------------------------------------------------------------------------------------


async def shuffle(root: Path, seed: str, steps: str) -> None:
    """Attach, move, detach, archive, unarchive and rename at random, and tell every session that was archived by name."""
    chance = random.Random(int(seed))
    place = Place(root)
    async with place.open("none") as desk:
        ids = sorted(thread.id for thread in desk.threads(everything=True))
        for step in range(int(steps)):
            one, other = chance.choice(ids), chance.choice(ids)
            action = chance.choice(
                [
                    Attach(one, other),
                    Attach(one, other, move=True),
                    Detach(one),
                    Archive(one),
                    Unarchive(one, reattach=chance.random() < 0.5),
                    Rename(one, f"n{seed}-{step}"),
                ]
            )
            try:
                await desk.do(action)
            except Refusal:
                continue
            if isinstance(action, Archive):
                tell(one)


# --- a disk that fills up -----------------------------------------------------------------------------------------------------------------


async def fill(root: Path) -> None:
    """Send until nothing more can be written; tell what was acknowledged, then what the store said."""
    place = Place(root)
    async with place.open("none") as desk:
        operator = desk.resolve("operator").id
        allowed = 400_000  # bytes in any one file
        resource.setrlimit(resource.RLIMIT_FSIZE, (allowed, resource.RLIM_INFINITY))
        try:
            while True:
                tell((await desk.do(Send(operator, "x" * 20_000))).id)
        except StoreError as error:
            tell(error.code)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        tell((await desk.do(Send(operator, "room again"))).id)


# --- several that run automations ---------------------------------------------------------------------------------------------------------


async def run_what_is_due(root: Path, host: str, now: str) -> None:
    """Run what is due as `tick` does, or as an open desk until everything has an outcome; tell how many messages this process sent."""
    place = Place(root)
    async with place.open("desk" if host == "desk" else "once", patience=0) as desk:
        tell("open")
        await asyncio.to_thread(sys.stdin.readline)
        if host != "desk":
            report = await desk.tick(datetime.fromisoformat(now))
            tell([report.due, report.ran])
            return
        desk._scheduler._clock = lambda: datetime.fromisoformat(now)  # type: ignore[union-attr]
        desk._scheduler._look_in(0)  # type: ignore[union-attr]
        planned = "SELECT 1 FROM automation WHERE next_run_at IS NOT NULL UNION ALL SELECT 1 FROM occurrence WHERE outcome IS NULL"
        await until(desk, lambda: not desk.rows(planned))
        tell([0, 0])


WHAT: dict[str, Callable[..., Coroutine[Any, Any, None] | None]] = {
    "hang": hang,
    "delegate": delegate,
    "shuffle": shuffle,
    "fill": fill,
    "automations": run_what_is_due,
}


def main(what: str, root: str, *more: str) -> None:
    async def none() -> Sandbox:
        return Sandbox("none")

    import codex_desk.engine.desk as module

    module.find_sandbox = none
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    work = WHAT[what](Path(root), *more)
    if work is not None:
        asyncio.run(work)
