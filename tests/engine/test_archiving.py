from __future__ import annotations

import asyncio

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Archive, Attach, Detach, Unarchive
from codex_desk.engine.mailbox import Send
from codex_desk.engine.views import ThreadView
from tests.engine.scripted import Scripted, ScriptedRuntime, lines, prompt, refused


@pytest.mark.row("S0-24")
async def test_archiving_the_child_ends_its_attachment(desk: Desk, team: dict[str, ThreadView]) -> None:
    edge = await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    await desk.do(Archive(team["reviewer"].id))
    assert desk.attachment(edge.id).end_reason == "child_archived"
    assert desk.children(team["operator"].id) == []
    assert "reviewer detached (reviewer is archived)" in lines(desk, team["operator"])


@pytest.mark.row("S0-25")
async def test_archiving_the_parent_leaves_its_children_alive_and_says_what_they_were_attached_to(
    desk: Desk, team: dict[str, ThreadView]
) -> None:
    edge = await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    await desk.do(Archive(team["operator"].id))
    child = desk.thread(team["reviewer"].id)
    assert (child.live, child.parent, child.was_attached_to) == (True, None, "operator")
    assert desk.attachment(edge.id).end_reason == "parent_archived"
    assert (await prompt(desk, child, "hello")).state == "answered"


async def spawned(desk: Desk, parent: ThreadView, handle: str) -> str:
    """A subagent's row, as spawning makes it."""
    row = dict(desk.rows("SELECT * FROM thread WHERE id = ?", (parent.id,))[0])
    row |= {"id": f"sub-{handle}", "handle": handle, "kind": "subagent", "spawned_by": parent.id}
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    await desk.ledger.run(
        lambda tx: tx.connection.exec_driver_sql(f"INSERT INTO thread ({columns}) VALUES ({marks})", tuple(row.values())) and None
    )
    return row["id"]


async def test_archiving_the_parent_archives_its_subagents_and_unarchiving_brings_them_back(
    desk: Desk, team: dict[str, ThreadView]
) -> None:
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    sub = await spawned(desk, team["operator"], "digger")
    assert desk.archive_preview(team["operator"].id) == (["digger"], ["reviewer"])
    await desk.do(Archive(team["operator"].id))
    assert (desk.thread(sub).live, desk.thread(team["reviewer"].id).live) == (False, True)
    await desk.do(Unarchive(team["operator"].id))
    assert desk.thread(sub).live
    assert desk.thread(team["reviewer"].id).parent is None


async def test_unarchiving_attaches_again_only_when_asked(desk: Desk, team: dict[str, ThreadView]) -> None:
    await desk.do(Attach(team["reviewer"].id, team["operator"].id, rights="own", wake="never", interrupt=True))
    for reattach in (False, True):
        await desk.do(Archive(team["operator"].id))
        await desk.do(Unarchive(team["operator"].id, reattach=reattach))
        assert desk.thread(team["reviewer"].id).parent == ("operator" if reattach else None)
        if not reattach:
            await desk.do(Attach(team["reviewer"].id, team["operator"].id, rights="own", wake="never", interrupt=True))
    child = desk.thread(team["reviewer"].id)
    assert (child.rights, child.wake, child.interrupt) == ("own", "never", True)


async def test_an_attachment_that_cannot_be_had_again_is_named(desk: Desk, team: dict[str, ThreadView]) -> None:
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    await desk.do(Archive(team["operator"].id))
    await desk.do(Attach(team["reviewer"].id, team["tester"].id))
    await desk.do(Unarchive(team["operator"].id, reattach=True))
    assert desk.thread(team["reviewer"].id).parent == "tester"
    assert any(line.startswith("not attached again: reviewer is attached to tester") for line in lines(desk, team["operator"]))


async def test_an_attachment_that_somebody_detached_is_not_brought_back(desk: Desk, team: dict[str, ThreadView]) -> None:
    await desk.do(Attach(team["reviewer"].id, team["operator"].id))
    await desk.do(Archive(team["operator"].id))
    await desk.do(Unarchive(team["operator"].id, reattach=True))
    await desk.do(Detach(team["reviewer"].id))
    await desk.do(Archive(team["operator"].id))
    await desk.do(Unarchive(team["operator"].id, reattach=True))
    assert desk.thread(team["reviewer"].id).parent is None


async def test_archiving_a_running_thread_interrupts_its_turn_first(
    runtime: ScriptedRuntime, desk: Desk, team: dict[str, ThreadView]
) -> None:
    began = asyncio.Event()

    async def endless(turn: Scripted) -> str:
        await turn.say("a partial thought")
        began.set()
        await asyncio.Event().wait()
        return "never"

    runtime.scripts["reviewer"] = endless
    sent = await desk.do(Send(team["reviewer"].id, "go"))
    waiting = await desk.do(Send(team["reviewer"].id, "later"))
    await began.wait()
    await desk.do(Archive(team["reviewer"].id))
    assert (desk.message(sent.id).state, desk.message(sent.id).reason) == ("interrupted", "archived")
    assert (desk.message(waiting.id).state, desk.message(waiting.id).reason) == ("cancelled", "archived")
    assert "a partial thought" in lines(desk, team["reviewer"])


async def test_archiving_twice_and_unarchiving_the_living_are_refused(desk: Desk, team: dict[str, ThreadView]) -> None:
    assert (await refused(desk, Unarchive(team["reviewer"].id))).code == "not_archived"
    await desk.do(Archive(team["reviewer"].id))
    assert (await refused(desk, Archive(team["reviewer"].id))).code == "archived"
