"""Runtimes that keep their threads themselves: the store holds what was said and done, the model's history and the sandbox are theirs.

Such a runtime lives on beside its turns. It is told what happens to a thread on the desk, and tells what happened to it elsewhere: turns that the
engine did not begin, subagents of its own, new names.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from codex_desk.frozen import frozen
from codex_desk.runtimes.base import ItemDraft, Runtime, RuntimeThread, ThreadSpec, TurnHost, TurnOutcome


@frozen
class Facts:
    """What a runtime knows of a thread that it has loaded; the engine keeps it."""

    external_id: str
    settings: Mapping[str, Any]
    """The settings that the thread really has, by dotted key, as far as they are news."""
    state: Mapping[str, Any]
    """For the runtime alone; it comes back in `ThreadSpec.state`."""


@frozen
class OutsideSession:
    """A session that the runtime has, on the desk or not."""

    external_id: str
    title: str
    """Its name, else how it began; one line of any characters."""
    cwd: str
    created_at: datetime
    last_activity_at: datetime
    name: str | None = None
    """As somebody named it."""
    model: str | None = None
    provider: str | None = None
    effort: str | None = None
    parent: str | None = None
    """External id of the thread that spawned it: it is a subagent."""
    archived: bool = False
    path: str | None = None
    """The file that holds what was said, where it is one."""
    forked: bool = False
    """It began with another session's history."""


@frozen
class PastItem:
    """Something that was said or done in a thread when the desk did not look."""

    key: str
    """The runtime's own id of it."""
    turn: str
    """The runtime's own id of its turn."""
    draft: ItemDraft
    at: datetime


@frozen
class Past:
    """A stretch of a thread's past, oldest first."""

    items: Sequence[PastItem]
    last_turn: str | None
    """The newest turn of the thread; None for one without turns."""


@frozen
class Spawned:
    """A subagent that a thread of this runtime has made."""

    external_id: str
    parent: str
    """External id."""
    name: str
    """As the runtime calls it; not yet a handle."""
    role: str | None
    task: str
    """What it was told to do; empty where the runtime does not say."""
    cwd: str
    model: str | None = None
    provider: str | None = None
    nickname: str | None = None
    """Where it is called something else beside its name."""


@frozen
class ReportedTurn:
    """A turn that the engine did not begin."""

    external_id: str
    thread: str
    """External id."""
    text: str
    """What it was asked; empty where the runtime does not say."""
    by: Literal["user", "parent", "agent", "runtime"]
    """The user in another program; the thread that spawned this one; an agent that has no business here, so that the turn is being stopped; or the
    runtime itself."""


class OutsideHost(Protocol):
    """The engine's side of such a runtime."""

    def thread_of(self, external_id: str) -> str | None:
        """The desk's id of a thread; None for one that is not on the desk."""
        ...

    def known_items(self, thread_id: str) -> frozenset[str]:
        """The runtime's own ids of the items that the desk has of a thread."""
        ...

    def known_turns(self, thread_id: str) -> frozenset[str]:
        """The runtime's own ids of the turns that ran from the desk."""
        ...

    async def keep(self, thread_id: str, facts: Facts) -> None:
        """Remember what a thread is."""
        ...

    async def keep_state(self, thread_id: str, state: Mapping[str, Any]) -> None:
        """Remember something for the runtime alone."""
        ...

    async def catch_up(self, thread_id: str, items: Sequence[PastItem]) -> None:
        """Put what was done elsewhere into a thread's transcript. Items whose key is known are left out."""
        ...

    async def spawned(self, child: Spawned) -> str | None:
        """Record a subagent; returns its id on the desk, or None where its parent is not there."""
        ...

    async def closed(self, external_id: str) -> None:
        """A subagent was closed by its parent."""
        ...

    async def began(self, turn: ReportedTurn, interrupt: Callable[[], Awaitable[None]]) -> TurnHost | None:
        """Record a turn; None where another process has it, or its thread is not on the desk. `interrupt` is called when it should stop."""
        ...

    async def ended(self, host: TurnHost, outcome: TurnOutcome) -> None:
        """The end of a turn that `began` recorded."""
        ...

    async def renamed(self, external_id: str, name: str) -> str | None:
        """Somebody named the thread elsewhere; returns the handle that it has now."""
        ...


@frozen
class Standing:
    """How a thread stands on the desk, as far as others should see it."""

    external_id: str
    name: str
    """Its handle."""
    attachment: Mapping[str, Any] | None = None
    """The live attachment: `id`, `parent` (handle), `parent_id`, `since`; None without one."""
    state: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class OutsideThread(RuntimeThread, Protocol):
    @property
    def is_ready(self) -> bool:
        """Whether a turn can begin; looked at before each."""
        ...

    async def ready(self, spec: ThreadSpec) -> None:
        """See to it that a turn can begin; what is learned of the thread is kept (`OutsideHost.keep`). Raises `RuntimeUnavailable`."""
        ...


@runtime_checkable
class OutsideRuntime(Runtime, Protocol):
    def meet(self, host: OutsideHost) -> None:
        """Called once, before anything else."""
        ...

    async def sessions(self, *, archived: bool = False) -> Sequence[OutsideSession]:
        """The top-level sessions that the runtime has, newest activity first. Raises `RuntimeUnavailable`."""
        ...

    async def session(self, external_id: str) -> OutsideSession | None:
        """One of them, or a subagent. Raises `RuntimeUnavailable`."""
        ...

    async def oddities(self, external_id: str) -> Sequence[str]:
        """What a session carries that the user should see before it comes to the desk, in words."""
        ...

    async def first_state(self, session: OutsideSession, handle: str, last_turn: str | None) -> Mapping[str, Any]:
        """The state to keep for a session that comes to the desk under this handle, its past up to `last_turn` included."""
        ...

    async def past(self, external_id: str, known_turns: frozenset[str], since: str | None) -> Past:
        """What was said and done after the turn `since`, or after the newest of the known turns. Raises `RuntimeUnavailable`."""
        ...

    async def refresh(self, spec: ThreadSpec) -> None:
        """Bring what was done elsewhere into a thread's transcript, without loading it. Raises `RuntimeUnavailable`."""
        ...

    async def descendants(self, external_id: str) -> Sequence[OutsideSession]:
        """Every thread spawned below this one. Raises `RuntimeUnavailable`."""
        ...

    async def archive(self, external_id: str, *, undo: bool = False) -> None:
        """Archive or unarchive the thread, and what it spawned with it. Raises `RuntimeFailure` where it is refused."""
        ...

    async def beside(self, spec: ThreadSpec) -> Sequence[str]:
        """The command that opens a session in the runtime's own program, on what runs here, so that both show the same. Raises `RuntimeUnavailable`."""
        ...

    async def standby(self) -> Standby:
        """Who it is and whether it is signed in. Raises `RuntimeUnavailable`."""
        ...

    async def show(self, standing: Standing) -> Mapping[str, Any] | None:
        """Let other programs see how a thread stands here; returns the state to keep, None where nothing changed. Raises `RuntimeFailure`."""
        ...

    @property
    def is_up(self) -> bool:
        """Whether it runs by now; asking it for anything starts it."""
        ...


@frozen
class Standby:
    """A runtime that runs, as it describes itself."""

    agent: str
    signed_in: bool
    account: str
    """Who is signed in, or why nobody need be, in words."""
    complaint: str = ""
    """What it has against its own settings, in its own words."""


@frozen
class Program:
    """The program behind a runtime, as it was found."""

    path: Path | None
    version: str | None
    trouble: str | None
    """Why it cannot be used, and what to do; None where it can."""
