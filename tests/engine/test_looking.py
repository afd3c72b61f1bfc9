"""What the screens about what happened read: pages of the audit, search, who waits, candidates."""

from __future__ import annotations

import asyncio

import pytest

from codex_desk.engine import searching
from codex_desk.engine.approvals import Decide
from codex_desk.engine.auditing import AuditFilter
from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Archive, Attach
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import New, Set
from codex_desk.engine.turns import Interrupt
from codex_desk.engine.views import ThreadView
from tests.engine.scripted import Gate, Place, Scripted, ScriptedRuntime, at_rest, final, prompt, until


async def asked_and_answered(desk: Desk, runtime: ScriptedRuntime, operator: ThreadView) -> None:
    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", "Look at the loader")

    runtime.scripts["operator"] = ask
    await prompt(desk, operator, "go")
    await at_rest(desk)


# --- the audit ------------------------------------------------------------------------------------------------------------------------------


async def test_pages_of_the_audit_hang_together(desk: Desk, runtime: ScriptedRuntime, operator: ThreadView, reviewer: ThreadView) -> None:
    await asked_and_answered(desk, runtime, operator)
    whole = desk.audit()
    newest = desk.audit_page(AuditFilter(), limit=4)
    before = desk.audit_page(AuditFilter(), before=newest[0].seq, limit=3)
    after = desk.audit_page(AuditFilter(), after=whole[0].seq, limit=2)
    assert (newest, before, after) == (whole[-4:], whole[-7:-4], whole[1:3])


async def test_the_store_filters_by_thread_kind_origin_and_words(
    desk: Desk, runtime: ScriptedRuntime, operator: ThreadView, reviewer: ThreadView
) -> None:
    await asked_and_answered(desk, runtime, operator)

    def kinds(wanted: AuditFilter) -> set[str]:
        return {event.kind for event in desk.audit_page(wanted)}

    assert kinds(AuditFilter(kinds=("ans", "attached"))) == {"answered", "attached"}
    assert {event.thread for event in desk.audit_page(AuditFilter(thread_id=reviewer.id))} == {"reviewer"}
    assert all("reviewer" in (event.thread, event.peer) for event in desk.audit_page(AuditFilter(threads=("rev",))))
    assert kinds(AuditFilter(words=("LOADER", "reviewer"))) == {"sent", "answered"}
    assert kinds(AuditFilter(origins=("human",), kinds=("sent",))) == {"sent"}
    assert kinds(AuditFilter(words=("100%_",))) == set()
    assert sum(desk.audit_kinds().values()) == len(desk.audit())


async def test_every_event_leads_to_a_line_in_its_own_thread(
    desk: Desk, runtime: ScriptedRuntime, operator: ThreadView, reviewer: ThreadView
) -> None:
    await asked_and_answered(desk, runtime, operator)
    for event in desk.audit():
        seq = desk.line_of(event)
        assert seq is not None
        item = desk.item(seq)
        assert item.thread_id == event.thread_id
        if event.kind in ("attached", "answered", "returned") and event.peer:
            assert item.data["event"] == event.kind


async def test_an_event_of_a_thread_without_lines_leads_nowhere(place: Place, desk: Desk, operator: ThreadView) -> None:
    (made,) = desk.audit(operator.id)
    assert (made.kind, desk.line_of(made)) == ("created", None)


# --- search ---------------------------------------------------------------------------------------------------------------------------------


async def test_a_search_is_narrowed_by_thread_and_kind_and_names_the_threads(
    desk: Desk, runtime: ScriptedRuntime, operator: ThreadView, reviewer: ThreadView
) -> None:
    await asked_and_answered(desk, runtime, operator)
    await searching.catch_up(desk.ledger)
    everywhere = await desk.find("loader")
    assert set(everywhere.threads) == {"operator", "reviewer"}
    assert everywhere.behind == 0
    assert [item.seq for item in everywhere.items] == sorted((item.seq for item in everywhere.items), reverse=True)
    assert set((await desk.find("loa", threads=("rev",))).threads) == {"reviewer"}
    assert {item.kind for item in (await desk.find("loader", kinds=("message_out",))).items} == {"message_out"}
    one = await desk.find("loader", limit=1)
    assert (len(one.items), one.more) == (1, True)
    assert (await desk.find("nosuchword")).items == ()
    assert (await desk.find('"  -- )')).items == ()


