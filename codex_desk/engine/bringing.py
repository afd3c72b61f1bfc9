"""What the user has in Codex, on the desk: its sessions, and its history."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codex_desk.engine import history_reading
from codex_desk.engine.adopting import Adoptable
from codex_desk.engine.elsewhere import Elsewhere
from codex_desk.engine.errors import Refusal
from codex_desk.engine.history_reading import PastThread
from codex_desk.engine.hosting import alive_desk
from codex_desk.engine.identity import HUMAN, By
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.looking import Looking
from codex_desk.engine.surroundings import Surroundings
from codex_desk.engine.views import ThreadView
from codex_desk.paths import Home, codex_home
from codex_desk.runtimes.outside import Program, Standby

if TYPE_CHECKING:  # what reads history is loaded when history is read
    from codex_desk.engine.history import History, Progress
    from codex_desk.engine.history_report import HistoryReport


class Bringing(Looking):
    """The part of `Desk` that brings them here; only the user may."""

    ledger: Ledger
    surroundings: Surroundings
    elsewhere: Elsewhere
    identity: By
    _folders: Home
    _env: Mapping[str, str]

    # --- sessions ---------------------------------------------------------------------------------------------------------------------------

    def codex_program(self) -> Program:
        """The Codex that sessions here run on, and what is wrong with it. It is asked for its version once: not for a loop that draws."""
        return self.surroundings.codex_program()

    async def standby(self) -> Standby:
        """Codex as it answers here, with its sign-in. Refusals: unavailable."""
        return await self.elsewhere.standby()

    async def adoptable(self, project: str | None = None) -> list[Adoptable]:
        """The sessions that Codex has, and imported ones: on the desk, in Codex, or history only. Refusals: unavailable, origin_agent."""
        if self.identity != HUMAN:  # it would start Codex in surroundings that the agent chose
            raise Refusal("origin_agent", "only the user may look for sessions to bring to the desk")
        return await self.elsewhere.adoptable(project)

    async def adopt(self, ref: str, handle: str | None = None, *, yes: bool = False) -> ThreadView:
        """Bring one of them to the desk, by its id or its name; see `Elsewhere.adopt`."""
        if self.identity != HUMAN:
            raise Refusal("origin_agent", "only the user may bring a session to the desk")
        return self.thread(await self.elsewhere.adopt(ref, handle, self.identity, yes=yes))

    async def refresh(self, thread_id: str) -> None:
        """Bring what was done to a session in another program into its transcript; call it when the session is opened. Refusals: unavailable."""
        await self.elsewhere.refresh(thread_id)

    async def beside(self, thread_id: str) -> Sequence[str]:
        """The command that opens a session in the stock Codex, on the same server, for a terminal of the user's. Refusals: unavailable."""
        return await self.elsewhere.beside(thread_id)

    async def archived_with(self, thread_id: str) -> list[str]:
        """What a session's runtime archives with it, by name; refuses where a session of the desk is among that (`spawned_on_desk`)."""
        return await self.elsewhere.goes_with(thread_id)

    # --- history ----------------------------------------------------------------------------------------------------------------------------

    async def import_history(self, root: Path | None = None, progress: Progress = lambda _: None) -> HistoryReport:
        """Bring what is new of Codex's history: of a Codex home (by default the user's), a folder of rollouts, or one file. `progress` is called after
        each commit. Raises `Refusal` where there is nothing to look at or another import runs."""
        return await self._history().bring(self._codex_home(root), progress)

    def follow_history(self, root: Path | None = None, progress: Progress = lambda _: None) -> AsyncIterator[HistoryReport]:
        """The same, and then what is written, as it is written; a report for each look that brought something, the first one always."""
        return self._history().follow(self._codex_home(root), progress)

    async def past_projects(self, query: str = "", *, said: bool = False) -> list[history_reading.PastProject]:
        """The projects that imported history tells of, the latest first; see `past` for what a query means."""
        return await asyncio.to_thread(history_reading.projects, self, query, said=said)

    async def past(
        self,
        query: str = "",
        *,
        project: str | None = None,
        said: bool = False,
        after: PastThread | None = None,
        limit: int = history_reading.PAGE,
    ) -> history_reading.PastPage:
        """A page of imported threads, the latest activity first: those in whose title, name, folder, branch or id every word of the query stands;
        with `said` also those in which they were said."""
        return await asyncio.to_thread(history_reading.page, self, query, project=project, said=said, after=after, limit=limit)

    def past_children(self, thread_id: str) -> list[ThreadView]:
        """The agents that a thread spawned and the side chats of it, in the order in which they were made."""
        return history_reading.children(self, thread_id)

    def _history(self) -> History:
        if self.identity != HUMAN:
            raise Refusal("origin_agent", "only the user may import history")
        from codex_desk.engine.history import History

        return History(self, self.ledger, self._folders.run / "import.lock", lambda: alive_desk(self, self.surroundings))

    def _codex_home(self, root: Path | None) -> Path:
        return codex_home(self._env) if root is None else root
