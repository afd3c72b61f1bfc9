"""The protocol between the engine and whatever runs a thread's turns.

A runtime is given a turn and a host. It asks the model, calls tools through the host, and commits each step's items together with the
history that the model will read. History chunks are opaque bytes: the live chunks of a thread, in order, are what its next turn is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import field
from pathlib import Path
from typing import Any, Literal, Protocol

from codex_desk.frozen import frozen
from codex_desk.rights import Rights

ItemKind = Literal[
    "user_message",
    "agent_message",
    "reasoning",
    "tool_call",
    "command",
    "file_change",
    "plan",
    "message_out",
    "message_in",
    "notice",
    "fold",
    "approval",
    "compaction",
]


@frozen
class ItemDraft:
    """An item before it has its place in the journal."""

    kind: ItemKind
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    """What the kind adds, JSON values only. `tool_call`: tool, arguments, result, ok, duration_ms; `command`: command, cwd, exit_code, output,
    duration_ms, sandbox; `file_change`: changes [{path, kind, diff}], ok; `plan`: steps [{step, status}]; `agent_message`/`reasoning`: interrupted."""


@frozen
class Delta:
    """Something live and not stored; the item that completes it carries the same `key` in its data."""

    kind: Literal["text", "reasoning", "output", "tool"]
    key: str
    """Stable for one item of the turn, so that increments find each other."""
    text: str
    """An increment, except for `tool`, where it is one line that says what is being called."""


@frozen
class ToolSpec:
    """A tool as a model sees it."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of the arguments object."""


@frozen
class ToolResult:
    """What a call gives the model, and the item that records it (None where the action has already written its own line)."""

    text: str
    ok: bool = True
    item: ItemDraft | None = None


@frozen
class Endpoint:
    """Where a thread's model answers. The key lives only in memory."""

    provider: str
    base_url: str
    model: str
    wire_api: Literal["responses", "chat"] = "responses"
    api_key: str | None = field(default=None, repr=False)
    context_window: int | None = None
    """Tokens; None where nobody said."""
    reasoning_effort: str | None = None
    stream_idle_timeout_s: float = 300.0
    max_retries: int = 4
    """Tries again after 429 and 5xx, with back-off."""


@frozen
class ThreadSpec:
    id: str
    handle: str
    cwd: Path
    tools: Sequence[ToolSpec] = ()
    """What follows is for a runtime that keeps its threads itself (`runtimes.outside`). The desk tools, whether or not the thread can use them now."""
    external_id: str | None = None
    """The runtime's own id of it; None before its first turn."""
    continues: str | None = None
    """External id of the thread whose history this one starts with."""
    chosen: Mapping[str, Any] = field(default_factory=dict)
    """The thread's own settings by dotted key: what the user set for it, and what the runtime reported before."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What the user set for every thread; nothing that is merely a default of the desk."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """What the runtime asked to be kept for it."""


@frozen
class TurnInput:
    """One turn as a runtime gets it."""

    turn_id: str
    input: str
    """The prompt, or an envelope the engine wrote: a user-role input item of its own, the last one when the turn starts."""
    history: Sequence[bytes]
    """The live chunks, oldest first, as earlier turns committed them."""
    system: str
    """The engine's own words to the model: who it is, what it may do."""
    context: str
    """User-role context that comes first and is never stored: the instruction files and the environment. Empty for none."""
    tools: Sequence[ToolSpec]
    rights: Rights
    endpoint: Endpoint | None = None
    """None on a runtime that needs none."""
    has_children: bool = False
    """Whether other threads work for it as the turn begins."""
    notes: Sequence[str] = ()
    """User-role input items of their own before `input`: what happened in the thread between two turns."""
    message: int = 0
    """The number of the message that caused it."""
    from_user: bool = True
    """Whether `input` is the user's own prompt; else it is an envelope, whose words carry less."""
    keeps_rights: bool = False
    """The user lets the sender use the thread's own rights (`rights = own` on the edge)."""
    own: Rights | None = None
    """The thread's own rights, where `rights` may be narrower; None where nobody said."""
    writable_roots: Sequence[Path] = ()
    """Beside the cwd."""
    model: str | None = None
    effort: str | None = None
    back_to: str | None = None
    """The runtime's own id of the turn before which its history goes back first; for one that keeps its threads itself."""
    caused_by: tuple[str, str] | None = None
    """The runtime's own ids of the turn that asked for this one and of the first turn of that chain, where they ran on the same runtime."""


