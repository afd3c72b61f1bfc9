"""Everything that one thread of Codex says, taken in order, whoever began the turn that it is about."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Literal, Protocol

from codex_desk.frozen import frozen
from codex_desk.runtimes.base import RuntimeFailure, TurnHost, TurnOutcome
from codex_desk.runtimes.codex import approvals, wire
from codex_desk.runtimes.codex.answering import Answers, Beside
from codex_desk.runtimes.codex.client import Client, Params, Request
from codex_desk.runtimes.codex.debug import DebugLog
from codex_desk.runtimes.codex.errors import CodexError, ConnectionLost
from codex_desk.runtimes.codex.turning import LiveTurn, Lost
from codex_desk.runtimes.outside import OutsideHost, ReportedTurn
from codex_desk.text import one_line

LOG = logging.getLogger(__name__)

By = Literal["user", "parent", "agent", "runtime"]


@frozen
class Heard:
    method: str
    params: Params


TOLD_OTHERWISE = frozenset(
    {
        "thread/settings/updated",
        "thread/name/updated",
        "thread/closed",
        "thread/archived",
        "thread/unarchived",
        "thread/deleted",
        "thread/status/changed",
        "thread/started",
        "thread/attachment/updated",
        "thread/goal/updated",
        "thread/goal/cleared",
        "thread/queue/changed",
        "thread/compacted",
        "turn/diff/updated",
        "item/commandExecution/terminalInteraction",
        "item/fileChange/patchUpdated",
        "hook/started",
        "hook/completed",
    }
)
"""Notifications that are known: the thread itself takes them, or an item says the same. Any other is kept for debugging."""

Event = Heard | Request | Lost


class Owner(Protocol):
    """What a lane belongs to: a session on the desk, or one of its subagents."""

    @property
    def external_id(self) -> str: ...

    @property
    def cwd(self) -> str: ...

    @property
    def reported_by(self) -> By:
        """Who begins the turns that the desk did not begin."""
        ...

    async def told(self, method: str, params: Params) -> None:
        """Something about the thread itself, such as new settings."""
        ...

    async def agents_used(self, item: wire.AgentCall | wire.AgentActivity) -> None:
        """The thread used one of Codex's own agent tools."""
        ...


