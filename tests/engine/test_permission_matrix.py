from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from codex_desk.engine import permissions
from codex_desk.engine.adopting import Adopt
from codex_desk.engine.agents import InterruptAgent, Limits, SpawnAgent
from codex_desk.engine.approvals import Decide, Expire, Request, Revoke
from codex_desk.engine.automation_policies import Plan
from codex_desk.engine.automations import Add, PauseAutomation, RemoveAutomation, ResumeAutomation, RunNow
from codex_desk.engine.board_tools import Mark
from codex_desk.engine.boards import Claim, Close, Open, Post, Promote, Sharing, Summarise
from codex_desk.engine.boards import Decide as DecideOnBoard
from codex_desk.engine.chain import Redact
from codex_desk.engine.desk import Desk
from codex_desk.engine.errors import Refusal
from codex_desk.engine.folding import AskSummary, CancelSummary, Fold, Unfold
from codex_desk.engine.identity import By
from codex_desk.engine.journal import Action, Tx
from codex_desk.engine.links import Archive, Attach, CloseAgent, Detach, Unarchive
from codex_desk.engine.mailbox import Ask, Edit, Remove, Report, Send
from codex_desk.engine.occurrences import ClaimRun, Fire, WritePlan
from codex_desk.engine.recovery import Recover
from codex_desk.engine.reported import CatchUp, Closed, KeepState, Renamed, Spawn
from codex_desk.engine.sessions import Folder, Fork, New, Rename, Set, SetMeta, Trust
from codex_desk.engine.shelling import StartShell
from codex_desk.engine.turns import Compact, Interrupt, NeedsHuman, Resume
from codex_desk.engine.waiting import StartWait
from codex_desk.engine.waking import FireWake
from codex_desk.runtimes.outside import Spawned
from codex_desk.store.tables import Attachment, Thread
from tests.engine.scripted import Place

NOWHERE = Folder(Path("/"), Path("/"), 0, 0)
RELATIONS = ("self", "attached_child", "spawned_child", "parent", "none")
ORIGINS = ("human", "agent", "automation", "import", "system")

