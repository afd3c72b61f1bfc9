"""Where a turn comes from, as far as its runtime has to know."""

from __future__ import annotations

from codex_desk.engine.reading import Reader
from codex_desk.engine.turns import Claimed
from codex_desk.frozen import frozen

LONGEST = 50
"""Turns that are walked back: a chain is held long before."""


@frozen
class Cause:
    from_user: bool = True
    """Its input is the user's own prompt."""
    keeps_rights: bool = False
    """It came along an edge whose rights are the target's own."""
    turns: tuple[str, str] | None = None
    """The runtime's own ids of the turn that asked, and of the first turn of the chain that has one."""

    @classmethod
    def of(cls, reader: Reader, claimed: Claimed) -> Cause:
        message = reader.row("SELECT * FROM message WHERE id = ?", (claimed.message_id,))
        if message is None:
            return cls(False, False, None)
        edge = reader.row("SELECT rights FROM attachment WHERE id = ?", (message["edge_id"],)) if message["edge_id"] else None
        own = edge is not None and edge["rights"] == "own"
        planned = message["origin"] == "automation"  # it comes along no edge, and has the rights of the session that it is for
        by_user = message["kind"] == "prompt" and message["from_id"] is None and not planned
        return cls(by_user, own or planned, _turns(reader, message["asking_turn_id"]))


def _turns(reader: Reader, asking: str | None) -> tuple[str, str] | None:
    parent: str | None = None
    root: str | None = None
    for _ in range(LONGEST):
        row = asking and reader.row(
            "SELECT json_extract(t.settings, '$.external_id') AS id, m.asking_turn_id AS asking FROM turn t JOIN message m ON m.id = t.message_id"
            " WHERE t.id = ?",
            (asking,),
        )
        if not row or row["id"] is None:
            break
        parent, root, asking = parent or row["id"], row["id"], row["asking"]
    return None if parent is None or root is None else (parent, root)
