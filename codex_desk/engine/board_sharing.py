"""Which boards the settings ask for. Looked up outside of transactions: a board belongs to its parent, so its parent's settings count."""

from __future__ import annotations

from codex_desk.config import ConfigError
from codex_desk.engine import board_seats
from codex_desk.engine.boards import Open, Sharing
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.reading import Reader
from codex_desk.engine.surroundings import Surroundings
from codex_desk.store.tables import Thread
from codex_desk.tools.desk import BoardUse


def sharing_of(reader: Reader, surroundings: Surroundings, parent_id: str) -> Sharing:
    """What a parent's settings say. A configuration that cannot be read gives no board; opening the desk reports it."""
    thread = reader.row_of(Thread, parent_id)
    try:
        wanted = surroundings.of(thread, thread.settings).settings.agents.shared_workspace
    except ConfigError:
        return Sharing()
    return Sharing(wanted.enabled, wanted.kind, wanted.visibility, wanted.write_policy, wanted.path)


def asks_for_board(reader: Reader, surroundings: Surroundings, thread_id: str) -> bool:
    """Whether the settings ask for a board in a thread's work, whether or not there is one now."""
    parent = board_seats.parent_of(reader.rows, thread_id)
    return any(sharing_of(reader, surroundings, each).enabled for each in (thread_id, parent) if each is not None)


async def open_boards(ledger: Ledger, reader: Reader, surroundings: Surroundings, thread_id: str, *, may_spawn: bool = False) -> BoardUse:
    """See to it that the boards of a thread's work are open, and say which tools it is offered for them. One on no board that may spawn
    is offered an owner's: its board opens with its first child, and tools cannot come later in a turn."""
    parent = board_seats.parent_of(reader.rows, thread_id)
    owners = [parent] if parent is not None else []
    if board_seats.children_of(reader.rows, thread_id):
        owners.append(thread_id)
    on: list[str] = []
    for owner in owners:
        wanted = sharing_of(reader, surroundings, owner)
        if wanted.enabled and (_is_open(reader, owner, wanted) or await ledger.do(Open(owner, wanted)) is not None):
            on.append(owner)
    if not on and not board_seats.seats(reader.rows, thread_id):
        return "owner" if may_spawn and sharing_of(reader, surroundings, thread_id).enabled else "none"
    if thread_id in on:
        return "owner"
    # A board that was opened before stays until it is closed, also where the settings ask for none any more; its tools do not.
    return "member" if on or _of_the_project(reader, surroundings, thread_id) else "none"


def _is_open(reader: Reader, parent_id: str, wanted: Sharing) -> bool:
    """Whether a parent's board is open on these terms already; every turn asks, and only the first has to write."""
    board = board_seats.live_board(reader.rows, parent_id)
    terms = (wanted.kind, wanted.visibility, wanted.write_policy, wanted.path)
    return board is not None and (board.kind, board.visibility, board.write_policy, board.path) == terms


def _of_the_project(reader: Reader, surroundings: Surroundings, thread_id: str) -> bool:
    """Whether a board of the thread's project is open to it, whose owner asks for it still."""
    found = (seat for seat in board_seats.seats(reader.rows, thread_id) if seat.role == "project")
    return any(sharing_of(reader, surroundings, seat.board.parent_id).enabled for seat in found)