# What semantics.md says, in its own order: only a human attaches, moves, detaches, archives, unarchives, renames (1.6), prompts and
# approves (13.2); a message passes from an agent to its child, a report to its parent (2.2); it waits for itself (3.1); it may try to close
# a child (1.6) and to interrupt one (7.4); it spawns below itself (7.1). Everything else is the engine's own.
HUMANS: dict[str, Callable[[Place, str], Action]] = {
    "new": lambda place, subject: New("fresh", place.folder("fresh")),
    "adopt": lambda place, subject: Adopt(subject, "codex", "here", {}),  # type: ignore[arg-type]
    "rename": lambda place, subject: Rename(subject, "renamed"),
    "set": lambda place, subject: Set(subject, "model", "small"),
    "fork": lambda place, subject: Fork(subject, "forked"),
    "trust": lambda place, subject: Trust(place.folder("fresh")),
    "note": lambda place, subject: SetMeta("last_thread", subject),
    "attach": lambda place, subject: Attach(subject, "nobody"),
    "move": lambda place, subject: Attach(subject, "nobody", move=True),
    "detach": lambda place, subject: Detach(subject),
    "archive": lambda place, subject: Archive(subject),
    "unarchive": lambda place, subject: Unarchive(subject),
    "prompt": lambda place, subject: Send(subject, "hello"),
    "prompt for another": lambda place, subject: Send(subject, "hello", sender="nobody"),
    "edit": lambda place, subject: Edit(1, "other"),
    "remove": lambda place, subject: Remove(1),
    "interrupt": lambda place, subject: Interrupt(subject),
    "resume": lambda place, subject: Resume(subject),
    "compact": lambda place, subject: Compact(subject),
    "shell": lambda place, subject: StartShell(subject),
    "decide": lambda place, subject: Decide("x-1", True),
    "revoke": lambda place, subject: Revoke(1),
    "redact": lambda place, subject: Redact(1),
    "fold": lambda place, subject: Fold(subject),
    "unfold": lambda place, subject: Unfold(subject),
    "fold_summary": lambda place, subject: AskSummary(subject),
    "fold_summary_cancel": lambda place, subject: CancelSummary(1),
    "board_close": lambda place, subject: Close(subject),
    "board_summary": lambda place, subject: Summarise(subject),
    "automation_add": lambda place, subject: Add("hb", subject, "every 15m", "look", "UTC"),
    "automation_pause": lambda place, subject: PauseAutomation("a"),
    "automation_resume": lambda place, subject: ResumeAutomation("a"),
    "automation_remove": lambda place, subject: RemoveAutomation("a"),
    "automation_run": lambda place, subject: RunNow("a"),
}
AGENTS: dict[str, tuple[Callable[[str], Action], set[str]]] = {
    "ask": (lambda subject: Ask(subject, "hello"), {"attached_child", "spawned_child"}),
    "report": (lambda subject: Report(subject, "hello"), {"parent"}),
    "wait": (lambda subject: StartWait(subject, (1,), "any", 0), {"self"}),
    "close_agent": (lambda subject: CloseAgent(subject), {"attached_child", "spawned_child"}),
    "interrupt_agent": (lambda subject: InterruptAgent(subject), {"attached_child", "spawned_child"}),
    "spawn_agent": (lambda subject: SpawnAgent(subject, "look", "scout", "native", {}, NOWHERE, Limits(6, 1)), {"self"}),
    "board_claim": (lambda subject: Claim(subject, ()), {"self"}),
    "board_mark": (lambda subject: Mark(subject), {"self"}),
}
# On the board the human writes, promotes and decides for the parent, an agent in its own name alone (8.2, 8.3).
BOTH: dict[str, tuple[Callable[[str], Action], set[str]]] = {
    "board_post": (lambda subject: Post(subject, "note", "hello"), {"self"}),
    "board_decide": (lambda subject: DecideOnBoard(subject, "so be it", (1,)), {"self"}),
    "board_promote": (lambda subject: Promote(subject, 1), {"self"}),
}
ENGINES: dict[str, Callable[[Place, str], Action]] = {
    "request": lambda place, subject: Request(subject, "t", "command", "ls", "/", "why", None),
    "expire": lambda place, subject: Expire("x-1", "why"),
    "needs_human": lambda place, subject: NeedsHuman(subject, "why"),
    "wake": lambda place, subject: FireWake("t"),
    "recover": lambda place, subject: Recover(place.home / "run"),
    "keep_state": lambda place, subject: KeepState(subject, {}),
    "catch_up": lambda place, subject: CatchUp(subject, ()),
    "closed": lambda place, subject: Closed(subject),
    "renamed": lambda place, subject: Renamed(subject, "other"),
    "board_open": lambda place, subject: Open(subject, Sharing()),
    "automation_plan": lambda place, subject: WritePlan("a", datetime.now(UTC), Plan((), None, None), datetime.now(UTC)),
    "automation_claim": lambda place, subject: ClaimRun(1, "h", datetime.now(UTC)),
    "automation_fire": lambda place, subject: Fire(1, "h", datetime.now(UTC)),
    "spawn": lambda place, subject: Spawn(Spawned("id", subject, "scout", None, "task", "/")),
}


@pytest.fixture
async def related(place: Place, desk: Desk) -> dict[str, str]:
    """`actor` and one thread for each relation to it; keys are the relations, and the actor's own id under `self`."""
    ids = {name: (await place.session(desk, name)).id for name in ("actor", "child", "sub", "boss", "stranger")}

    def relate(tx: Tx) -> None:
        for child, parent in (("child", "actor"), ("actor", "boss")):
            tx.insert(Attachment(id=f"{child}-{parent}", child_id=ids[child], parent_id=ids[parent], created_at=tx.now))
        tx.update(tx.thread(ids["sub"]), kind="subagent", spawned_by=ids["actor"])

    await desk.ledger.run(relate)
    return {
        "self": ids["actor"],
        "attached_child": ids["child"],
        "spawned_child": ids["sub"],
        "parent": ids["boss"],
        "none": ids["stranger"],
    }


async def code_of(desk: Desk, action: Action, by: By) -> str | None:
    """The code with which the table refuses; None where it lets the action pass. Nothing is performed."""

    def check(tx: Tx) -> str | None:
        try:
            permissions.check(tx, action, by)
        except Refusal as refusal:
            return refusal.code
        return None

    return await desk.ledger.run(check)


