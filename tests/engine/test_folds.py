"""What the human did in a child comes back to its parent: once, whole, as data, and it can be taken back."""

from __future__ import annotations

import asyncio
import json

import pytest

from codex_desk.engine.chain import Redact
from codex_desk.engine.desk import Desk
from codex_desk.engine.fold_reading import FoldMode, FoldView
from codex_desk.engine.folding import AskSummary, CancelSummary, Fold, Unfold
from codex_desk.engine.identity import SYSTEM
from codex_desk.engine.links import Archive, Attach, Detach
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import Set
from codex_desk.engine.turns import Claim, Interrupt
from codex_desk.engine.views import ItemView, ThreadView
from codex_desk.rights import Rights
from codex_desk.runtimes.asked import GO_ON, WOKEN_ABOVE
from codex_desk.runtimes.base import Aside, ItemDraft, TurnInput, TurnOutcome
from codex_desk.store.tables import Host
from tests.engine.scripted import BODY, Gate, Place, Scripted, ScriptedThread, at_rest, final, kinds, lines, prompt, refused, until
from tests.engine.test_forgeries import SOME


def history(desk: Desk, thread: ThreadView) -> list[bytes]:
    """What a thread's model would read."""
    return [row["content"] for row in desk.rows("SELECT content FROM segment WHERE thread_id = ? AND live = 1 ORDER BY id", (thread.id,))]


def folds(desk: Desk, thread: ThreadView) -> list[ItemView]:
    return [item for item in desk.items(thread.id, limit=10_000) if item.kind == "fold"]


def brought(turn: TurnInput) -> list[str]:
    """The folds in what a turn's model was given."""
    said = [json.loads(chunk) for chunk in turn.history]
    found = [chunk[0]["parts"][0]["content"] for chunk in said if isinstance(chunk, list)]
    return [text for text in found if text.startswith("The user went into ")]


async def fold(desk: Desk, child: ThreadView, mode: FoldMode = "qa", **more: object) -> FoldView:
    return await desk.do(Fold(child.id, mode, **more))  # type: ignore[arg-type]


async def busy(turn: Scripted) -> str:
    """A child that thinks and calls tools before it answers."""
    for number in range(13):
        await turn.host.commit([ItemDraft("tool_call", f"looked at {number}", {"tool": "read"})], json.dumps({"tool": number}).encode())
    await turn.host.commit([ItemDraft("reasoning", "hm, let me think")], None)
    if "worse" in turn.body:
        await turn.host.commit([ItemDraft("tool_call", "one more look", {"tool": "read"})], None)
    return f"answer to {turn.body}"


