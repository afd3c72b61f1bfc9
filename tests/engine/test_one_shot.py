"""A one-shot host: `exec`, `send --wait`, `wait`."""

from __future__ import annotations

import asyncio

import pytest

from codex_desk.engine.links import Attach
from codex_desk.engine.mailbox import Send
from tests.engine.scripted import PATIENCE, Place, Scripted, ScriptedRuntime, final, until


async def test_it_runs_the_queue_up_to_its_message_and_no_further(place: Place, runtime: ScriptedRuntime) -> None:
    async with place.open("once") as desk:
        operator, other = [await place.session(desk, handle) for handle in ("operator", "other")]
        first, second, third = [(await desk.do(Send(operator.id, text))).id for text in ("one", "two", "three")]
        elsewhere = await desk.do(Send(other.id, "not mine"))
        (view,) = await desk.run_until([second])
        assert (view.answer, desk.message(first).state, desk.message(third).state) == ("operator answers two", "answered", "queued")
        assert desk.message(elsewhere.id).state == "queued"
    assert runtime.bodies("operator") == ["one", "two"]
    async with place.open("none") as desk:
        assert desk.message(third).state == "queued"
        assert desk.rows("SELECT * FROM host") == []
        assert [row["host_id"] for row in desk.rows("SELECT host_id FROM lease")] == [None]


@pytest.mark.row("S0-32")
async def test_it_follows_into_the_threads_that_its_turns_write_to_up_to_that_message(place: Place, runtime: ScriptedRuntime) -> None:
    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", "look")

    runtime.scripts["operator"] = ask
    async with place.open("once") as desk:
        operator, reviewer = [await place.session(desk, handle) for handle in ("operator", "reviewer")]
        await desk.do(Attach(reviewer.id, operator.id))
        before = await desk.do(Send(reviewer.id, "before"))
        sent = await desk.do(Send(operator.id, "go"))
        running = asyncio.create_task(desk.run_until([sent.id]))
        (view,) = await running
        after = await desk.do(Send(reviewer.id, "after"))
        await desk.wait_turns()
        assert view.answer == "reviewer answers look"
        assert (desk.message(before.id).state, desk.message(after.id).state) == ("answered", "queued")
    assert runtime.bodies("reviewer") == ["before", "look"]


@pytest.mark.row("S1-07")
async def test_it_ends_when_all_that_its_turns_started_has_ended_not_at_the_first_completion(
    place: Place, runtime: ScriptedRuntime
) -> None:
    async def send_only(turn: Scripted) -> str:
        if turn.body == "go":
            await turn.send("reviewer", "look")
        return "sent"

    async def slow(turn: Scripted) -> str:
        for _ in range(20):
            await asyncio.sleep(0)
        return "looked"

    runtime.scripts |= {"operator": send_only, "reviewer": slow}
    async with place.open("once") as desk:
        operator, reviewer = [await place.session(desk, handle) for handle in ("operator", "reviewer")]
        await desk.do(Attach(reviewer.id, operator.id, wake="never"))
        sent = await desk.do(Send(operator.id, "go"))
        await desk.run_until([sent.id])
        assert [message.state for message in (desk.message(2),)] == ["answered"]
        assert desk.rows("SELECT 1 FROM turn WHERE state = 'running'") == []


async def test_a_timeout_ends_its_own_turns_and_leaves_what_is_queued(place: Place, runtime: ScriptedRuntime) -> None:
    async def partly(turn: Scripted) -> str:
        await turn.say("the first part")
        await asyncio.Event().wait()
        return "never"

    runtime.scripts["operator"] = partly
    async with place.open("once") as desk:
        operator = await place.session(desk, "operator")
        first, second = [(await desk.do(Send(operator.id, text))).id for text in ("one", "two")]
        with pytest.raises(TimeoutError):
            await desk.run_until([first, second], timeout=0.3)
    async with place.open("none") as desk:
        one, two = desk.message(first), desk.message(second)
        assert (one.state, one.reason, two.state) == ("interrupted", "host left", "queued")
        assert any(item.text == "the first part" for item in desk.items(operator.id))
        assert desk.thread(operator.id).status == "idle"


async def test_being_cancelled_ends_its_own_turns(place: Place, runtime: ScriptedRuntime) -> None:
    began = asyncio.Event()

    async def endless(turn: Scripted) -> str:
        began.set()
        await asyncio.Event().wait()
        return "never"

    runtime.scripts["operator"] = endless
    sent: list[int] = []

    async def once() -> None:
        async with place.open("once") as desk:
            operator = await place.session(desk, "operator")
            sent.append((await desk.do(Send(operator.id, "go"))).id)
            await desk.run_until(sent)

    running = asyncio.create_task(once())
    await began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    async with place.open("none") as desk:
        assert (desk.message(sent[0]).state, desk.message(sent[0]).reason) == ("interrupted", "host left")