@pytest.mark.row("S0-21")
@pytest.mark.row("S0-41")
async def test_every_verb_in_every_relation_by_every_origin(place: Place, desk: Desk, related: dict[str, str]) -> None:
    wrong: list[tuple[str, str, str, str | None]] = []
    for relation, origin in itertools.product(RELATIONS, ORIGINS):
        subject = related[relation]
        by = By(origin, related["self"] if origin == "agent" else None)
        expected = dict.fromkeys(HUMANS, origin in ("human", "system"))
        expected |= {name: origin == "system" or (origin == "agent" and relation in allowed) for name, (_, allowed) in AGENTS.items()}
        expected |= {
            name: origin in ("human", "system") or (origin == "agent" and relation in allowed) for name, (_, allowed) in BOTH.items()
        }
        expected |= dict.fromkeys(ENGINES, origin == "system")
        actions = {name: make(place, subject) for name, make in (HUMANS | ENGINES).items()}
        actions |= {name: make(subject) for name, (make, _) in (AGENTS | BOTH).items()}
        for name, action in actions.items():
            code = await code_of(desk, action, by)
            if (code is None) != expected[name]:
                wrong.append((name, relation, origin, code))
    assert wrong == []


async def test_the_matrix_names_every_verb_of_the_table() -> None:
    named = {make(Place.__new__(Place), "x").verb for name, make in HUMANS.items() if name not in ("new", "trust")} | {"new", "trust"}
    named |= {make("x").verb for make, _ in (AGENTS | BOTH).values()}
    assert set(permissions.TABLE) == named


async def test_an_agents_try_at_a_humans_verb_is_refused_by_a_code_of_its_own(place: Place, desk: Desk, related: dict[str, str]) -> None:
    by = By("agent", related["self"])
    assert {await code_of(desk, make(place, related["attached_child"]), by) for make in HUMANS.values()} == {"origin_agent"}


@pytest.mark.row("S0-41")
@pytest.mark.parametrize("relation", ["none", "self"])
async def test_what_is_not_a_childs_or_a_parents_is_no_edge(desk: Desk, related: dict[str, str], relation: str) -> None:
    by = By("agent", related["self"])
    assert await code_of(desk, Ask(related[relation], "hello"), by) == "no_edge"
    assert await code_of(desk, Report(related[relation], "hello"), by) == "no_edge"


@pytest.mark.row("S0-41")
async def test_an_agent_cannot_reach_its_parents_other_children_or_its_childrens_children(
    place: Place, desk: Desk, related: dict[str, str]
) -> None:
    sibling, grandchild = [(await place.session(desk, name)).id for name in ("sibling", "grandchild")]
    await desk.do(Attach(sibling, related["parent"]))
    await desk.do(Attach(grandchild, related["attached_child"]))
    by = By("agent", related["self"])
    for each in (sibling, grandchild):
        assert await code_of(desk, Ask(each, "hello"), by) == "no_edge"


async def test_an_ended_attachment_is_no_relation(desk: Desk, related: dict[str, str]) -> None:
    await desk.do(Detach(related["attached_child"]))
    assert await code_of(desk, Ask(related["attached_child"], "hello"), By("agent", related["self"])) == "no_edge"


@pytest.mark.parametrize("thread", [None, "no-such-thread"])
async def test_an_agent_of_no_thread_reaches_nobody(desk: Desk, related: dict[str, str], thread: str | None) -> None:
    by = By("agent", thread)
    for subject in related.values():
        assert await code_of(desk, Ask(subject, "hello"), by) == "no_edge"


async def test_a_refused_action_leaves_no_trace(desk: Desk, related: dict[str, str]) -> None:
    def count() -> tuple[int, ...]:
        return tuple(desk.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in ("message", "item", "audit_event", "attachment"))

    before = count()
    by = By("agent", related["self"])
    for action in (Send(related["none"], "hello"), Archive(related["parent"]), Ask(related["none"], "hello")):
        with pytest.raises(Refusal):
            await desk.do(action, by)
    assert count() == before
    assert all(thread.archived_at is None for thread in await desk.ledger.run(lambda tx: tx.find(Thread, "1")))