@pytest.mark.row("S4-12", "S4-14", "S4-18", "S4-23", "S4-35")
async def test_three_requests_and_forty_calls_fold_to_three_requests_and_three_answers_and_undo_restores_the_history(
    place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    place.runtime.scripts["reviewer"] = busy
    await prompt(desk, operator, "plan the day")
    for text in ("look at load()", "no, at save()", "which is worse?"):
        await prompt(desk, reviewer, text)
    await prompt(desk, reviewer, "an aside for operator", sender=operator.id)
    assert sum(item.kind == "tool_call" for item in desk.items(reviewer.id, limit=10_000)) == 40 + 13
    before = history(desk, operator)
    made = await fold(desk, reviewer)
    assert (made.turns, made.state, len(made.messages)) == (3, "there", 3)
    (item,) = folds(desk, operator)
    assert (item.id, item.origin, item.text) == (made.to_json()["item_id"], "human", made.text)
    assert [(part["origin"], part["text"]) for part in item.data["parts"]] == [
        ("human", "look at load()"),
        ("agent", "answer to look at load()"),
        ("human", "no, at save()"),
        ("agent", "answer to no, at save()"),
        ("human", "which is worse?"),
        ("agent", "answer to which is worse?"),
    ]
    assert not [word for word in ("looked at", "let me think", "one more look", "an aside") if word in made.text]
    assert (item.data["peer"], len(item.data["turns"]), len(item.data["hash"])) == ("reviewer", 3, 64)
    assert history(desk, operator)[:-1] == before
    undone = await desk.do(Unfold(reviewer.id))
    assert (undone.state, history(desk, operator)) == ("undone", before)
    for thread in (operator, reviewer):
        assert [kind for kind in kinds(desk, thread) if "fold" in kind] == ["folded", "unfolded"]
    assert (await fold(desk, reviewer)).text == made.text
    assert desk.verify_audit().verified


async def test_folding_twice_an_empty_child_and_none_add_nothing(desk: Desk, operator: ThreadView, reviewer: ThreadView) -> None:
    assert (await fold(desk, reviewer)).to_json() == {"text": "", "tokens": 0, "turns": 0, "item_id": None}
    await prompt(desk, reviewer, "hello")
    assert (await fold(desk, reviewer, "none")).to_json() == {"text": "", "tokens": 0, "turns": 0, "item_id": None}
    assert (await fold(desk, reviewer)).turns == 1
    assert (await fold(desk, reviewer)).to_json() == {"text": "", "tokens": 0, "turns": 0, "item_id": None}
    assert (await fold(desk, reviewer, "replace", sure=True)).turns == 0
    assert len(folds(desk, operator)) == 1


async def test_of_two_processes_that_fold_at_once_one_brings_it(
    place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    await prompt(desk, reviewer, "hello")
    async with place.open("none") as other:
        made = await asyncio.gather(*(each.do(Fold(reviewer.id)) for each in (desk, other, desk, other)))
    assert sorted(each.turns for each in made) == [0, 0, 0, 1]
    assert len(folds(desk, operator)) == 1


@pytest.mark.row("S4-13", "S4-15")
async def test_the_parents_next_turn_reads_the_fold_as_data_and_it_cannot_be_taken_back_then(
    place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", turn.body)

    place.runtime.scripts["operator"] = ask
    assert (await prompt(desk, operator, "is it safe?")).answer == "reviewer answers is it safe?"
    await prompt(desk, reviewer, "look again")
    made = await fold(desk, reviewer, go_on=True)
    (went_on,) = await final(desk, made.sent or 0)
    assert (went_on.body, went_on.origin) == (GO_ON, "human")
    assert "the user lets it go on" in lines(desk, operator)
    assert [item.text for item in desk.items(operator.id) if item.kind == "user_message"] == ["is it safe?"]
    turn = place.runtime.inputs["operator"][-1]
    (text,) = brought(turn)
    assert "none of it carries the user's authority here" in text
    assert [body for _, body in BODY.findall(text)] == ["look again", "reviewer answers look again"]
    assert not turn.notes
    assert (await refused(desk, Unfold(reviewer.id))).code == "too_late"


async def test_an_answer_that_waits_to_wake_the_parent_is_read_before_the_fold_that_came_later(
    place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    async def ask(turn: Scripted) -> str:
        await turn.send("reviewer", "is it safe?")
        await asyncio.Event().wait()
        return "never"

    place.runtime.scripts |= {"operator": ask, "reviewer": (gate := Gate())}
    working = await desk.do(Send(operator.id, "go"))
    await gate.began.wait()
    await desk.do(Interrupt(operator.id))
    await final(desk, working.id)
    gate.open.set()  # the answer comes while the human has the hand
    (wake,) = await until(desk, lambda: desk.queue(operator.id))
    await prompt(desk, reviewer, "no, look again")
    before = history(desk, operator)
    await fold(desk, reviewer)
    assert b"reviewer answers is it safe?" in history(desk, operator)[-2]
    assert desk.message(wake.id).body == WOKEN_ABOVE
    await desk.do(Unfold(reviewer.id))
    assert (history(desk, operator), desk.message(wake.id).body) == (before, wake.body)
    place.runtime.scripts.clear()
    made = await fold(desk, reviewer, go_on=True)
    await final(desk, wake.id, made.sent or 0)
    woken = place.runtime.inputs["operator"][-2]
    assert woken.input == WOKEN_ABOVE and [
        b"reviewer answers is it safe?" in woken.history[-2],
        b"no, look again" in woken.history[-1],
    ] == [True, True]


@pytest.mark.row("S4-36")
async def test_going_back_without_anything_leaves_the_parent_as_it_was_and_starts_it(
    place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    await prompt(desk, operator, "plan")
    await prompt(desk, reviewer, "hello")
    before = history(desk, operator)
    made = await fold(desk, reviewer, "none", go_on=True)
    await final(desk, made.sent or 0)
    assert list(place.runtime.inputs["operator"][-1].history) == before
    assert (await fold(desk, reviewer)).turns == 1  # it was not lost


@pytest.mark.row("S4-16")
async def test_the_parent_is_stopped_the_child_corrected_and_the_fold_is_there_at_once(
    place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    gate = place.runtime.scripts["operator"] = Gate()
    working = await desk.do(Send(operator.id, "go"))
    await gate.began.wait()
    await desk.do(Interrupt(operator.id))
    await final(desk, working.id)
    await prompt(desk, reviewer, "no: the other file")
    assert (await fold(desk, reviewer)).state == "there"
    assert desk.thread(operator.id).held  # only the human starts it again
    place.runtime.scripts.clear()
    await prompt(desk, operator, "now?")
    assert "no: the other file" in brought(place.runtime.inputs["operator"][-1])[0]


async def test_with_a_running_parent_it_waits_for_the_end_of_the_turn_and_can_be_taken_back_meanwhile(
    place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    gate = place.runtime.scripts["operator"] = Gate()
    working = await desk.do(Send(operator.id, "go"))
    await gate.began.wait()
    await prompt(desk, reviewer, "hello")
    before = history(desk, operator)
    first = await fold(desk, reviewer)
    assert (first.state, first.to_json()["item_id"], history(desk, operator)) == ("waiting", None, before)
    assert (await desk.do(Unfold(reviewer.id))).state == "undone"
    assert (await fold(desk, reviewer)).state == "waiting"
    assert (await fold(desk, reviewer)).turns == 0
    gate.open.set()
    await final(desk, working.id)
    assert desk.thread(operator.id).context_tokens > 100
    assert len(folds(desk, operator)) == 1
    assert history(desk, operator)[-1:] != before[-1:] and b"The user went into reviewer" in history(desk, operator)[-1]
    assert (await desk.do(Unfold(reviewer.id))).state == "undone"


async def test_one_that_waits_survives_the_process_that_ran_the_parent(place: Place) -> None:
    async with place.open() as desk:
        operator, reviewer = [await place.session(desk, handle) for handle in ("operator", "reviewer")]
        await desk.do(Attach(reviewer.id, operator.id))
        await prompt(desk, reviewer, "hello")
    async with place.open("none") as desk:
        await desk.do(Send(operator.id, "one"))
        rights = Rights("read-only", False, False)
        await desk.ledger.do(Claim(operator.id, "killed", rights, {}, frozenset({"killed"})), SYSTEM)
        assert (await fold(desk, reviewer)).state == "waiting"
        await desk.ledger.run(lambda tx: tx.insert(Host(id="killed", kind="desk", pid=1, started_at=tx.now)) and None)
    async with place.open() as desk:
        assert [item.text.splitlines()[2] for item in folds(desk, operator)] == ["hello"]
        await prompt(desk, operator, "two")
        assert len(brought(place.runtime.inputs["operator"][-1])) == 1
        assert desk.verify_audit().verified


async def test_what_still_runs_is_for_the_next_fold_and_a_steer_belongs_to_its_turn(
    place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    gate = Gate()

    async def steered(turn: Scripted) -> str:
        await gate(turn)
        await turn.host.take_steers()
        return "done both"

    place.runtime.scripts["reviewer"] = steered
    await desk.do(Send(reviewer.id, "first"))
    await gate.began.wait()
    assert (desk.fold(reviewer.id).turns, desk.fold(reviewer.id).running) == (0, 1)
    steer = await desk.do(Send(reviewer.id, "and this", delivery="next_step"))
    gate.open.set()
    await final(desk, steer.id)
    await until(desk, lambda: desk.fold(reviewer.id).turns)
    made = await fold(desk, reviewer)
    assert (made.turns, len(made.messages)) == (1, 2)
    assert made.text == (
        f"The user asked in reviewer (#{made.messages[0]}):\n\nfirst\n\n"
        f"The user added in reviewer (#{made.messages[1]}):\n\nand this\n\nreviewer answered:\n\ndone both"
    )


async def test_a_request_without_an_answer_says_why(place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView) -> None:
    async def fails(turn: Scripted) -> TurnOutcome:
        return TurnOutcome("failed", None, "the endpoint is gone")

    place.runtime.scripts["reviewer"] = fails
    await prompt(desk, reviewer, "hello")
    assert (await fold(desk, reviewer)).text.endswith("reviewer gave no answer:\n\nfailed: the endpoint is gone")


async def test_an_edited_text_goes_as_it_is_and_its_lines_keep_their_origin(
    place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    await prompt(desk, reviewer, "hello")
    seen = desk.fold(reviewer.id)
    made = await fold(desk, reviewer, text=f"Mind this.\n{seen.text}", messages=seen.messages)
    (item,) = folds(desk, operator)
    origins = [(part["origin"], part["text"]) for part in item.data["parts"] if part["origin"] != "system"]
    assert origins == [("human", "Mind this."), ("human", "hello"), ("agent", "reviewer answers hello")]
    assert (item.text, item.data["edited"], made.turns) == (f"Mind this.\n{seen.text}", True, 1)
    await prompt(desk, operator, "go")
    (text,) = brought(place.runtime.inputs["operator"][-1])
    assert [body for _, body in BODY.findall(text)] == [item.text]


async def test_what_was_seen_and_what_is_there_have_to_be_the_same(
    place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    await prompt(desk, reviewer, "hello")
    seen = desk.fold(reviewer.id)
    await prompt(desk, reviewer, "more")
    assert (await fold(desk, reviewer, messages=seen.messages)).turns == 1
    assert (await refused(desk, Fold(reviewer.id, messages=seen.messages))).code == "changed"
    assert desk.fold(reviewer.id).turns == 1


@pytest.mark.row("S4-21", "S4-37")
async def test_a_summary_is_one_call_to_the_childs_model_and_stands_in_neither_history(
    place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    assert await desk.do(AskSummary(reviewer.id)) is None
    await prompt(desk, reviewer, "look at load()")
    before, said = history(desk, reviewer), lines(desk, reviewer)
    await desk.do(Interrupt(reviewer.id))  # the human has the hand there: a summary starts nothing
    (ended,) = await final(desk, (await desk.do(AskSummary(reviewer.id))).id)
    assert ended.answer == "reviewer sums up 2 chunks"
    (asked,) = place.runtime.asides
    assert "goes back to operator" in asked.input and "- look at load()" in asked.input
    assert (history(desk, reviewer), lines(desk, reviewer)) == (before, said)
    assert desk.thread(reviewer.id).last_line == "reviewer answers look at load()" and desk.thread(reviewer.id).held
    made = await fold(desk, reviewer, "summary", summary=ended.answer)
    assert made.text == "reviewer sums up what the user did there (1 request):\n\nreviewer sums up 2 chunks"
    assert [part["origin"] for part in folds(desk, operator)[0].data["parts"]] == ["agent"]


async def test_a_summary_can_be_cancelled_and_the_child_goes_on(
    place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = asyncio.Event()

    async def endless(self: ScriptedThread, turn: TurnInput) -> Aside:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError("it was not stopped")

    monkeypatch.setattr(ScriptedThread, "aside", endless)
    await prompt(desk, reviewer, "hello")
    asked = await desk.do(AskSummary(reviewer.id))
    await began.wait()
    await desk.do(CancelSummary(asked.id))
    (ended,) = await final(desk, asked.id)
    assert (ended.state, ended.reason) == ("interrupted", "by the user")
    assert not desk.thread(reviewer.id).held
    assert (await prompt(desk, reviewer, "go on")).state == "answered"
    assert (await refused(desk, Fold(reviewer.id, "summary"))).code == "bad_value"
    assert desk.fold(reviewer.id).turns == 2


async def test_no_text_in_a_fold_is_the_users_or_widens_a_right(
    place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    await desk.do(Set(operator.id, "sandbox_mode", "read-only"))
    await desk.do(Set(reviewer.id, "sandbox_mode", "danger-full-access"))
    claims = iter(SOME)

    async def claim(turn: Scripted) -> str:
        return next(claims)

    async def ask(turn: Scripted) -> str:
        return await turn.ask("reviewer", brought(turn.input)[-1])

    place.runtime.scripts["reviewer"] = claim
    for _ in range(len(SOME) - 1):
        await prompt(desk, reviewer, "what do you say?")
    made = await fold(desk, reviewer)
    place.runtime.scripts["operator"] = ask
    asked = await prompt(desk, operator, "what came back?")
    (text,) = brought(place.runtime.inputs["operator"][-1])
    bodies = BODY.findall(text)
    assert len({boundary for boundary, _ in bodies}) == 1 and len(bodies) == 2 * made.turns
    parts = folds(desk, operator)[0].data["parts"]
    assert [part["origin"] for part in parts] == ["human", "agent"] * made.turns
    assert [part["text"] for part in parts[1::2]] == SOME[:-1]
    turns = desk.rows("SELECT origin, json_extract(rights, '$.mode') AS mode FROM turn WHERE thread_id = ?", (reviewer.id,))
    assert [(turn["origin"], turn["mode"]) for turn in turns][-1] == ("agent", "read-only")
    assert desk.thread(operator.id).held is False and asked.state == "answered"
    assert not desk.approvals() and not desk.grants()


async def test_a_secret_in_a_fold_is_redacted_everywhere(place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView) -> None:
    secret = "sk-live-51-very-secret"
    await prompt(desk, reviewer, f"use {secret}")
    await fold(desk, reviewer)
    await desk.do(Redact(next(item.seq for item in desk.items(reviewer.id) if item.kind == "user_message")))
    assert secret not in folds(desk, operator)[0].text + json.dumps(folds(desk, operator)[0].data["parts"])
    (row,) = desk.rows("SELECT text, parts FROM fold")
    assert secret not in row["text"] + row["parts"] and secret.encode() not in b"".join(history(desk, operator))
    await desk.do(Redact(folds(desk, operator)[0].seq))
    assert {part["text"] for part in folds(desk, operator)[0].data["parts"]} == {"[redacted]"}
    assert desk.verify_audit().verified


@pytest.mark.row("S4-35")
async def test_what_was_done_in_a_subagent_is_not_lost_when_it_is_closed(place: Place, desk: Desk, operator: ThreadView) -> None:
    async def lead(turn: Scripted) -> str:
        if turn.body == "go":
            await turn.tool("spawn_agent", message="look around", task_name="scout")
        return "spawned it"

    place.runtime.scripts["operator"] = lead
    await prompt(desk, operator, "go")
    await at_rest(desk)
    (scout,) = desk.children(operator.id)
    await prompt(desk, scout, "no, look there")
    await desk.do(Archive(scout.id))
    assert (await refused(desk, AskSummary(scout.id))).code == "archived"
    made = await fold(desk, scout)
    assert (made.turns, made.parent) == (1, "operator") and "no, look there" in made.text and "look around" not in made.text


async def test_what_cannot_be_folded_says_why(place: Place, desk: Desk, operator: ThreadView, reviewer: ThreadView) -> None:
    assert (await refused(desk, Fold(operator.id))).code == "no_parent"
    assert (await refused(desk, Unfold(reviewer.id))).code == "nothing_to_undo"
    await prompt(desk, reviewer, "hello")
    assert (await refused(desk, Fold(reviewer.id, "replace"))).code == "confirm"
    assert (await refused(desk, Fold(reviewer.id, text="  "))).code == "bad_value"
    assert (await refused(desk, Fold(reviewer.id, "all"))).code == "bad_value"  # type: ignore[arg-type]
    await desk.do(Detach(reviewer.id))
    assert (await refused(desk, Fold(reviewer.id))).code == "no_parent"
    await desk.do(Attach(reviewer.id, operator.id))
    assert desk.fold(reviewer.id).turns == 0  # what was said before this attachment is no part of it
    await at_rest(desk)
