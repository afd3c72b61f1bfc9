"""What fails in one place stays there (semantics.md §4, requirements S1-12)."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from codex_desk.engine import hosting
from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Attach
from codex_desk.engine.mailbox import Send
from codex_desk.runtimes.base import ItemDraft, RuntimeFailure, ThreadSpec
from codex_desk.store import database
from codex_desk.store.errors import StoreError
from tests.engine.processes import processes
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, ScriptedThread, at_rest, final, lines, prompt


@pytest.mark.row("S1-12")
@pytest.mark.parametrize(
    "error", [ValueError("a bug"), RuntimeFailure("the endpoint is gone"), OSError(28, "No space left"), RecursionError()]
)
async def test_a_runtime_that_raises_in_one_thread_touches_no_other(
    place: Place, runtime: ScriptedRuntime, desk: Desk, error: Exception
) -> None:
    async def broken(turn: Scripted) -> str:
        await turn.say("a first part")
        raise error

    runtime.scripts["broken"] = broken
    sick, *well = [await place.session(desk, handle) for handle in ("broken", "one", "two", "three")]
    sent = [await desk.do(Send(thread.id, f"go {n}")) for n in range(3) for thread in (sick, *well)]
    messages = await final(desk, *(each.id for each in sent))
    assert {(message.to, message.state) for message in messages} == {
        ("broken", "failed"),
        ("one", "answered"),
        ("two", "answered"),
        ("three", "answered"),
    }
    assert str(error) in (desk.thread(sick.id).reason or "")
    assert lines(desk, sick).count("a first part") == 3
    runtime.scripts.clear()
    assert (await prompt(desk, sick, "better?")).state == "answered"
    assert desk.thread(sick.id).status == "idle"


async def test_a_runtime_that_cannot_be_opened_fails_the_message_and_not_the_queue(place: Place, desk: Desk) -> None:
    tries = iter((True, False))

    async def open_thread(spec: ThreadSpec) -> ScriptedThread:
        if next(tries, False):
            raise RuntimeFailure("the program is not there")
        return ScriptedThread(place.runtime, spec)

    operator = await place.session(desk, "operator")
    place.runtime.opening = open_thread
    first, second = [(await desk.do(Send(operator.id, text))).id for text in ("one", "two")]
    one, two = await final(desk, first, second)
    assert (one.state, one.reason, two.state) == ("failed", "the program is not there", "answered")


async def test_broken_settings_of_one_project_stop_only_its_own_sessions(place: Place, desk: Desk) -> None:
    sick, well = [await place.session(desk, handle) for handle in ("sick", "well")]
    await desk.ledger.run(
        lambda tx: (
            tx.connection.exec_driver_sql("UPDATE thread SET settings = ? WHERE id = ?", ('{"sandbox_mode": "none"}', sick.id)) and None
        )
    )
    waiting = await desk.do(Send(sick.id, "go"))
    assert (await prompt(desk, well, "go")).state == "answered"
    assert desk.message(waiting.id).state == "queued"
    assert desk.thread(sick.id).status == "needs_human"


LONE = "\ud800"


async def test_text_that_is_no_unicode_is_kept_readable_and_harms_nobody(place: Place, runtime: ScriptedRuntime, desk: Desk) -> None:
    """Models and file names bring lone surrogates, which a database cannot hold."""

    async def surrogate(turn: Scripted) -> str:
        await turn.host.commit([ItemDraft("tool_call", f"name {LONE}", {"result": f"data {LONE}"})], None)
        return f"answer {LONE}"

    runtime.scripts["operator"] = surrogate
    operator, other = [await place.session(desk, handle) for handle in ("operator", "other")]
    sent = [await desk.do(Send(operator.id, f"prompt {LONE}")), await desk.do(Send(other.id, "go"))]
    first, second = await final(desk, *(each.id for each in sent))
    assert (first.body, first.answer, second.state) == ("prompt \ufffd", "answer \ufffd", "answered")
    assert "name \ufffd" in lines(desk, operator)
    assert desk.verify_audit().verified


@contextmanager
def locked(path) -> Iterator[None]:  # type: ignore[no-untyped-def]
    """Hold the write lock, as a program that does not let go of it does."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores opened from now on wait a moment for a lock, and queues that stopped are looked at again soon."""
    monkeypatch.setattr(database, "BUSY_MS", 20)
    monkeypatch.setattr(hosting, "TRY_AGAIN_S", 0.02)


async def test_what_a_locked_store_refuses_is_not_acknowledged_and_can_be_sent_again(place: Place, impatient: None) -> None:
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        with locked(place.home / "desk.db"), pytest.raises(StoreError) as caught:
            await desk.do(Send(operator.id, "lost?"))
        assert caught.value.code == "store_locked"
        assert desk.queue(operator.id) == []
        await desk.do(Send(operator.id, "again"))
        assert [message.body for message in desk.queue(operator.id)] == ["again"]


async def test_a_disk_that_fills_up_loses_nothing_that_was_acknowledged(place: Place) -> None:
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
    with processes("fill", place.root, ()) as (filler,):
        *acknowledged, code, after = (json.loads(line) for line in filler.communicate()[0].splitlines())
        assert filler.returncode == 0
    assert code in ("disk_full", "store_unwritable")
    async with place.open("none") as desk:
        assert [message.id for message in desk.queue(operator.id)] == [*acknowledged, after]
        assert len(acknowledged) >= 3
        assert desk.verify_audit().verified


async def test_a_turn_that_meets_a_locked_store_ends_once_it_can_be_written_again(
    place: Place, runtime: ScriptedRuntime, impatient: None
) -> None:
    began, go = asyncio.Event(), asyncio.Event()

    async def late(turn: Scripted) -> str:
        began.set()
        await go.wait()
        return "done"

    async with place.open() as desk:
        runtime.scripts["operator"] = late
        operator = await place.session(desk, "operator")
        first, second = [(await desk.do(Send(operator.id, text))).id for text in ("one", "two")]
        await began.wait()
        release = threading.Timer(0.2, lambda: holder.__exit__(None, None, None))
        holder = locked(place.home / "desk.db")
        holder.__enter__()
        release.start()
        go.set()
        one, two = await final(desk, first, second)
        release.join()
        assert one.state in ("answered", "failed")
        assert two.state == "answered"
        await at_rest(desk)
        assert desk.verify_audit().verified


async def test_one_childs_failure_reaches_its_parent_as_a_result_and_not_as_an_error(
    place: Place, runtime: ScriptedRuntime, desk: Desk
) -> None:
    async def ask(turn: Scripted) -> str:
        numbers = [await turn.send(child, "go") for child in ("sick", "well")]
        results = (await turn.wait(*numbers, mode="all"))["results"]
        return " ".join(f"{each['agent']}:{each['state']}" for each in results)

    async def broken(turn: Scripted) -> str:
        raise ValueError("a bug")

    runtime.scripts |= {"operator": ask, "sick": broken}
    operator, *children = [await place.session(desk, handle) for handle in ("operator", "sick", "well")]
    for child in children:
        await desk.do(Attach(child.id, operator.id))
    assert (await prompt(desk, operator, "go")).answer == "sick:failed well:answered"
