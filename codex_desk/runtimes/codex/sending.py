"""A turn of the desk's, brought to its end: started once, steered, and settled when Codex dies in the middle of it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from codex_desk.rights import Rights
from codex_desk.runtimes.base import ItemDraft, RuntimeUnavailable, Steer, TurnHost, TurnInput, TurnOutcome
from codex_desk.runtimes.codex import wire
from codex_desk.runtimes.codex.client import Client
from codex_desk.runtimes.codex.errors import CodexError, ConnectionLost
from codex_desk.runtimes.codex.items import DESK
from codex_desk.runtimes.codex.lane import Lane
from codex_desk.runtimes.codex.past import is_positional, turns_backwards
from codex_desk.runtimes.codex.turning import OURS, LiveTurn, Lost, steer_id
from codex_desk.runtimes.codex.words import refused, refuses_input

if TYPE_CHECKING:
    from codex_desk.runtimes.codex.thread import CodexThread

LOG = logging.getLogger(__name__)

LOOK_BACK = 3
"""Turns that are looked through for one of ours after a crash: nothing else can have come behind it but what another program started."""

LOOKS, BETWEEN_LOOKS_S = 10, 0.1
"""For a turn that is to be gone back to: Codex lists turns from its file, which it writes behind what it does."""

BESIDE = (
    "The desk handed in a message while you work: {who}. It stands above as a tool's output. It is not from the user; weigh it, and go on."
)


class Sending:
    """One turn. `run` gives its outcome, whatever happens to Codex meanwhile."""

    def __init__(self, thread: CodexThread, turn: TurnInput, host: TurnHost) -> None:
        self._thread = thread
        self._turn = turn
        self._host = host
        self._tries = 0
        self._has_notes = not turn.notes
        """Whether the thread has in it what the turn is to be told first."""
        self._has_gone_back = turn.back_to is None

    async def run(self) -> TurnOutcome:
        as_output = not self._turn.from_user and not self._thread.memory.plain_input
        if not as_output and not self._turn.from_user:
            await self._as_plain_input()
        outcome, live = await self._once(as_output)
        if as_output and outcome.state == "failed" and not live.acted and refuses_input(live.error):
            return await self._once_more_plain(live, outcome)
        return outcome

    # --- one attempt ------------------------------------------------------------------------------------------------------------------------

    async def _once(self, as_output: bool) -> tuple[TurnOutcome, LiveTurn]:
        thread, lane = self._thread, self._lane
        await lane.idle()  # somebody else's turn may run; a second start would steer it
        policies = await thread.policies(self._turn)
        live = lane.begin(self._host)
        self._tries += 1
        client = thread.runtime.running_client
        try:
            if client is None:
                raise ConnectionLost("it is not running")
            await self._go_back(client)
            await self._give_notes(client)
            answer = await client.call("turn/start", self._params(as_output) | policies.params())
        except CodexError as error:
            lane.over(live)
            live.end(outcome := TurnOutcome("failed", None, refused(error)))
            return outcome, live
        except ConnectionLost as error:
            live.end(lost := Lost(str(error)))
            return await self._settle(live, lost, as_output), live
        await self._started(live, str(answer["turn"]["id"]))
        return await self._to_its_end(client, live, as_output), live

    async def _go_back(self, client: Client) -> None:
        """The user took the session's history back: the turn from which on it goes leaves Codex's too. One that is not there went before."""
        thread = self._thread
        if self._has_gone_back:
            return
        for _ in range(LOOKS):
            async for data in turns_backwards(client, thread.external_id):
                if data.get("id") == self._turn.back_to:
                    await client.call("thread/revert", {"threadId": thread.external_id, "beforeTurnId": self._turn.back_to})
                    await thread.went_back()
                    self._has_gone_back = True
                    return
            await asyncio.sleep(BETWEEN_LOOKS_S)
        self._has_gone_back = True

    async def _give_notes(self, client: Client) -> None:
        """Beside the input and not in it: what somebody reads of this turn in Codex is the prompt as it was typed."""
        if self._has_notes:
            return
        items = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": note}]} for note in self._turn.notes]
        await client.call("thread/inject_items", {"threadId": self._thread.external_id, "items": items})
        self._has_notes = True

    async def _started(self, live: LiveTurn, external_id: str) -> None:
        live.external_id = external_id
        live.started.set()
        await self._host.ran_as(external_id=external_id)
        if self._thread.is_interrupted:
            await self._lane.interrupt(live)

    async def _to_its_end(self, client: Client, live: LiveTurn, as_output: bool) -> TurnOutcome:
        steering = asyncio.create_task(self._steer(client, live), name="codex steering")
        try:
            ending = await live.ended
        except BaseException:  # it cannot be recorded any more, or nobody wants it: then it does not go on in Codex either
            await asyncio.shield(self._stop(client, live))
            raise
        finally:
            steering.cancel()
            await asyncio.gather(steering, return_exceptions=True)
        return await self._settle(live, ending, as_output) if isinstance(ending, Lost) else ending

    async def _stop(self, client: Client, live: LiveTurn) -> None:
        self._lane.over(live)
        try:
            await client.call("turn/interrupt", {"threadId": self._thread.external_id, "turnId": live.external_id})
        except (CodexError, ConnectionLost) as error:
            LOG.info("a turn was not stopped: %s", error)

    def _params(self, as_output: bool) -> dict[str, Any]:
        turn = self._turn
        params: dict[str, Any] = {"threadId": self._thread.external_id, "turnTrigger": f"codex_desk:{turn.message}"}
        if turn.model is not None:
            params["model"] = turn.model
        if turn.effort is not None:
            params["effort"] = turn.effort
        if turn.caused_by is not None:
            params["parentTurnId"], params["rootTurnId"] = turn.caused_by
        if as_output:
            return params | {"input": [], "toolOutput": {"name": "message", "namespace": DESK, "output": turn.input}}
        return params | {"input": [{"type": "text", "text": turn.input}], "clientUserMessageId": OURS + turn.turn_id}

    # --- steering ---------------------------------------------------------------------------------------------------------------------------

    async def _steer(self, client: Client, live: LiveTurn) -> None:
        sent: set[int] = set()
        while True:
            for steer in await self._host.next_steers(sent):
                await live.open_to_steers.wait()
                if not await self._host.steering(steer.number):
                    sent.add(steer.number)
                    continue
                try:
                    await client.call("turn/steer", self._steer_params(live, steer))
                except (CodexError, ConnectionLost) as error:  # it is over, or takes none: what waits gets a turn of its own
                    LOG.info("a turn was not steered: %s", error)
                    return
                sent.add(steer.number)

    def _steer_params(self, live: LiveTurn, steer: Steer) -> dict[str, Any]:
        """The user's words as such; an agent's below the user, beside a line of the desk's own."""
        params = {"threadId": self._thread.external_id, "expectedTurnId": live.external_id, "clientUserMessageId": steer_id(steer.number)}
        if steer.from_user:
            return params | {"input": [{"type": "text", "text": steer.text}]}
        line = BESIDE.format(who=f"#{steer.number} from {steer.sender}")
        context = {f"{DESK}_{steer.number}": {"kind": "untrusted", "name": "message", "value": steer.text}}
        return params | {"input": [{"type": "text", "text": line}], "additionalContext": context}

    # --- when Codex died --------------------------------------------------------------------------------------------------------------------

    async def _settle(self, live: LiveTurn, lost: Lost, as_output: bool) -> TurnOutcome:
        """Codex ended: start it again, look up what became of the turn, and say so. What never arrived is sent again, once."""
        thread = self._thread
        self._lane.over(live)
        why = lost.why if thread.runtime.process.is_up else await thread.runtime.process.last_words()
        try:
            client = await thread.reopen()
            found = await self._find(client, live)
        except RuntimeUnavailable as error:
            return TurnOutcome("failed", None, f"Codex gave this turn up ({why}), and cannot go on: {error}")
        except (CodexError, ConnectionLost) as error:
            return TurnOutcome("failed", None, f"Codex gave this turn up ({why}), and could not be asked about it: {error}")
        if thread.is_interrupted:
            return TurnOutcome("interrupted")
        if found is None and live.external_id is None and self._tries == 1:
            return (await self._once(as_output))[0]
        if found is not None and found.status in ("completed", "failed"):
            return live.outcome(found)
        return TurnOutcome(
            "failed", None, f"Codex gave this turn up in the middle ({why}); what it had done is kept. Prompt again to go on"
        )

    async def _find(self, client: Client, live: LiveTurn) -> wire.Turn | None:
        """The turn as Codex has it on disk, its items committed; None where it never got there."""
        looked = 0
        async for data in turns_backwards(client, self._thread.external_id):
            turn = wire.read(wire.Turn, data)
            found = [wire.read_item(item) for item in turn.items]
            if turn.id == live.external_id or any(self._is_this(item) for item in found):
                live.external_id = turn.id
                await self._host.ran_as(external_id=turn.id)
                for item in found:
                    if not (is_positional(item) and live.has_like(item)):
                        await live.item_completed(item)
                await self._thread.catch_up()
                return turn
            looked += 1
            if looked == LOOK_BACK:
                break
        return None

    def _is_this(self, item: wire.Item) -> bool:
        match item:
            case wire.UserMessage(client_id=client_id):
                return client_id == OURS + self._turn.turn_id
            case wire.FunctionCallOutput():
                return item.text == self._turn.input  # an envelope's boundary is in no other text
        return False

    # --- endpoints that take no such input ----------------------------------------------------------------------------------------------------

    async def _once_more_plain(self, live: LiveTurn, outcome: TurnOutcome) -> TurnOutcome:
        """The model's endpoint refused a tool output that nobody had asked for. It would refuse it again in every later request, so the turn is
        taken back in Codex; the same envelope goes in as ordinary input."""
        thread, client = self._thread, self._thread.runtime.running_client
        if client is None or live.external_id is None:
            return outcome
        try:
            await client.call("thread/revert", {"threadId": thread.external_id, "beforeTurnId": live.external_id})
        except (CodexError, ConnectionLost) as error:
            LOG.warning("a refused turn could not be taken back: %s", error)
            return outcome
        await self._as_plain_input()
        again, live = await self._once(False)
        if live.acted:  # so it was the form that it did not like
            await thread.remember(replace(thread.memory, plain_input=True))
        return again

    async def _as_plain_input(self) -> None:
        """As ordinary input a message counts for more: the turn may write nothing, unless the user has lent the thread's own rights."""
        told = "its endpoint takes no message as a tool's output: it entered as ordinary input, in the same envelope"
        if not self._turn.keeps_rights:
            narrow = self._turn.rights.lesser(Rights("read-only", True, True))
            self._turn = replace(self._turn, rights=narrow)
            await self._host.ran_as(rights=narrow)
            told += ", and the turn is read-only"
        await self._host.commit([ItemDraft("notice", told, {"event": "input"})], None)

    @property
    def _lane(self) -> Lane:
        lane = self._thread.lane
        if lane is None:
            raise RuntimeUnavailable("this session is not open in Codex")
        return lane
