"""Desk: the one door that the command line and the screen use. An action goes in, events come out, read models answer questions."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from codex_desk.config import Resolved
from codex_desk.engine import (
    bills,
    boards,
    chain,
    exporting,
    folders,
    folding,
    links,
    mailbox,
    outcomes,
    recovery,
    searching,
    sessions,
    spawning,
    turns,
    unfinished,
)
from codex_desk.engine.automating import Automating
from codex_desk.engine.board_mirror import Mirror
from codex_desk.engine.board_sharing import open_boards, sharing_of
from codex_desk.engine.drafting import kept_draft
from codex_desk.engine.elsewhere import Elsewhere
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import MessageChanged, ThreadChanged, TurnChanged
from codex_desk.engine.hosting import Host, alive_desk
from codex_desk.engine.hub import Hub, Subscription
from codex_desk.engine.identity import HUMAN, By
from codex_desk.engine.instructions import Instructions
from codex_desk.engine.journal import Action
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.picking import archive_preview, candidates
from codex_desk.engine.shells import Shells
from codex_desk.engine.surroundings import Surroundings, look_at, moved, own_key, own_setting
from codex_desk.engine.views import Candidate, ItemView, LiveTurn, MessageView, ShellRun
from codex_desk.paths import Home, desk_home, is_there
from codex_desk.runtimes.base import Runtime, RuntimeFailure
from codex_desk.runtimes.native.report import ProbeReport
from codex_desk.store.database import Database
from codex_desk.store.errors import StoreError
from codex_desk.store.tables import Thread
from codex_desk.tools.sandbox import Sandbox, find_sandbox

LOG = logging.getLogger(__name__)

RECOVER_EVERY_S = 2.0
FOREIGN = "codex"
"""What `CODEX_DESK_THREAD` holds for an agent that has no thread on this desk: it may do nothing here."""


class Desk(Automating):
    """An open desk. Reads are its own (see `Reader`, `Looking`, `Bringing` and `Automating`); everything else goes through `do`."""

    def __init__(self, home: Home, database: Database, env: Mapping[str, str], approval_patience: float | None) -> None:
        super().__init__(database)
        self.home = home.root
        self._folders = home
        self._env = env
        self._patience = approval_patience
        self.hub = Hub()
        self.surroundings = Surroundings(home.root, env, self.is_trusted)
        self.ledger = Ledger(database, self.hub, self.surroundings.rules, self.surroundings.rights)
        self.identity = _identity(env)
        self._shells = Shells(self.ledger, self.hub, home.root, env)
        self._host: Host | None = None
        self._mirror = Mirror(
            self, self.hub, home.root, self.is_trusted, lambda thread_id, text: self.ledger.do(sessions.Note(thread_id, text))
        )
        self._sandbox: asyncio.Future[Sandbox] | None = None
        self._runtimes: dict[str, Runtime] = {}
        self.elsewhere = Elsewhere(
            self, self.ledger, self.hub, self.surroundings, lambda: self._host, lambda file: self._history().bring(file)
        )

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        home: Path | None = None,
        *,
        host: Literal["desk", "once", "none"] = "none",
        env: Mapping[str, str] | None = None,
        approval_patience: float | None = None,
        runtimes: Mapping[str, Runtime] | None = None,
    ) -> AsyncIterator[Desk]:
        """Open the desk in `home`. `desk` runs every thread's turns; `once` what `run_until` asks for; `none` only reads and writes the store.

        `approval_patience`: seconds that an approval waits while no screen is open; None where one is. `runtimes`: run threads of these names on them.
        Raises `HomeError`, `StoreError`, and `Refusal` in an agent's process that sees no store, or that would run turns.
        """
        env = os.environ if env is None else env
        place = Home(desk_home(env) if home is None else home)
        if _identity(env) != HUMAN and not is_there(place.database):  # the sandbox hides it: nothing is made in its place
            raise Refusal("origin_agent", "the desk is hidden from an agent's commands; use your tools instead, such as list_agents")
        place.create()
        database = await asyncio.to_thread(Database.open, place.database, place.backups)
        desk = cls(place, database, env, approval_patience)
        desk._runtimes = dict(runtimes or {})
        await desk.ledger.start()
        background: list[asyncio.Task[None]] = []
        try:
            await desk._recover_if_writable()
            await desk._clear_up()
            if host == "desk":
                desk._schedule(await desk._start_host("desk"))
                background.append(asyncio.create_task(searching.keep_up(desk.ledger)))
            background.append(asyncio.create_task(desk._recover_often()))
            yield desk
        finally:
            for task in background:
                task.cancel()
            await desk._shells.close()
            if desk._scheduler is not None:
                await desk._scheduler.close()
            if desk._host is not None:
                await desk._host.close()
            await desk.elsewhere.close()
            await desk._mirror.close()
            await desk.ledger.close()
            desk._database.close()

    # --- doing ------------------------------------------------------------------------------------------------------------------------------

    async def do(self, action: Action, by: By | None = None) -> Any:
        """Perform an action; returns what it makes, as a read model, once that is durable. Raises `Refusal`, `StoreError`."""
        by = self.identity if by is None else by
        if by.thread_id == FOREIGN:
            raise Refusal("origin_agent", "an agent without a thread on this desk may do nothing here")
        action = self._prepared(action)
        if isinstance(action, chain.Redact):
            return await self._redact(action, by)
        unreached = None
        if isinstance(action, links.Archive | links.Unarchive) and by.origin != "agent":  # an agent is refused before anything happens
            unreached = await self.elsewhere.first(action, self._come_to_rest)
        result = await self.ledger.do(action, by)
        if unreached is not None:
            await self.ledger.do(sessions.Note(str(result), unreached))
        if isinstance(action, links.Archive) and self.thread(action.thread).kind == "subagent":
            await spawning.retire(self.ledger, self, action.thread)
        if isinstance(action, sessions.Rename) and not self.desk_is_open():
            await self.elsewhere.show(str(result))
        match action:
            case (
                sessions.New()
                | sessions.Rename()
                | sessions.Set()
                | sessions.TakeRole()
                | sessions.Fork()
                | links.Archive()
                | links.Unarchive()
            ):
                return self.thread(result)
            case turns.Interrupt() | turns.Resume():
                return self.thread(result)
            case links.Attach() | links.Detach():
                if isinstance(action, links.Attach):
                    await self.ledger.do(boards.Open(action.parent, sharing_of(self, self.surroundings, action.parent)))
                return self.attachment(result)
            case boards.Post() | boards.Decide():
                return self.board_entry(result)
            case boards.Summarise():
                return self.message(result)
            case boards.Open() | boards.Close() | folding.Fold() | folding.Unfold():
                return result
            case folding.AskSummary() | folding.CancelSummary():
                return None if result is None else self.message(result)
            case mailbox.Send() | mailbox.Ask() | mailbox.Report() | mailbox.Edit() | mailbox.Remove() | turns.Compact():
                return self.message(result)
            case _:
                return self._decided(result)

    def _decided(self, result: Any) -> Any:
        if isinstance(result, str):
            return self.approval(result)
        return result

    def _prepared(self, action: Action) -> Action:
        """The action with what it needs from disk and settings, which a transaction does not look at."""
        match action:
            case sessions.New():
                folder = look_at(action.cwd)
                own: dict[str, Any] = {} if action.role is None else dict(self.surroundings.role(action.role, folder.project).settings)
                own |= {"profile": action.profile} if action.profile else {}
                wanted = action.runtime or str(own.pop("runtime", "auto"))
                runtime, _ = self.surroundings.runtime_for(wanted, folder.cwd, own)
                roots = tuple(look_at(each).cwd for each in action.add_dirs)
                return replace(action, folder=folder, runtime=runtime, add_dirs=roots, settings={**own, **action.settings})
            case sessions.Set(key="runtime"):
                return replace(action, value=self.surroundings.known_runtime(action.value))
            case sessions.Set(key="role"):
                own = dict(self.surroundings.role(action.value, Path(self.row_of(Thread, action.thread).project)).settings)
                own.pop("runtime", None)  # what a session runs on is settled when it is made
                return sessions.TakeRole(action.thread, action.value, own)
            case sessions.Set(value=""):
                return replace(action, key=own_key(action.key), value=None)
            case sessions.Set():
                key, value = own_setting(action.key, action.value)
                return replace(action, key=key, value=value)
            case sessions.Trust():
                return replace(action, folder=look_at(action.folder).cwd)
            case turns.Resume():
                folder = look_at(Path(self.thread(action.thread).cwd))
                return replace(action, folder=(folder.device, folder.inode))
            case _:
                return action

    async def _come_to_rest(self, action: links.Archive) -> None:
        """Interrupt the turns that have to end before a session is archived, and wait for their ends."""
        await self.ledger.run(action.stop_turns)
        resting = await self.ledger.run(action.must_rest)

        def still() -> bool | None:
            marks = ",".join("?" * len(resting))
            return None if self.rows(f"SELECT 1 FROM turn WHERE state = 'running' AND thread_id IN ({marks})", resting) else True

        await self.hub.until(still, lambda event: isinstance(event, TurnChanged))

    async def _redact(self, action: chain.Redact, by: By) -> ItemView:
        """Redact in the store, then in its backups and its write-ahead log."""
        row = self.row("SELECT text, data FROM item WHERE seq = ?", (action.item,))
        bodies = [] if row is None else chain.bodies_of(row["text"], json.loads(row["data"]))
        seq = await self.ledger.do(action, by)
        await asyncio.to_thread(chain.wash_backups, self._folders.backups, bodies)
        await asyncio.to_thread(self._database.forget_log)
        return self.item(seq)

    # --- listening and reading --------------------------------------------------------------------------------------------------------------

    def subscribe(self) -> Subscription:
        return self.hub.subscribe()

    async def open_board(self, thread_id: str) -> None:
        """See to it that the boards that the settings ask for in a thread's work are open."""
        await open_boards(self.ledger, self, self.surroundings, thread_id)

    def live(self, thread_id: str) -> LiveTurn | None:
        """The turn that this process runs in a thread, as far as it has come."""
        return self._host.live(thread_id) if self._host is not None else None

    async def shell(self, thread_id: str, command: str) -> ShellRun:
        """Begin a command of the human's in a thread's folder; its output comes live, its end as an item. Refusals: archived, busy, no_folder."""
        return await self._shells.start(thread_id, command, self.identity, lambda: moved(self.row_of(Thread, thread_id)))

    def shell_of(self, thread_id: str) -> ShellRun | None:
        """The command that the human runs in a thread, in this process."""
        return self._shells.running(thread_id)

    def stop_shell(self, thread_id: str) -> bool:
        """End that command; whether there was one."""
        return self._shells.stop(thread_id)

    def keystroke(self, thread_id: str) -> None:
        """The human typed in this thread's composer: nobody else starts a turn there for a while."""
        if self._host is not None:
            self._host.keystroke(thread_id)

    def candidates(self, child_id: str) -> list[Candidate]:
        """Every other session as a parent for this one: best first, those that cannot be taken last."""
        return candidates(self, self.surroundings, child_id)

    def archive_preview(self, thread_id: str) -> tuple[list[str], list[str]]:
        """What archiving would end: handles of subagents, and of the sessions at the other end of its attachments."""
        return archive_preview(self, thread_id)

    def settings(self, thread_id: str | None = None, cwd: Path | None = None) -> Resolved:
        """The settings in force, each with the layer that it comes from. Raises `ConfigError`."""
        if thread_id is None:
            return self.surroundings.desk(cwd)
        row = self.row("SELECT settings FROM thread WHERE id = ?", (thread_id,))
        own = json.loads(row["settings"]) if row is not None else {}
        return self.surroundings.of(self.thread(thread_id), own)

    def roles(self, thread_id: str) -> list[tuple[str, str]]:
        """The roles that a session could take, each with what it is for. Reads their files. Raises `ConfigError`."""
        found = self.surroundings.roles(Path(self.thread(thread_id).project)).found
        return [(role.name, role.description) for role in found.values()]

    def instructions(self, thread_id: str) -> Instructions:
        """The instruction files that a thread's next turn will be given. Raises `ConfigError`."""
        return self.surroundings.instructions(Path(self.thread(thread_id).cwd), self.settings(thread_id).settings)

    def export(self, thread_id: str, *, tree: bool = False) -> str:
        """A thread's whole transcript as Markdown; with `tree`, its children's after it."""
        return exporting.export(self, self.thread(thread_id), tree=tree)

    async def files(self, thread_id: str) -> list[str] | None:
        """The files of a thread's folder that git does not ignore; None where it is in no repository, or git is missing."""
        try:
            return await folders.files(Path(self.thread(thread_id).cwd))
        except OSError:
            return None

    def bill(self, thread_id: str) -> bills.Bill | None:
        """What the chain of a thread used, and what of it is held; None for a thread that never worked."""
        return bills.bill(self, thread_id, self.surroundings.limits())

    def draft(self, thread_id: str) -> tuple[str, Mapping[str, str]] | None:
        """What the human typed in a thread and did not send: the text, and the large pastes that something in it stands for."""
        return kept_draft(self, thread_id)

    async def changes(self, thread_id: str) -> str:
        """What differs from the last commit in a thread's folder; empty where nothing does. Refuses where git cannot look."""
        return await folders.changes(Path(self.thread(thread_id).cwd))

    async def search(self, query: str, limit: int = 50) -> list[ItemView]:
        """The newest items in which every word of `query` stands."""
        await searching.catch_up(self.ledger)
        return searching.search(self, query, limit)

    def verify_audit(self) -> chain.Verification:
        return chain.verify(self)

    async def sandbox_tier(self) -> str:
        """What confines commands here, found by trying it once: bubblewrap, codex, seatbelt or none."""
        return (await self._found_sandbox()).tier

    def desk_is_open(self) -> bool:
        """Whether a desk is open on this store, here or in another process."""
        return alive_desk(self, self.surroundings)

    async def probe(self, provider: str, model: str | None = None) -> ProbeReport:
        """Try a provider out with the user's settings: an answer, a tool call, the time to the first token. Failures are in the report.

        Raises `Refusal` where it cannot even be asked: no such provider, no key."""
        from codex_desk.runtimes.native.runtime import probe

        settings = self.surroundings.desk().settings
        chosen = settings.model_copy(update={"model_provider": provider, **({"model": model} if model else {})})
        try:
            endpoint = self.surroundings.endpoint(chosen)
        except RuntimeFailure as failure:
            raise Refusal("no_provider", str(failure)) from failure
        return await probe(endpoint)

    # --- running turns ----------------------------------------------------------------------------------------------------------------------

    async def run_until(
        self, messages: Sequence[int], *, timeout: float | None = None, any_of: bool = False, whole: bool = False
    ) -> list[MessageView]:
        """Host until these messages are final (or, `any_of`, one is; `whole`: and all that they caused is at rest) and nothing that was started is
        running; where a desk is open, only watch, until it leaves. What this host cannot bring on, because it needs the human first, comes back as it
        is: see `need_of`.

        Raises `TimeoutError` after `timeout` seconds without that end. What of its own turns runs then, or when it is cancelled, ends with the desk as
        `interrupted: host left`."""

        def ended() -> bool | None:
            final = [self.message(number).final for number in messages]
            over = any(final) if any_of else all(final)
            return (over and (not whole or all(outcomes.at_rest(self, number) for number in messages))) or None

        def relevant(event: object) -> bool:
            return getattr(event, "message_id", None) in messages or (whole and isinstance(event, MessageChanged | ThreadChanged))

        if not ended():
            await self._host_if_alone(messages)
        ending = asyncio.ensure_future(self.hub.until(ended, relevant))
        hosting = asyncio.ensure_future(self._bring_on(messages))
        over = False
        try:
            async with asyncio.timeout(timeout):
                for first in (await asyncio.wait((ending, hosting), return_when=asyncio.FIRST_COMPLETED))[0]:
                    first.result()
                over = True
                await self.wait_turns()
        except TimeoutError:
            if not over and not ended():
                raise
        finally:
            ending.cancel()
            hosting.cancel()
            await asyncio.gather(ending, hosting, return_exceptions=True)
        return [self.message(number) for number in messages]

    async def _bring_on(self, messages: Sequence[int]) -> None:
        """See to it that somebody runs these messages, also when a desk that did is gone; returns once they need the human."""
        while True:
            host = await self._host_if_alone(messages)
            if host is not None:
                await host.rest()
                if all(self.stands_still(self.message(number)) for number in messages):
                    return
            await asyncio.sleep(RECOVER_EVERY_S)

    async def _host_if_alone(self, messages: Sequence[int]) -> Host | None:
        """Host these messages unless a desk is open that does."""
        if self.desk_is_open():
            return None
        host = self._host or await self._start_host("once")
        for number in messages:
            view = self.message(number)
            if not view.final:
                host.allow(view.to_id, number)
        return host

    async def wait_turns(self) -> None:
        """Until nothing that this process started is running."""
        if self._host is not None and self._host.kind == "once":
            await self._host.rest()

    async def _start_host(self, kind: Literal["desk", "once"]) -> Host:
        if self.identity != HUMAN:  # turns would run in surroundings that the agent chose
            raise Refusal("origin_agent", "only the user's own processes run turns; what you wait for runs where you run")
        self._host = Host(kind, self.ledger, self, self.hub, self.surroundings, self._found_sandbox, self._patience)
        for name, runtime in self._runtimes.items():
            self._host.use_runtime(name, runtime)
        await self._host.start()
        return self._host

    async def _found_sandbox(self) -> Sandbox:
        """What confines commands here; tried once, however many ask for it at a time."""
        if self._sandbox is None:
            self._sandbox = asyncio.ensure_future(find_sandbox())
        return await asyncio.shield(self._sandbox)

    async def _recover(self) -> None:
        hosts = [row["id"] for row in self.rows("SELECT id FROM host")]
        dead = recovery.dead_hosts(self._folders.run, hosts)
        if dead:
            threads = await self.ledger.do(recovery.Recover(self._folders.run))
            recovery.forget_files(self._folders.run, dead)
            await self._clear_up()
            if self._host is not None:  # one that asked for the thread right before found it taken, and would not ask again
                for thread in threads:
                    self._host.poke(thread)

    async def _clear_up(self) -> None:
        """See to the worktrees that a process which died had begun."""
        if self.identity != HUMAN:
            return
        try:
            await unfinished.sweep(self.ledger, self, self._folders.run)
        except StoreError as error:  # with the next start, or the next process that dies
            LOG.warning("a worktree that was begun is not seen to yet: %s", error)

    async def _recover_if_writable(self) -> None:
        """A store that takes nothing now can still be read; recovery comes with the next look."""
        try:
            await self._recover()
        except StoreError as error:
            if error.code not in ("disk_full", "store_locked"):
                raise
            LOG.warning("what a process that ended left behind is not seen to yet: %s", error)

    async def _recover_often(self) -> None:
        """A host that dies while this process lives: whoever notices first ends its turns, so that nobody waits for them for ever."""
        while True:
            await asyncio.sleep(RECOVER_EVERY_S)
            try:
                await self._recover()
            except StoreError as error:
                LOG.warning("the hosts could not be looked at: %s", error)


def _identity(env: Mapping[str, str]) -> By:
    """The human; or, in a process that an agent's tool started, that agent."""
    thread_id = env.get("CODEX_DESK_THREAD")
    return HUMAN if not thread_id else By("agent", thread_id)
