"""The board: the shared, append-only scope of one workflow (semantics.md §8). What is done to it, as actions; who reads it is `board_reading`'s."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from codex_desk.engine import board_claims, board_reading, board_seats, mailbox
from codex_desk.engine.board_meant import addressee, author_on, human_seat, known, owned, refuse_overwrite, seat_for
from codex_desk.engine.board_notices import invalidated, notify
from codex_desk.engine.board_views import POSTED, BoardView, Conflict, EntryView, Kind
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import BoardChanged
from codex_desk.engine.identity import By, new_id
from codex_desk.engine.journal import Action, End, Tx
from codex_desk.engine.views import Origin
from codex_desk.frozen import frozen
from codex_desk.runtimes.asked import BOARD_SUMMARY
from codex_desk.store.board_tables import Board, BoardCite, BoardEntry, BoardPath, BoardPromotion
from codex_desk.store.tables import moment_text
from codex_desk.text import one_line

LONGEST = 16_000
"""Characters of one entry: a board carries short messages, and names the file that holds the rest."""
MOST_CITED = 100
EXCERPT = 200
"""Characters of an entry in a line about it."""


@frozen
class Sharing:
    """What the settings of a parent say of its board; resolved outside of transactions."""

    enabled: bool = False
    kind: str = "message_bus"
    visibility: str = "workflow"
    write_policy: str = "append-only"
    path: str | None = None


@frozen
class Open(Action):
    """See to it that a parent that asks for a board has one as long as its workflow lasts: from a child that came after the last one was closed.

    Returns the board's id; None where there is none to have."""

    parent: str
    sharing: Sharing
    verb: ClassVar[str] = "board_open"

    def subject(self) -> str:
        return self.parent

    def perform(self, tx: Tx, by: By) -> str | None:
        wanted = self.sharing
        terms = {"kind": wanted.kind, "visibility": wanted.visibility, "write_policy": wanted.write_policy, "path": wanted.path}
        live = tx.first(Board, "parent_id = ? AND closed_at IS NULL", self.parent)
        if live is not None:
            if wanted.enabled and any(getattr(live, name) != value for name, value in terms.items()):
                tx.update(live, **terms)
                tx.tell(BoardChanged(live.id))
            return live.id
        last = tx.first(Board, "parent_id = ? ORDER BY closed_at DESC", self.parent)
        if not wanted.enabled or not _has_child_since(tx, self.parent, None if last is None else last.closed_at):
            return None
        parent = tx.thread(self.parent)
        board = tx.insert(Board(id=new_id(), parent_id=parent.id, project=parent.project, opened_at=tx.now, **terms))
        tx.item(parent.id, "notice", f"the board is open ({wanted.write_policy}, {wanted.visibility})", "system", data={"event": "board"})
        tx.tell(BoardChanged(board.id))
        return board.id


@frozen
class Close(Action):
    """End the workflow: nothing more is written on its board. Only the human closes one. Returns its id."""

    thread: str
    verb: ClassVar[str] = "board_close"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> str:
        board = human_seat(tx, self.thread).board
        row = tx.get(Board, board.id)
        assert row is not None  # the seat was read in this transaction
        tx.update(row, closed_at=tx.now)
        tx.item(board.parent_id, "notice", "the board is closed", by.origin, data={"event": "board"})
        tx.tell(BoardChanged(board.id))
        return board.id


@frozen
class Post(Action):
    """Write an entry. `thread` is whose it is; the human writes for the board's parent. Returns the entry's number."""

    thread: str
    kind: str
    text: str
    to: str | None = None
    refers_to: int | None = None
    invalidates: int | None = None
    supersedes: int | None = None
    verb: ClassVar[str] = "board_post"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> int:
        if self.kind not in POSTED:
            raise Refusal("bad_value", _kinds_words(self.kind))
        named = [number for number in (self.refers_to, self.invalidates, self.supersedes) if number is not None]
        seat = seat_for(tx, self.thread, by, named, self.to)
        author = author_on(seat.board, self.thread, by)
        to_id = addressee(tx, seat.board, self.to, self.text)
        for number in named:
            known(tx, seat.board, number, author)
        if self.supersedes is not None:
            refuse_overwrite(tx, seat.board, self.supersedes, author)
        return _write(
            tx,
            by,
            seat.board,
            author,
            self.kind,
            self.text,
            to_id=to_id,
            refers_to=self.refers_to,
            invalidates=self.invalidates,
            supersedes=self.supersedes,
        )


