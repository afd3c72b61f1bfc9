"""Automations on a real store: what becomes of each planned run, and why."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from codex_desk.engine.approvals import Decide
from codex_desk.engine.automation_views import AutomationView
from codex_desk.engine.automations import Add
from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Archive, Attach, Detach
from codex_desk.engine.mailbox import Remove, Send
from codex_desk.engine.turns import Interrupt
from codex_desk.engine.views import ThreadView
from codex_desk.runtimes.base import ApprovalRequest, TurnOutcome
from tests.engine.scripted import Gate, Place, Scripted, ScriptedRuntime, agent, final, kinds, lines, prompt, refused, until

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


async def add(desk: Desk, target: ThreadView, schedule: str = "every 15m", handle: str = "hb", **more: object) -> AutomationView:
    more.setdefault("now", NOW)
    return await desk.add_automation(Add(handle, target.id, schedule, "look around", "UTC", **more))  # type: ignore[arg-type]


def told(desk: Desk, view: AutomationView) -> list[tuple[str | None, str]]:
    """(outcome, reason) of each planned run, in order."""
    return [(run.outcome, run.reason or "") for run in desk.occurrences(view.id)]


def outcomes(desk: Desk, view: AutomationView) -> list[str | None]:
    return [run.outcome for run in desk.occurrences(view.id)]


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


# --- a run -------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S0-08")
@pytest.mark.row("S0-29")
@pytest.mark.row("S0-30")
@pytest.mark.row("S0-31")
@pytest.mark.row("S0-32")
@pytest.mark.row("S0-43")
async def test_a_scheduled_operator_asks_the_reviewer_waits_and_updates_the_plan_and_the_child_has_a_schedule_of_its_own(
    place: Place, runtime: ScriptedRuntime
) -> None:
    async def operate(turn: Scripted) -> str:
        review = await turn.ask("reviewer", "review the diff")
        (place.folder("operator") / "plan.md").write_text(review)
        return f"the plan is: {review}"

    runtime.scripts["operator"] = operate
    async with place.open("once", patience=0) as desk:
        operator, reviewer = [await place.session(desk, handle) for handle in ("operator", "reviewer")]
        both = await add(desk, operator, "0 9 * * *", "morning"), await add(desk, reviewer, "30 9 * * *", "own")
        await desk.do(Attach(reviewer.id, operator.id))
        report = await desk.tick(at(60))
        assert (report.due, report.ran) == (1, 1)
        assert (place.folder("operator") / "plan.md").read_text() == "reviewer answers review the diff"
        await desk.do(Detach(reviewer.id))
        await desk.tick(at(91))
        assert [outcomes(desk, view) for view in both] == [["ran"], ["ran"]]
        assert runtime.bodies("reviewer") == ["review the diff", "look around"]
        assert "fired" in kinds(desk, operator)
        (fired,) = [item for item in desk.items(operator.id) if item.kind == "message_in"]
        assert (fired.origin, fired.text, fired.data["automation"]) == ("automation", "look around", "morning")
        assert not any(item.kind == "user_message" for item in desk.items(operator.id))
        assert desk.verify_audit().verified


async def test_the_prompt_stands_in_an_envelope_without_the_users_authority_with_what_became_of_the_last_run(
    place: Place, runtime: ScriptedRuntime
) -> None:
    async with place.open("once", patience=0) as desk:
        operator = await place.session(desk, "operator")
        await add(desk, operator)
        await desk.tick(at(15))
        await desk.tick(at(30))
    first, second = [turn.input for turn in runtime.inputs["operator"]]
    assert "carries none of the user's authority" in first
    assert "This is its first run." in first
    assert "The last run (2026-11-21 08:15): ran. It answered: operator answers look around" in second
    assert len(second) < 8_000


async def test_a_rule_of_count_three_runs_three_times_and_has_ended(place: Place) -> None:
    async with place.open("once", patience=0) as desk:
        view = await add(desk, await place.session(desk, "operator"), "RRULE:FREQ=MINUTELY;INTERVAL=10;COUNT=3")
        for minutes in range(10, 80, 10):
            await desk.tick(at(minutes))
        assert outcomes(desk, view) == ["ran"] * 3
        assert (desk.automation(view.id).state, desk.automation(view.id).next_run_at) == ("ended", None)


async def test_an_open_desk_runs_what_comes_due_by_itself(desk: Desk, place: Place) -> None:
    operator = await place.session(desk, "operator")
    view = await add(desk, operator, now=datetime.now(UTC) - timedelta(minutes=1, seconds=0.05), schedule="every 1m")
    await until(desk, lambda: "ran" in outcomes(desk, view))
    run = desk.occurrences(view.id)[0]
    assert run.fired_at is not None
    assert run.fired_at - run.scheduled_for < timedelta(seconds=2)


async def test_a_run_by_hand_looks_at_no_guard_and_runs_what_is_paused(desk: Desk, place: Place) -> None:
    view = await add(desk, await place.session(desk, "operator"), guard="child-idle")
    await desk.pause_automation(view.id)
    made = await desk.run_automation(view.id)
    assert (await desk.finish(made.id)).outcome == "ran"


# --- why not -----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("latest_once", ["missed_offline", "missed_offline", "missed_offline", "caught_up"]),
        ("skip", ["missed_offline"] * 4),
        ("all(2)", ["missed_offline", "missed_offline", "caught_up", "caught_up"]),
    ],
)
async def test_what_was_missed_is_caught_up_by_the_policy(place: Place, runtime: ScriptedRuntime, policy: str, expected: list[str]) -> None:
    async with place.open("once", patience=0) as desk:
        view = await add(desk, await place.session(desk, "operator"), catch_up=policy)
        await desk.tick(at(4 * 15 + 10))
        assert outcomes(desk, view) == expected
        assert runtime.most.get("operator", 0) <= 1


async def test_after_a_long_sleep_what_is_caught_up_begins_apart(place: Place) -> None:
    async with place.open("once", patience=0) as desk:
        operator = await place.session(desk, "operator")
        for number in range(5):
            await add(desk, operator, "every 1h", f"a{number}")
        await (await desk._runs()).plan_due(at(90))
        due = [datetime.fromisoformat(row["due_at"]) for row in desk.rows("SELECT due_at FROM occurrence WHERE late = 1 ORDER BY due_at")]
        assert [later - earlier for earlier, later in pairwise(due)] == [timedelta(seconds=2)] * 4


async def test_after_a_year_nothing_older_than_a_week_is_caught_up_and_an_expired_one_says_so(place: Place) -> None:
    async with place.open("once", patience=0) as desk:
        operator = await place.session(desk, "operator")
        kept = await add(desk, operator, "every 1h", "kept", until=NOW + timedelta(days=800))
        lapsed = await add(desk, operator, "every 1d", "lapsed")
        await desk.tick(NOW + timedelta(days=365, minutes=30))
        assert outcomes(desk, kept)[-1] == "caught_up"
        assert sum(run.times or 0 for run in desk.occurrences(kept.id, limit=2000)) == 365 * 24
        assert "runs until" in told(desk, kept)[0][1] or desk.occurrences(kept.id, limit=2000)[0].times != 1
        assert outcomes(desk, lapsed)[-1] == "expired"
        assert desk.automation(lapsed.id).state == "ended"
        renewed = await desk.resume_automation(lapsed.id)
        assert renewed.state == "active"


async def test_a_paused_one_says_so_for_each_run_and_goes_on_from_its_next_time(place: Place) -> None:
    async with place.open("once", patience=0) as desk:
        view = await add(desk, await place.session(desk, "operator"))
        await desk.pause_automation(view.id)
        await desk.tick(at(31))
        assert told(desk, view) == [("paused", "paused by the user")] * 2


async def test_overlap_skips_buffers_or_replaces(desk: Desk, place: Place, runtime: ScriptedRuntime) -> None:
    gates = {handle: Gate() for handle in ("one", "two", "three")}
    runtime.scripts |= gates
    views = {}
    for handle, policy in zip(gates, ("skip", "buffer_one", "cancel_other"), strict=True):
        views[handle] = await add(desk, await place.session(desk, handle), handle=handle, overlap=policy)
    first = {handle: await desk.run_automation(view.id) for handle, view in views.items()}
    for gate in gates.values():
        await gate.began.wait()
    second = {handle: await desk.run_automation(view.id) for handle, view in views.items()}
    skipped = await until(desk, lambda: (found := desk.occurrence(second["one"].id)).outcome and found)
    assert skipped.outcome == "skipped_overlap"
    assert "had not ended" in (skipped.reason or "")
    third = await desk.run_automation(views["two"].id)
    await until(desk, lambda: desk.occurrence(third.id).outcome == "skipped_overlap")
    assert desk.occurrence(second["two"].id).outcome is None
    replaced = await until(desk, lambda: (found := desk.occurrence(first["three"].id)).outcome and found)
    assert replaced.outcome == "cancelled"
    assert "replaced" in (replaced.reason or "")
    for gate in gates.values():
        gate.open.set()
    await until(desk, lambda: desk.occurrence(second["two"].id).outcome == "ran" and desk.occurrence(second["three"].id).outcome == "ran")
    assert desk.occurrence(first["one"].id).outcome == "ran"


async def test_a_busy_session_queues_skips_or_takes_it_at_its_next_step(desk: Desk, place: Place, runtime: ScriptedRuntime) -> None:
    gate, steered = Gate(), list[str]()

    async def stepping(turn: Scripted) -> str:
        await gate(turn)
        steered.extend(await turn.host.take_steers())
        return "done"

    runtime.scripts["operator"] = stepping
    operator = await place.session(desk, "operator")
    views = [await add(desk, operator, handle=policy.replace("_", "-"), busy=policy) for policy in ("queue_one", "skip", "next_step")]
    sent = await desk.do(Send(operator.id, "work"))
    await gate.began.wait()
    queued, skipped, next_step = [await desk.run_automation(view.id) for view in views]
    found = await until(desk, lambda: (run := desk.occurrence(skipped.id)).outcome and run)
    assert (found.outcome, found.reason) == ("skipped_busy", "operator was at work")
    await until(desk, lambda: desk.occurrence(queued.id).message and desk.occurrence(next_step.id).message)
    gate.open.set()
    await until(desk, lambda: desk.occurrence(next_step.id).outcome == "ran" and desk.occurrence(queued.id).outcome == "ran")
    assert len(steered) == 1
    assert "The automation next-step runs now" in steered[0]
    assert (await final(desk, sent.id))[0].turn_id == desk.occurrence(next_step.id).turn_id


async def test_nothing_starts_in_a_session_that_the_user_stopped_or_types_in(desk: Desk, place: Place) -> None:
    stopped, typed = [await place.session(desk, handle) for handle in ("stopped", "typed")]
    await desk.do(Interrupt(stopped.id))
    desk.keystroke(typed.id)
    views = [await add(desk, thread, handle=thread.handle or "") for thread in (stopped, typed)]
    runs = [await desk.run_automation(view.id) for view in views]
    found = await until(desk, lambda: (run := desk.occurrence(runs[0].id)).outcome and run)
    assert found.outcome == "skipped_busy"
    assert "since you stopped it" in (found.reason or "")
    waiting = await until(desk, lambda: desk.occurrence(runs[1].id).message)
    await asyncio.sleep(0.05)
    assert desk.message(waiting).state == "queued"
    await desk.do(Remove(waiting))
    assert desk.occurrence(runs[1].id).outcome == "cancelled"


async def test_three_failures_pause_it_and_the_transcript_says_so(place: Place, runtime: ScriptedRuntime) -> None:
    async def fail(turn: Scripted) -> TurnOutcome:
        return TurnOutcome("failed", None, "the provider is away")

    runtime.scripts["operator"] = fail
    async with place.open("once", patience=0) as desk:
        operator = await place.session(desk, "operator")
        view = await add(desk, operator)
        for minutes in (15, 30, 45, 60):
            await desk.tick(at(minutes))
        assert told(desk, view)[:3] == [("failed", "the provider is away")] * 3
        assert outcomes(desk, view)[3] == "paused"
        assert desk.automation(view.id).state == "paused"
        assert any("automation hb is paused" in line for line in lines(desk, operator))


async def test_an_approval_in_a_tick_ends_the_run_as_failed_needs_approval(place: Place, runtime: ScriptedRuntime) -> None:
    async def ask(turn: Scripted) -> str:
        decision = await turn.host.approve(ApprovalRequest("command", "make deploy", str(place.root), "it is not allowed", None))
        return f"allowed: {decision.approved}"

    runtime.scripts["operator"] = ask
    async with place.open("once", patience=0) as desk:
        view = await add(desk, await place.session(desk, "operator"))
        await desk.tick(at(15))
        ((outcome, reason),) = told(desk, view)
        assert outcome == "failed"
        assert reason.startswith("needs approval: operator-1 make deploy")


async def test_in_an_open_desk_an_approval_waits_in_the_inbox_with_its_chain(desk: Desk, place: Place, runtime: ScriptedRuntime) -> None:
    async def ask(turn: Scripted) -> str:
        await turn.host.approve(ApprovalRequest("command", "make deploy", str(place.root), "it is not allowed", None))
        return "done"

    runtime.scripts["operator"] = ask
    await desk.run_automation((await add(desk, await place.session(desk, "operator"))).id)
    (waiting,) = await until(desk, desk.approvals)
    assert waiting.chain == ("automation", "operator")


async def test_a_tick_beside_an_open_desk_leaves_it_what_the_user_is_asked_there(place: Place, runtime: ScriptedRuntime) -> None:
    async def ask(turn: Scripted) -> str:
        await turn.host.approve(ApprovalRequest("command", "make deploy", str(place.root), "it is not allowed", None))
        return "done"

    runtime.scripts["operator"] = ask
    async with place.open() as desk, place.open("once", patience=0) as other:
        view = await add(desk, await place.session(desk, "operator"), now=datetime.now(UTC))
        report = await other.tick(datetime.now(UTC) + timedelta(minutes=15))
        assert [run.outcome for run in report.runs] == [None]
        (waiting,) = desk.approvals()
        await desk.do(Decide(waiting.id, True))
        await until(desk, lambda: outcomes(desk, view) == ["ran"])


async def test_pausing_takes_what_waits_out_of_the_queue(desk: Desk, place: Place, runtime: ScriptedRuntime) -> None:
    gate = runtime.scripts["operator"] = Gate()
    operator = await place.session(desk, "operator")
    view = await add(desk, operator)
    await desk.do(Send(operator.id, "work"))
    await gate.began.wait()
    run = await desk.run_automation(view.id)
    await until(desk, lambda: desk.occurrence(run.id).message)
    await desk.pause_automation(view.id)
    assert (desk.occurrence(run.id).outcome, desk.queue(operator.id)) == ("cancelled", [])
    gate.open.set()


async def test_an_archived_target_and_one_whose_folder_is_gone_are_reasons(place: Place) -> None:
    async with place.open("once", patience=0) as desk:
        gone, moved = [await place.session(desk, handle) for handle in ("gone", "moved")]
        views = [await add(desk, thread, handle=thread.handle or "") for thread in (gone, moved)]
        await desk.do(Archive(gone.id))
        place.folder("moved").rmdir()
        await desk.tick(at(15))
        (archived,), (away,) = [told(desk, view) for view in views]
        assert archived == ("failed", "gone is archived; unarchive it, or remove the automation")
        assert away[0] == "failed"
        assert "folder moved" in away[1]
        assert desk.rows("SELECT 1 FROM message WHERE state = 'queued'") == []


async def test_a_budget_of_tokens_a_day_is_kept(place: Place, runtime: ScriptedRuntime) -> None:
    from codex_desk.runtimes.base import Usage

    async def costly(turn: Scripted) -> TurnOutcome:
        await turn.say("done")
        return TurnOutcome("completed", "done", usage=Usage(input_tokens=900, output_tokens=200))

    runtime.scripts["operator"] = costly
    async with place.open("once", patience=0) as desk:
        view = await add(desk, await place.session(desk, "operator"), budget_tokens=1000)
        await desk.tick(at(15))
        await desk.tick(at(30))
        assert told(desk, view) == [("ran", ""), ("budget", "its runs took 1,100 of 1,000 tokens in the last 24 hours")]


async def test_removing_it_cancels_what_waits_and_frees_its_name(desk: Desk, place: Place, runtime: ScriptedRuntime) -> None:
    gate = runtime.scripts["operator"] = Gate()
    operator = await place.session(desk, "operator")
    view = await add(desk, operator)
    await desk.do(Send(operator.id, "work"))
    await gate.began.wait()
    run = await desk.run_automation(view.id)
    await until(desk, lambda: desk.occurrence(run.id).message)
    await desk.remove_automation(view.id)
    assert desk.occurrence(run.id).outcome == "cancelled"
    assert desk.automations() == []
    gate.open.set()
    await add(desk, operator)


# --- clocks ------------------------------------------------------------------------------------------------------------------------------------


async def test_a_clock_put_back_by_a_year_does_not_keep_it_waiting_for_a_year(place: Place) -> None:
    async with place.open("once", patience=0) as desk:
        operator = await place.session(desk, "operator")
        views = [await add(desk, operator, schedule, handle) for schedule, handle in (("every 15m", "a"), ("0 9 * * *", "b"))]
        back = NOW - timedelta(days=365)
        await desk.tick(back)
        await desk.tick(back + timedelta(minutes=61))
        assert [outcomes(desk, view)[-1] for view in views] == ["ran", "ran"]


async def test_a_time_that_comes_twice_because_the_clock_was_put_back_runs_once(place: Place) -> None:
    async with place.open("once", patience=0) as desk:
        view = await add(desk, await place.session(desk, "operator"), "*/15 * * * *")
        await desk.tick(at(15))
        await desk.tick(at(30))
        for minutes in (12, 15, 30, 45):
            await desk.tick(at(minutes))
        assert [run.scheduled_for for run in desk.occurrences(view.id)] == [at(15), at(30), at(45)]
        assert outcomes(desk, view) == ["ran"] * 3


# --- who may -----------------------------------------------------------------------------------------------------------------------------------


async def test_an_agent_makes_runs_and_changes_none(desk: Desk, place: Place, operator: ThreadView) -> None:
    view = await add(desk, operator)
    from codex_desk.engine.automations import PauseAutomation, RemoveAutomation, ResumeAutomation, RunNow

    for action in (
        Add("own", operator.id, "every 1m", "x", "UTC"),
        PauseAutomation(view.id),
        ResumeAutomation(view.id),
        RemoveAutomation(view.id),
        RunNow(view.id),
    ):
        assert (await refused(desk, action, agent(operator))).code == "origin_agent"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"handle": "Not a handle"}, "bad_handle"),
        ({"schedule": "0 9 * * * *"}, "bad_schedule"),
        ({"schedule": "at 2020-01-01"}, "never_fires"),
        ({"overlap": "both"}, "bad_value"),
        ({"busy": "wait"}, "bad_value"),
        ({"catch_up": "all(0)"}, "bad_value"),
        ({"count": 0}, "bad_value"),
        ({"budget_tokens": 0}, "bad_value"),
        ({"until": NOW}, "never_fires"),
    ],
)
async def test_what_cannot_be_is_refused_as_it_is_entered(desk: Desk, operator: ThreadView, wrong: dict[str, object], code: str) -> None:
    from codex_desk.engine.errors import Refusal

    with pytest.raises(Refusal) as caught:
        await add(desk, operator, **wrong)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert desk.automations() == []


async def test_subagents_and_archived_sessions_are_no_targets(desk: Desk, place: Place, operator: ThreadView) -> None:
    from codex_desk.engine.errors import Refusal

    await desk.do(Archive(operator.id))
    with pytest.raises(Refusal) as caught:
        await add(desk, operator)
    assert caught.value.code == "archived"


async def test_a_handle_is_taken_once(desk: Desk, operator: ThreadView) -> None:
    from codex_desk.engine.errors import Refusal

    await add(desk, operator)
    with pytest.raises(Refusal) as caught:
        await add(desk, operator)
    assert caught.value.code == "handle_taken"


async def test_a_fork_has_no_automation(desk: Desk, operator: ThreadView) -> None:
    from codex_desk.engine.sessions import Fork

    await add(desk, operator)
    fork = await desk.do(Fork(operator.id, "twin"))
    assert [view.target_id for view in desk.automations()] == [operator.id] != [fork.id]


async def test_a_prompt_by_the_human_stays_what_it_was(desk: Desk, operator: ThreadView) -> None:
    assert (await prompt(desk, operator, "hello")).answer == "operator answers hello"
