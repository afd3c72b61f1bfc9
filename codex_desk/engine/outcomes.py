"""What became of all that one prompt caused: its chain, to its last answer and to what of it is not over."""

from __future__ import annotations

from codex_desk.engine.reading import Reader
from codex_desk.engine.turns import HOST_LEFT
from codex_desk.engine.views import MessageView

_CHAIN = "SELECT chain_id FROM message WHERE id = ?"


def last_answer(reader: Reader, number: int) -> str | None:
    """What a thread said last of a prompt: the answer to it, or what it said when it was woken by what came of it later."""
    prompt = reader.message(number)
    if not prompt.final:
        return None
    row = reader.row(
        f"SELECT answer FROM message WHERE chain_id = ({_CHAIN}) AND to_id = ? AND kind = 'wake' AND state = 'answered' ORDER BY id DESC LIMIT 1",
        (number, prompt.to_id),
    )
    return prompt.answer if row is None else row["answer"]


def left_open(reader: Reader, number: int) -> list[MessageView]:
    """The messages between agents that a prompt caused and that came to no end of their own: what still waits or runs, and what ended with its host."""
    rows = reader.rows(
        f"SELECT id FROM message WHERE chain_id = ({_CHAIN}) AND id != ? AND kind = 'ask'"
        " AND (state IN ('queued', 'running', 'held') OR (state = 'interrupted' AND reason = ?)) ORDER BY id",
        (number, number, HOST_LEFT),
    )
    return [reader.message(row["id"]) for row in rows]


def at_rest(reader: Reader, number: int) -> bool:
    """Whether nothing that a prompt caused goes on any more without the human."""
    rows = reader.rows(f"SELECT id FROM message WHERE chain_id = ({_CHAIN}) AND state IN ('queued', 'running')", (number,))
    if not all(reader.stands_still(reader.message(row["id"])) for row in rows):
        return False
    woken = f"SELECT 1 FROM wake w JOIN turn t ON t.id = w.turn_id WHERE t.chain_id = ({_CHAIN})"
    return reader.row(woken, (number,)) is None
