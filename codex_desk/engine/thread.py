"""The actor of one live thread: it takes the queue's messages one by one and runs a turn for each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

from codex_desk.config import ConfigError, Settings
from codex_desk.engine import prompts, toolbox
from codex_desk.engine.board_sharing import open_boards
from codex_desk.engine.causes import Cause
from codex_desk.engine.consent import Consent
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import Event, TurnChanged
from codex_desk.engine.hub import Hub
from codex_desk.engine.identity import By
from codex_desk.engine.instructions import Instructions
from codex_desk.engine.ledger import Ledger
from codex_desk.engine.mailbox import Ask
from codex_desk.engine.outside import is_outside, outside_spec
from codex_desk.engine.reading import Reader
from codex_desk.engine.spawning import Offer, Spawner
from codex_desk.engine.surroundings import Surroundings, moved, rights_of
from codex_desk.engine.turn_run import TurnRun
from codex_desk.engine.turns import HOST_LEFT, Claim, Claimed, Finish, NeedsHuman
from codex_desk.engine.views import LiveTurn
from codex_desk.frozen import frozen
from codex_desk.runtimes.base import (
    Compaction,
    Endpoint,
    RuntimeFailure,
    RuntimeThread,
    RuntimeUnavailable,
    ThreadSpec,
    TurnInput,
    TurnOutcome,
    Unopened,
    Usage,
)
from codex_desk.runtimes.outside import OutsideThread
from codex_desk.store.errors import StoreError
from codex_desk.store.tables import Thread
from codex_desk.tools.desk import BoardUse
from codex_desk.tools.sandbox import Sandbox
from codex_desk.tools.workspace import Workspace

LOG = logging.getLogger(__name__)

FULL_ENOUGH = 0.8
"""The part of a context window at which a thread is compacted before its next turn, where `model_auto_compact_token_limit` says nothing."""


@frozen
class Stage:
    """What an actor stands on; one for all actors of a host."""

    host_id: str
    ledger: Ledger
    reader: Reader
    hub: Hub
    surroundings: Surroundings
    sandbox: Callable[[], Awaitable[Sandbox]]
    """What confines commands here; tried out when the first turn needs to know."""
    patience: float | None
    open_runtime: Callable[[str, ThreadSpec], Any]
    """`await open_runtime(name, spec)` gives a `RuntimeThread`."""
    alive: Callable[[], frozenset[str]]
    typing: Callable[[str], bool]
    up_to: Callable[[str], int | None]
    slot: Callable[[str, int | None], AbstractAsyncContextManager[None]]
    """One of the places that a provider has for parallel turns."""
    post: Callable[[Ask, By], Awaitable[int]]
    """Sends a message from one agent to another."""


@frozen
class Ground:
    """What one turn stands on, looked up before it is claimed."""

    settings: Settings
    instructions: Instructions
    sandbox: Sandbox
    runtime: RuntimeThread
    board: BoardUse
    """What the thread is to the boards of its work."""
    outside: bool
    """The runtime keeps the thread itself: model, history, tools and sandbox are its own."""
    offer: Offer
    """What it may spawn."""


class ThreadActor:
    """Runs one thread's queue until it is empty, or nothing in it may run now."""

    def __init__(self, stage: Stage, thread_id: str) -> None:
        self._stage = stage
        self._thread_id = thread_id
        self._runtime: tuple[str, RuntimeThread] | None = None
        self._run: TurnRun | None = None
        self._loaded_with: Instructions | None = None
        self._post: Callable[[], object] | None = None
        self._spawner = Spawner(stage.host_id, stage.ledger, stage.reader, stage.hub, stage.surroundings)

    @property
    def live(self) -> LiveTurn | None:
        return self._run.live() if self._run is not None else None

    @property
    def stands_ready(self) -> bool:
        """Whether nothing but a look at its rows comes before its next claim."""
        runtime = self._runtime[1] if self._runtime is not None else None
        return isinstance(runtime, OutsideThread) and runtime.is_ready and self._loaded_with is not None

    async def drain(self, post: Callable[[], object] | None = None) -> None:
        """Claim, run and settle until there is nothing to claim. `post` queues a message for this thread with the store's writer; it is called right
        before the claim, so that both are one commit, or else at once."""
        self._post = post
        while await self._one():
            pass

    def _posted(self) -> None:
        post, self._post = self._post, None
        if post is not None:
            post()

    async def close(self) -> None:
        if self._runtime is not None:
            await self._runtime[1].close()
            self._runtime = None

    async def _one(self) -> bool:
        stage = self._stage
        thread = stage.reader.row_of(Thread, self._thread_id)
        waits = (self._post is not None and not thread.held) or stage.reader.has_queued(thread.id, aside=thread.held)
        if thread.archived_at is not None or not waits:
            return False
        try:
            settings = stage.surroundings.of(thread, thread.settings).settings
        except ConfigError as error:
            await stage.ledger.do(NeedsHuman(thread.id, f"the settings cannot be read: {error}"))
            return False
        trouble = moved(thread)
        if trouble is not None:
            await stage.ledger.do(NeedsHuman(thread.id, trouble))
            return moved(stage.reader.row_of(Thread, self._thread_id)) is None  # resumed meanwhile, with the folder that is there now
        try:
            runtime = await self._open(thread)
            outside = isinstance(runtime, OutsideThread)
            if isinstance(runtime, OutsideThread) and not runtime.is_ready:
                self._posted()  # loading takes a while
                await self._load(thread, runtime)
                thread = stage.reader.row_of(Thread, self._thread_id)  # with the settings that it really has
                settings = stage.surroundings.of(thread, thread.settings).settings
        except RuntimeUnavailable as unavailable:
            await stage.ledger.do(NeedsHuman(thread.id, str(unavailable)))
            return False
        except RuntimeFailure as failure:  # the message learns of it, and the queue goes on with the next one
            runtime, outside = Unopened(failure), is_outside(stage.reader, thread.id)
        provider = settings.model_providers.get(settings.model_provider)
        places = provider.max_parallel_turns if provider is not None and thread.runtime != "offline" and not outside else None
        async with stage.slot(settings.model_provider, places):
            instructions, offer = self._loaded_with if outside else None, Offer()
            if instructions is None:
                instructions, offer = await asyncio.to_thread(self._on_disk, thread, settings, outside)
            if outside:  # its runtime reads them as it opens the thread, and not again
                self._loaded_with = instructions
            sandbox = Sandbox("none") if outside else await stage.sandbox()
            board = await open_boards(stage.ledger, stage.reader, stage.surroundings, thread.id, may_spawn=offer.may_spawn)
            ground = Ground(settings, instructions, sandbox, runtime, board, outside, offer)
            claimed = await self._claim(thread, ground)
            if claimed is None:
                return False
            await self._turn(claimed, thread, ground)
        return True

    def _on_disk(self, thread: Thread, settings: Settings, outside: bool) -> tuple[Instructions, Offer]:
        """What a turn's files say: its instructions, and the roles that it may spawn."""
        instructions = self._stage.surroundings.instructions(Path(thread.cwd), settings)
        return instructions, Offer() if outside else self._spawner.offer(thread, settings)

    async def _claim(self, thread: Thread, ground: Ground) -> Claimed | None:
        stage, settings, instructions = self._stage, ground.settings, ground.instructions
        alive, up_to, typing = stage.alive(), stage.up_to(thread.id), stage.typing(thread.id)
        ran = {
            "runtime": thread.runtime,
            "model": None if thread.runtime == "offline" else settings.model,
            "model_provider": None if thread.runtime == "offline" else settings.model_provider,
            "sandbox": thread.runtime if ground.outside else ground.sandbox.tier,
        }
        sources = tuple(str(source) for source in instructions.sources)
        claim = Claim(thread.id, stage.host_id, rights_of(settings), ran, alive, instructions.sha256, sources, up_to, typing)
        self._posted()
        return await stage.ledger.do(claim)

    async def _turn(self, claimed: Claimed, thread: Thread, ground: Ground) -> None:
        """One turn from its start to its end; whatever happens, it has an end."""
        stage = self._stage
        consent = Consent(stage.ledger, stage.reader, stage.hub, stage.patience, claimed.thread_id, claimed.turn_id)
        run = self._run = TurnRun(claimed, stage.ledger, stage.reader, stage.hub, consent)
        try:
            finish = await self._outcome(run, thread, ground)
        except asyncio.CancelledError:
            await asyncio.shield(self._settle(Finish(claimed, "interrupted", reason=HOST_LEFT), leaving=True))
            raise
        except (RuntimeFailure, StoreError) as failure:
            finish = Finish(claimed, "failed", reason=str(failure))
        except Exception as error:
            LOG.exception("a turn of %s ended in an error", thread.handle)
            finish = Finish(claimed, "failed", reason=f"{type(error).__name__}: {error}")
        finally:
            self._run = None
        await self._settle(finish)

    async def _settle(self, finish: Finish, *, leaving: bool = False) -> None:
        """Write a turn's end, however long the store cannot be written: without it the thread would never run again.

        A host that is `leaving` tries once; what is left then is seen to as it signs off."""
        pause = 0.5
        while True:
            try:
                await self._stage.ledger.do(finish)
                return
            except Refusal as refusal:
                if refusal.code != "lost_lease":
                    raise
                LOG.warning("a turn ended after its thread had gone to another process: %s", refusal.message)
                return
            except StoreError as error:
                if leaving:
                    return
                LOG.error("the end of a turn could not be written, trying again: %s", error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 10.0)

    async def _outcome(self, run: TurnRun, thread: Thread, ground: Ground) -> Finish:
        claimed, settings, runtime = run.claimed, ground.settings, ground.runtime
        spent = Usage()
        endpoint = None if thread.runtime == "offline" or ground.outside else self._stage.surroundings.endpoint(settings)
        turn = self._input(run, thread, ground, endpoint)
        if claimed.kind == "summary":
            return await self._aside(runtime, turn, claimed)
        if claimed.kind == "compact" or (not ground.outside and self._is_full(thread, settings, endpoint)):
            compaction = await self._compacted(runtime, turn, run)
            if compaction is None:
                return Finish(claimed, "interrupted", reason=self._stop_reason(claimed))
            if claimed.kind == "compact":
                return Finish(claimed, "completed", usage=compaction.usage)
            spent = compaction.usage
            turn = self._input(run, thread, ground, endpoint)
        outcome = await self._watched(runtime, turn, run)
        reason = outcome.reason
        if outcome.state == "interrupted":
            reason = self._stop_reason(claimed) or reason or "by the user"
        return Finish(claimed, outcome.state, outcome.answer, reason, spent + outcome.usage)

    async def _aside(self, runtime: RuntimeThread, turn: TurnInput, claimed: Claimed) -> Finish:
        """A call beside the conversation: its answer is the message's, and enters no history."""
        asking = asyncio.ensure_future(runtime.aside(turn))
        try:
            async with self._stopped_by(claimed, asking.cancel):
                said = await asking
        except asyncio.CancelledError:
            if not asking.cancelled() or self._stop_reason(claimed) is None:
                asking.cancel()
                raise
            return Finish(claimed, "interrupted", reason=self._stop_reason(claimed))
        return Finish(claimed, "completed", said.text, usage=said.usage)

    async def _compacted(self, runtime: RuntimeThread, turn: TurnInput, run: TurnRun) -> Compaction | None:
        """Put a compaction in place of the history; None where the turn was stopped before it was made."""
        making = asyncio.ensure_future(runtime.compact(turn))
        try:
            async with self._stopped_by(run.claimed, making.cancel):
                compaction = await making
        except asyncio.CancelledError:
            if not making.cancelled() or self._stop_reason(run.claimed) is None:
                making.cancel()
                raise
            return None
        await run.compact(compaction)
        return compaction

    async def _watched(self, runtime: RuntimeThread, turn: TurnInput, run: TurnRun) -> TurnOutcome:
        """Run the turn, and interrupt it as soon as its row says that it should stop."""
        interrupting: list[asyncio.Task[None]] = []
        async with self._stopped_by(run.claimed, lambda: interrupting.append(asyncio.create_task(runtime.interrupt()))):
            return await runtime.run_turn(turn, run)

    @asynccontextmanager
    async def _stopped_by(self, claimed: Claimed, stop: Callable[[], object]) -> AsyncIterator[None]:
        """Call `stop` once, as soon as the turn's row says that it should end; that may be before anything has begun."""
        asked = False

        def look() -> None:
            nonlocal asked
            if not asked and self._stop_reason(claimed):
                asked = True
                stop()

        def listen(event: Event) -> None:
            if isinstance(event, TurnChanged) and event.turn_id == claimed.turn_id:
                look()

        self._stage.hub.add(listen)
        try:
            look()
            yield
        finally:
            self._stage.hub.remove(listen)

    def _stop_reason(self, claimed: Claimed) -> str | None:
        row = self._stage.reader.row("SELECT stop_reason FROM turn WHERE id = ?", (claimed.turn_id,))
        return None if row is None else row["stop_reason"]

    async def _load(self, thread: Thread, runtime: OutsideThread) -> None:
        """Have the thread's runtime open it. Raises `RuntimeUnavailable` where no turn can begin now."""
        self._loaded_with = None
        await runtime.ready(outside_spec(self._stage.reader, self._stage.surroundings, thread))

    async def _open(self, thread: Thread) -> RuntimeThread:
        if self._runtime is not None and self._runtime[0] == thread.runtime:
            return self._runtime[1]
        await self.close()
        spec = ThreadSpec(thread.id, thread.handle or thread.id, Path(thread.cwd))
        runtime: RuntimeThread = await self._stage.open_runtime(thread.runtime, spec)
        self._runtime = (thread.runtime, runtime)
        return runtime

    def _input(self, run: TurnRun, thread: Thread, ground: Ground, endpoint: Endpoint | None) -> TurnInput:
        stage, claimed, settings = self._stage, run.claimed, ground.settings
        cwd, roots = Path(thread.cwd), settings.sandbox_workspace_write.writable_roots
        workspace = None
        if not ground.outside:
            workspace = Workspace(
                thread_id=thread.id,
                cwd=cwd,
                project=Path(thread.project),
                writable_roots=tuple(roots),
                rights=claimed.rights,
                home=stage.surroundings.home,
                codex_home=stage.surroundings.codex_home,
                sandbox=ground.sandbox,
            )
        view = stage.reader.thread(thread.id)
        has_children = bool(stage.reader.children(thread.id))
        bench = toolbox.Bench(stage.ledger, stage.reader, stage.hub, workspace, stage.patience, stage.post, self._spawner)
        run.toolbox = toolbox.Toolbox(
            bench,
            claimed,
            has_children=has_children,
            parent_id=view.parent_id,
            deltas=run.delta,
            offer=ground.offer,
            board=ground.board,
        )
        cause = Cause.of(stage.reader, claimed) if ground.outside else Cause()
        chunks = stage.reader.rows("SELECT content FROM segment WHERE thread_id = ? AND live = 1 ORDER BY id", (thread.id,))
        return TurnInput(
            turn_id=claimed.turn_id,
            input=claimed.input,
            history=[row["content"] for row in chunks],
            system=prompts.system_prompt(
                view.handle or view.id,
                cwd,
                claimed.rights,
                parent=view.parent,
                has_children=has_children,
                subagent=view.kind == "subagent",
                may_spawn=ground.offer.may_spawn,
                extra=settings.developer_instructions,
                on_board=ground.board == "member",
                owns_board=ground.board == "owner",
            ),
            context=prompts.context(ground.instructions.text, cwd, roots, claimed.rights, ground.sandbox.tier, date.today()),
            tools=run.toolbox.specs,
            has_children=has_children,
            rights=claimed.rights,
            endpoint=endpoint,
            notes=claimed.notes,
            message=claimed.message_id,
            from_user=cause.from_user,
            keeps_rights=cause.keeps_rights,
            own=rights_of(settings),
            writable_roots=tuple(roots),
            model=settings.model if "model" in thread.settings else None,
            effort=settings.model_reasoning_effort,
            caused_by=cause.turns,
            back_to=claimed.back_to,
        )

    def _is_full(self, thread: Thread, settings: Settings, endpoint: Endpoint | None) -> bool:
        limit = settings.model_auto_compact_token_limit
        if limit is None and endpoint is not None and endpoint.context_window is not None:
            limit = int(endpoint.context_window * FULL_ENOUGH)
        return limit is not None and thread.context_tokens > limit
