"""Operator, reviewer, answer on the real Codex, beside what Codex's own agent tools take for the same, in one run on a model that answers at once."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import statistics
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Attach
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import New
from codex_desk.runtimes.codex.client import Client, Params
from codex_desk.runtimes.codex.debug import DebugLog
from codex_desk.runtimes.codex.server import start_server
from tests.bench.figures import Figure, middle
from tests.codex_program import CodexHome, find_codex
from tests.responses_server import PATIENCE_S, Answer, Asked, Call, Say, responses_server

WARM_UP = 3


def codex_round_trip(root: Path, times: int = 25) -> list[Figure]:
    """Both are timed at the model: from its call that sends the question to its being asked again with the answer. They take turns, so that whatever
    else the machine does falls on both. No figure where no Codex is found."""
    program = find_codex()
    if program is None:
        return []
    ours, theirs = asyncio.run(_measured(CodexHome(root, program), times))
    own = middle("operator → reviewer → answer by Codex's own send_input and wait_agent", theirs, None)
    return [own, middle("operator → reviewer → answer on Codex", ours, statistics.median(theirs))]


async def _measured(home: CodexHome, times: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each round, warm-up left out. The model answers from a process of its own: it takes nothing from what is measured."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    model = context.Process(target=_model, args=(there, home.root, home.program, times + WARM_UP), daemon=True)
    model.start()
    try:
        home.prepare_for(here.recv())
        await asyncio.gather(_on_the_desk(home), _by_itself(home))
        here.send("over")
        ours, theirs = here.recv()
        return ours[WARM_UP:], theirs[WARM_UP:]
    finally:
        model.kill()
        model.join()


def _model(pipe: Connection, root: Path, program: Path, times: int) -> None:
    turnstile = Turnstile()
    home, ours, theirs = CodexHome(root, program), Questions(times, turnstile, 0), Questions(times, turnstile, 1)
    home.plays |= {"operator": ours.of_the_desk, "alone": theirs.of_codex}
    with responses_server(home.script) as server:
        pipe.send(server.base_url)
        pipe.recv()
        pipe.send((ours.took, theirs.took))


class Turnstile:
    """Two who take turns; who has left for good holds the other up no more."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._next = 0
        self._gone: set[int] = set()

    def enter(self, who: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._next == who or 1 - who in self._gone, PATIENCE_S)

    def leave(self, who: int, *, for_good: bool = False) -> None:
        with self._changed:
            self._next = 1 - who
            if for_good:
                self._gone.add(who)
            self._changed.notify_all()


@dataclass(slots=True)
class Questions:
    """A model that asks one question after the other, and measures."""

    times: int
    turnstile: Turnstile
    who: int
    took: list[float] = field(default_factory=list)
    """Milliseconds for each."""
    _since: float = 0.0
    _sent: bool = False

    def of_the_desk(self, asked: Asked) -> Answer:
        return self._next(
            Call("desk.send_message", {"target": "reviewer", "message": "?"}), Call("desk.wait_agent", {"targets": ["reviewer"]})
        )

    def of_codex(self, asked: Asked) -> Answer:
        if asked.headers.get("x-openai-subagent"):
            return Say("an answer")
        made = [json.loads(text)["agent_id"] for text in asked.texts if text.startswith('{"agent_id"')]
        if not made:
            return Call("multi_agent_v1.spawn_agent", {"message": "be there"})
        send = Call("multi_agent_v1.send_input", {"target": made[0], "message": "?"})
        return self._next(send, Call("multi_agent_v1.wait_agent", {"targets": made, "timeout_ms": 20_000}))

    def _next(self, send: Call, wait: Call) -> Answer:
        if self._sent:
            self._sent = False
            return wait
        if self._since:
            self.took.append((time.perf_counter() - self._since) * 1000)
            self.turnstile.leave(self.who, for_good=len(self.took) == self.times)
        if len(self.took) == self.times:
            return Say("all answered")
        self.turnstile.enter(self.who)
        self._since, self._sent = time.perf_counter(), True
        return send


async def _on_the_desk(home: CodexHome) -> None:
    async with Desk.open(home.root / "home", host="desk", env=home.env) as desk:
        threads = [await desk.do(New(name, home.folder(name), runtime="codex")) for name in ("operator", "reviewer")]
        await desk.do(Attach(threads[1].id, threads[0].id))
        message = await desk.do(Send(threads[0].id, "go"))
        [view] = await desk.run_until([message.id])
        if view.answer != "all answered":
            raise AssertionError(view)


async def _by_itself(home: CodexHome) -> None:
    ended = asyncio.Event()

    def heard(method: str, params: Params) -> None:
        if method == "turn/completed" and params.get("threadId") == thread_id:
            ended.set()

    thread_id = ""
    debug = DebugLog(home.root / "log")
    server = await start_server(home.program, home.root / "s.sock", home.env, debug)
    client = Client(server.transport, debug, heard, lambda request: None)
    await client.start()
    thread_id = (await client.call("thread/start", {"cwd": str(home.folder("alone"))}))["thread"]["id"]
    await client.call("turn/start", {"threadId": thread_id, "input": [{"type": "text", "text": "go"}]})
    await ended.wait()
    await client.close()
    await server.stop()
