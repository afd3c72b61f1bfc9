"""The protocol between the engine and whatever runs a thread's turns.

A runtime is given a turn and a host. It asks the model, calls tools through the host, and commits each step's items together with the
history that the model will read. History chunks are opaque bytes: the live chunks of a thread, in order, are what its next turn is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    notes: Sequence[str] = ()
    """User-role input items of their own before `input`: what happened in the thread between two turns."""


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

    async def close(self) -> None: ...


class Runtime(Protocol):
    async def open(self, thread: ThreadSpec) -> RuntimeThread: ...

    async def close(self) -> None: ...


class RuntimeFailure(Exception):
    """A model call failed; the message says what happened and what to do, and carries no secret."""
