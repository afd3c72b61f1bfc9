"""semantics.md §10: what a chain may use, what holds it, and what the human does about that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_desk.engine.approvals import Decide
from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Attach, Detach
from codex_desk.engine.mailbox import Remove, Send
from codex_desk.engine.turns import Interrupt, Resume
from codex_desk.engine.views import ApprovalView, ThreadView
from codex_desk.runtimes.base import ItemDraft, TurnOutcome, Usage
from tests.engine.scripted import Gate, Place, Scripted, ScriptedRuntime, agent, at_rest, echo, final, kinds, lines, prompt, refused, until


def budget(place: Place, **limits: float) -> None:
    lines = "\n".join(f"{name} = {value}" for name, value in limits.items())
    (place.home / "config.toml").write_text(f"[budgets]\n{lines}\n")


def held(desk: Desk) -> list[int]:
    return [row["id"] for row in desk.rows("SELECT id FROM message WHERE state = 'held' ORDER BY id")]


def offers(desk: Desk) -> list[ApprovalView]:
    return [each for each in desk.approvals() if each.kind == "budget"]


def asking(times: int, target: str = "reviewer") -> Callable[[Scripted], Awaitable[str]]:
    """A script that asks so many different questions, each after the answer to the one before, and says what it last heard."""
    numbers = count()

    async def script(turn: Scripted) -> str:
        answer = None
        for _ in range(times):
            number = await turn.send(target, f"question {next(numbers)}")
            (result,) = (await turn.wait(number))["results"]
            answer = result["answer"]
            if answer is None:
                return f"{result['state']}: {result['reason']}"
        return str(answer)

    return script


async def costly(turn: Scripted) -> TurnOutcome:
    return TurnOutcome("completed", await turn.say("done"), usage=Usage(300, 100))


# --- each limit -----------------------------------------------------------------------------------------------------------------------------


async def test_turns_beyond_the_limit_are_held_with_their_edge_and_the_inbox_offers_as_many_again(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    budget(place, turns=5)
    runtime.scripts["operator"] = asking(6)
    message = await prompt(desk, operator, "go")
    (stopped,) = held(desk)
    assert "budgets.turns" in (message.answer or "") and "held" in (message.answer or "")
    assert [row["held_reason"] for row in desk.rows("SELECT held_reason FROM attachment")] == [desk.message(stopped).reason]
    assert desk.rows("SELECT count(*) AS n FROM turn")[0]["n"] == 5
    assert all("held" in kinds(desk, thread) for thread in (operator, reviewer))
    (offer,) = offers(desk)
    assert (offer.thread, offer.chain[0]) == ("operator", "human")
    assert "as much again of turns" in offer.text and "budgets.turns" in offer.text
    assert [each.reason for each in desk.decided()] == ["it is used up now"]  # the offer at 80 %

    runtime.scripts["operator"] = echo
    await desk.do(Decide(offer.id, True))
    assert (await final(desk, stopped))[0].state == "answered"
    assert all(f"#{stopped} goes on" in lines(desk, thread) for thread in (operator, reviewer))
    await at_rest(desk)
    assert (desk.rows("SELECT held_reason FROM attachment")[0]["held_reason"], held(desk)) == (None, [])
    assert desk.thread(reviewer.id).status == "idle"


async def test_as_much_again_before_the_limit_is_reached_lets_nobody_wait(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    budget(place, turns=5)
    gate = Gate()
    runtime.scripts |= {"operator": asking(6), "reviewer": gate}
    gate.open.set()
    numbers = iter(range(1, 20))

    async def slow(turn: Scripted) -> str:
        if next(numbers) == 3:  # the fourth turn: 80 %
            (offer,) = offers(desk)
            assert "4 of 5 turns" in offer.text
            await desk.do(Decide(offer.id, True))
        return await echo(turn)

    runtime.scripts["reviewer"] = slow
    assert (await prompt(desk, operator, "go")).answer == "reviewer answers question 5"
    assert held(desk) == []
    bill = desk.bill(operator.id)
    assert bill is not None
    assert next((each.used, each.limit, each.granted) for each in bill.spent if each.name == "turns") == (7, 10, 1)


async def test_the_same_share_is_offered_once(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    budget(place, turns=10)
    runtime.scripts["operator"] = asking(8)
    await prompt(desk, operator, "go")
    assert [each.reason for each in desk.approvals(pending=False)] == ["it ended before it was needed"]
    assert offers(desk) == []


async def test_tokens_are_charged_to_the_chain_and_spent_ones_hold_what_comes_next(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    budget(place, tokens=1000)
    runtime.scripts |= {"operator": asking(6), "reviewer": costly}
    message = await prompt(desk, operator, "go")
    assert "1,200 tokens used" in (message.answer or "")
    bill = desk.bill(reviewer.id)
    assert bill is not None and bill.tokens == 1200
    assert len(held(desk)) == 1


async def test_wakes_beyond_the_limit_wait(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    budget(place, wakes=1)
    numbers = count()

    async def ask_and_end(turn: Scripted) -> str:
        await turn.send("reviewer", f"question {next(numbers)}")
        return "asked"

    async def late(turn: Scripted) -> str:
        await until(desk, lambda: desk.thread(operator.id).status == "idle")
        return f"answer {next(numbers)}"

    runtime.scripts |= {"operator": ask_and_end, "reviewer": late}
    await prompt(desk, operator, "go")
    (stopped,) = await until(desk, lambda: held(desk))
    assert "budgets.wakes" in (desk.message(stopped).reason or "")
    assert desk.thread(operator.id).status == "needs_human"
    runtime.scripts["operator"] = echo
    await desk.do(Resume(operator.id))
    assert (await final(desk, stopped))[0].state == "answered"


async def test_the_deadline_holds_what_comes_after_it(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def ask_late(turn: Scripted) -> str:
        await turn.ask("reviewer", "in time")
        await desk.ledger.run(lambda tx: tx.driver.execute("UPDATE chain_use SET began_at = '2020-01-01T00:00:00.000000Z'") and None)
        number = await turn.send("reviewer", "too late")
        return str(desk.message(number).reason)

    runtime.scripts["operator"] = ask_late
    message = await prompt(desk, operator, "go")
    assert "budgets.deadline_h" in (message.answer or "")
    assert (await prompt(desk, operator, "once more")).state == "answered"


# --- loops ----------------------------------------------------------------------------------------------------------------------------------


async def repeating(
    desk: Desk, runtime: ScriptedRuntime, operator: ThreadView, between: Callable[[Scripted], Awaitable[object]]
) -> str | None:
    """A prompt whose turn says the same four times, with something in between; the state of the last message."""

    async def script(turn: Scripted) -> str:
        for _ in range(4):
            number = await turn.send("reviewer", "run the tests")
            (result,) = (await turn.wait(number))["results"]
            if result["state"] == "held":
                return f"held: {result['reason']}"
            await between(turn)
        return "went on"

    runtime.scripts |= {"operator": script, "reviewer": same}
    return (await prompt(desk, operator, "go")).answer


async def same(turn: Scripted) -> str:
    return "3 failed"


async def nothing(turn: Scripted) -> None:
    return None


async def a_file_change(turn: Scripted) -> None:
    await turn.host.commit([ItemDraft("file_change", "x.py", {"changes": [], "ok": True})], None)


async def test_the_third_same_message_with_nothing_in_between_is_held(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    answer = await repeating(desk, runtime, operator, nothing)
    assert (answer or "").startswith("held: operator and reviewer said the same for the third time")
    (offer,) = offers(desk)
    assert "let them go on" in offer.text
    assert (await prompt(desk, reviewer, "and you?")).state == "answered"
    assert desk.thread(reviewer.id).status == "needs_human"  # what is held is not forgotten over it


async def test_a_file_that_changed_lets_ordinary_work_go_on(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    assert await repeating(desk, runtime, operator, a_file_change) == "went on"


async def test_a_human_who_stepped_in_lets_it_go_on(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def the_user_writes(turn: Scripted) -> None:
        await desk.do(Send(operator.id, "try again", delivery="next_step"))
        await turn.host.take_steers()

    assert await repeating(desk, runtime, operator, the_user_writes) == "went on"


async def test_two_running_turns_that_write_to_and_fro_are_held_though_no_hop_is_added(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    numbers = count()

    async def parent(turn: Scripted) -> str:
        first = await turn.send("reviewer", "begin")
        for _ in range(20):
            result = await turn.wait(first)
            if result["reason"] != "report":
                return str(result["results"][0]["state"])
            sent = await turn.tool("send_message", target="reviewer", message=f"and {next(numbers)}?", delivery="next_step")
            if sent["state"] == "held":
                return "held"
        return "went on"

    async def child(turn: Scripted) -> str:
        for _ in range(20):
            await turn.tool("report", message=f"well {next(numbers)}")
            while not (taken := await turn.host.take_steers()):
                if held(desk):
                    return "enough"
                await asyncio.sleep(0.002)
            assert taken
        return "went on"

    runtime.scripts |= {"operator": parent, "reviewer": child}
    await prompt(desk, operator, "go")
    await until(desk, lambda: held(desk))
    assert "to and fro 12 times" in desk.rows("SELECT held_reason FROM attachment")[0]["held_reason"]


# --- no more, and removing -------------------------------------------------------------------------------------------------------------------


async def test_no_more_ends_what_is_held_and_the_agent_is_told(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    budget(place, tokens=100)

    async def insist(turn: Scripted) -> str:
        await turn.ask("reviewer", "first")
        number = await turn.send("reviewer", "second")
        await until(desk, lambda: desk.message(number).final)
        again = await turn.tool("send_message", target="reviewer", message="third")
        return f"{desk.message(number).state}, {again['error']['code']}"

    runtime.scripts |= {"operator": insist, "reviewer": costly}
    sent = await desk.do(Send(operator.id, "go"))
    await until(desk, lambda: held(desk))
    await desk.do(Decide(offers(desk)[0].id, False))
    assert (await final(desk, sent.id))[0].answer == "cancelled, budget"
    runtime.scripts |= {"operator": asking(1), "reviewer": echo}
    assert (await prompt(desk, operator, "something else")).state == "answered"  # the edge is free for what the user asks next
    assert desk.thread(reviewer.id).status == "idle"


async def test_detaching_settles_what_was_held_across_it(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    budget(place, turns=2)
    runtime.scripts["operator"] = asking(2)
    await prompt(desk, operator, "go")
    await desk.do(Detach(reviewer.id))
    assert (held(desk), offers(desk)) == ([], [])
    bill = desk.bill(operator.id)
    assert bill is not None and bill.reasons == ()


async def test_removing_what_is_held_settles_it(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    budget(place, turns=2)
    runtime.scripts["operator"] = asking(2)
    await prompt(desk, operator, "go")
    (stopped,) = held(desk)
    await desk.do(Remove(stopped))
    assert offers(desk) == []
    assert desk.rows("SELECT held_reason FROM attachment")[0]["held_reason"] is None
    assert desk.thread(reviewer.id).status == "idle"


@pytest.mark.row("S4-29")
async def test_only_the_user_gives_more_and_stops_a_chain(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    budget(place, turns=2)
    runtime.scripts["operator"] = asking(2)
    await prompt(desk, operator, "go")
    (offer,) = offers(desk)
    for action in (Decide(offer.id, True), Resume(reviewer.id), Interrupt(operator.id, chain=True)):
        assert (await refused(desk, action, agent(reviewer))).code == "origin_agent"
    assert (await refused(desk, Decide(offer.id, True, "thread"))).code == "bad_value"


async def test_a_subagents_use_is_charged_to_the_chain_and_its_spawn_edge_is_held(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    budget(place, turns=2)

    async def spawn(turn: Scripted) -> str:
        made = await turn.tool("spawn_agent", task_name="scout", message="look")
        await turn.wait(made["name"])
        number = await turn.send(made["name"], "look again")
        await turn.wait(number)
        return desk.message(number).state

    runtime.scripts["operator"] = spawn
    assert (await prompt(desk, operator, "go")).answer == "held"
    (scout,) = desk.children(operator.id)
    assert scout.status == "needs_human"
    assert [row["thread_id"] for row in desk.rows("SELECT thread_id FROM spawn_hold")] == [scout.id]
    (stopped,) = held(desk)
    await desk.do(Resume(operator.id))
    assert (await final(desk, stopped))[0].state == "answered"
    assert desk.rows("SELECT * FROM spawn_hold") == []


async def test_a_trip_survives_a_restart(place: Place, runtime: ScriptedRuntime) -> None:
    budget(place, turns=2)
    async with place.open() as desk:
        operator = await place.session(desk, "operator")
        reviewer = await place.session(desk, "reviewer")
        await desk.do(Attach(reviewer.id, operator.id))
        runtime.scripts["operator"] = asking(2)
        await prompt(desk, operator, "go")
        (stopped,) = held(desk)
        before = desk.bill(operator.id)
    async with place.open() as desk:
        after = desk.bill(operator.id)
        assert before is not None and after is not None
        assert (after.held, after.reasons, after.spenders) == (before.held, before.reasons, before.spenders)
        assert held(desk) == [stopped]
        await desk.do(Decide(offers(desk)[0].id, True))
        assert (await final(desk, stopped))[0].state == "answered"
        assert desk.verify_audit().verified


# --- stopping all of it ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S4-29")
async def test_stopping_a_chain_ends_all_that_runs_holds_what_is_queued_and_resuming_lets_it_go_on(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    gate, bystander = Gate(), await place.session(desk, "bystander")
    other = Gate()

    async def lead(turn: Scripted) -> str:
        if "The desk woke you" in turn.input.input:
            return "told of it"
        for target in ("reviewer", "tester", "tester"):
            await turn.send(target, f"work, {turn.calls}")
        await turn.wait("reviewer", "tester", mode="all")
        return "done"

    runtime.scripts |= {"operator": lead, "reviewer": gate, "tester": gate, "bystander": other}
    sent = await desk.do(Send(operator.id, "go"))
    beside = await desk.do(Send(bystander.id, "on its own"))
    await until(desk, lambda: len(desk.rows("SELECT 1 FROM turn WHERE state = 'running'")) == 4 and desk.rows("SELECT 1 FROM wait"))
    await desk.do(Interrupt(children["reviewer"].id, chain=True))
    assert (await final(desk, sent.id))[0].state == "interrupted"
    await until(desk, lambda: len(desk.rows("SELECT 1 FROM turn WHERE state = 'running'")) == 1)
    assert desk.rows("SELECT 1 FROM wait") == []
    bill = desk.bill(operator.id)
    assert bill is not None and bill.stopped is not None and bill.running == 0
    assert {each.to for each in bill.held} >= {"tester"}
    assert all(desk.thread(each.id).held for each in (operator, *children.values()))

    gate.open.set()
    await desk.do(Resume(operator.id))
    await until(desk, lambda: desk.rows("SELECT 1 FROM message WHERE kind = 'wake' AND answer = 'told of it'"))
    assert held(desk) == []
    assert not any(desk.thread(each.id).held for each in (operator, *children.values()))
    assert desk.message(beside.id).state == "running"
    other.open.set()
    await final(desk, beside.id)


# --- the bill -------------------------------------------------------------------------------------------------------------------------------


LEDGER = """SELECT count(*) AS turns, sum(input_tokens) AS taken, sum(output_tokens) AS given, max(hops) AS hops,
    (SELECT count(*) FROM message w WHERE w.kind = 'wake' AND w.chain_id = t.chain_id) AS wakes FROM turn t WHERE chain_id = ?"""

PLANS = st.lists(
    st.lists(st.tuples(st.sampled_from(["reviewer", "tester"]), st.booleans(), st.integers(0, 500)), max_size=4), min_size=1, max_size=3
)


async def test_the_bill_is_the_sum_of_the_ledger_whatever_the_chains(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, children: dict[str, ThreadView]
) -> None:
    plans: list[list[list[tuple[str, bool, int]]]] = []

    @settings(max_examples=8, database=None)
    @given(PLANS)
    def collect(plan: list[list[tuple[str, bool, int]]]) -> None:
        plans.append(plan)

    collect()
    for number, plan in enumerate(plans):
        await play(runtime, desk, operator, plan, number)
    await at_rest(desk)
    for row in desk.rows("SELECT * FROM chain_use"):
        (ledger,) = desk.rows(LEDGER, (row["chain_id"],))
        assert (row["turns"], row["input_tokens"], row["output_tokens"]) == (ledger["turns"], ledger["taken"], ledger["given"])
        assert row["wakes"] == ledger["wakes"]
        assert row["hops"] >= ledger["hops"]
    bill = desk.bill(operator.id)
    assert bill is not None
    assert bill.tokens == next(each.used for each in bill.spent if each.name == "tokens")
    assert sum(each.turns for each in bill.spenders) == next(each.used for each in bill.spent if each.name == "turns")


async def play(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, plan: list[list[tuple[str, bool, int]]], number: int) -> None:
    """Prompts at once, each of which asks children, waits for the answer or is woken by it, and costs something."""

    async def lead(turn: Scripted) -> TurnOutcome:
        if turn.body.isdigit():
            for target, waits, cost in plan[int(turn.body)]:
                sent = await turn.send(target, f"{number}.{turn.body}.{turn.calls}: {cost}")
                if waits:
                    await turn.wait(sent)
        return TurnOutcome("completed", await turn.say("led"), usage=Usage(7, 3))

    async def child(turn: Scripted) -> TurnOutcome:
        cost = int(turn.body.rpartition(" ")[2])
        return TurnOutcome("completed", await turn.say(turn.body), usage=Usage(cost, cost // 2))

    runtime.scripts |= {"operator": lead, "reviewer": child, "tester": child}
    sent = [await desk.do(Send(operator.id, str(index))) for index in range(len(plan))]
    await final(desk, *(each.id for each in sent))
