"""What waits for the next step of a running turn, and how the turn gets it."""

from __future__ import annotations

from typing import ClassVar

from codex_desk.engine import mailbox
from codex_desk.engine.identity import By
from codex_desk.engine.journal import Action, Tx
from codex_desk.engine.turns import Claimed, sealed
from codex_desk.frozen import frozen
from codex_desk.rights import Rights
from codex_desk.runtimes.base import Steer
from codex_desk.store.tables import Message


@frozen
class TakeSteers(Action):
    """At a tool boundary: hand the running turn what waits for its next step. Returns the texts, each recorded as delivered."""

    claimed: Claimed
    only: int | None = None
    """The one message that the turn has got; None takes all that wait."""
    verb: ClassVar[str] = "take_steers"

    def perform(self, tx: Tx, by: By) -> list[str]:
        claimed = self.claimed
        tx.check_fence(claimed.thread_id, claimed.host_id, claimed.fence)
        texts: list[str] = []
        for message in _steers(tx, claimed):
            number = message.id or 0
            if self.only not in (None, number):
                continue
            tx.update(message, turn_id=claimed.turn_id, started_at=tx.now)
            if message.origin == "automation":
                texts.append(sealed(tx, message))
            elif message.from_id is None:
                tx.item(
                    claimed.thread_id,
                    "user_message",
                    message.body,
                    "human",
                    turn_id=claimed.turn_id,
                    data={"message": number, "steer": True},
                )
                texts.append(message.body)
            else:
                texts.append(sealed(tx, message))
            mailbox.settle(tx, message, "deliver", message.origin, None)
        return texts


@frozen
class OfferSteers(Action):
    """What waits for the running turn's next step, for a runtime that is handed it at once. Nothing is recorded as delivered yet."""

    claimed: Claimed
    verb: ClassVar[str] = "take_steers"

    def perform(self, tx: Tx, by: By) -> list[Steer]:
        claimed = self.claimed
        tx.check_fence(claimed.thread_id, claimed.host_id, claimed.fence)
        return [
            Steer(message.id or 0, sealed(tx, message), False, "an automation")
            if message.origin == "automation"
            else Steer(message.id or 0, message.body, True)
            if message.from_id is None
            else Steer(message.id or 0, sealed(tx, message), False, tx.name(message.from_id))
            for message in _steers(tx, claimed)
        ]


@frozen
class HandIn(Action):
    """The running turn is about to get a message: from now on nobody changes it. Returns whether it still waited."""

    claimed: Claimed
    message: int
    verb: ClassVar[str] = "take_steers"

    def perform(self, tx: Tx, by: By) -> bool:
        claimed = self.claimed
        tx.check_fence(claimed.thread_id, claimed.host_id, claimed.fence)
        message = tx.get(Message, self.message)
        if message is None or message.state != "queued" or message.delivery != "next_step":
            return False
        tx.update(message, turn_id=claimed.turn_id)
        return True


def _steers(tx: Tx, claimed: Claimed) -> list[Message]:
    """What waits for the running turn. A message that was held, and meant for a turn with narrower rights than this one, gets one of its own."""
    found: list[Message] = []
    for message in tx.find(Message, "to_id = ? AND state = 'queued' AND delivery = 'next_step' ORDER BY id", claimed.thread_id):
        if message.rights is not None and not claimed.rights.within(Rights.from_json(message.rights)):
            tx.update(message, delivery="after_turn")
        else:
            found.append(message)
    return found