async def test_it_only_watches_where_a_desk_is_open(place: Place, runtime: ScriptedRuntime) -> None:
    mine = ScriptedRuntime()
    async with place.open() as desk, place.open("once", runtime=mine) as once:
        operator = await place.session(desk, "operator")
        sent = await once.do(Send(operator.id, "go"))
        (view,) = await once.run_until([sent.id])
        assert view.answer == "operator answers go"
        assert [row["kind"] for row in desk.rows("SELECT kind FROM host")] == ["desk"]
    assert (runtime.bodies("operator"), mine.bodies("operator")) == (["go"], [])


async def test_a_watchers_timeout_interrupts_nothing(place: Place, runtime: ScriptedRuntime) -> None:
    gate = asyncio.Event()

    async def hold(turn: Scripted) -> str:
        await gate.wait()
        return "done"

    runtime.scripts["operator"] = hold
    async with place.open() as desk:
        async with place.open("once") as once:
            operator = await place.session(desk, "operator")
            sent = await once.do(Send(operator.id, "go"))
            with pytest.raises(TimeoutError):
                await once.run_until([sent.id], timeout=0.2)
        gate.set()
        assert (await final(desk, sent.id))[0].answer == "done"


async def test_any_of_several_messages_is_enough_when_asked_for(place: Place, runtime: ScriptedRuntime) -> None:
    async with place.open("once") as desk:
        operator = await place.session(desk, "operator")
        held = await desk.do(Send((await place.session(desk, "reviewer")).id, "later"))
        await desk.ledger.run(
            lambda tx: tx.connection.exec_driver_sql("UPDATE message SET state = 'held' WHERE id = ?", (held.id,)) and None
        )
        sent = await desk.do(Send(operator.id, "go"))
        views = await desk.run_until([held.id, sent.id], any_of=True)
        assert [view.state for view in views] == ["held", "answered"]


async def test_two_of_them_take_turns_with_one_thread(place: Place, runtime: ScriptedRuntime) -> None:
    other = ScriptedRuntime()
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        numbers = [(await desk.do(Send(operator.id, text))).id for text in ("one", "two", "three")]

    async def once(number: int, mine: ScriptedRuntime) -> str | None:
        async with place.open("once", runtime=mine) as desk:
            return (await desk.run_until([number], timeout=PATIENCE))[0].answer

    answers = await asyncio.gather(once(numbers[1], runtime), once(numbers[2], other))
    assert answers == ["operator answers two", "operator answers three"]
    assert sorted(runtime.bodies("operator") + other.bodies("operator")) == ["one", "three", "two"]


async def test_a_message_that_is_final_already_returns_at_once_and_runs_nothing(place: Place, runtime: ScriptedRuntime) -> None:
    async with place.open("once") as desk:
        operator = await place.session(desk, "operator")
        first = await desk.do(Send(operator.id, "one"))
        await desk.run_until([first.id])
        await desk.do(Send(operator.id, "two"))
        await desk.run_until([first.id])
        assert runtime.bodies("operator") == ["one"]


async def test_a_closing_desk_ends_its_turns_as_host_left_and_the_next_runs_the_rest(place: Place, runtime: ScriptedRuntime) -> None:
    began = asyncio.Event()

    async def endless(turn: Scripted) -> str:
        began.set()
        await asyncio.Event().wait()
        return "never"

    runtime.scripts["operator"] = endless
    async with place.open() as desk:
        operator = await place.session(desk, "operator")
        first, second = [(await desk.do(Send(operator.id, text))).id for text in ("one", "two")]
        await began.wait()
    runtime.scripts.clear()
    async with place.open() as desk:
        one, two = await final(desk, first, second)
        assert (one.state, one.reason, two.answer) == ("interrupted", "host left", "operator answers two")


async def test_beside_a_desk_that_leaves_it_runs_what_is_left(
    place: Place, runtime: ScriptedRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codex_desk.engine.desk.RECOVER_EVERY_S", 0.02)
    begun = asyncio.Event()

    async def hangs(turn: Scripted) -> str:
        begun.set()
        await asyncio.Event().wait()
        return "never"

    runtime.scripts["operator"] = hangs
    own = ScriptedRuntime()
    async with place.open("once", runtime=own) as watcher:
        async with place.open() as desk:
            operator = await place.session(desk, "operator")
            first, second = [(await desk.do(Send(operator.id, text))).id for text in ("one", "two")]
            await begun.wait()
            watching = asyncio.create_task(watcher.run_until([second]))
            await until(watcher, lambda: watcher.message(first).state == "running")
            assert own.bodies("operator") == []
        async with asyncio.timeout(PATIENCE):
            (view,) = await watching
        assert (view.state, watcher.message(first).reason) == ("answered", "host left")
    assert own.bodies("operator") == ["two"]


async def test_what_needs_the_human_first_comes_back_as_it_is(place: Place) -> None:
    async with place.open("once") as desk:
        operator = await place.session(desk, "operator")
        sent = await desk.do(Send(operator.id, "go"))
        place.folder("operator").rename(place.root / "elsewhere")
        async with asyncio.timeout(PATIENCE):
            (view,) = await desk.run_until([sent.id])
        assert view.state == "queued"
        assert "moved" in (desk.need_of(view) or "")
