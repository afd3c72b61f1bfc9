"""Looking back and around: the read models of what happened and of who waits, as the desk offers them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from codex_desk.engine import auditing, board_reading, fold_preview, searching
from codex_desk.engine.away import Away, Seen, away, last_seen
from codex_desk.engine.board_seats import latest_board, seats
from codex_desk.engine.board_views import BoardView, EntryView, Role
from codex_desk.engine.errors import Refusal
from codex_desk.engine.fold_reading import FoldView
from codex_desk.engine.reading import Reader
from codex_desk.engine.standing import Standing, standing
from codex_desk.engine.views import AuditView
from codex_desk.store.words import FoldMode


class Looking(Reader):
    """What is read a page at a time, or put together of many rows."""

    async def find(self, query: str, *, threads: tuple[str, ...] = (), kinds: tuple[str, ...] = (), limit: int = 50) -> searching.Found:
        """What a person looks for as they type: from what is indexed now, without waiting for the rest, and off the loop."""
        return await asyncio.to_thread(searching.find, self, query, threads=threads, kinds=kinds, limit=limit)

    async def holding(self, thread_id: str, text: str) -> list[int]:
        """The items of one thread, by seq, in which a text stands as it is."""
        return await asyncio.to_thread(searching.holding, self, thread_id, text)

    def audit_page(
        self, wanted: auditing.AuditFilter, *, before: int | None = None, after: int | None = None, limit: int = auditing.PAGE
    ) -> list[AuditView]:
        """Events that pass a filter, ascending: the newest ones, the newest before a seq, or the first after one."""
        return auditing.audit_page(self, wanted, before=before, after=after, limit=limit)

    def audit_kinds(self) -> Mapping[str, int]:
        """The kinds of events that there are, each with how many."""
        return auditing.audit_kinds(self)

    def line_of(self, event: AuditView) -> int | None:
        """The seq of the item that stands in the transcript for an event."""
        return auditing.line_of(self, event)

    def away(self, since: Seen | None = None) -> Away:
        """What happened while the human was away, and what waits for them; since then, or before they came back the last time."""
        return away(self, since)

    def last_seen(self) -> Seen | None:
        """When the human was here last."""
        return last_seen(self)

    def board(self, thread_id: str) -> BoardView | None:
        """The board that the human means by a thread: its own, else the one that it works on, else its own that was closed last; None where there is none."""
        order: tuple[Role, ...] = ("parent", "child", "project")
        found = sorted(seats(self.rows, thread_id), key=lambda seat: order.index(seat.role))
        return found[0].board if found else latest_board(self.rows, thread_id)

    def board_entries(
        self, board: BoardView, *, since: int = 0, limit: int | None = None, wanted: board_reading.Wanted = board_reading.EVERYTHING
    ) -> list[EntryView]:
        """What stands on a board behind a cursor, in order, as the human sees it."""
        return board_reading.entries(self.rows, board, None, since, wanted, limit)

    def board_page(
        self, board: BoardView, *, before: int | None = None, limit: int = 200, wanted: board_reading.Wanted = board_reading.EVERYTHING
    ) -> list[EntryView]:
        """The newest entries of a board, or the newest before one, ascending."""
        return board_reading.latest(self.rows, board, limit, before=before, wanted=wanted)

    def board_entry(self, number: int) -> EntryView:
        """One entry. Refuses a number that there is not."""
        found = board_reading.entry(self.rows, number)
        if found is None:
            raise Refusal("unknown_entry", f"there is no entry e{number}")
        return found

    def fold(self, child_id: str, mode: FoldMode = "qa", summary: str | None = None) -> FoldView:
        """What a fold of this child would bring into its parent now. Refusals: no_parent."""
        return fold_preview.preview_of(self.rows, child_id, mode, summary)

    def standing(self) -> Standing:
        """Who waits for whom, and who for the human."""
        return standing(self)
