"""One turn as it runs in Codex: its notifications become items and deltas, its end an outcome."""

from __future__ import annotations

import asyncio

from codex_desk.frozen import frozen
from codex_desk.runtimes.base import ItemDraft, TurnHost, TurnOutcome, Usage
from codex_desk.runtimes.codex import items, wire
from codex_desk.runtimes.codex.words import failure
from codex_desk.text import one_line

OURS = "codex-desk:"
STEER = "codex-desk:steer:"
"""How the ids begin under which we send what the user wrote; Codex gives them back, so that delivery can be proved."""


@frozen
class Lost:
    """The app-server ended before the turn did."""

    why: str


Ending = TurnOutcome | Lost


class LiveTurn:
    """`ours` is a turn that the desk began; any other one only becomes ours to record once the engine has taken it (`host`)."""

    def __init__(self, host: TurnHost | None, thread_of: items.ThreadOf, *, ours: bool) -> None:
        self.host = host
        self.ours = ours
        self.external_id: str | None = None
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self.started = asyncio.Event()
        """Set once Codex has said that the turn began."""
        self.open_to_steers = asyncio.Event()
        """Set while nothing that the model says can be its last word."""
        self.open_to_steers.set()
        self.error: wire.TurnError | None = None
        self.acted = False
        """Whether the model has said or done anything."""
        self.opening: str | None = None
        """The item that opened the turn."""
        self.slipped: set[str] = set()
        """What an agent of another thread has slipped into it with Codex's own tools: it is being stopped."""
        self.by_agent = False
        """Whether an agent of another thread began it with Codex's own tools: it is being stopped."""
        self.refused = False
        """Whether the engine would not record it: another process has the thread."""
        self._thread_of = thread_of
        self._items: dict[str, wire.Item] = {}
        self._committed: set[str] = set()
        self._alike: set[tuple[str, str]] = set()
        self._usage = Usage()
        self._answer: str | None = None
        self._told: set[str] = set()

    def item(self, key: str) -> wire.Item | None:
        """An item of the turn that has started, as it was then."""
        return self._items.get(key)

    def has_like(self, item: wire.Item) -> bool:
        """Whether an item of the same kind and text has been committed, under whatever id."""
        draft = items.draft_of(item, self._thread_of)
        return draft is not None and (draft.kind, draft.text) in self._alike

    # --- what Codex tells -------------------------------------------------------------------------------------------------------------------

    def item_started(self, item: wire.Item) -> None:
        self._items[item.id] = item
        self._weigh(item)
        shown = items.opening(item)
        if shown is not None and self.host is not None:
            self.host.delta(shown)

    async def item_completed(self, item: wire.Item) -> None:
        self._items[item.id] = item
        self._weigh(item)
        draft = items.draft_of(item, self._thread_of)
        if draft is None and item.id != self.opening and not _is_ours(item):
            # It was steered from elsewhere; what opened the turn is the engine's to record.
            draft = self._slipped_draft(item) or items.input_draft(item)
        if isinstance(item, wire.AgentMessage) and item.text.strip():
            self._answer = item.text
        if isinstance(item, wire.UserMessage) and (number := _steer_number(item)) is not None and self.host is not None:
            await self.host.steered(number)
        await self.commit(item.id, draft)

    async def commit(self, key: str, draft: ItemDraft | None) -> None:
        """Make an item durable, once."""
        if draft is None or key in self._committed or self.host is None:
            return
        self._committed.add(key)
        self._alike.add((draft.kind, draft.text))
        await self.host.commit([draft], None)

    def delta(self, method: str, params: wire.Json) -> None:
        shown = items.delta_of(method, params)
        if shown is not None and self.host is not None:
            self.acted = True
            self.host.delta(shown)

    async def plan(self, params: wire.Json) -> None:
        if self.host is not None:
            await self.host.commit([items.plan_draft(params)], None)

    async def notice(self, text: str, event: str) -> None:
        """A line about the turn, once for each text."""
        if text in self._told or self.host is None:
            return
        self._told.add(text)
        await self.host.commit([ItemDraft("notice", text, {"event": event})], None)

    async def failing(self, error: wire.TurnError, *, retries: bool) -> None:
        """Something went wrong; Codex tries again, or will end the turn."""
        self.error = error
        if retries:
            await self.notice(f"Codex tries again: {one_line(error.message)}", "retry")

    def spent(self, usage: wire.TokenUsage) -> None:
        last = usage.last
        self._usage += Usage(last.input_tokens, last.output_tokens, last.total_tokens)

    def outcome(self, turn: wire.Turn) -> TurnOutcome:
        """What became of it, once Codex says that it is over."""
        for data in turn.items:
            item = wire.read_item(data)
            if self._answer is None and isinstance(item, wire.AgentMessage) and item.text.strip():
                self._answer = item.text
        match turn.status:
            case "completed":
                return TurnOutcome("completed", self._answer, usage=self._usage)
            case "interrupted":
                why = "an agent that is not attached to it slipped a prompt into it by Codex's own tools" if self.slipped else None
                return TurnOutcome("interrupted", self._answer, why, self._usage)
            case _:
                self.error = turn.error or self.error
                return TurnOutcome("failed", self._answer, failure(self.error), self._usage)

    def end(self, ending: Ending) -> None:
        if not self.ended.done():
            self.ended.set_result(ending)

    def fail(self, error: Exception) -> None:
        """The turn cannot be recorded any more."""
        if not self.ended.done():
            self.ended.set_exception(error)

    def _slipped_draft(self, item: wire.Item) -> ItemDraft | None:
        if not isinstance(item, wire.UserMessage) or item.text not in self.slipped:
            return None
        return ItemDraft("notice", f"another agent slipped this in, past its attachments: {item.text}", {"key": item.id, "event": "held"})

    def _weigh(self, item: wire.Item) -> None:
        if isinstance(item, wire.UserMessage | wire.FunctionCallOutput):
            self.opening = self.opening or item.id
            return
        self.acted = True
        if isinstance(item, wire.AgentMessage | wire.Plan):
            self.open_to_steers.clear()
        elif items.ends_talk(item):
            self.open_to_steers.set()


def _is_ours(item: wire.Item) -> bool:
    return isinstance(item, wire.UserMessage) and (item.client_id or "").startswith(OURS)


def steer_id(number: int) -> str:
    """The id under which a message is handed to a running turn."""
    return f"{STEER}{number}"


def _steer_number(item: wire.UserMessage) -> int | None:
    number = (item.client_id or "").removeprefix(STEER)
    return int(number) if number != item.client_id and number.isdecimal() else None
