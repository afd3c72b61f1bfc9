from __future__ import annotations

import asyncio

import pytest

from codex_desk.engine import hosting
from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Attach
from codex_desk.engine.mailbox import Send
from codex_desk.engine.turns import Interrupt, Resume
from codex_desk.engine.views import ThreadView
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, at_rest, final, prompt, until


@pytest.fixture
async def reviewer(place: Place, desk: Desk, operator: ThreadView, runtime: ScriptedRuntime) -> ThreadView:
    """Attached to the operator, which sends it one message in each turn and ends."""

    async def send(turn: Scripted) -> str:
        return "nothing" if turn.body != "send" else str(await turn.send("reviewer", "from the operator"))

    runtime.scripts["operator"] = send
    thread = await place.session(desk, "reviewer")
    await desk.do(Attach(thread.id, operator.id))
    return thread


async def sent_by(desk: Desk, operator: ThreadView) -> int:
    return int((await prompt(desk, operator, "send")).answer or "")


async def test_after_an_interrupt_no_agent_starts_a_turn_until_the_user_resumes(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    await desk.do(Interrupt(reviewer.id))
    number = await sent_by(desk, operator)
    await prompt(desk, operator, "something else, meanwhile")
    assert (desk.message(number).state, desk.thread(reviewer.id).held) == ("queued", True)
    assert runtime.bodies("reviewer") == []
    await desk.do(Resume(reviewer.id))
    assert (await final(desk, number))[0].state == "answered"
    assert not desk.thread(reviewer.id).held


async def test_a_prompt_gives_the_hand_back_too(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView) -> None:
    await desk.do(Interrupt(reviewer.id))
    number = await sent_by(desk, operator)
    mine = await desk.do(Send(reviewer.id, "go on"))
    await final(desk, number, mine.id)
    assert runtime.bodies("reviewer") == ["from the operator", "go on"]


async def test_what_the_user_writes_for_another_session_does_not_give_the_hand_back(
    desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    await desk.do(Interrupt(reviewer.id))
    sent = await desk.do(Send(reviewer.id, "for the operator", sender=operator.id))
    assert (desk.message(sent.id).state, desk.thread(reviewer.id).held) == ("queued", True)


async def test_a_hold_outlives_the_process(place: Place, runtime: ScriptedRuntime) -> None:
    async with place.open() as desk:
        thread = await place.session(desk, "operator")
        await desk.do(Interrupt(thread.id))
    async with place.open("none") as desk:
        assert desk.thread(thread.id).held


async def test_a_wake_does_not_start_a_turn_in_a_held_thread(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    gate = asyncio.Event()

    async def slow(turn: Scripted) -> str:
        await gate.wait()
        return "late"

    runtime.scripts["reviewer"] = slow
    number = await sent_by(desk, operator)
    await desk.do(Interrupt(operator.id))
    gate.set()
    await final(desk, number)
    await until(desk, lambda: desk.queue(operator.id))
    assert [message.origin for message in desk.queue(operator.id)] == ["system"]
    await desk.do(Resume(operator.id))
    await at_rest(desk)
    assert len(runtime.inputs["operator"]) == 2


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(hosting, "time", clock)
    return clock


@pytest.mark.parametrize(("seconds", "starts"), [(9.9, False), (10.0, True)])
async def test_nobody_else_starts_a_turn_within_ten_seconds_of_a_keystroke(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView, clock: Clock, seconds: float, starts: bool
) -> None:
    desk.keystroke(reviewer.id)
    clock.now += seconds
    number = await sent_by(desk, operator)
    await prompt(desk, operator, "something else, meanwhile")
    if starts:
        await final(desk, number)
    assert (desk.message(number).state == "answered") == starts


async def test_the_users_own_prompt_starts_at_once_while_he_types(
    desk: Desk, operator: ThreadView, reviewer: ThreadView, clock: Clock
) -> None:
    desk.keystroke(reviewer.id)
    assert (await prompt(desk, reviewer, "hello")).answer == "reviewer answers hello"


async def test_typing_in_one_composer_holds_back_no_other_thread(
    desk: Desk, operator: ThreadView, reviewer: ThreadView, clock: Clock
) -> None:
    desk.keystroke(operator.id)
    number = await sent_by(desk, operator)
    assert (await final(desk, number))[0].state == "answered"


async def test_what_waited_for_the_typing_starts_by_itself_afterwards(
    desk: Desk, operator: ThreadView, reviewer: ThreadView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "HANDS_OFF_S", 0.1)
    desk.keystroke(reviewer.id)
    assert (await final(desk, await sent_by(desk, operator)))[0].state == "answered"


async def test_the_users_prompt_does_not_wait_behind_an_agents_message_while_he_types(
    desk: Desk, operator: ThreadView, reviewer: ThreadView, clock: Clock
) -> None:
    desk.keystroke(reviewer.id)
    number = await sent_by(desk, operator)
    assert (await prompt(desk, reviewer, "hello")).answer == "reviewer answers hello"
    assert desk.message(number).state == "queued"
