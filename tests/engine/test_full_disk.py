"""A disk that fills up while the desk is at work: nothing that was acknowledged is lost, and what ran comes to its end."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.mailbox import Send
from codex_desk.store.errors import StoreError, explain
from tests.engine.processes import killed, processes, told
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, final, lines, prompt

TOO_MUCH = "x" * 200_000
"""Characters; what there is room for is less."""


def limit(desk: Desk, pages: int) -> None:
    """Let the store grow to so many pages; SQLite says of the next one what it says of a full disk."""
    raw = desk._database.write_engine.raw_connection()
    raw.driver_connection.execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[union-attr]


@contextmanager
def full_disk(desk: Desk) -> Iterator[None]:
    [(pages,)] = desk.rows("PRAGMA page_count")
    limit(desk, pages)
    try:
        yield
    finally:
        limit(desk, 1 << 30)


async def test_a_send_is_refused_and_what_was_sent_before_is_there(desk: Desk, place: Place) -> None:
    operator = await place.session(desk, "operator")
    before = await prompt(desk, operator, "before")
    with full_disk(desk), pytest.raises(StoreError) as caught:
        await desk.do(Send(operator.id, TOO_MUCH))
    assert caught.value.code == "disk_full"
    after = await prompt(desk, operator, "after")
    assert [(message.id, message.state) for message in (before, after)] == [(1, "answered"), (2, "answered")]
    assert desk.verify_audit().verified


async def test_a_turn_whose_step_finds_no_room_ends_as_failed_once_there_is_some(
    desk: Desk, place: Place, runtime: ScriptedRuntime
) -> None:
    async def fills_up(turn: Scripted) -> str:
        await turn.say("the first part")
        with full_disk(desk):
            return await turn.say(TOO_MUCH)

    runtime.scripts["operator"] = fills_up
    operator = await place.session(desk, "operator")
    message = await prompt(desk, operator, "go")
    assert message.state == "failed"
    assert "is full" in (message.reason or "")
    assert "the first part" in lines(desk, operator)
    del runtime.scripts["operator"]
    assert (await prompt(desk, operator, "again")).state == "answered"


async def test_a_host_that_leaves_while_the_disk_is_full_leaves_no_turn_behind_that_seems_to_run(
    place: Place, runtime: ScriptedRuntime
) -> None:
    begun = asyncio.Event()

    async def hangs(turn: Scripted) -> str:
        begun.set()
        await asyncio.Event().wait()
        return "never"

    runtime.scripts["operator"] = hangs
    async with place.open() as desk:
        operator = await place.session(desk, "operator")
        sent = [(await desk.do(Send(operator.id, text))).id for text in ("one", "two")]
        await begun.wait()
        desk._database.write_engine.raw_connection().driver_connection.execute("PRAGMA query_only = ON")  # type: ignore[union-attr]
    del runtime.scripts["operator"]
    async with place.open() as desk:
        first, second = await final(desk, *sent)
        assert (first.state, first.reason) == ("interrupted", "process ended")
        assert second.state == "answered"


async def test_a_turn_whose_end_was_not_written_is_ended_as_its_host_signs_off(
    place: Place, runtime: ScriptedRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def hangs(turn: Scripted) -> str:
        begun.set()
        await asyncio.Event().wait()
        return "never"

    async def not_written(*_: object, **__: object) -> None:
        return None

    runtime.scripts["operator"] = hangs
    async with place.open() as desk:
        operator = await place.session(desk, "operator")
        sent = await desk.do(Send(operator.id, "one"))
        await begun.wait()
        monkeypatch.setattr("codex_desk.engine.thread.ThreadActor._settle", not_written)
    async with place.open("none") as desk:
        message = desk.message(sent.id)
        assert (message.state, message.reason) == ("interrupted", "host left")
        assert desk.rows("SELECT 1 FROM turn WHERE state = 'running'") == []


def test_an_input_output_error_on_a_full_disk_is_said_to_be_that(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    assert explain(error, str(place.home / "desk.db")).code == "store_unwritable"
    monkeypatch.setattr("codex_desk.store.errors.ROOM", 1 << 62)
    assert explain(error, str(place.home / "desk.db")).code == "disk_full"


async def test_what_a_dead_process_left_can_be_read_while_there_is_no_room_to_recover_it(
    place: Place, runtime: ScriptedRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        await desk.do(Send(operator.id, "one"))
    with processes("hang", place.root, ("desk", 0)) as (host,):
        assert told(host) == "running"
        killed(host)

    def no_room(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as full:
        full.setattr("codex_desk.engine.recovery.Recover.perform", no_room)
        async with place.open("none") as desk:
            assert [item.text for item in desk.items(operator.id) if item.kind == "agent_message"] == ["the first part"]
    async with place.open("none") as desk:
        assert desk.message(1).reason == "process ended"