@frozen
class Usage:
    input_tokens: int = 0
    output_tokens: int = 0
    context_tokens: int = 0
    """Size of the context after the last step: what the next request will start from."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            other.context_tokens or self.context_tokens,
        )


@frozen
class TurnOutcome:
    state: Literal["completed", "interrupted", "failed"]
    answer: str | None = None
    """The last agent message, whole; None if there was none."""
    reason: str | None = None
    """For `failed`: what happened and what to do, for people."""
    usage: Usage = Usage()


@frozen
class Compaction:
    """A shorter history in place of all that came before it."""

    summary: str
    history: bytes
    usage: Usage = Usage()


@frozen
class Aside:
    """What a model said beside the conversation."""

    text: str
    usage: Usage = Usage()
    """No context: what it read is not what the next turn starts from."""


@frozen
class ApprovalRequest:
    """Something that a runtime may not do without the human."""

    kind: Literal["command", "change", "permission", "question"]
    text: str
    """The whole command, change or question."""
    cwd: str
    why: str
    command: tuple[str, ...] | None = None
    """The argv of one simple command, which a rule may cover; None for everything else."""
    offers: tuple[Literal["thread", "answer"], ...] = ()
    """What may be said beside yes once and no: `thread`, which the runtime itself remembers; `answer`, words of the human's own."""


@frozen
class Decision:
    approved: bool
    for_thread: bool = False
    """The human said yes for as long as the runtime has the thread loaded."""
    answer: str | None = None
    reason: str = ""
    """For the model, where not approved."""


@frozen
class Steer:
    """A message for the running turn that waits to be handed in."""

    number: int
    text: str
    """The user's words, or an envelope."""
    from_user: bool
    sender: str = ""
    """Handle of the agent it comes from."""


class TurnHost(Protocol):
    """The engine's side of one running turn."""

    def delta(self, event: Delta) -> None:
        """Show something at once; never awaited, never stored."""
        ...

    async def commit(self, items: Sequence[ItemDraft], history: bytes | None) -> None:
        """Make a step's items and the chunk of history that goes with them durable, in one transaction."""
        ...

    async def call_tool(self, call_id: str, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Run a tool for the turn. Refusals, unknown names and broken arguments are results; only cancellation raises."""
        ...

    async def take_steers(self) -> Sequence[str]:
        """At a tool boundary: texts for the running turn, each already recorded as delivered. They go in as user-role input items."""
        ...

    async def compact(self, compaction: Compaction) -> None:
        """Replace the thread's live history by a compaction, in the middle of a turn."""
        ...

    async def approve(self, request: ApprovalRequest) -> Decision:
        """Put something before the human and wait for the answer; cancelled, the request is withdrawn."""
        ...

    async def next_steers(self, besides: Set[int]) -> Sequence[Steer]:
        """Wait until messages for the running turn are there, besides those that are known."""
        ...

    async def steering(self, number: int) -> bool:
        """This message is about to be handed in: the human cannot change it any more. False: it is not there any more."""
        ...

    async def steered(self, number: int) -> None:
        """The running turn has got this message. One of which that is never said waits for a turn of its own."""
        ...

    async def ran_as(self, *, external_id: str | None = None, rights: Rights | None = None) -> None:
        """What the turn really is: the runtime's own id of it, or rights narrower than it was given."""
        ...


class RuntimeThread(Protocol):
    async def run_turn(self, turn: TurnInput, host: TurnHost) -> TurnOutcome:
        """Run one turn to its end. Model and endpoint failures are outcomes, not exceptions."""
        ...

    async def interrupt(self) -> None:
        """Stop the running turn; `run_turn` commits what was done and returns `interrupted`."""
        ...

    async def compact(self, turn: TurnInput) -> Compaction:
        """Summarise the history in one model call. Raises `RuntimeFailure`."""
        ...

    async def aside(self, turn: TurnInput) -> Aside:
        """Ask the model `turn.input` after its history, without tools; nothing of it is committed or kept. Raises `RuntimeFailure`."""
        ...

    async def close(self) -> None: ...


class Runtime(Protocol):
    async def open(self, thread: ThreadSpec) -> RuntimeThread: ...

    async def close(self) -> None: ...


class RuntimeFailure(Exception):
    """A model call failed; the message says what happened and what to do, and carries no secret."""


class RuntimeUnavailable(RuntimeFailure):
    """No turn can begin now: what waits stays queued until the human has seen to the reason, which is the message."""


class Unopened:
    """Stands for a thread that its runtime could not open: a turn of it fails with the reason."""

    def __init__(self, failure: RuntimeFailure) -> None:
        self._failure = failure

    async def run_turn(self, turn: TurnInput, host: TurnHost) -> TurnOutcome:
        raise self._failure

    async def interrupt(self) -> None:
        return None

    async def compact(self, turn: TurnInput) -> Compaction:
        raise self._failure

    async def aside(self, turn: TurnInput) -> Aside:
        raise self._failure

    async def close(self) -> None:
        return None
