"""Two agents that turn in circles in one chain: what they say to each other is counted in one row, until something comes of it."""

from __future__ import annotations

from codex_desk.engine.journal import Tx
from codex_desk.engine.limits import Loop, Talk, why_loop
from codex_desk.store.budget_tables import ChainTalk
from codex_desk.store.tables import Approval, Message, Turn, moment_text


def answered(tx: Tx, message: Message, answer: str) -> None:
    """A message between two agents came to its end with this."""
    row = tx.get(ChainTalk, _talk_id(message))
    if row is None:
        return
    talk = Talk(**row.content)
    after = talk.answered(message.to_id, answer)
    if after != talk:
        tx.update(row, content=after.to_json())


def progressed(tx: Tx, turn_id: str) -> None:
    """A turn changed a file: whoever talks in its chain gets somewhere."""
    turn = tx.get(Turn, turn_id)
    if turn is not None:
        forget_talk(tx, turn.chain_id)


def forget_talk(tx: Tx, chain_id: str) -> None:
    """Count from anew what is said in a chain."""
    tx.driver.execute("DELETE FROM chain_talk WHERE id BETWEEN ? AND ?", (f"{chain_id} ", f"{chain_id}!"))


def looping(tx: Tx, message: Message) -> tuple[Loop, str] | None:
    """Count a message that an agent sent to another; what kind of loop it closes, and why that holds their edge."""
    row = tx.get(ChainTalk, _talk_id(message))
    talk = Talk() if row is None else Talk(**row.content)
    sender = message.from_id or ""
    said = talk.heard(sender, message.body, message.id or 0)
    brake = said.loop(message.body)
    if brake is not None and _stepped_in(tx, message, said.since):
        said, brake = Talk(answers=talk.answers).heard(sender, message.body, message.id or 0), None
    if row is None:
        tx.insert(ChainTalk(id=_talk_id(message), content=said.to_json()))
    else:
        tx.update(row, content=said.to_json())
    if brake is None:
        return None
    return brake, why_loop(brake, tx.name(sender), tx.name(message.to_id))


def _stepped_in(tx: Tx, message: Message, since: int) -> bool:
    """Whether the human said something to one of the two, or answered one of them, since that message. Looked up only where it matters."""
    ends = (message.from_id, message.to_id)
    for end in ends:
        if tx.first(Message, "from_id IS NULL AND to_id = ? AND id > ? AND origin = 'human'", end, since) is not None:
            return True
    first = tx.get(Message, since)
    if first is None:
        return False
    for one, other in (ends, ends[::-1]):
        if tx.first(Message, "from_id = ? AND to_id = ? AND id > ? AND origin = 'human'", one, other, since) is not None:
            return True
    decided = "thread_id IN (?, ?) AND state IN ('approved', 'denied') AND decided_at > ?"
    return tx.first(Approval, decided, *ends, moment_text(first.created_at)) is not None


def _talk_id(message: Message) -> str:
    one, other = sorted((message.from_id or "", message.to_id))
    return f"{message.chain_id} {one} {other}"
