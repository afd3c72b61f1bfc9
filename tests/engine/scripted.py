"""A runtime whose turns are coroutines of the test: one script per handle drives the turn's host as a model would."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import Event
from codex_desk.engine.identity import By
from codex_desk.engine.journal import Action
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import New
from codex_desk.engine.views import MessageView, ThreadView
from codex_desk.runtimes.base import Aside, Compaction, Delta, ItemDraft, ThreadSpec, ToolResult, TurnHost, TurnInput, TurnOutcome

PATIENCE = 20.0
"""Seconds after which a test that still waits has failed; nothing takes longer than a fraction of one."""

BODY = re.compile(r"^--- message ([0-9a-f]{32}) ---\n(.*?)\n--- end \1 ---$", re.DOTALL | re.MULTILINE)


def body_of(text: str) -> str:
    """The body inside an envelope; a prompt is its own body."""
    found = BODY.search(text)
    return text if found is None else found[2]


@dataclass(slots=True)
class Scripted:
    """One turn, as a script sees it."""

    handle: str
    input: TurnInput
    host: TurnHost
    calls: int = 0

    @property
    def body(self) -> str:
        return body_of(self.input.input)

    @property
    def tools(self) -> set[str]:
        return {tool.name for tool in self.input.tools}

    async def say(self, text: str) -> str:
        """Commit an agent message and the history that goes with it."""
        chunk = json.dumps({"said": text}, ensure_ascii=False).encode("utf-8", "replace")
        await self.host.commit([ItemDraft("agent_message", text)], chunk)
        return text

    async def call(self, tool: str, **arguments: Any) -> ToolResult:
        """Call a tool and commit its item, as a step of a runtime does."""
        self.calls += 1
        result = await self.host.call_tool(f"call-{self.calls}", tool, arguments)
        if result.item is not None:
            await self.host.commit([result.item], None)
        return result

    async def tool(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The parsed result of a tool."""
        return json.loads((await self.call(tool, **arguments)).text)

    async def send(self, target: str, message: str, **more: Any) -> int:
        """Send a message to a child; returns its number."""
        return (await self.tool("send_message", target=target, message=message, **more))["message_id"]

    async def wait(self, *targets: int | str, **more: Any) -> dict[str, Any]:
        return await self.tool("wait_agent", targets=list(targets), **more)

    async def ask(self, target: str, message: str) -> str:
        """Send a message and wait for its answer."""
        number = await self.send(target, message)
        return (await self.wait(number))["results"][0]["answer"]

    def live(self, text: str, kind: Literal["text", "reasoning", "output", "tool"] = "text") -> None:
        self.host.delta(Delta(kind, "live", text))


Script = Callable[[Scripted], Awaitable[str | TurnOutcome | None]]
"""What a turn does. A string is its answer, said at the end; None ends it without one."""


async def echo(turn: Scripted) -> str:
    return f"{turn.handle} answers {turn.body}"


class Gate:
    """A script that waits until the test opens it, then answers as `echo` does."""

    def __init__(self) -> None:
        self.began, self.open = asyncio.Event(), asyncio.Event()

    async def __call__(self, turn: Scripted) -> str:
        self.began.set()
        await self.open.wait()
        return await echo(turn)


@dataclass(slots=True)
class ScriptedRuntime:
    """Implements `Runtime`: scripts by handle, `default` for the others."""

    scripts: dict[str, Script] = field(default_factory=dict)
    default: Script = echo
    inputs: dict[str, list[TurnInput]] = field(default_factory=dict)
    """What each handle's turns were given, oldest first."""
    running: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    """The most turns that ran at a time, for each handle."""
    asides: list[TurnInput] = field(default_factory=list)
    """What was asked beside the conversations."""
    compacted: list[Sequence[bytes]] = field(default_factory=list)
    opening: Callable[[ThreadSpec], Awaitable[ScriptedThread]] | None = None
    """What opens a thread instead, where a test says so."""

    async def open(self, thread: ThreadSpec) -> ScriptedThread:
        return ScriptedThread(self, thread) if self.opening is None else await self.opening(thread)

    async def close(self) -> None:
        return None

    def bodies(self, handle: str) -> list[str]:
        """The bodies that a handle's turns were given, in order."""
        return [body_of(turn.input) for turn in self.inputs.get(handle, [])]