async def test_a_search_says_how_far_behind_its_index_is(
    monkeypatch: pytest.MonkeyPatch, desk: Desk, runtime: ScriptedRuntime, operator: ThreadView
) -> None:
    await searching.catch_up(desk.ledger)

    async def never(_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(searching, "catch_up", never)
    before = (await desk.find("quokka")).behind
    await prompt(desk, operator, "quokka")
    found = await desk.find("quokka")
    assert (before, found.items) == (0, ())
    assert found.behind >= 2
    await desk.ledger.run(searching.index_batch)
    assert (await desk.find("quokka")).behind == 0
    assert len((await desk.find("quokka")).items) >= 1


# --- who waits ------------------------------------------------------------------------------------------------------------------------------


async def test_a_wait_is_told_with_what_each_of_its_messages_does(
    place: Place, desk: Desk, runtime: ScriptedRuntime, operator: ThreadView, reviewer: ThreadView
) -> None:
    busy = Gate()
    runtime.scripts["reviewer"] = busy

    async def ask(turn: Scripted) -> str:
        first = await turn.send("reviewer", "one")
        second = await turn.send("reviewer", "two")
        await turn.wait(first, second, mode="all", timeout_ms=60_000)
        return "done"

    runtime.scripts["operator"] = ask
    sent = await desk.do(Send(operator.id, "go"))
    await until(desk, lambda: any(each.state == "running" for wait in desk.standing().waits for each in wait.awaited))
    (wait,) = desk.standing().waits
    assert (wait.thread, wait.mode) == ("operator", "all")
    assert wait.deadline > wait.since
    first, second = wait.awaited
    assert (first.thread, first.state, first.behind) == ("reviewer", "running", None)
    assert (second.thread, second.state, second.behind) == ("reviewer", "queued", first.number)
    busy.open.set()
    await final(desk, sent.id)
    assert desk.standing().waits == []


async def test_who_needs_the_human_is_told_with_what_they_need(
    place: Place, desk: Desk, runtime: ScriptedRuntime, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def run(turn: Scripted) -> str:
        return str(await turn.tool("shell", command="touch made"))

    runtime.scripts["reviewer"] = run
    sent = await desk.do(Send(reviewer.id, "go"))
    await until(desk, lambda: desk.approvals())
    (asked,) = desk.standing().asked
    assert (asked.thread, asked.approval, asked.text) == ("reviewer", "reviewer-1", "touch made")
    await desk.do(Decide("reviewer-1", False))
    await final(desk, sent.id)
    assert desk.standing().asked == []


async def test_a_thread_that_the_human_stopped_waits_for_them_while_something_is_queued(
    desk: Desk, runtime: ScriptedRuntime, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def send(turn: Scripted) -> str:
        return str(await turn.send("reviewer", "for later"))

    runtime.scripts["operator"] = send
    await desk.do(Interrupt(reviewer.id))
    assert desk.standing().asked == []
    await prompt(desk, operator, "go")
    (asked,) = desk.standing().asked
    assert (asked.thread, asked.approval, asked.text) == ("reviewer", None, "you stopped it, and something is queued")


# --- the pickers ----------------------------------------------------------------------------------------------------------------------------


async def test_the_best_candidates_stand_first_the_same_project_before_the_latest_used(place: Place, desk: Desk) -> None:
    def new(handle: str, folder: str) -> New:
        return New(handle, place.folder(folder), runtime="offline")

    for handle, folder in (("child", "here"), ("near-old", "here"), ("far-old", "there"), ("near-new", "here"), ("far-new", "there")):
        await desk.do(new(handle, folder))
    child = desk.resolve("child", place.folder("here"))
    assert [one.thread.handle for one in desk.candidates(child.id)] == ["near-new", "near-old", "far-new", "far-old", "child"]


async def test_what_cannot_be_taken_stands_last_with_its_reason(desk: Desk, team: dict[str, ThreadView]) -> None:
    await desk.do(Attach(team["tester"].id, team["reviewer"].id))
    await desk.do(Archive(team["reader"].id))
    found = {one.thread.handle: one.refused for one in desk.candidates(team["reviewer"].id)}
    assert list(found.values())[:2] == [None, None] and None not in list(found.values())[2:]
    assert found["reviewer"] == "itself"
    assert found["tester"] == "would make a cycle: reviewer → tester → reviewer"
    assert found["reader"] == "reader is archived"


async def test_a_parent_that_would_be_too_deep_is_refused_with_how_deep(desk: Desk, team: dict[str, ThreadView]) -> None:
    for child, parent in (("reviewer", "operator"), ("tester", "reviewer"), ("writer", "tester")):
        await desk.do(Attach(team[child].id, team[parent].id))
    found = {one.thread.handle: one for one in desk.candidates(team["reader"].id)}
    assert (found["writer"].refused or "").startswith("would be 4 attachments deep; at most 3")
    assert found["tester"].refused is None


async def test_what_narrows_and_where_it_moves_from_is_said(desk: Desk, team: dict[str, ThreadView]) -> None:
    await desk.do(Attach(team["reviewer"].id, team["tester"].id))
    await desk.do(Set(team["operator"].id, "sandbox_mode", "read-only"))
    found = {one.thread.handle: one for one in desk.candidates(team["reviewer"].id)}
    assert found["operator"].narrows == "reviewer would run read-only for operator"
    assert found["writer"].narrows is None
    assert {one.moves_from for one in found.values()} == {"tester", None}
    assert found["tester"].refused == "already attached to it"
