from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from codex_desk.engine import waking
from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Archive, Attach, Detach
from codex_desk.engine.mailbox import Send
from codex_desk.engine.rows import moment
from codex_desk.engine.sessions import Set
from codex_desk.engine.views import ThreadView
from codex_desk.store.tables import moment_text
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, at_rest, final, kinds, lines, prompt, until

WOKEN = "The desk woke you"


class Late:
    """A parent that asks and ends its turn, and children that answer only when the test says so, each by its question."""

    def __init__(self, asks: dict[str, str]) -> None:
        self._asks = asks
        self._open: dict[str, asyncio.Event] = {question: asyncio.Event() for question in asks}
        self.numbers: dict[str, int] = {}

    async def parent(self, turn: Scripted) -> str:
        if turn.body != "go":
            return "thank you"
        for question, child in self._asks.items():
            self.numbers[question] = await turn.send(child, question)
        return "asked"

    async def child(self, turn: Scripted) -> str:
        if turn.body in self._open:
            await self._open[turn.body].wait()
        return f"answer to {turn.body}"

    def answer(self, *questions: str) -> None:
        for question in questions:
            self._open[question].set()


def wakes(runtime: ScriptedRuntime, handle: str = "operator") -> list[str]:
    return [turn.input for turn in runtime.inputs.get(handle, []) if turn.input.startswith(WOKEN)]


async def team(place: Place, desk: Desk, operator: ThreadView, late: Late, *handles: str, **edge) -> list[ThreadView]:  # type: ignore[no-untyped-def]
    place.runtime.scripts["operator"] = late.parent
    threads = []
    for handle in handles:
        threads.append(await place.session(desk, handle))
        place.runtime.scripts[handle] = late.child
        await desk.do(Attach(threads[-1].id, operator.id, **edge))
    return threads


