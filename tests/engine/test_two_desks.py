"""Two desks on one store, as two processes have it: each with a host identity, a writer and a stream of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

from codex_desk.engine import desk as desk_module
from codex_desk.engine.approvals import Decide
from codex_desk.engine.desk import Desk
from codex_desk.engine.events import Event, ItemAdded, MessageChanged, ThreadChanged
from codex_desk.engine.links import Archive, Attach
from codex_desk.engine.mailbox import Edit, Remove, Send
from codex_desk.engine.sessions import Rename
from codex_desk.engine.turns import Interrupt, Resume
from codex_desk.engine.views import ThreadView
from codex_desk.store import watching
from tests.engine.scripted import Gate, Place, Scripted, ScriptedRuntime, at_rest, final, lines, until


@pytest.fixture
async def other(place: Place, desk: Desk) -> AsyncIterator[Desk]:
    """A second process that hosts nothing."""
    async with place.open("none") as opened:
        yield opened


async def test_events_of_one_process_reach_the_other_in_the_order_of_the_desk(
    place: Place, runtime: ScriptedRuntime, desk: Desk, other: Desk, operator: ThreadView
) -> None:
    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", turn.body)

    runtime.scripts["operator"] = ask
    reviewer = await place.session(desk, "reviewer")
    here: list[Event] = []
    there: list[Event] = []
    desk.hub.add(here.append)
    other.hub.add(there.append)
    await desk.do(Attach(reviewer.id, operator.id))
    for n in range(5):
        sent = await (desk, other)[n % 2].do(Send(operator.id, f"go {n}"))
        await final(other, sent.id)
    await at_rest(desk)
    marker = await desk.do(Rename(operator.id, "the-end"))
    await until(other, lambda: other.thread(marker.id).handle == "the-end")
    await until(other, lambda: any(isinstance(e, ItemAdded) and e.item.text.startswith("renamed") for e in there))

    def items(events: list[Event]) -> list[int]:
        return [event.item.seq for event in events if isinstance(event, ItemAdded)]

    assert items(there) == items(here) == sorted(set(items(here)))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one looks all the time")
async def test_a_desk_that_rests_is_rung_up_by_what_another_commits(
    place: Place, desk: Desk, operator: ThreadView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "SURE_S", 0.1)
    for module, name in ((watching, "AT_LEAST_S"), (desk_module, "RECOVER_EVERY_S")):
        monkeypatch.setattr(module, name, 600.0)
    async with place.open("none") as resting:
        while resting.ledger.looks_again_in < 600:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)
        heard: list[Event] = []
        resting.hub.add(heard.append)
        await desk.do(Rename(operator.id, "late"))
        await until(resting, lambda: ThreadChanged(operator.id) in heard)


async def test_a_prompt_from_the_other_process_is_run_by_the_owner(desk: Desk, other: Desk, operator: ThreadView) -> None:
    sent = await other.do(Send(operator.id, "hello"))
    assert (await final(other, sent.id))[0].answer == "operator answers hello"


async def test_the_other_process_interrupts_and_resumes(runtime: ScriptedRuntime, desk: Desk, other: Desk, operator: ThreadView) -> None:
    gate = runtime.scripts["operator"] = Gate()
    sent = await desk.do(Send(operator.id, "go"))
    await gate.began.wait()
    await other.do(Interrupt(operator.id))
    (message,) = await final(other, sent.id)
    assert (message.state, message.reason) == ("interrupted", "by the user")
    gate.open.set()
    await other.do(Resume(operator.id))
    assert not desk.thread(operator.id).held


async def test_the_other_process_steers(runtime: ScriptedRuntime, desk: Desk, other: Desk, operator: ThreadView) -> None:
    gate, taken = Gate(), []

    async def step(turn: Scripted) -> str:
        answer = await gate(turn)
        taken.extend(await turn.host.take_steers())
        return answer

    runtime.scripts["operator"] = step
    await desk.do(Send(operator.id, "go"))
    await gate.began.wait()
    steer = await other.do(Send(operator.id, "that way", delivery="next_step"))
    gate.open.set()
    assert (await final(other, steer.id))[0].state == "delivered"
    assert taken == ["that way"]


async def test_the_other_process_edits_and_removes_what_is_queued(
    runtime: ScriptedRuntime, desk: Desk, other: Desk, operator: ThreadView
) -> None:
    gate = runtime.scripts["operator"] = Gate()
    first, second, third = [(await desk.do(Send(operator.id, text))).id for text in ("one", "two", "three")]
    await gate.began.wait()
    await other.do(Edit(second, "zwei"))
    await other.do(Remove(third))
    gate.open.set()
    await final(desk, first, second, third)
    assert runtime.bodies("operator") == ["one", "zwei"]


@pytest.mark.parametrize("approve", [True, False])
async def test_the_other_process_answers_an_approval(
    runtime: ScriptedRuntime, desk: Desk, other: Desk, operator: ThreadView, approve: bool
) -> None:
    results: list[str] = []

    async def work(turn: Scripted) -> str:
        results.append((await turn.call("shell", command="echo ran")).text)
        return "done"

    runtime.scripts["operator"] = work
    sent = await desk.do(Send(operator.id, "go"))
    await until(other, other.approvals)
    (approval,) = other.approvals()
    await other.do(Decide(approval.id, approve))
    await final(other, sent.id)
    assert ("ran" in results[0].replace("echo ran", "")) == approve


async def test_the_other_process_archives_a_running_session(
    runtime: ScriptedRuntime, desk: Desk, other: Desk, operator: ThreadView
) -> None:
    gate = runtime.scripts["operator"] = Gate()
    sent = await desk.do(Send(operator.id, "go"))
    await gate.began.wait()
    await other.do(Archive(operator.id))
    assert other.message(sent.id).reason == "archived"
    assert not desk.thread(operator.id).live


async def test_concurrent_updates_of_two_processes_are_all_there(desk: Desk, other: Desk, operator: ThreadView, place: Place) -> None:
    await desk.do(Interrupt(operator.id))
    idle = await place.session(desk, "idle")
    await desk.do(Interrupt(idle.id))
    jobs = [process.do(Send(idle.id, f"{name}{n}", sender=None)) for n in range(100) for name, process in (("a", desk), ("b", other))]
    sent = await asyncio.gather(*jobs)
    numbers = [message.id for message in sent]
    assert len(set(numbers)) == 200
    assert desk.rows("SELECT count(*) AS n FROM message WHERE to_id = ?", (idle.id,))[0]["n"] == 200
    seqs = [row["seq"] for row in desk.rows("SELECT seq FROM audit_event UNION ALL SELECT seq FROM item")]
    assert len(seqs) == len(set(seqs))
    assert desk.verify_audit().verified


async def test_of_two_open_desks_one_runs_a_message(place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    second = ScriptedRuntime()
    async with place.open(runtime=second) as another:
        sent = [(await (desk, another)[n % 2].do(Send(operator.id, f"m{n}"))).id for n in range(20)]
        messages = await final(another, *sent)
    assert all(message.state == "answered" for message in messages)
    assert sorted(runtime.bodies("operator") + second.bodies("operator")) == sorted(f"m{n}" for n in range(20))
    numbers = [row["message_id"] for row in desk.rows("SELECT message_id FROM turn ORDER BY started_at")]
    assert numbers == sorted(numbers)


async def test_a_message_changed_elsewhere_is_told_once(desk: Desk, other: Desk, operator: ThreadView) -> None:
    heard: list[Event] = []
    other.hub.add(heard.append)
    sent = await desk.do(Send(operator.id, "hello"))
    await until(other, lambda: any(isinstance(event, MessageChanged) and event.state == "answered" for event in heard))
    answered = [event for event in heard if isinstance(event, MessageChanged) and event.state == "answered"]
    assert answered == [MessageChanged(sent.id, operator.id, None, "answered")]


async def test_lines_of_both_processes_stand_in_one_transcript(desk: Desk, other: Desk, operator: ThreadView) -> None:
    for process, handle in ((desk, "one"), (other, "two"), (desk, "three")):
        await process.do(Rename(operator.id, handle))
    expected = ["renamed from operator to one", "renamed from one to two", "renamed from two to three"]
    assert lines(desk, operator) == lines(other, operator) == expected
