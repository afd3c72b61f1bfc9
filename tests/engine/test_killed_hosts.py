from __future__ import annotations

import asyncio
import os

import pytest

from codex_desk.engine.events import TurnChanged
from codex_desk.engine.links import Archive, Attach
from codex_desk.engine.mailbox import Send
from codex_desk.engine.views import FINAL_STATES
from tests.engine.endings import left_at_every_statement, look_after
from tests.engine.processes import killed, processes, told
from tests.engine.scripted import PATIENCE, Place, Scripted, at_rest, final, lines, prompt, until


@pytest.mark.row("S1-12")
async def test_after_kill_nine_in_mid_turn_nothing_is_lost_or_run_twice(place: Place) -> None:
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        reviewer = await place.session(desk, "reviewer")
        await desk.do(Attach(reviewer.id, operator.id))
        sent = [(await desk.do(Send(operator.id, f"m{n}"))).id for n in range(4)]
    with processes("hang", place.root, ("desk", 0)) as (host,):
        assert told(host) == "running"
        killed(host)
    async with place.open() as desk:
        messages = await final(desk, *sent)
        assert [(message.state, message.reason) for message in messages] == [
            ("interrupted", "process ended"),
            *[("answered", None)] * 3,
        ]
        assert place.runtime.bodies("operator") == ["m1", "m2", "m3"]
        assert "the first part" in lines(desk, operator)
        assert any(b"the first part" in chunk for chunk in place.runtime.inputs["operator"][0].history)
        assert any(line.startswith("the process that ran this turn ended") for line in lines(desk, operator))
        turns = desk.rows("SELECT state, reason FROM turn ORDER BY started_at")
        assert [tuple(turn) for turn in turns] == [("interrupted", "process ended"), *[("completed", None)] * 3]
        assert desk.verify_audit().verified


async def test_a_reader_that_opens_after_a_kill_shows_the_user_what_happened(place: Place) -> None:
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        sent = [(await desk.do(Send(operator.id, text))).id for text in ("one", "two")]
    with processes("hang", place.root, ("desk", 0)) as (host,):
        assert told(host) == "running"
        killed(host)
    async with place.open("none") as desk:
        view = desk.thread(operator.id)
        assert (view.status, view.reason) == ("error", "process ended")
        assert [desk.message(number).state for number in sent] == ["interrupted", "queued"]


async def test_an_open_desk_takes_over_from_a_one_shot_host_that_is_killed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codex_desk.engine.desk.RECOVER_EVERY_S", 0.02)
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        first, second = [(await desk.do(Send(operator.id, text))).id for text in ("one", "two")]
    with processes("hang", place.root, ("once", first)) as (host,):
        assert told(host) == "running"
        async with place.open() as desk:
            assert (desk.message(first).state, desk.message(second).state) == ("running", "queued")
            assert place.runtime.bodies("operator") == []
            killed(host)
            views = await final(desk, first, second)
    assert [(view.state, view.reason) for view in views] == [("interrupted", "process ended"), ("answered", None)]


async def test_a_process_that_only_watches_sees_the_end_of_a_killed_hosts_turn(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codex_desk.engine.desk.RECOVER_EVERY_S", 0.02)
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        number = (await desk.do(Send(operator.id, "one"))).id
    with processes("hang", place.root, ("desk", 0)) as (host,):
        assert told(host) == "running"
        async with place.open("once") as watcher:
            watching = asyncio.create_task(watcher.run_until([number], timeout=PATIENCE))
            killed(host)
            assert [view.reason for view in await watching] == ["process ended"]


async def test_a_session_whose_host_was_killed_can_be_archived(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codex_desk.engine.desk.RECOVER_EVERY_S", 0.02)
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        await desk.do(Send(operator.id, "one"))
        with processes("hang", place.root, ("desk", 0)) as (host,):
            assert told(host) == "running"
            killed(host)
        assert (await desk.do(Archive(operator.id))).status == "archived"


async def test_a_desk_goes_on_with_the_queue_when_a_one_shot_host_has_left(place: Place) -> None:
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        first, second = [(await desk.do(Send(operator.id, text))).id for text in ("one", "two")]

    desk_is_open = asyncio.Event()

    async def script(turn: Scripted) -> str:
        if turn.body == "one":
            await desk_is_open.wait()
        return f"answer to {turn.body}"

    place.runtime.scripts["operator"] = script
    async with place.open("once") as once:
        running = asyncio.create_task(once.run_until([first]))
        await until(once, lambda: once.message(first).state == "running")
        async with place.open() as desk, desk.subscribe() as events:
            desk_is_open.set()
            await running
            async for event in events:
                if isinstance(event, TurnChanged) and event.state == "completed":
                    break
            desk_host, once_host = desk._host, once._host
            assert desk_host is not None and once_host is not None
            await desk_host.rest()  # it has looked, and the thread was still the other's
            assert once.message(second).state == "queued"
            await once_host.close()
            once._host = None
            assert (await final(desk, second))[0].answer == "answer to two"


async def test_a_process_that_ends_at_any_statement_leaves_every_message_once_or_with_a_reason(place: Place) -> None:
    template = place.root / "template"
    made = Place(template)
    async with made.open("none") as desk:
        operator = await made.session(desk, "operator")
        reviewer = await made.session(desk, "reviewer")
        await desk.do(Attach(reviewer.id, operator.id, wake="never"))
    copies = await left_at_every_statement(template)
    assert len(copies) > 90
    for copy in copies:
        report = await look_after(copy)
        where = f"at statement {copy.name}"
        assert report["verified"], where
        assert report["open_turns"] == 0, where
        numbers = [message["id"] for message in report["messages"]]
        assert set(report["acknowledged"]) <= set(numbers), where
        for message in report["messages"]:
            assert message["state"] in FINAL_STATES, where
            assert len(message["turns"]) == 1, where
            assert message["shown"] == (message["kind"] == "ask"), where
            match message["state"]:
                case "answered":
                    assert message["turns"] == ["completed"], where
                case _:
                    assert (message["state"], message["reason"], message["turns"]) == (
                        "interrupted",
                        "process ended",
                        ["interrupted"],
                    ), where
        interrupted = [message for message in report["messages"] if message["state"] == "interrupted"]
        assert report["told"] == len(interrupted), where


async def test_the_next_start_of_a_killed_desk_finds_it_whole(place: Place) -> None:
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        await desk.do(Send(operator.id, "one"))
    for _ in range(3):
        with processes("hang", place.root, ("desk", 0)) as (host,):
            async with place.open("none") as desk:
                await desk.do(Send(operator.id, "again"))
            assert told(host) == "running"
            killed(host)
    async with place.open() as desk:
        await at_rest(desk)
        assert (await prompt(desk, operator, "well?")).state == "answered"
        assert desk.verify_audit().verified
        assert {row["state"] for row in desk.rows("SELECT state FROM message")} <= {"answered", "interrupted"}
        assert desk.rows("SELECT 1 FROM host WHERE pid != ?", (os.getpid(),)) == []