@frozen
class Claim(Action):
    """Claim paths. Both claims stand where another agent's is live on one of them; that is a conflict, and the parent is told."""

    thread: str
    paths: tuple[board_claims.ClaimedPath, ...]
    note: str = ""
    verb: ClassVar[str] = "board_claim"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> tuple[int, Sequence[Conflict]]:
        """The entry's number, and the claims that it conflicts with."""
        seat = seat_for(tx, self.thread, by, (), None)
        board, author = seat.board, author_on(seat.board, self.thread, by)
        names = tuple(path.name for path in self.paths)
        conflicts = board_claims.conflicts(tx.rows, board, author, self.paths)
        words = ", ".join(names) if not self.note.strip() else f"{', '.join(names)}: {self.note.strip()}"
        number = _write(tx, by, board, author, "claim", words, paths=list(names))
        for path in self.paths:
            tx.insert(BoardPath(board_id=board.id, entry_id=number, path=path.real))
        if conflicts:
            _tell_conflict(tx, board, author, number, conflicts)
        return number, conflicts


@frozen
class Decide(Action):
    """The parent, or the human for it, decides, on findings that it cites. What another decision stands on is decided already, unless that one is cited too."""

    thread: str
    text: str
    cites: tuple[int, ...]
    verb: ClassVar[str] = "board_decide"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> int:
        board = owned(tx, self.thread, by, "decides").board
        cites = tuple(dict.fromkeys(self.cites))
        if not cites:
            raise Refusal("bad_value", "a decision cites the findings that it rests on; name at least one entry of the board in cites")
        if len(cites) > MOST_CITED:
            raise Refusal("bad_value", f"a decision cites at most {MOST_CITED} entries")
        for number in cites:
            known(tx, board, number, board.parent_id)
        for number in cites:
            standing = _decision_on(tx, number)
            if standing is not None and standing not in cites:
                raise Refusal(
                    "already_decided",
                    f"e{number} is decided already, by e{standing}; read that decision, and to put another in its place cite e{standing} too",
                )
        number = _write(tx, by, board, board.parent_id, "decision", self.text, cites=list(cites))
        for cited in cites:
            tx.insert(BoardCite(decision_id=number, entry_id=cited))
        return number


@frozen
class Promote(Action):
    """The parent, or the human for it, takes an entry into the parent's context, with its source; where it mediates, all members see it from now on."""

    thread: str
    entry: int
    verb: ClassVar[str] = "board_promote"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> EntryView:
        board = owned(tx, self.thread, by, "promotes").board
        found = known(tx, board, self.entry, board.parent_id)
        if tx.first(BoardPromotion, "entry_id = ?", found.id) is not None:
            raise Refusal("already_promoted", f"{found.name} is promoted already; it is in your context, with its source")
        closed = tx.first(BoardEntry, "id = ? AND open = 0", found.id) is not None
        tx.insert(BoardPromotion(seq=tx.take_seq(), board_id=board.id, entry_id=found.id, origin=by.origin, at=tx.now))
        _touch(tx, board)
        about = f"{found.name}, {found.kind} by {found.author}: {one_line(found.text, EXCERPT)}"
        here = End(board.parent_id, f"promoted {about}", turn_id=by.turn_id, quiet=by.turn_id is not None)
        other = found.author_id != board.parent_id
        there = End(found.author_id, f"{board.parent} promoted your {about}") if other else None
        tx.crossing("promoted", by.origin, here, there, data={"entry": found.id})
        if by.origin != "agent":  # an agent has it in the tool's result
            notify(tx, board.parent_id, "promoted", found.id)
        if closed and found.invalidates is not None:
            invalidated(tx, found.invalidates, found.id, found.author_id)
        promoted = board_reading.entry(tx.rows, found.id)
        assert promoted is not None
        return promoted


@frozen
class Summarise(Action):
    """Ask the parent to write the shared activity up for the user, in a turn of its own that is given the entries. Returns the message's number."""

    thread: str
    verb: ClassVar[str] = "board_summary"

    def subject(self) -> str:
        return self.thread

    def perform(self, tx: Tx, by: By) -> int:
        board = human_seat(tx, self.thread).board
        newest = board_reading.latest(tx.rows, board, 1)
        if not newest:
            raise Refusal("nothing_to_do", "there is nothing on the board yet")
        number = mailbox.Send(board.parent_id, BOARD_SUMMARY).perform(tx, by)
        notify(tx, board.parent_id, "summary", newest[-1].id, number)
        return number


def status(tx: Tx, thread_id: str, turn_id: str, text: str) -> None:
    """The engine's own entry: a child's turn began or ended."""
    rows = tx.rows
    parent = board_seats.parent_of(rows, thread_id)
    board = None if parent is None else board_seats.live_board(rows, parent)
    if board is None:
        return
    tx.insert(_row(tx, board, thread_id, "system", "status", one_line(text, EXCERPT), turn_id=turn_id))
    _touch(tx, board)


