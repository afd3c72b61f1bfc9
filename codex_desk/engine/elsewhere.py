"""The sessions that a runtime keeps itself, as this process reaches them: through the host that it is, or as a visitor."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from codex_desk.engine import adopting
from codex_desk.engine.adopting import Adopt, Adoptable
from codex_desk.engine.errors import Refusal
from codex_desk.engine.hosting import Host, codex_socket, make_runtime
from codex_desk.engine.hub import Hub
from codex_desk.engine.identity import By
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.links import Archive, Unarchive
from codex_desk.engine.liveness import is_alive
from codex_desk.engine.outside import Outside, is_outside, outside_spec, show_standing
from codex_desk.engine.reading import Reader
from codex_desk.engine.surroundings import Surroundings, look_at
from codex_desk.runtimes.base import RuntimeFailure, RuntimeUnavailable
from codex_desk.runtimes.outside import OutsideRuntime, OutsideSession, Standby
from codex_desk.store.tables import Thread
from codex_desk.text import one_line

LOG = logging.getLogger(__name__)

CODEX = "codex"
"""The runtime whose sessions can be brought to the desk."""


class Elsewhere:
    """`host` is this process's, if it is one. A visitor asks the open desk's server, where there is one, and else one of its own for as long as it
    is needed."""

    def __init__(
        self,
        reader: Reader,
        ledger: Ledger,
        hub: Hub,
        surroundings: Surroundings,
        host: Callable[[], Host | None],
        bring: Callable[[Path], Awaitable[object]],
    ) -> None:
        """`bring` imports one file of the runtime's history."""
        self._reader = reader
        self._ledger = ledger
        self._hub = hub
        self._surroundings = surroundings
        self._host = host
        self._bring = bring
        self._visitor: OutsideRuntime | None = None
        self._making = asyncio.Lock()

    async def close(self) -> None:
        if self._visitor is not None:
            await self._visitor.close()
            self._visitor = None

    async def runtime(self, name: str = CODEX) -> OutsideRuntime:
        """The runtime as this process reaches it."""
        host = self._host()
        runtime = await host.runtime(name) if host is not None else await self._visit(name)
        if not isinstance(runtime, OutsideRuntime):
            raise Refusal("bad_value", f"the runtime {name} keeps no sessions of its own")
        return runtime

    # --- bringing sessions here ---------------------------------------------------------------------------------------------------------------

    async def adoptable(self, project: str | None = None) -> list[Adoptable]:
        """What could be brought to the desk, what is on it, and what was only imported. Refusals: unavailable."""
        return await asyncio.to_thread(
            adopting.adoptables, self._reader, await self._sessions(), project
        )  # ten thousand of history take a while

    async def adopt(self, ref: str, handle: str | None, by: By, *, yes: bool = False) -> str:
        """Bring a session to the desk, with what was said in it; returns its id there. Nothing of it is changed, and nothing of it runs.

        Refusals: unavailable, unknown_session, ambiguous_session, adopted, not_a_session, archived_there, no_folder, carries_more (`yes` takes it)."""
        runtime = await self.runtime()
        external_id = ref if adopting.ID.fullmatch(ref) else adopting.named(self._reader, await self._sessions(), ref)
        try:
            session = await runtime.session(external_id)
            if session is None:
                raise Refusal(
                    "unknown_session", f"Codex has no session {one_line(ref, 80)!r}; `codex-desk adopt --list` names those it has"
                )
            if session.parent is not None:
                raise Refusal("not_a_session", f"{external_id} is a subagent of {session.parent}; adopt that session, and it comes with it")
            if session.archived:
                raise Refusal(
                    "archived_there", f"{external_id} is archived in Codex; unarchive it there first (codex unarchive {external_id})"
                )
            folder = look_at(Path(session.cwd))
            odd = () if yes else await runtime.oddities(external_id)
            if odd:
                told = "; ".join(odd)
                raise Refusal("carries_more", f"{external_id} carries {told}. Its turns would go on with that; take it as it is with --yes")
            await self._import(session)
            thread_id, known = self._imported(external_id)
            past = await runtime.past(external_id, known or frozenset(), None)
            proposed = handle or adopting.slug(session.title) or "agent"
            state = await runtime.first_state(session, proposed, past.last_turn)
        except RuntimeFailure as failure:
            raise _unavailable(failure) from failure
        # An imported past without the ids of its turns cannot be told from what Codex tells: it is complete as it is.
        items = past.items if thread_id is None or known else ()
        return await self._ledger.do(Adopt(session, CODEX, folder, state, handle, adopting.settings_of(session), items), by)

    async def standby(self) -> Standby:
        """Codex as it answers here. Refusals: unavailable."""
        try:
            return await (await self.runtime()).standby()
        except RuntimeFailure as failure:
            raise _unavailable(failure) from failure

    async def refresh(self, thread_id: str) -> None:
        """Bring what was done elsewhere into a session's transcript. Nothing happens where it is no such session. Refusals: unavailable."""
        if not is_outside(self._reader, thread_id):
            return
        thread = self._reader.row_of(Thread, thread_id)
        runtime = await self.runtime(thread.runtime)
        try:
            await runtime.refresh(outside_spec(self._reader, self._surroundings, thread))
        except RuntimeFailure as failure:
            raise _unavailable(failure) from failure

    async def beside(self, thread_id: str) -> Sequence[str]:
        """The command that opens a session in its runtime's own program, beside us. Refusals: unavailable, not_a_session."""
        thread = self._reader.row_of(Thread, thread_id)
        try:
            return await (await self.runtime(thread.runtime)).beside(outside_spec(self._reader, self._surroundings, thread))
        except RuntimeFailure as failure:
            raise _unavailable(failure) from failure

    # --- what happens to them here ------------------------------------------------------------------------------------------------------------

    async def goes_with(self, thread_id: str) -> list[str]:
        """What the runtime archives with a session: the names of everything that was spawned below it. Refuses where a session of the desk is
        among that: spawned_on_desk, unavailable."""
        if not is_outside(self._reader, thread_id):
            return []
        view = self._reader.thread(thread_id)
        runtime = await self.runtime(view.runtime)
        try:
            below = await runtime.descendants(view.external_id or "")
        except RuntimeFailure as failure:
            raise _unavailable(failure) from failure
        marks = ",".join("?" * len(below))
        sessions = self._reader.rows(
            f"SELECT handle FROM thread WHERE external_id IN ({marks}) AND kind = 'session' AND status != 'history' AND archived_at IS NULL",
            [each.external_id for each in below],
        )
        if sessions:
            names = ", ".join(row["handle"] for row in sessions)
            raise Refusal(
                "spawned_on_desk",
                f"{view.runtime} archives with {view.handle} whatever was spawned below it, and {names} on this desk is among that. Archive {names} first",
            )
        return [one_line(each.title, 60) or each.external_id for each in below]

    async def first(self, action: Archive | Unarchive, come_to_rest: Callable[[Archive], Awaitable[None]]) -> str | None:
        """What is done before a session is archived or brought back: its turns end, and a runtime that keeps it does the same. Returns a line for the
        transcript where that runtime could not be reached."""
        undo = isinstance(action, Unarchive)
        if (self._reader.thread(action.thread).archived_at is not None) != undo:
            return None  # the action itself says so
        unreached = None
        if isinstance(action, Archive):
            try:
                await self.goes_with(action.thread)
            except Refusal as refusal:
                if refusal.code != "unavailable":
                    raise
                unreached = refusal.message
            await come_to_rest(action)
        unreached = unreached or await self.archive(action.thread, undo=undo)
        return None if unreached is None else f"{'unarchived' if undo else 'archived'} on the desk alone: {unreached}"

    async def archive(self, thread_id: str, *, undo: bool = False) -> str | None:
        """Archive or unarchive a session in its runtime too. Returns why it could not be reached: then it is done on the desk alone. Refuses where the
        runtime does (`outside_refused`)."""
        if not is_outside(self._reader, thread_id):
            return None
        view = self._reader.thread(thread_id)
        try:
            await (await self.runtime(view.runtime)).archive(view.external_id or "", undo=undo)
        except RuntimeUnavailable as error:
            return str(error)
        except RuntimeFailure as error:
            raise Refusal("outside_refused", str(error)) from error
        return None

    async def show(self, thread_id: str) -> None:
        """Let the runtime's other programs see how a session stands here."""
        if is_outside(self._reader, thread_id):
            runtime = await self.runtime(self._reader.thread(thread_id).runtime)
            await show_standing(self._reader, self._ledger, runtime, thread_id)

    # --- inside -------------------------------------------------------------------------------------------------------------------------------

    async def _sessions(self) -> Sequence[OutsideSession]:
        try:
            return await (await self.runtime()).sessions()
        except RuntimeFailure as failure:
            raise _unavailable(failure) from failure

    async def _import(self, session: OutsideSession) -> None:
        """Have its whole past, with what its runtime no longer tells of old ones. A fork's file holds only what came after it: the runtime knows the rest."""
        if session.path is None or session.forked or self._imported(session.external_id)[0] is not None:
            return
        try:
            await self._bring(Path(session.path))
        except Refusal as refusal:
            LOG.info("a session's file was not imported, its runtime is asked instead: %s", refusal.message)

    def _imported(self, external_id: str) -> tuple[str | None, frozenset[str]]:
        """The imported thread of a session, and the turns of it that are in the store."""
        row = self._reader.row("SELECT id FROM thread WHERE external_id = ? AND status = 'history'", (external_id,))
        if row is None:
            return None, frozenset()
        turns = self._reader.rows("SELECT DISTINCT turn_id FROM item WHERE thread_id = ? AND turn_id IS NOT NULL", (row["id"],))
        return row["id"], frozenset(each["turn_id"] for each in turns)

    async def _visit(self, name: str) -> OutsideRuntime:
        async with self._making:
            if self._visitor is None:
                runtime = await asyncio.to_thread(make_runtime, name, self._surroundings, None, self._desks_socket())
                if not isinstance(runtime, OutsideRuntime):
                    raise Refusal("bad_value", f"the runtime {name} keeps no sessions of its own")
                runtime.meet(self._outside(""))
                self._visitor = runtime
            return self._visitor

    def _desks_socket(self) -> Path | None:
        """Where the server of the desk that is open listens; None where none is, or none was started."""
        run = self._surroundings.home / "run"
        for row in self._reader.rows("SELECT id FROM host WHERE kind = 'desk'"):
            socket = codex_socket(self._surroundings, row["id"])
            if is_alive(run, row["id"]) and socket.is_socket():
                return socket
        return None

    def _outside(self, host_id: str) -> Outside:
        return Outside(host_id, self._ledger, self._reader, self._hub, self._surroundings, None, frozenset)


def _unavailable(failure: RuntimeFailure) -> Refusal:
    return Refusal("unavailable", str(failure))
