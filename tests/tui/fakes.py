"""A desk in memory: it answers reads from what a test put there, records the actions, and tells what the test says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

from textual.app import App
from textual.pilot import Pilot

from codex_desk.config.schema import Settings
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import Event, ThreadChanged
from codex_desk.engine.glance import Glance
from codex_desk.engine.links import Attach, Detach
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import New
from codex_desk.engine.views import (
    ApprovalView,
    AttachmentView,
    AuditView,
    Candidate,
    GrantView,
    ItemView,
    LiveTurn,
    MessageView,
    Relation,
    ThreadStatus,
    ThreadView,
)
from codex_desk.tui.app import DeskApp
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.preferences import Preferences
from codex_desk.tui.screens.first_run import FirstRun
from codex_desk.tui.screens.main import MainScreen

NOW = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
FOLDER = Path("/home/dev/repo")


def thread(
    handle: str,
    status: ThreadStatus = "idle",
    *,
    ago: float = 120,
    kind: Literal["session", "subagent"] = "session",
    parent: str | None = None,
    relation: Relation | None = None,
    **more: Any,
) -> ThreadView:
    """A thread whose id is `t-<handle>`; `ago`: seconds since its last activity."""
    values: dict[str, Any] = {
        "id": f"t-{handle}",
        "handle": handle,
        "project": "repo",
        "title": "",
        "kind": kind,
        "cwd": str(FOLDER),
        "runtime": "native",
        "model": "gpt-5.1",
        "status": status,
        "created_at": NOW - timedelta(days=2),
        "last_activity_at": NOW - timedelta(seconds=ago),
        "parent": parent,
        "parent_id": f"t-{parent}" if parent else None,
        "relation": relation,
    }
    return ThreadView(**(values | more))


def attached(handle: str, parent: str, status: ThreadStatus = "idle", **more: Any) -> ThreadView:
    edge: dict[str, Any] = {"rights": "lesser", "wake": "answers", "interrupt": False}
    return thread(handle, status, parent=parent, relation="attached", **(edge | more))


def subagent(handle: str, parent: str, status: ThreadStatus = "running", **more: Any) -> ThreadView:
    return thread(handle, status, kind="subagent", parent=parent, relation="spawned", **more)


def item(seq: int, handle: str, kind: str, text: str, **data: Any) -> ItemView:
    return ItemView(
        seq, f"t-{handle}", kind, text, "human" if kind == "user_message" else "agent", NOW - timedelta(minutes=10 - seq / 10), data=data
    )


def approval(number: int, handle: str, text: str, **more: Any) -> ApprovalView:
    values: dict[str, Any] = {
        "id": f"{handle}-{number}",
        "thread": handle,
        "thread_id": f"t-{handle}",
        "turn_id": "turn-1",
        "kind": "command",
        "text": text,
        "cwd": str(FOLDER),
        "why": "",
        "chain": ("human", handle),
        "state": "pending",
        "asked_at": NOW,
    }
    return ApprovalView(**(values | more))


@dataclass
class FakeDesk:
    """Put rows in; read `done` for what the human did."""

    rows: dict[str, ThreadView] = field(default_factory=dict)
    lines: dict[str, list[ItemView]] = field(default_factory=dict)
    pending: list[ApprovalView] = field(default_factory=list)
    messages: dict[int, MessageView] = field(default_factory=dict)
    ranked: list[Candidate] = field(default_factory=list)
    granted: list[GrantView] = field(default_factory=list)
    audited: list[AuditView] = field(default_factory=list)
    turns: dict[str, LiveTurn] = field(default_factory=dict)
    waiting: list[Any] = field(default_factory=list)
    refuse: Refusal | None = None
    """What the next action is refused with."""
    unreadable: Exception | None = None
    """What reading the settings raises."""
    warnings: tuple[str, ...] = ()
    tier: str = "bubblewrap"
    done: list[object] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    preview: tuple[list[str], list[str]] = field(default_factory=lambda: ([], []))
    _events: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)

    def put(self, *threads: ThreadView) -> FakeDesk:
        self.rows |= {one.id: one for one in threads}
        return self

    def tell(self, *events: Event) -> None:
        """What subscribers hear next."""
        for event in events:
            self._events.put_nowait(event)

    def change(self, view: ThreadView) -> None:
        self.put(view)
        self.tell(ThreadChanged(view.id))

    async def do(self, action: object) -> Any:
        if self.refuse is not None:
            refusal, self.refuse = self.refuse, None
            raise refusal
        self.done.append(action)
        match action:
            case Send(to=to, text=text, delivery=delivery):
                return self._message(to, text, delivery)
            case New(handle=handle, cwd=cwd):
                self.put(thread(handle, cwd=str(cwd)))
                self.tell(ThreadChanged(f"t-{handle}"))
                return self.rows[f"t-{handle}"]
            case Attach(child=child, parent=parent, rights=rights):
                upper = self.rows[parent]
                self.change(
                    replace(self.rows[child], parent=upper.handle, parent_id=parent, relation="attached", rights=rights or "lesser")
                )
                return self._edge(child, parent)
            case Detach(child=child):
                edge = self._edge(child, self.rows[child].parent_id or "")
                self.change(replace(self.rows[child], parent=None, parent_id=None, relation=None))
                return edge
        return self.rows.get(getattr(action, "thread", ""))

    def _message(self, to: str, text: str, delivery: Any) -> MessageView:
        number = len(self.messages) + 1
        state = "running" if to not in self.turns else "queued"
        self.messages[number] = MessageView(number, self.rows[to].handle or "", to, "human", delivery, state, text, NOW)
        return self.messages[number]

    def _edge(self, child: str, parent: str) -> AttachmentView:
        names = {one: self.rows[one].handle or "" for one in (child, parent)}
        return AttachmentView(
            "edge", names[parent], names[child], parent, child, self.rows[child].rights or "lesser", "answers", False, NOW
        )

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[Event]]:
        yield self._told()

    async def _told(self) -> AsyncIterator[Event]:
        while True:
            yield await self._events.get()

    def resolve(self, ref: str, cwd: Path | None) -> ThreadView:
        wanted = ref.removeprefix("@")
        for one in self.rows.values():
            if wanted in (one.id, one.handle):
                return one
        raise Refusal("unknown_thread", f"there is no thread {ref}")

    def thread(self, thread_id: str) -> ThreadView:
        return self.rows[thread_id]

    def threads(self, *, everything: bool = False) -> list[ThreadView]:
        return [one for one in self.rows.values() if everything or (one.live and one.kind == "session")]

    def children(self, thread_id: str) -> list[ThreadView]:
        return [one for one in self.rows.values() if one.parent_id == thread_id]

    def items(self, thread_id: str, *, before: int | None = None, after: int | None = None, limit: int = 200) -> list[ItemView]:
        found = self.lines.get(thread_id, [])
        if after is not None:
            return [one for one in found if one.seq > after][:limit]
        return [one for one in found if before is None or one.seq < before][-limit:]

    def other_end(self, seq: int) -> ItemView | None:
        number = next((one.data.get("message") for lines in self.lines.values() for one in lines if one.seq == seq), None)
        return next(
            (one for lines in self.lines.values() for one in lines if one.seq != seq and number and one.data.get("message") == number), None
        )

    def queue(self, thread_id: str) -> list[MessageView]:
        return [one for one in self.messages.values() if one.to_id == thread_id and one.state in ("queued", "held")]

    def message(self, number: int) -> MessageView:
        return self.messages[number]

    def approvals(self, *, pending: bool = True) -> list[ApprovalView]:
        return list(self.pending)

    def grants(self) -> list[GrantView]:
        return self.granted

    def audit(self, thread_id: str | None = None, *, after: int = 0, limit: int | None = None) -> list[AuditView]:
        return [one for one in self.audited if thread_id in (None, one.thread_id) and one.seq > after][:limit]

    def verify_audit(self) -> Any:
        return SimpleNamespace(verified=True, events=len(self.audited), head="0" * 64, broken=None, reason=None)

    def candidates(self, child_id: str) -> list[Candidate]:
        return self.ranked

    def live(self, thread_id: str) -> LiveTurn | None:
        return self.turns.get(thread_id)

    async def search(self, query: str, limit: int = 50) -> list[ItemView]:
        return [one for lines in self.lines.values() for one in lines if query in one.text][:limit]

    def waits(self) -> Sequence[Any]:
        return self.waiting

    def trusted(self) -> list[tuple[str, datetime]]:
        return []

    def settings(self, thread_id: str | None = None, cwd: Path | None = None) -> Any:
        if self.unreadable is not None:
            raise self.unreadable
        return SimpleNamespace(settings=Settings(), warnings=self.warnings)

    async def sandbox_tier(self) -> str:
        return self.tier

    def meta(self, key: str) -> str | None:
        return None

    def keystroke(self, thread_id: str) -> None:
        self.typed.append(thread_id)

    def archive_preview(self, thread_id: str) -> tuple[list[str], list[str]]:
        return self.preview

    async def run_until(self, messages: Sequence[int], *, timeout: float | None = None, any_of: bool = False) -> list[MessageView]:
        return [self.messages[number] for number in messages]


class Gate:
    """Opens the fake desk when a test says so, or fails as it says."""

    def __init__(self, desk: FakeDesk, *, shut: bool = False, failure: Exception | None = None) -> None:
        self.desk = desk
        self.failure = failure
        self.open = asyncio.Event()
        if not shut:
            self.open.set()

    def __call__(self) -> Any:
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[FakeDesk]:
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        yield self.desk


def app_on(
    desk: FakeDesk,
    *,
    last: str | None = None,
    gate: Gate | None = None,
    home: Path = Path("/nonexistent/desk"),
    wanted: Path | None = None,
    **preferences: Any,
) -> DeskApp:
    """The application on a fake desk. `last`: the handle of the thread that was used last."""
    threads = tuple(one for one in desk.rows.values() if one.live and one.kind == "session")
    first = f"t-{last}" if last else (threads[0].id if threads else None)
    look = Glance(threads, first, tuple(desk.lines.get(first or "", ())))
    return DeskApp(Bridge(home, look, gate or Gate(desk)), FOLDER, Preferences(**preferences), wanted=wanted)


@asynccontextmanager
async def opened(app: DeskApp, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[int]]:
    """Run the application until the block ends; the first screen has been drawn."""
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, MainScreen | FirstRun))
        yield pilot
        app.exit(0)
    await app.bridge.close()


async def until(pilot: Pilot[int], condition: Callable[[], bool], seconds: float = 10) -> None:
    """Let the application work until this holds."""
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError(f"did not come true in {seconds} s; on the screen:\n{shown(pilot.app)}")


def shown(app: App[int]) -> str:
    """The screen as text, one line per row."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def squeezed(app: App[int]) -> str:
    """The screen as one line of words, for texts that wrap."""
    return " ".join(re.sub(r"[│┃╭╮╰╯─┌┐└┘━┏┓┗┛]", " ", shown(app)).split())


async def write(pilot: Pilot[int], text: str) -> None:
    await pilot.press(*(KEYS.get(letter, letter) for letter in text))


KEYS = {" ": "space", "/": "slash", "@": "at", "-": "minus", "#": "number_sign", "\n": "ctrl+j", "!": "exclamation_mark", ".": "full_stop"}