async def test_ten_late_answers_are_one_wake(place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    late = Late({f"q{n}": f"child{n % 3}" for n in range(10)})
    children = await team(place, desk, operator, late, "child0", "child1", "child2")
    await prompt(desk, operator, "go")
    late.answer(*late.numbers)
    await final(desk, *late.numbers.values())
    await at_rest(desk)
    (woken,) = wakes(runtime)
    assert all(f"answer to q{n}" in woken for n in range(10))
    assert "not from the user" in woken
    assert kinds(desk, operator).count("woken") == 10
    assert sum(kinds(desk, child).count("woken") for child in children) == 10


async def test_the_first_of_several_answers_makes_the_wake_due_sixty_seconds_later(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    late = Late({"q0": "child0", "q1": "child1"})
    await team(place, desk, operator, late, "child0", "child1")
    await prompt(desk, operator, "go")
    late.answer("q0")
    (answered,) = await final(desk, late.numbers["q0"])
    (wake,) = desk.rows("SELECT due_at FROM wake")
    assert answered.answered_at is not None
    assert moment(wake["due_at"]) - answered.answered_at == timedelta(seconds=60)
    assert wakes(runtime) == []
    late.answer("q1")
    await final(desk, late.numbers["q1"])
    await at_rest(desk)
    assert len(wakes(runtime)) == 1


async def test_what_comes_after_the_wake_is_a_wake_of_its_own(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waking, "GATHER", timedelta(0))
    late = Late({"q0": "child0", "q1": "child1"})
    await team(place, desk, operator, late, "child0", "child1")
    await prompt(desk, operator, "go")
    for n in range(2):
        late.answer(f"q{n}")
        await until(desk, lambda n=n: len(wakes(runtime)) == n + 1)
    first, second = wakes(runtime)
    assert "answer to q0" in first and "answer to q1" not in first
    assert "answer to q1" in second and "answer to q0" not in second


async def test_an_answer_that_a_wait_has_returned_wakes_nobody(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    late = Late({"q0": "child0"})
    await team(place, desk, operator, late, "child0")

    async def ask(turn: Scripted) -> str:
        return await turn.ask("child0", "now")

    runtime.scripts["operator"] = ask
    await prompt(desk, operator, "go")
    await at_rest(desk)
    assert runtime.bodies("operator") == ["go"]


async def test_a_failed_question_wakes_its_sender_with_the_reason(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    late = Late({"q0": "child0"})
    await team(place, desk, operator, late, "child0")

    async def broken(turn: Scripted) -> str:
        await until(desk, lambda: desk.thread(operator.id).status == "idle")
        raise ValueError("a bug")

    runtime.scripts["child0"] = broken
    await prompt(desk, operator, "go")
    await at_rest(desk)
    (woken,) = wakes(runtime)
    assert "failed: ValueError: a bug" in woken


async def test_an_edge_that_never_wakes_wakes_nobody(place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    late = Late({"q0": "child0"})
    await team(place, desk, operator, late, "child0", wake="never")
    await prompt(desk, operator, "go")
    late.answer("q0")
    (message,) = await final(desk, late.numbers["q0"])
    await at_rest(desk)
    assert (message.state, wakes(runtime)) == ("answered", [])
    assert any("answer to q0" in line for line in lines(desk, operator))


async def test_a_detached_edges_answer_wakes_nobody_even_when_it_is_attached_again(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    late = Late({"q0": "child0"})
    (child,) = await team(place, desk, operator, late, "child0")
    await prompt(desk, operator, "go")
    await until(desk, lambda: desk.message(late.numbers["q0"]).state == "running")
    await desk.do(Detach(child.id))
    await desk.do(Attach(child.id, operator.id))
    late.answer("q0")
    await final(desk, late.numbers["q0"])
    await at_rest(desk)
    assert wakes(runtime) == []


async def test_an_archived_sender_is_not_woken(place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    late = Late({"q0": "child0"})
    await team(place, desk, operator, late, "child0")
    await prompt(desk, operator, "go")
    await until(desk, lambda: desk.message(late.numbers["q0"]).state == "running")
    await desk.do(Archive(operator.id))
    late.answer("q0")
    await final(desk, late.numbers["q0"])
    await at_rest(desk)
    assert (wakes(runtime), desk.thread(operator.id).status) == ([], "archived")


async def test_a_wake_runs_with_the_rights_of_the_turn_that_asked(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    late = Late({"q0": "child0"})
    await team(place, desk, operator, late, "child0")
    await desk.do(Set(operator.id, "sandbox_mode", "read-only"))
    await prompt(desk, operator, "go")
    await desk.do(Set(operator.id, "sandbox_mode", "danger-full-access"))
    late.answer("q0")
    await at_rest(desk)
    asked, woken = runtime.inputs["operator"]
    assert (asked.rights.mode, woken.rights.mode) == ("read-only", "read-only")


async def make_large_and_idle(desk: Desk, thread: ThreadView, tokens: int, hours: float) -> None:
    long_ago = moment_text(datetime.now(UTC) - timedelta(hours=hours))

    def age(tx) -> None:  # type: ignore[no-untyped-def]
        run = tx.connection.exec_driver_sql
        run("UPDATE thread SET context_tokens = ?, last_activity_at = ? WHERE id = ?", (tokens, long_ago, thread.id))
        run("UPDATE turn SET ended_at = ? WHERE thread_id = ?", (long_ago, thread.id))

    await desk.ledger.run(age)


@pytest.mark.parametrize(("tokens", "hours", "woken"), [(100_001, 1.1, 0), (100_000, 1.1, 1), (100_001, 0.9, 1)])
async def test_only_a_sender_that_is_large_and_long_idle_is_shown_to_the_user_instead(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, tokens: int, hours: float, woken: int
) -> None:
    late = Late({"q0": "child0"})
    await team(place, desk, operator, late, "child0")
    await prompt(desk, operator, "go")
    await make_large_and_idle(desk, operator, tokens, hours)
    late.answer("q0")
    await final(desk, late.numbers["q0"])
    await at_rest(desk)
    assert len(wakes(runtime)) == woken
    view = desk.thread(operator.id)
    assert (view.status == "needs_human") == (woken == 0)
    assert woken or f"{tokens:,} tokens" in (view.reason or "")


async def test_a_sender_that_was_not_woken_goes_on_when_the_user_prompts_it(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    late = Late({"q0": "child0"})
    await team(place, desk, operator, late, "child0")
    await prompt(desk, operator, "go")
    await make_large_and_idle(desk, operator, 200_000, 2)
    late.answer("q0")
    await until(desk, lambda: desk.thread(operator.id).status == "needs_human")
    sent = await desk.do(Send(operator.id, "go on"))
    assert (await final(desk, sent.id))[0].state == "answered"
    assert desk.thread(operator.id).status == "idle"


async def test_a_wake_that_was_due_while_nothing_was_open_comes_at_the_next_start(
    place: Place, runtime: ScriptedRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Late({"q0": "child0", "q1": "child1"})
    async with place.open() as desk:
        operator = await place.session(desk, "operator")
        await team(place, desk, operator, late, "child0", "child1")
        await prompt(desk, operator, "go")
        late.answer("q0")
        await final(desk, late.numbers["q0"])
        await desk.ledger.run(lambda tx: tx.connection.exec_driver_sql("UPDATE wake SET due_at = ?", (moment_text(tx.now),)) and None)
    async with place.open() as desk:
        await until(desk, lambda: wakes(runtime))
    assert "answer to q0" in wakes(runtime)[0]


async def test_an_answer_that_came_while_its_sender_was_still_busy_and_did_not_wait_wakes_it_at_the_end(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def busy(turn: Scripted) -> str:
        if turn.body != "go":
            return "thank you"
        number = await turn.send("reviewer", "a question")
        await final(desk, number)
        return "I did not wait"

    runtime.scripts["operator"] = busy
    await prompt(desk, operator, "go")
    await at_rest(desk)
    assert ["reviewer answers a question" in woken for woken in wakes(runtime)] == [True]