class ScriptedThread:
    """Implements `RuntimeThread`."""

    def __init__(self, runtime: ScriptedRuntime, spec: ThreadSpec) -> None:
        self._runtime = runtime
        self._spec = spec
        self._task: asyncio.Task[str | TurnOutcome | None] | None = None
        self._interrupted = False

    async def run_turn(self, turn: TurnInput, host: TurnHost) -> TurnOutcome:
        self._interrupted = False
        runtime, handle = self._runtime, self._spec.handle
        runtime.inputs.setdefault(handle, []).append(turn)
        runtime.running[handle] = runtime.running.get(handle, 0) + 1
        runtime.most[handle] = max(runtime.most.get(handle, 0), runtime.running[handle])
        await host.commit([], json.dumps({"heard": turn.input}).encode())
        if self._interrupted:
            runtime.running[handle] -= 1
            return TurnOutcome("interrupted")
        seen = Scripted(handle, turn, host)
        self._task = asyncio.ensure_future(runtime.scripts.get(handle, runtime.default)(seen))
        try:
            answer = await self._task
        except asyncio.CancelledError:
            if not self._interrupted:
                raise
            return TurnOutcome("interrupted")
        finally:
            runtime.running[handle] -= 1
            self._task = None
        if isinstance(answer, TurnOutcome):
            return answer
        if answer is not None:
            await seen.say(answer)
        return TurnOutcome("completed", answer)

    async def interrupt(self) -> None:
        self._interrupted = True
        if self._task is not None:
            self._task.cancel()

    async def compact(self, turn: TurnInput) -> Compaction:
        self._runtime.compacted.append(turn.history)
        return Compaction("what was said so far", b'{"summary": "what was said so far"}')

    async def aside(self, turn: TurnInput) -> Aside:
        self._runtime.asides.append(turn)
        return Aside(f"{self._spec.handle} sums up {len(turn.history)} chunks")

    async def close(self) -> None:
        return None


@dataclass(slots=True)
class Place:
    """Where a test's desk lives: a home, folders for its sessions, and the runtime of all of them."""

    root: Path
    runtime: ScriptedRuntime = field(default_factory=ScriptedRuntime)
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.root / "user"), "CODEX_HOME": str(self.root / "codex"), **self.env}

    @property
    def home(self) -> Path:
        return self.root / "home"

    def folder(self, name: str) -> Path:
        """A folder for a session; each is a project of its own."""
        folder = self.root / "work" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @asynccontextmanager
    async def open(
        self,
        host: Literal["desk", "once", "none"] = "desk",
        *,
        env: Mapping[str, str] | None = None,
        patience: float | None = None,
        runtime: ScriptedRuntime | None = None,
    ) -> AsyncIterator[Desk]:
        async with Desk.open(
            self.home,
            host=host,
            env=self.env | dict(env or {}),
            approval_patience=patience,
            runtimes={"offline": runtime or self.runtime},
        ) as desk:
            yield desk

    async def session(self, desk: Desk, handle: str, **more: Any) -> ThreadView:
        return await desk.do(New(handle, self.folder(handle), runtime="offline", **more))


async def until(desk: Desk, check: Callable[[], Any]) -> Any:
    """What `check` first returns that is neither None nor False; it is asked after each event."""

    def true() -> Any:
        return check() or None

    def every(event: Event) -> bool:
        return True

    return await desk.hub.until(true, every, PATIENCE)


async def final(desk: Desk, *numbers: int) -> list[MessageView]:
    """These messages, once each has come to its end and nothing runs where they ran."""

    def ended() -> list[MessageView] | None:
        views = [desk.message(number) for number in numbers]
        return views if all(view.final for view in views) else None

    return await until(desk, ended)


async def prompt(desk: Desk, thread: ThreadView, text: str, **more: Any) -> MessageView:
    """A human's prompt, and what came of it."""
    sent = await desk.do(Send(thread.id, text, **more))
    return (await final(desk, sent.id))[0]


async def at_rest(desk: Desk) -> None:
    """Until no turn runs, nothing is queued and no wake is due anywhere on the desk."""
    busy = "SELECT 1 FROM message WHERE state IN ('queued', 'running') UNION SELECT 1 FROM turn WHERE state = 'running' UNION SELECT 1 FROM wake"
    await until(desk, lambda: not desk.rows(busy))


async def refused(desk: Desk, action: Action, by: By | None = None) -> Refusal:
    """The refusal of an action that must not be taken."""
    with pytest.raises(Refusal) as caught:
        await desk.do(action, by)
    return caught.value


def agent(thread: ThreadView, turn_id: str | None = None) -> By:
    return By("agent", thread.id, turn_id)


def lines(desk: Desk, thread: ThreadView) -> list[str]:
    """The texts of a transcript."""
    return [item.text for item in desk.items(thread.id, limit=10_000)]


def kinds(desk: Desk, thread: ThreadView) -> list[str]:
    """The kinds of a thread's audit rows, in order."""
    return [row.kind for row in desk.audit(thread.id)]
