"""Messages between sessions, on a model that answers at once."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Attach
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import New
from codex_desk.runtimes.base import ThreadSpec, TurnHost, TurnInput
from tests.bench.figures import Figure, middle
from tests.bench.models import ScriptedRuntime, Turn
from tests.bench.place import Place


def round_trip(root: Path, times: int = 200) -> list[Figure]:
    """A parent's turn that asks its child again and again: send, the child's turn, its answer, the wait returns."""
    took: list[float] = []

    async def turn(spec: ThreadSpec, given: TurnInput, host: TurnHost) -> str:
        if spec.handle == "child":
            return "done"
        for number in range(times + 10):
            start = time.perf_counter()
            await _ask(host, "child", f"question {number}")
            took.append((time.perf_counter() - start) * 1000)
        return "all answered"

    asyncio.run(_run(Place(root), [("parent", "child")], turn, ["go"]))
    return [middle("message round trip: send, turn, answer, wait", took[10:], 15)]


def many_sessions(root: Path, sessions: int = 50, rounds: int = 10) -> list[Figure]:
    """Half of the sessions ask the other half, all at once. No session of the first round goes on before all of them are working."""
    pairs = [(f"parent-{number}", f"child-{number}") for number in range(sessions // 2)]
    working: set[str] = set()
    all_working = asyncio.Event()

    async def turn(spec: ThreadSpec, given: TurnInput, host: TurnHost) -> str:
        working.add(spec.handle)
        if len(working) == 2 * len(pairs):
            all_working.set()
        if spec.handle.startswith("child"):
            await all_working.wait()
            return f"{spec.handle} heard {_question(given.input)}"
        child = spec.handle.replace("parent", "child")
        return f"{spec.handle} asked, {await _ask(host, child, _question(given.input))}"

    prompts = [f"question-{number}" for number in range(rounds)]
    took, answers = asyncio.run(_run(Place(root), pairs, turn, prompts))
    expected = {(parent, prompt): f"{parent} asked, {child} heard {prompt}:{parent}" for parent, child in pairs for prompt in prompts}
    wrong = sum(answers.get(key) != answer for key, answer in expected.items())
    count = 2 * len(expected)
    return [
        Figure(f"lost or crossed answers of {count}, {len(working)} sessions at once", wrong, 0, "answers"),
        Figure(f"answers per second, {len(working)} sessions at once", count / took, None, "/s"),
    ]


def _question(text: str) -> str:
    """The one word of a prompt, or of an envelope, that is a question."""
    return next(word for word in text.split() if word.startswith("question"))


async def _ask(host: TurnHost, child: str, question: str) -> str:
    sent = await host.call_tool("send", "send_message", {"target": child, "message": question})
    number = json.loads(sent.text)["message_id"]
    while True:  # a wait also returns when the human writes
        waited = await host.call_tool("wait", "wait_agent", {"targets": [number]})
        [result] = json.loads(waited.text)["results"]
        if result["answer"] is not None:
            return result["answer"]


async def _run(
    place: Place, pairs: list[tuple[str, str]], turn: Turn, prompts: list[str]
) -> tuple[float, dict[tuple[str, str], str | None]]:
    """Prompt every parent with every prompt at once. Gives the seconds it took, and the answers by parent and prompt."""
    place.home.mkdir(mode=0o700)
    (place.home / "config.toml").write_text("[budgets]\nturns = 100_000\n")  # one prompt asks more often than it ordinarily may
    async with Desk.open(place.home, host="desk", env=place.env, runtimes={"offline": ScriptedRuntime(turn)}) as desk:
        parents = [await _pair(desk, place, *pair) for pair in pairs]
        start = time.perf_counter()
        sent = {
            (handle, prompt): await desk.do(Send(thread_id, f"{prompt}:{handle}")) for prompt in prompts for handle, thread_id in parents
        }
        views = await desk.run_until([message.id for message in sent.values()])
        took = time.perf_counter() - start
        if not desk.verify_audit().verified:
            raise AssertionError("the audit does not verify")
        return took, {key: view.answer for key, view in zip(sent, views, strict=True)}


async def _pair(desk: Desk, place: Place, parent: str, child: str) -> tuple[str, str]:
    threads = []
    for handle in (parent, child):
        folder = place.work / handle
        folder.mkdir()
        threads.append(await desk.do(New(handle, folder, runtime="offline")))
    await desk.do(Attach(threads[1].id, threads[0].id))
    return parent, threads[0].id
