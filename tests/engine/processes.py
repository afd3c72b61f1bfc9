"""What tests run in processes of their own, because it ends with the process: `python -m tests.engine.processes WHAT ROOT …`."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codex_desk.engine.desk import Desk
from codex_desk.engine.errors import Refusal
from codex_desk.engine.links import Archive, Attach, Detach, Unarchive
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import Rename
from codex_desk.store.errors import StoreError
from codex_desk.tools.sandbox import Sandbox
from tests.engine.scripted import Place, Scripted, at_rest, final

PROJECT = Path(__file__).parents[2]
CRASHED = 42

WRITES = re.compile("INSERT|UPDATE|DELETE|COMMIT")
"""What a process can end before or after and be told apart by; a question changes nothing."""
NOT_THE_PATH = re.compile("item_text|indexed_up_to")
"""The index is filled on the side."""


def command(what: str, root: Path, *more: object) -> list[str]:
    return [sys.executable, "-m", "tests.engine.processes", what, str(root), *map(str, more)]


Process = subprocess.Popen[str]


@contextmanager
def processes(what: str, root: Path, *calls: tuple[object, ...]) -> Iterator[list[Process]]:
    """One process for each of `calls`; whatever the test comes to, none outlives it."""
    started = [subprocess.Popen(command(what, root, *more), cwd=PROJECT, stdout=subprocess.PIPE, text=True) for more in calls]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def told(process: Process) -> Any:
    """The next thing that a process tells; waits for it."""
    assert process.stdout is not None
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


# --- a process that ends at each statement ----------------------------------------------------------------------------------------------------


async def ask_and_answer(place: Place, arm: Callable[[Desk], None], acknowledge: Callable[[int], None]) -> None:
    """The whole path: a prompt, a question to a child, its answer, the answer to the prompt."""

    async def ask(turn: Scripted) -> str:
        number = await turn.send("reviewer", "question")
        acknowledge(number)
        return (await turn.wait(number))["results"][0]["answer"]

    place.runtime.scripts["operator"] = ask
    async with place.open() as desk:
        arm(desk)
        sent = await desk.do(Send(desk.resolve("operator").id, "go"))
        acknowledge(sent.id)
        await final(desk, sent.id)


def crash_at(root: Path, statement: int) -> None:
    """Run the path and end at once before the n-th statement that writes; never returns."""
    acknowledged = (root / "acknowledged").open("a")

    def acknowledge(number: int) -> None:
        acknowledged.write(f"{number}\n")
        acknowledged.flush()

    count = 0

    def trace(sql: str) -> None:
        nonlocal count
        if not WRITES.match(sql) or NOT_THE_PATH.search(sql):
            return
        count += 1
        if count == statement:
            os._exit(CRASHED)

    def arm(desk: Desk) -> None:
        raw = desk._database.write_engine.raw_connection()
        raw.driver_connection.set_trace_callback(trace)  # type: ignore[union-attr]
        raw.close()

    asyncio.run(ask_and_answer(Place(root), arm, acknowledge))
    os._exit(0)


async def look_after(root: Path) -> dict[str, Any]:
    """What a new desk makes of a crashed one: it recovers and runs what waits, then tells what it found."""
    place = Place(root)
    async with place.open() as desk:
        await at_rest(desk)
        messages = [
            {
                "id": row["id"],
                "kind": row["kind"],
                "state": row["state"],
                "reason": row["reason"],
                "turns": [
                    each["state"] for each in desk.rows("SELECT state FROM turn WHERE message_id = ? ORDER BY started_at", (row["id"],))
                ],
                "shown": len(
                    desk.rows("SELECT 1 FROM item WHERE kind = 'message_in' AND json_extract(data, '$.message') = ?", (row["id"],))
                ),
            }
            for row in desk.rows("SELECT * FROM message ORDER BY id")
        ]
        open_turns = desk.rows("SELECT 1 FROM turn WHERE state = 'running'")
        told = desk.rows("SELECT 1 FROM item WHERE text LIKE 'the process that ran this turn ended%'")
        acknowledged = [int(line) for line in (root / "acknowledged").read_text().split()] if (root / "acknowledged").exists() else []
        return {
            "messages": messages,
            "open_turns": len(open_turns),
            "told": len(told),
            "acknowledged": acknowledged,
            "verified": desk.verify_audit().verified,
        }


def forked(call: Callable[[], object]) -> int:
    """Run `call` in a copy of this process; returns the exit code."""
    child = os.fork()
    if child == 0:
        try:
            call()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def crash_everywhere(root: Path, worker: str, workers: str) -> None:
    """For each statement of the path: a copy of the desk in ROOT, crashed there, and what became of it, as one JSON line."""
    statement = int(worker) + 1
    while True:
        here = root.parent / f"crash-{statement}"
        shutil.copytree(root, here)
        code = forked(lambda at=statement, where=here: crash_at(where, at))
        found = {"code": code, "statement": statement}
        forked(lambda where=here, found=found: tell(asyncio.run(look_after(where)) | found))
        shutil.rmtree(here)
        if code != CRASHED:
            return
        statement += int(workers)


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


WHAT: dict[str, Callable[..., Coroutine[Any, Any, None] | None]] = {
    "hang": hang,
    "crash": crash_everywhere,
    "shuffle": shuffle,
    "fill": fill,
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


if __name__ == "__main__":
    main(*sys.argv[1:])