def _write(
    tx: Tx,
    by: By,
    board: BoardView,
    author: str,
    kind: Kind | str,
    text: str,
    *,
    to_id: str | None = None,
    refers_to: int | None = None,
    invalidates: int | None = None,
    supersedes: int | None = None,
    paths: list[str] | None = None,
    cites: list[int] | None = None,
) -> int:
    """Write an entry, its lines and its audit rows, and tell those whom it concerns."""
    text = text.strip()
    if not text:
        raise Refusal("bad_value", "an entry needs a text")
    if len(text) > LONGEST:
        raise Refusal(
            "too_long",
            f"the entry has {len(text):,} characters; at most {LONGEST:,} stand on the board. Put the rest into a file and name it in a short entry",
        )
    row = _row(tx, board, author, by.origin, kind, text, turn_id=by.turn_id, to_id=to_id)
    row.refers_to, row.invalidates, row.supersedes, row.paths, row.cites = refers_to, invalidates, supersedes, paths, cites
    tx.insert(row)
    _touch(tx, board)
    about = f"e{row.id}, {kind}: {one_line(text, EXCERPT)}"
    who = "the user" if by.origin == "human" else tx.name(author)
    # In the transcript of the turn that wrote it, the tool's own line says so.
    here = End(
        author, f"posted {about}" if by.origin != "human" else f"the user posted {about}", turn_id=by.turn_id, quiet=by.turn_id is not None
    )
    there = End(board.parent_id, f"{who} posted {about}") if author != board.parent_id else None
    tx.crossing("posted", by.origin, here, there, data={"entry": row.id})
    if invalidates is not None and row.open:
        invalidated(tx, invalidates, row.id, author)
    return row.id


def _row(
    tx: Tx, board: BoardView, author: str, origin: Origin, kind: str, text: str, *, turn_id: str | None, to_id: str | None = None
) -> BoardEntry:
    """An entry with the next number of the desk. Under `parent-mediated` only the parent's, the human's and the engine's are open at once."""
    at_once = board.write_policy == "append-only" or author == board.parent_id or origin in ("human", "system")
    return BoardEntry(
        id=tx.take_seq(),
        board_id=board.id,
        thread_id=author,
        origin=origin,
        turn_id=turn_id,
        kind=kind,
        text=text,
        to_id=to_id,
        open=at_once,
        at=tx.now,
        paths=None,
        cites=None,
    )


def _touch(tx: Tx, board: BoardView) -> None:
    """Processes that look at the store see by `changed` that the board is another."""
    tx.driver.execute("UPDATE board SET changed = ? WHERE id = ?", (tx.take_seq(), board.id))
    tx.tell(BoardChanged(board.id))


def _decision_on(tx: Tx, number: int) -> int | None:
    """The decision that stands on an entry: the latest that cites it and that no other decision cites in turn."""
    row = tx.driver.execute(
        "SELECT max(c.decision_id) FROM board_cite c WHERE c.entry_id = ?"
        " AND NOT EXISTS (SELECT 1 FROM board_cite later WHERE later.entry_id = c.decision_id)",
        (number,),
    ).fetchone()
    return row[0]


def _tell_conflict(tx: Tx, board: BoardView, author: str, number: int, found: Sequence[Conflict]) -> None:
    words = "; ".join(f"{conflict.path} is also claimed by {conflict.author} (e{conflict.entry})" for conflict in found[:5])
    text = f"conflict: {tx.name(author)} claimed (e{number}) what another holds: {one_line(words, 2 * EXCERPT)}"
    tx.item(board.parent_id, "notice", text, "system", data={"event": "conflict", "entry": number})
    if author != board.parent_id:
        notify(tx, board.parent_id, "conflict", number)


def _has_child_since(tx: Tx, parent: str, closed_at: datetime | None) -> bool:
    """Whether the parent has a child that came after its last board was closed."""
    row = tx.driver.execute(
        "SELECT max(at) FROM (SELECT max(created_at) AS at FROM attachment WHERE parent_id = ? AND ended_at IS NULL"
        " UNION ALL SELECT max(created_at) FROM thread WHERE spawned_by = ? AND archived_at IS NULL AND status != 'history')",
        (parent, parent),
    ).fetchone()
    return row[0] is not None and (closed_at is None or row[0] > moment_text(closed_at))


def _kinds_words(kind: str) -> str:
    words = {"decision": "the parent decides with board_decide", "claim": "paths are claimed with board_claim"}
    return f"{words.get(kind, f'there is no kind {one_line(kind, 40)}')}; what is posted is {', '.join(POSTED[:-1])} or {POSTED[-1]}"
