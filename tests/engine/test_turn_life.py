from __future__ import annotations

import asyncio
import json

import pytest

from codex_desk.engine.desk import Desk
from codex_desk.engine.errors import Refusal
from codex_desk.engine.events import Audited, Event, ItemAdded, MessageChanged, TurnChanged
from codex_desk.engine.links import Attach
from codex_desk.engine.mailbox import Send
from codex_desk.engine.steering import TakeSteers
from codex_desk.engine.turns import Claim, Claimed, Commit, Compact, Finish, Interrupt, ReplaceHistory, Resume
from codex_desk.engine.views import ThreadView
from codex_desk.rights import FULL
from codex_desk.runtimes.base import Compaction, ItemDraft, TurnOutcome, Usage
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, at_rest, final, kinds, lines, prompt, until


@pytest.mark.row("S1-01")
@pytest.mark.row("S1-25")
async def test_a_thread_runs_one_turn_at_a_time_in_the_order_of_its_queue(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    sent = await asyncio.gather(*(desk.do(Send(operator.id, f"m{n}")) for n in range(20)))
    await final(desk, *(each.id for each in sent))
    assert runtime.most["operator"] == 1
    assert runtime.bodies("operator") == [desk.message(number).body for number in sorted(each.id for each in sent)]


async def test_the_database_itself_allows_one_running_turn(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    began = asyncio.Event()

    async def hold(turn: Scripted) -> str:
        began.set()
        await asyncio.Event().wait()
        return "never"

    runtime.scripts["operator"] = hold
    await desk.do(Send(operator.id, "one"))
    await began.wait()

    def second(tx) -> None:  # type: ignore[no-untyped-def]
        tx.connection.exec_driver_sql(
            "INSERT INTO turn SELECT 'copy', thread_id, state, reason, origin, message_id, chain_id, hops, host_id, fence, rights, settings,"
            " instructions_hash, instructions, input_tokens, output_tokens, stop_reason, started_at, ended_at, changed FROM turn"
        )

    with pytest.raises(Exception, match=r"UNIQUE constraint failed: turn\.thread_id"):
        await desk.ledger.run(second)


async def test_interrupting_keeps_what_was_done(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    began = asyncio.Event()

    async def work(turn: Scripted) -> str:
        await turn.call("list", path=".")
        await turn.say("so far so good")
        began.set()
        await asyncio.Event().wait()
        return "never"

    runtime.scripts["operator"] = work
    sent = await desk.do(Send(operator.id, "go"))
    await began.wait()
    await desk.do(Interrupt(operator.id))
    (message,) = await final(desk, sent.id)
    assert (message.state, message.reason) == ("interrupted", "by the user")
    runtime.scripts["operator"] = runtime.default
    await prompt(desk, operator, "go on")
    assert [item.kind for item in desk.items(operator.id) if item.turn_id == message.turn_id][:3] == [
        "user_message",
        "tool_call",
        "agent_message",
    ]
    assert any(b"so far so good" in chunk for chunk in runtime.inputs["operator"][1].history)


async def test_an_interrupt_without_a_running_turn_takes_the_hand_only(desk: Desk, operator: ThreadView) -> None:
    view = await desk.do(Interrupt(operator.id))
    assert (view.held, view.status) == (True, "idle")
    assert not (await desk.do(Resume(operator.id))).held


async def test_what_is_live_can_be_seen_while_it_runs_and_is_not_stored(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    shown, gate = asyncio.Event(), asyncio.Event()

    async def stream(turn: Scripted) -> str:
        turn.live("half a ")
        turn.live("sentence")
        shown.set()
        await gate.wait()
        return "a whole sentence"

    runtime.scripts["operator"] = stream
    sent = await desk.do(Send(operator.id, "go"))
    await shown.wait()
    live = desk.live(operator.id)
    assert live is not None
    assert (live.open_texts, live.message_id, live.origin) == ({"live": ("text", "half a sentence")}, sent.id, "human")
    gate.set()
    await final(desk, sent.id)
    assert desk.live(operator.id) is None
    assert "half a sentence" not in lines(desk, operator)


@pytest.mark.row("S1-11")
@pytest.mark.row("S1-17")
async def test_subscribers_hear_everything_once_and_in_the_order_of_the_desk(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", turn.body)

    runtime.scripts["operator"] = ask
    reviewer = await place.session(desk, "reviewer")
    heard: list[Event] = []
    begin = desk.rows("SELECT next_seq FROM head")[0]["next_seq"]
    desk.hub.add(heard.append)
    await desk.do(Attach(reviewer.id, operator.id))
    await prompt(desk, operator, "go")
    items = [event.item.seq for event in heard if isinstance(event, ItemAdded)]
    assert items == [row["seq"] for row in desk.rows("SELECT seq FROM item WHERE seq >= ? ORDER BY seq", (begin,))]
    audits = [event.seq for event in heard if isinstance(event, Audited)]
    assert audits == [row["seq"] for row in desk.rows("SELECT seq FROM audit_event WHERE seq >= ? ORDER BY seq", (begin,))]
    turns = [(event.thread_id, event.state) for event in heard if isinstance(event, TurnChanged)]
    assert list(dict.fromkeys(turns)) == [
        (operator.id, "running"),
        (reviewer.id, "running"),
        (reviewer.id, "completed"),
        (operator.id, "completed"),
    ]
    states = [event.state for event in heard if isinstance(event, MessageChanged) and event.to_id == reviewer.id]
    assert list(dict.fromkeys(states)) == ["queued", "running", "answered"]


# --- 4.4: the fence ---------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def stale(place: Place) -> tuple[Place, ThreadView, Claimed]:
    """A turn whose thread has gone to another host since."""
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        await desk.do(Send(operator.id, "one"))
        claimed = await desk.ledger.do(Claim(operator.id, "a-host-that-died", FULL, {}, frozenset({"a-host-that-died"})))
        await desk.ledger.run(
            lambda tx: (
                tx.connection.exec_driver_sql(
                    "INSERT INTO host (id, kind, pid, started_at) VALUES ('a-host-that-died', 'desk', 1, '2026-01-01T00:00:00.000000Z')"
                )
                and None
            )
        )
    return place, operator, claimed


async def test_a_dead_hosts_lease_is_taken_with_a_higher_fence(stale: tuple[Place, ThreadView, Claimed]) -> None:
    place, operator, claimed = stale
    async with place.open() as desk:
        assert desk.message(claimed.message_id).reason == "process ended"
        await prompt(desk, operator, "two")
        fences = [row["fence"] for row in desk.rows("SELECT fence FROM turn ORDER BY started_at")]
        assert fences[1] > fences[0] == claimed.fence


@pytest.mark.parametrize("write", ["commit", "finish", "steers", "history"])
async def test_every_write_of_a_stale_host_is_refused_and_leaves_no_trace(stale: tuple[Place, ThreadView, Claimed], write: str) -> None:
    place, operator, claimed = stale
    action = {
        "commit": Commit(claimed, (ItemDraft("agent_message", "from the grave"),), b'"from the grave"'),
        "finish": Finish(claimed, "completed", "from the grave"),
        "steers": TakeSteers(claimed),
        "history": ReplaceHistory(claimed, Compaction("from the grave", b'"from the grave"')),
    }
    async with place.open() as desk:
        await prompt(desk, operator, "two")
        with pytest.raises(Refusal) as caught:
            await desk.ledger.do(action[write])
        assert caught.value.code == "lost_lease"
        assert "from the grave" not in lines(desk, operator)
        assert desk.rows("SELECT 1 FROM segment WHERE instr(content, 'grave')") == []
        assert desk.verify_audit().verified


async def test_a_living_hosts_lease_is_not_taken(place: Place, runtime: ScriptedRuntime) -> None:
    began, gate = asyncio.Event(), asyncio.Event()

    async def hold(turn: Scripted) -> str:
        began.set()
        await gate.wait()
        return f"done {turn.body}"

    runtime.scripts["operator"] = hold
    other = ScriptedRuntime()
    async with place.open() as first, place.open(runtime=other) as second:
        operator = await place.session(first, "operator")
        sent = [(await second.do(Send(operator.id, text))).id for text in ("one", "two")]
        await until(second, lambda: second.thread(operator.id).status == "running")
        owner = first if began.is_set() else second
        gate.set()
        await final(first, *sent)
        assert sorted(runtime.bodies("operator") + other.bodies("operator")) == ["one", "two"]
        assert owner.verify_audit().verified


async def test_a_lease_is_returned_when_the_queue_is_empty(desk: Desk, operator: ThreadView) -> None:
    await prompt(desk, operator, "one")
    assert [row["host_id"] for row in desk.rows("SELECT host_id FROM lease")] == [None]


# --- compaction -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S1-22")
async def test_compacting_flips_segments_and_says_so(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    await prompt(desk, operator, "remember the fish")
    asked = await desk.do(Compact(operator.id))
    (message,) = await final(desk, asked.id)
    assert message.state == "answered"
    segments = desk.rows("SELECT kind, live FROM segment WHERE thread_id = ? ORDER BY id", (operator.id,))
    assert [tuple(each) for each in segments] == [("turn", 0), ("turn", 0), ("compaction", 1)]
    await prompt(desk, operator, "and now?")
    assert list(runtime.inputs["operator"][-1].history) == [b'{"summary": "what was said so far"}']
    (item,) = [item for item in desk.items(operator.id) if item.kind == "compaction"]
    assert (item.text, item.origin) == ("what was said so far", "system")
    assert "remember the fish" in lines(desk, operator)


@pytest.mark.row("S1-22")
async def test_a_thread_whose_context_is_full_is_compacted_before_its_next_turn(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    (place.home / "config.toml").write_text("model_auto_compact_token_limit = 1000\n")

    async def large(turn: Scripted) -> TurnOutcome:
        await turn.say("much text")
        return TurnOutcome("completed", "much text", usage=Usage(900, 100, 1001 if turn.body == "large" else 1000))

    runtime.scripts["operator"] = large
    await prompt(desk, operator, "small")
    await prompt(desk, operator, "large")
    assert runtime.compacted == []
    await prompt(desk, operator, "next")
    assert len(runtime.compacted) == 1
    assert list(runtime.inputs["operator"][-1].history) == [b'{"summary": "what was said so far"}']
    assert [item.kind for item in desk.items(operator.id)][-3:] == ["user_message", "compaction", "agent_message"]


async def test_a_turn_keeps_what_it_used_and_what_it_really_ran_with(place: Place, runtime: ScriptedRuntime, desk: Desk) -> None:
    async def used(turn: Scripted) -> TurnOutcome:
        await turn.say("x")
        return TurnOutcome("completed", "x", usage=Usage(11, 7, 18))

    runtime.scripts["operator"] = used
    (place.folder("operator") / "AGENTS.md").write_text("RULES")
    operator = await place.session(desk, "operator")
    await prompt(desk, operator, "go")
    (turn,) = desk.rows("SELECT * FROM turn")
    assert (turn["input_tokens"], turn["output_tokens"], desk.thread(operator.id).context_tokens) == (11, 7, 18)
    assert json.loads(turn["settings"])["runtime"] == "offline"
    assert json.loads(turn["instructions"]) == [str(place.folder("operator") / "AGENTS.md")]
    assert len(turn["instructions_hash"]) == 64


async def test_the_instructions_hash_changes_with_the_instructions_and_with_nothing_else(place: Place, desk: Desk) -> None:
    operator = await place.session(desk, "operator")
    reviewer = await place.session(desk, "reviewer")
    rules = place.folder("reviewer") / "AGENTS.md"
    for text in ("ONE", "ONE", "TWO"):
        rules.write_text(text)
        await prompt(desk, reviewer, "go")
        if desk.thread(reviewer.id).parent is None:
            await desk.do(Attach(reviewer.id, operator.id))
    hashes = [row["instructions_hash"] for row in desk.rows("SELECT instructions_hash FROM turn ORDER BY started_at")]
    assert hashes[0] == hashes[1] != hashes[2]


async def test_a_started_turn_is_in_the_audit(desk: Desk, operator: ThreadView) -> None:
    await prompt(desk, operator, "go")
    await at_rest(desk)
    assert kinds(desk, operator) == ["created", "sent", "started", "answered"]
