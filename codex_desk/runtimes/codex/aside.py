"""A question to a session's model that enters no history: it is asked of a copy that Codex keeps in memory alone, read-only and without tools of ours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Literal

from codex_desk.runtimes.base import Aside, RuntimeFailure, TurnOutcome, Usage
from codex_desk.runtimes.codex import wire
from codex_desk.runtimes.codex.client import Client, Params
from codex_desk.runtimes.codex.errors import CodexError, ConnectionLost
from codex_desk.runtimes.codex.lane import Lane
from codex_desk.runtimes.codex.turning import LiveTurn, Lost
from codex_desk.runtimes.codex.words import refused

LOG = logging.getLogger(__name__)


class Copy:
    """Owns the lane of the copy; nothing that is said of it is anybody's business."""

    reported_by: Literal["runtime"] = "runtime"

    def __init__(self, external_id: str, cwd: str) -> None:
        self.external_id = external_id
        self.cwd = cwd

    async def told(self, method: str, params: Params) -> None:
        return None

    async def agents_used(self, item: wire.AgentCall | wire.AgentActivity) -> None:
        return None


async def ask_aside(
    client: Client, external_id: str, cwd: str, request: str, lane_of: Callable[[Copy], Lane], drop: Callable[[str], None]
) -> Aside:
    """What the session's model says. `lane_of` makes a lane and lets the runtime know it, `drop` has it forgotten. Raises `RuntimeFailure`."""
    config = {"agents.enabled": False}
    rights = {"sandbox": "read-only", "approvalPolicy": "never"}
    try:
        params = {"threadId": external_id, "cwd": cwd, "ephemeral": True, "excludeTurns": True, "config": config, **rights}
        copy = Copy(wire.read(wire.Loaded, await client.call("thread/fork", params)).thread.id, cwd)
    except CodexError as error:
        raise RuntimeFailure(refused(error)) from error
    except (ConnectionLost, wire.Misunderstood) as error:
        raise RuntimeFailure(f"Codex could not be asked: {error}") from error
    lane = lane_of(copy)
    live = lane.begin(None)
    try:
        answer = await client.call("turn/start", {"threadId": copy.external_id, "input": [{"type": "text", "text": request}]})
        live.external_id = str(answer["turn"]["id"])
        live.started.set()
        return _said(await asyncio.shield(live.ended))  # whoever gives it up leaves it to be interrupted
    except CodexError as error:
        raise RuntimeFailure(refused(error)) from error
    except ConnectionLost as error:
        raise RuntimeFailure(f"Codex ended ({error})") from error
    finally:
        await asyncio.shield(_leave(client, lane, live, copy))
        drop(copy.external_id)


def _said(ending: TurnOutcome | Lost) -> Aside:
    if isinstance(ending, Lost):
        raise RuntimeFailure(f"Codex ended ({ending.why})")
    if ending.state != "completed" or not ending.answer:
        raise RuntimeFailure(ending.reason or "the model wrote nothing")
    return Aside(ending.answer, Usage(ending.usage.input_tokens, ending.usage.output_tokens))


async def _leave(client: Client, lane: Lane, live: LiveTurn, copy: Copy) -> None:
    """End what may still run, and let Codex forget the copy."""
    try:
        if not live.ended.done() and live.external_id is not None:
            await client.call("turn/interrupt", {"threadId": copy.external_id, "turnId": live.external_id})
        await client.call("thread/unsubscribe", {"threadId": copy.external_id})
    except (CodexError, ConnectionLost) as error:
        LOG.info("the copy of a session was not let go: %s", error)
    lane.over(live)
    await lane.close()