class Lane:
    """One worker takes what comes, so that items are committed in Codex's order. What waits for a human or a tool does not hold it up."""

    def __init__(self, owner: Owner, desk: OutsideHost, client: Callable[[], Client | None], debug: DebugLog) -> None:
        self._owner = owner
        self._desk = desk
        self._client = client
        self._debug = debug
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._worker = asyncio.create_task(self._work(), name=f"codex thread {owner.external_id}")
        self._warned: set[str] = set()
        self._unsaid: list[str] = []
        """Warnings that came while no turn ran; the next one says them."""
        self._turn: LiveTurn | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._handling = False
        self._beside = Beside()
        self.answers = Answers(client, lambda: self._turn, lambda: owner.cwd)

    @property
    def turn(self) -> LiveTurn | None:
        """The turn that runs in the thread, whoever began it."""
        return self._turn

    @property
    def is_quiet(self) -> bool:
        """No turn runs, and nothing is left to be taken."""
        return self._turn is None and self._events.empty() and not self._handling

    async def idle(self) -> None:
        """Until no turn runs."""
        await self._idle.wait()

    def _set(self, turn: LiveTurn | None) -> None:
        self._turn = turn
        if turn is None:
            self._idle.set()
        else:
            self._idle.clear()

    def take(self, event: Event) -> None:
        self._events.put_nowait(event)

    def begin(self, host: TurnHost | None) -> LiveTurn:
        """A turn that the desk is about to start; without a host its items are nobody's."""
        turn = LiveTurn(host, self._desk.thread_of, ours=True)
        self._set(turn)
        return turn

    def over(self, turn: LiveTurn) -> None:
        """The desk's turn has ended, or never began."""
        if self._turn is turn:
            self._set(None)
            self.answers.drop()

    async def close(self) -> None:
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)
        await self.answers.close()
        await self._beside.close()

    def slipped(self, words: str) -> None:
        """An agent is about to prompt this thread by Codex's own tools. Into a session's running turn that would go as if the user had said it."""
        turn = self._turn
        if turn is None or not turn.ours or self._owner.reported_by != "user":
            return
        turn.slipped.add(words)
        self._beside.start(self.interrupt(turn))

    async def unloaded(self, why: str) -> None:
        """The thread was put out of Codex's memory, whoever did it: a turn that ran in it does not go on."""
        await self._lost(Lost(why))

    async def interrupt(self, turn: LiveTurn) -> None:
        """Ask Codex to stop a turn; a turn that has not begun is stopped when it does."""
        client = self._client()
        if client is None or turn.ended.done():
            return
        waits = [asyncio.ensure_future(turn.started.wait()), turn.ended]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        waits[0].cancel()
        if turn.ended.done() or turn.external_id is None:
            return
        try:
            await client.call("turn/interrupt", {"threadId": self._owner.external_id, "turnId": turn.external_id})
        except (CodexError, ConnectionLost) as error:  # it was over already, or its end comes as a loss
            LOG.info("a turn was not interrupted: %s", error)

    # --- the worker -------------------------------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            event = await self._events.get()
            self._handling = True
            try:
                await self._handle(event)
            except asyncio.CancelledError:
                raise
            except wire.Misunderstood as error:
                await self._misunderstood(event, error)
            except Exception as error:
                LOG.warning("a message about thread %s was not recorded: %s", self._owner.external_id, error)
                if self._turn is not None:
                    self._turn.fail(error)
            finally:
                self._handling = False

    async def _misunderstood(self, event: Event, error: wire.Misunderstood) -> None:
        """A message of an unknown shape is left out, unless the turn's end hangs on it."""
        if not isinstance(event, Lost):
            self._debug.unknown(f"{event.method} ({error})", event.params)
        if isinstance(event, Heard) and event.method == "turn/completed" and (turn := self._turn) is not None:
            why = f"Codex ended the turn in words that this version does not know: {error}"
            turn.fail(RuntimeFailure(why))
            if not turn.ours:
                self._set(None)
                await self._given_up(turn, why)

    async def _handle(self, event: Event) -> None:
        match event:
            case Lost():
                await self._lost(event)
            case Request(method=method) if method in approvals.METHODS or method == "item/tool/call":
                await self._turn_of(event.params)
                self.answers.take(event)
            case Request():
                if (client := self._client()) is not None:
                    await client.refuse(event, f"codex-desk does not answer {event.method}")
            case Heard(method=method, params=params):
                await self._heard(method, params)

    async def _lost(self, lost: Lost) -> None:
        self.answers.drop()
        turn = self._turn
        self._set(None)
        if turn is None:
            return
        turn.end(lost)
        await self._given_up(turn, f"Codex gave this turn up ({lost.why})")

    async def _given_up(self, turn: LiveTurn, why: str) -> None:
        """The end of a turn that the desk did not begin and will hear no end of."""
        if not turn.ours and turn.host is not None:
            await self._desk.ended(turn.host, TurnOutcome("failed", None, why))

    async def _heard(self, method: str, params: Params) -> None:
        match method:
            case "turn/started":
                await self._turn_started(wire.read(wire.Turn, params.get("turn")))
            case "turn/completed":
                await self._turn_completed(wire.read(wire.Turn, params.get("turn")))
            case "item/started" | "item/completed":
                await self._item(method, params)
            case "turn/plan/updated":
                if turn := await self._turn_of(params):
                    await turn.plan(params)
            case "thread/tokenUsage/updated":
                if (turn := self._known_turn(params)) is not None:
                    turn.spent(wire.read(wire.TokenUsage, params.get("tokenUsage")))
            case "error":
                if (turn := self._known_turn(params)) is not None:
                    await turn.failing(wire.read(wire.TurnError, params.get("error")), retries=params.get("willRetry") is True)
            case "model/rerouted" | "warning" | "guardianWarning":
                self._unsaid.append(_said(method, params))
                await self._say_unsaid()
            case "mcpServer/startupStatus/updated":
                if params.get("status") == "failed" and self._owner.reported_by == "user":  # a subagent has its session's servers
                    self._unsaid.append(_did_not_start(params))
                    await self._say_unsaid()
            case "serverRequest/resolved":
                self.answers.resolved(params.get("requestId"))
            case _ if "delta" in params or method.endswith(("/progress", "PartAdded")):
                if turn := await self._turn_of(params):
                    turn.delta(method, params)
            case _:
                if method not in TOLD_OTHERWISE:
                    self._debug.unknown(method, params)
                await self._owner.told(method, params)

    async def _say_unsaid(self) -> None:
        turn = self._turn
        if turn is None or turn.host is None or not turn.started.is_set():
            return
        said, self._unsaid = self._unsaid, []
        for each in said:
            await self._warn(turn, each)

    async def _warn(self, turn: LiveTurn, said: str) -> None:
        """Once in the life of a lane."""
        if said not in self._warned:
            self._warned.add(said)
            await turn.notice(said, "warning")

    async def _turn_started(self, turn: wire.Turn) -> None:
        live = self._turn
        if live is None or (live.external_id is not None and live.external_id != turn.id):
            if live is not None:
                await self._given_up(live, "Codex began another turn without a word of its end")
            live = LiveTurn(None, self._desk.thread_of, ours=False)
            self._set(live)
        live.external_id = turn.id
        live.started.set()
        if not live.ours and self._owner.reported_by == "user" and turn.root_turn_id not in (None, turn.id):
            # Codex's own tools let an agent prompt any thread of the process, as if it were the user. Here messages pass along attachments.
            live.by_agent = True
            self._beside.start(self.interrupt(live))
        if live.ours:
            await self._say_unsaid()

    async def _turn_completed(self, turn: wire.Turn) -> None:
        live = self._turn
        if live is None or live.external_id != turn.id:
            return
        self.answers.drop()
        outcome = live.outcome(turn)
        live.end(outcome)
        if not live.ours:
            await self._begun(live, None)
            if live.host is not None:
                await self._desk.ended(live.host, outcome)
        if self._turn is live:
            self._set(None)

    async def _item(self, method: str, params: Params) -> None:
        item = wire.read_item(params.get("item"))
        if isinstance(item, wire.Other):
            self._debug.unknown(f"{method} {item.type}", params.get("item"))
        turn = await self._turn_of(params, item)
        if turn is None:
            return
        if method == "item/started":
            turn.item_started(item)
            return
        if isinstance(item, wire.AgentCall | wire.AgentActivity):
            await self._owner.agents_used(item)
        await turn.item_completed(item)

    def _known_turn(self, params: Params) -> LiveTurn | None:
        turn = self._turn
        return turn if turn is not None and params.get("turnId") in (None, turn.external_id) else None

    async def _turn_of(self, params: Params, item: wire.Item | None = None) -> LiveTurn | None:
        """The turn that a message is about; one that the desk did not begin is recorded with the first thing that happens in it."""
        turn = self._known_turn(params)
        if turn is None or turn.ours:
            return turn
        await self._begun(turn, item if isinstance(item, wire.UserMessage | wire.FunctionCallOutput) else None)
        return turn if turn.host is not None else None

    async def _begun(self, turn: LiveTurn, opening: wire.UserMessage | wire.FunctionCallOutput | None) -> None:
        if turn.host is not None or turn.refused or turn.external_id is None:
            return
        by: By = "agent" if turn.by_agent else self._owner.reported_by
        if by == "user" and not isinstance(opening, wire.UserMessage):
            by = "runtime"
        if opening is not None:
            turn.opening = opening.id
        report = ReportedTurn(turn.external_id, self._owner.external_id, opening.text if opening is not None else "", by)
        turn.host = await self._desk.began(report, lambda: self.interrupt(turn))
        turn.refused = turn.host is None
        await self._say_unsaid()


def _did_not_start(params: Params) -> str:
    name, error = one_line(str(params.get("name", "")), 80), one_line(str(params.get("error") or "no reason given"), 300)
    return f"Codex: the MCP server {name} did not start, its tools are missing here: {error}"


def _said(method: str, params: Params) -> str:
    if method == "model/rerouted":
        return f"the provider answers with {one_line(str(params.get('toModel') or params.get('model')), 80)} instead of the model that was asked"
    return f"Codex: {one_line(str(params.get('message', '')), 400)}"
