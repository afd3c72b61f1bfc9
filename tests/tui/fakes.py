"""A desk in memory: it answers reads from what a test put there, records the actions, and tells what the test says."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, TypeVar

from textual.app import App
from textual.pilot import Pilot

from codex_desk.config import Resolved
from codex_desk.config.keys import DEFAULTS
from codex_desk.config.layers import Layer
from codex_desk.config.schema import Settings
from codex_desk.engine.adopting import Adoptable, Where
from codex_desk.engine.auditing import AuditFilter
from codex_desk.engine.automating import Offer
from codex_desk.engine.automation_views import AutomationView, OccurrenceView
from codex_desk.engine.automations import Add
from codex_desk.engine.away import Away, NoteSeen, Seen
from codex_desk.engine.bills import Bill
from codex_desk.engine.board_reading import EVERYTHING, Wanted
from codex_desk.engine.board_views import BoardView, EntryView
from codex_desk.engine.drafting import KeepDraft
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import Event, ShellChanged, ThreadChanged
from codex_desk.engine.fold_reading import FoldView
from codex_desk.engine.folding import AskSummary, Fold
from codex_desk.engine.glance import Glance
from codex_desk.engine.links import Attach, Detach
from codex_desk.engine.mailbox import Send
from codex_desk.engine.schedules import fires, read_schedule
from codex_desk.engine.searching import Found
from codex_desk.engine.sessions import New, SetMeta
from codex_desk.engine.standing import Standing
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
    ShellRun,
    ThreadStatus,
    ThreadView,
    Used,
)
from codex_desk.runtimes.outside import Program, Standby
from codex_desk.tui.app import DeskApp
from codex_desk.tui.bridge import Bridge
from codex_desk.tui.screens.first_run import FirstRun
from codex_desk.tui.screens.main import MainScreen
from codex_desk.tui.settings.preferences import Preferences

T = TypeVar("T")
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


def in_codex(number: int, title: str, where: Where = "in Codex", *, ago: float = 3600, cwd: Path = FOLDER, **more: Any) -> Adoptable:
    """A session of Codex's; its id ends in its number."""
    at = NOW - timedelta(seconds=ago)
    values: dict[str, Any] = {
        "id": f"0199aaaa-0000-7000-8000-{number:012}",
        "name": None,
        "title": title,
        "cwd": str(cwd),
        "project": cwd.name,
        "model": "gpt-5.1-codex",
        "provider": "openai",
        "created_at": at - timedelta(days=3),
        "last_activity_at": at,
        "where": where,
        "handle": re.sub("[^a-z]+", "-", title.lower()).strip("-")[:24].rstrip("-"),
        "thread_id": f"t-history-{number}" if where == "history only" else None,
    }
    return Adoptable(**(values | more))


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
        "simple": more.get("kind", "command") == "command",
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
    shared: BoardView | None = None
    """The board that every thread has."""
    bills: Bill | None = None
    """The chain that every thread works in."""
    posted: list[EntryView] = field(default_factory=list)
    """What stands on it."""
    folds: dict[str, FoldView] = field(default_factory=dict)
    """What a fold would bring, by mode."""
    folded: FoldView | None = None
    """What the next fold makes."""
    ends: asyncio.Event = field(default_factory=asyncio.Event)
    """Set as a message comes to its end."""
    schedules: list[AutomationView] = field(default_factory=list)
    planned: list[OccurrenceView] = field(default_factory=list)
    """Runs of automations."""
    turns: dict[str, LiveTurn] = field(default_factory=dict)
    waiting: list[Any] = field(default_factory=list)
    stands: Standing = field(default_factory=Standing)
    answered: list[ApprovalView] = field(default_factory=list)
    """Approvals that are decided, the latest first."""
    absence: Away = field(default_factory=lambda: Away(None))
    seen: Seen | None = None
    diff: str = ""
    noted: list[NoteSeen] = field(default_factory=list)
    """When it was written down that the human is here."""
    unindexed: int = 0
    """Items that the search does not know yet."""
    refuse: Refusal | None = None
    """What the human's next action is refused with."""
    unreadable: Exception | None = None
    """What reading the settings raises."""
    warnings: tuple[str, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    """What is remembered, by key."""
    drafts: dict[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    """What is kept of drafts, by thread."""
    paths: list[str] | None = field(default_factory=list)
    shells: dict[str, ShellRun] = field(default_factory=dict)
    """Commands of the human's that run, by thread."""
    agents_md: tuple[Path, ...] = (FOLDER / "AGENTS.md",)
    tier: str = "bubblewrap"
    done: list[object] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    preview: tuple[list[str], list[str]] = field(default_factory=lambda: ([], []))
    codex: list[Adoptable] | Refusal = field(default_factory=list)
    """Codex's sessions, or why they cannot be listed."""
    unwilling: dict[str, list[Refusal]] = field(default_factory=dict)
    """Why a session is not taken, by its id: one reason for each time that it is tried."""
    below: list[str] | Refusal = field(default_factory=list)
    """What Codex archives along with a session."""
    beside_it: list[str] | Refusal = field(default_factory=lambda: ["true"])
    """The command that opens a thread in the stock Codex."""
    refreshed: list[str] = field(default_factory=list)
    stands_by: Standby | Refusal = field(default_factory=lambda: Standby("codex_desk/0.169.0", True, "signed in with an API key"))
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
        if isinstance(action, KeepDraft):
            self._keep(action)
            return None
        if self.refuse is not None and not isinstance(action, NoteSeen | SetMeta):
            refusal, self.refuse = self.refuse, None
            raise refusal
        if isinstance(action, NoteSeen):
            self.noted.append(action)
            return None
        self.done.append(action)
        match action:
            case Send(to=to, text=text, delivery=delivery):
                return self._message(to, text, delivery)
            case Fold():
                return self.folded
            case AskSummary(child=child):
                return self._message(child, "a summary", "after_turn")
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

    def fold(self, child_id: str, mode: str = "qa", summary: str | None = None) -> FoldView:
        child = self.rows[child_id]
        nothing = FoldView(child.handle or "", child_id, child.parent or "", child.parent_id or "", "qa", "", 0)
        return self.folds.get(mode, nothing)

    def end(self, number: int, state: Any, **more: Any) -> None:
        """Bring a message to its end."""
        self.messages[number] = replace(self.messages[number], state=state, **more)
        self.ends.set()

    def _keep(self, draft: KeepDraft) -> None:
        if draft.text:
            pastes = self.drafts.get(draft.thread, ("", {}))[1] if draft.pastes is None else draft.pastes
            self.drafts[draft.thread] = (draft.text, pastes)
        else:
            self.drafts.pop(draft.thread, None)

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

    def threads(self, *, everything: bool = False, history: bool = True) -> list[ThreadView]:
        wanted = [one for one in self.rows.values() if everything or (one.live and one.kind == "session")]
        return [one for one in wanted if history or one.status != "history"]

    def living(self) -> list[ThreadView]:
        return [one for one in self.rows.values() if one.live]

    def children(self, thread_id: str) -> list[ThreadView]:
        return [one for one in self.rows.values() if one.parent_id == thread_id]

    def items(self, thread_id: str, *, before: int | None = None, after: int | None = None, limit: int = 200) -> list[ItemView]:
        found = self.lines.get(thread_id, [])
        if after is not None:
            return [one for one in found if one.seq > after][:limit]
        return [one for one in found if before is None or one.seq < before][-limit:]

    def prompts(self, thread_id: str, *, before: int | None = None, limit: int = 50) -> list[tuple[int, str]]:
        typed = [one for one in self.lines.get(thread_id, []) if one.origin == "human" and one.kind in ("user_message", "command")]
        found = [(one.seq, f"!{one.text}" if one.kind == "command" else one.text) for one in typed if before is None or one.seq < before]
        return found[-limit:]

    def draft(self, thread_id: str) -> tuple[str, Mapping[str, str]] | None:
        return self.drafts.get(thread_id)

    async def files(self, thread_id: str) -> list[str] | None:
        return self.paths

    async def shell(self, thread_id: str, command: str) -> ShellRun:
        if self.refuse is not None:
            refusal, self.refuse = self.refuse, None
            raise refusal
        self.shells[thread_id] = ShellRun(thread_id, command, f"shell-{len(self.shells)}", NOW)
        self.tell(ShellChanged(thread_id, True))
        return self.shells[thread_id]

    def shell_of(self, thread_id: str) -> ShellRun | None:
        return self.shells.get(thread_id)

    def stop_shell(self, thread_id: str) -> bool:
        self.tell(ShellChanged(thread_id, False))
        return self.shells.pop(thread_id, None) is not None

    def other_end(self, seq: int) -> ItemView | None:
        number = next((one.data.get("message") for lines in self.lines.values() for one in lines if one.seq == seq), None)
        return next(
            (one for lines in self.lines.values() for one in lines if one.seq != seq and number and one.data.get("message") == number), None
        )

    def queue(self, thread_id: str) -> list[MessageView]:
        return [one for one in self.messages.values() if one.to_id == thread_id and one.state in ("queued", "held")]

    def message(self, number: int) -> MessageView:
        if number not in self.messages:
            raise Refusal("unknown_message", f"there is no message #{number}")
        return self.messages[number]

    def approvals(self, *, pending: bool = True) -> list[ApprovalView]:
        return list(self.pending)

    def decided(self, limit: int = 30) -> list[ApprovalView]:
        return self.answered[:limit]

    def grants(self) -> list[GrantView]:
        return self.granted

    def audit(self, thread_id: str | None = None, *, after: int = 0, limit: int | None = None) -> list[AuditView]:
        return [one for one in self.audited if thread_id in (None, one.thread_id) and one.seq > after][:limit]

    def audit_page(self, wanted: AuditFilter, *, before: int | None = None, after: int | None = None, limit: int = 200) -> list[AuditView]:
        def passes(one: AuditView) -> bool:
            ends = (one.thread, one.peer or "")
            text = f"{one.kind} {' '.join(ends)} {one.text}"
            return (
                wanted.thread_id in (None, one.thread_id)
                and (not wanted.kinds or one.kind.startswith(wanted.kinds))
                and (not wanted.threads or any(end.startswith(wanted.threads) for end in ends))
                and (not wanted.origins or one.origin.startswith(wanted.origins))
                and all(word.lower() in text.lower() for word in wanted.words)
            )

        found = [one for one in self.audited if passes(one)]
        if after is not None:
            return [one for one in found if one.seq > after][:limit]
        return [one for one in found if before is None or one.seq < before][-limit:]

    async def open_board(self, thread_id: str) -> None:
        return None

    def board(self, thread_id: str) -> BoardView | None:
        return self.shared

    def board_page(self, board: BoardView, *, before: int | None = None, limit: int = 200, wanted: Wanted = EVERYTHING) -> list[EntryView]:
        found = [one for one in self.posted if (before is None or one.id < before) and (not wanted.kinds or one.kind in wanted.kinds)]
        return found[-limit:]

    def automations(self) -> list[AutomationView]:
        return list(self.schedules)

    def occurrences(self, automation_id: str, *, limit: int = 200, before: datetime | None = None) -> list[OccurrenceView]:
        return [run for run in self.planned if run.automation_id == automation_id][-limit:]

    async def upcoming(
        self, automation_id: str, number: int = 5, *, after: datetime | None = None, until: datetime | None = None
    ) -> list[datetime]:
        view = next(one for one in self.schedules if one.id == automation_id)
        times = read_schedule(view.schedule, view.zone, NOW).times(NOW)
        return list(islice((moment for moment in takewhile(lambda moment: until is None or moment <= until, times)), number))

    async def preview_schedule(self, schedule: str, zone: str | None = None, number: int = 5, start: datetime | None = None) -> Offer:
        read = read_schedule(schedule, zone or "UTC", NOW)
        fires(read, NOW)
        return Offer(read, tuple(read.first(number, NOW)))

    def zone(self) -> str:
        return "Europe/Berlin"

    def guards_off(self, thread_id: str) -> str | None:
        return None

    async def add_automation(self, wanted: Add) -> AutomationView:
        await self.do(wanted)
        made = AutomationView(
            f"a-{wanted.handle}", wanted.handle, wanted.target, wanted.target, wanted.schedule, wanted.zone, "active", wanted.prompt, NOW
        )
        self.schedules.append(made)
        return made

    async def _change(self, automation_id: str, verb: str) -> AutomationView:
        await self.do((verb, automation_id))
        return next(one for one in self.schedules if one.id == automation_id)

    async def pause_automation(self, automation_id: str) -> AutomationView:
        return await self._change(automation_id, "pause")

    async def resume_automation(self, automation_id: str) -> AutomationView:
        return await self._change(automation_id, "resume")

    async def remove_automation(self, automation_id: str) -> AutomationView:
        return await self._change(automation_id, "remove")

    async def run_automation(self, automation_id: str) -> OccurrenceView:
        await self._change(automation_id, "run")
        return self.planned[0]

    def audit_kinds(self) -> dict[str, int]:
        return dict(Counter(one.kind for one in self.audited))

    def line_of(self, event: AuditView) -> int | None:
        return event.seq - 1

    def verify_audit(self) -> Any:
        return SimpleNamespace(verified=True, events=len(self.audited), head="0" * 64, broken=None, reason=None)

    def candidates(self, child_id: str) -> list[Candidate]:
        return self.ranked

    def live(self, thread_id: str) -> LiveTurn | None:
        return self.turns.get(thread_id)

    async def find(self, query: str, *, threads: tuple[str, ...] = (), kinds: tuple[str, ...] = (), limit: int = 50) -> Found:
        words = query.lower().split()
        hits = [
            one
            for lines in self.lines.values()
            for one in lines
            if words
            and all(word in one.text.lower() for word in words)
            and (not kinds or one.kind in kinds)
            and (not threads or one.thread_id.removeprefix("t-").startswith(threads))
        ]
        hits.sort(key=lambda one: one.seq, reverse=True)
        names = tuple(one.thread_id.removeprefix("t-") for one in hits[:limit])
        return Found(tuple(hits[:limit]), names, len(hits) > limit, self.unindexed)

    async def holding(self, thread_id: str, text: str) -> list[int]:
        return [one.seq for one in self.lines.get(thread_id, []) if text.lower() in f"{one.text} {one.data}".lower()]

    def waits(self) -> Sequence[Any]:
        return self.waiting

    def standing(self) -> Standing:
        return self.stands

    def away(self, since: Seen | None = None) -> Away:
        return self.absence

    def last_seen(self) -> Seen | None:
        return self.seen

    async def changes(self, thread_id: str) -> str:
        return self.diff

    def bill(self, thread_id: str) -> Bill | None:
        return self.bills

    def used(self, thread_id: str) -> Used:
        return Used(4, 21_300, 1_450)

    def trusted(self) -> list[tuple[str, datetime]]:
        return []

    def settings(self, thread_id: str | None = None, cwd: Path | None = None) -> Any:
        if self.unreadable is not None:
            raise self.unreadable
        return Resolved(Settings(), self.warnings, (Layer("default", DEFAULTS),))  # type: ignore[arg-type]  # a warning's words will do

    def roles(self, thread_id: str) -> list[tuple[str, str]]:
        return [("critic", "finds faults"), ("ideas", "")]

    def instructions(self, thread_id: str) -> Any:
        return SimpleNamespace(sources=self.agents_md, truncated=False, skipped=())

    async def sandbox_tier(self) -> str:
        return self.tier

    def metas(self, prefix: str) -> dict[str, str]:
        return {key: value for key, value in self.facts.items() if key.startswith(prefix)}

    def meta(self, key: str) -> str | None:
        return None

    def keystroke(self, thread_id: str) -> None:
        self.typed.append(thread_id)

    def archive_preview(self, thread_id: str) -> tuple[list[str], list[str]]:
        return self.preview

    async def adoptable(self, project: str | None = None) -> list[Adoptable]:
        return _given(self.codex)

    async def adopt(self, ref: str, handle: str | None = None, *, yes: bool = False) -> ThreadView:
        if self.unwilling.get(ref):
            raise self.unwilling[ref].pop(0)
        found = next(each for each in _given(self.codex) if each.id == ref)
        known = thread(
            handle or found.handle,
            cwd=found.cwd,
            project=found.project,
            runtime="codex",
            external_id=ref,
            title=found.title,
            model=found.model,
        )
        self.done.append(("adopt", ref, handle, yes))
        self.change(known)
        return known

    async def refresh(self, thread_id: str) -> None:
        self.refreshed.append(thread_id)

    async def beside(self, thread_id: str) -> Sequence[str]:
        return _given(self.beside_it)

    async def archived_with(self, thread_id: str) -> list[str]:
        return _given(self.below)

    async def standby(self) -> Standby:
        return _given(self.stands_by)

    def codex_program(self) -> Program:
        return Program(Path("/usr/bin/codex"), "0.169.0", None)

    async def run_until(self, messages: Sequence[int], *, timeout: float | None = None, any_of: bool = False) -> list[MessageView]:
        while any(self.messages[number].body == "a summary" and not self.messages[number].final for number in messages):
            self.ends.clear()
            await self.ends.wait()
        return [self.messages[number] for number in messages]


def _given(value: T | Refusal) -> T:
    if isinstance(value, Refusal):
        raise value
    return value


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
