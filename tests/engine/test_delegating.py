from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codex_desk.engine import unfinished, worktrees
from codex_desk.engine.approvals import Decide
from codex_desk.engine.desk import Desk
from codex_desk.engine.lifecycle import AgentChanged, Lifecycles
from codex_desk.engine.links import Archive
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import Set
from codex_desk.engine.turns import Interrupt
from codex_desk.engine.views import ThreadView
from codex_desk.paths import is_there
from codex_desk.runtimes.base import ApprovalRequest, TurnOutcome
from tests.engine.processes import killed, processes, told
from tests.engine.scripted import Gate, Place, Scripted, ScriptedRuntime, at_rest, final, kinds, lines, prompt, until
from tests.engine.test_agent_worktrees import git
from tests.engine.test_agents import calls, children, history

ROLES = {
    "scout": 'model = "small"\nmodel_reasoning_effort = "low"\n',
    "critic": 'model = "big"\nmodel_reasoning_effort = "high"\nagents = ["scout"]\n',
}
RUN = {"status", "agent_id", "run_id", "conversation_id", "summary", "duration_ms"}


@pytest.fixture(autouse=True)
def roles(place: Place) -> Path:
    folder = place.home / "agents"
    folder.mkdir(exist_ok=True)
    for name, keys in ROLES.items():
        (folder / f"{name}.toml").write_text(f'name = "{name}"\ndescription = "d"\ndeveloper_instructions = "I am {name}."\n{keys}')
    return folder


async def played(desk: Desk, runtime: ScriptedRuntime, parent: ThreadView, *wanted: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The results of these calls, made in a turn of their own."""
    runtime.scripts[parent.handle or ""], results = calls(*wanted)
    await prompt(desk, parent, "go")
    return results


def to(role: str, task: str = "look", **more: Any) -> tuple[str, dict[str, Any]]:
    return "delegate_agent", {"agent_id": role, "prompt": task, **more}


def runs(operation: str, conversation: str | None = None, **more: Any) -> tuple[str, dict[str, Any]]:
    return "delegate_sessions", {"operation": operation, "conversation_id": conversation, **more}


class Ears:
    """What a session hears in turns that nobody prompted."""

    def __init__(self, runtime: ScriptedRuntime, handle: str) -> None:
        self.heard: list[str] = []
        runtime.scripts[handle] = self

    async def __call__(self, turn: Scripted) -> str:
        self.heard.append(turn.input.input)
        return "heard"


# --- one run ----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S4-01")
@pytest.mark.row("S4-02")
@pytest.mark.row("S4-03")
@pytest.mark.row("S4-08")
@pytest.mark.row("S4-14")
@pytest.mark.row("S1-10")
@pytest.mark.row("S1-20")
async def test_a_task_is_delegated_to_a_role_and_only_the_final_answer_comes_back(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    async def scout(turn: Scripted) -> str:
        await turn.say("a thousand lines of listing")
        return "12 files"

    runtime.scripts["scout"] = scout
    context = {"working_directory": None, "hints": ["not the tests", " "]}
    [run] = await played(desk, runtime, operator, to("scout", "count the files", context=context))
    child = desk.thread(run["conversation_id"])
    assert set(run) == RUN
    assert (run["status"], run["agent_id"], run["summary"]) == ("completed", "scout", "12 files")
    assert (desk.message(run["run_id"]).state, child.relation, child.parent) == ("answered", "spawned", "operator")
    [turn] = runtime.inputs["scout"]
    assert (turn.model, turn.effort, turn.system.endswith("I am scout.")) == ("small", "low", True)
    assert "count the files\n\nHints:\n- not the tests\n" in turn.input
    assert "count the files\n\nHints:\n- not the tests" in lines(desk, child)
    assert "a thousand lines" not in history(desk, operator.id) + json.dumps(run)
    assert {"spawned", "sent", "answered", "returned"} <= set(kinds(desk, operator)) & set(kinds(desk, child))
    assert desk.verify_audit().verified
    await at_rest(desk)
    assert [row["kind"] for row in desk.rows("SELECT kind FROM message WHERE to_id = ?", (operator.id,))] == ["prompt"]  # nobody is woken


@pytest.mark.row("S4-04")
async def test_one_line_of_the_parents_transcript_tells_of_a_run(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    [run] = await played(desk, runtime, operator, to("scout", "count the files"))
    out, call = (next(item for item in desk.items(operator.id) if item.kind == kind) for kind in ("message_out", "tool_call"))
    assert (out.text, out.data["role"], out.data["subagent_thread_id"]) == ("count the files", "scout", run["conversation_id"])
    assert (call.data["tool"], call.data["subagent_thread_id"], call.data["told"]) == ("delegate_agent", run["conversation_id"], True)


@pytest.mark.row("S4-05")
@pytest.mark.row("S1-03")
async def test_a_batch_runs_side_by_side_each_on_its_own_model(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    first, second = Gate(), Gate()
    runtime.scripts |= {"scout": first, "critic": second}
    runtime.scripts["operator"], results = calls(
        (
            "delegate_agent",
            {"batch": [{"agent_id": "scout", "prompt": "a"}, {"agent_id": "critic", "prompt": "b", "context": {"hints": ["h"]}}]},
        )
    )
    sent = await desk.do(Send(operator.id, "go"))
    await first.began.wait()
    await second.began.wait()
    second.open.set()
    first.open.set()
    await final(desk, sent.id)
    [done] = results
    assert set(done) == {"status", "runs"}
    assert (done["status"], [set(run) for run in done["runs"]]) == ("completed", [RUN, RUN])
    assert [(run["agent_id"], run["summary"]) for run in done["runs"]] == [
        ("scout", "scout answers a"),
        ("critic", "critic answers b\n\nHints:\n- h"),
    ]
    assert [runtime.inputs[name][0].model for name in ("scout", "critic")] == ["small", "big"]


@pytest.mark.row("S4-22")
@pytest.mark.row("S4-26")
async def test_a_follow_up_goes_to_the_same_agent_which_remembers(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    [run] = await played(desk, runtime, operator, to("scout", "count the files"))
    conversation = run["conversation_id"]
    again, other, moved = await played(
        desk,
        runtime,
        operator,
        ("delegate_agent", {"conversation_id": conversation, "prompt": "what is done, what is missing?"}),
        to("critic", conversation_id=conversation),
        ("delegate_agent", {"conversation_id": conversation, "prompt": "there", "context": {"working_directory": "docs"}}),
    )
    assert (again["conversation_id"], again["run_id"] > run["run_id"]) == (conversation, True)
    assert again["summary"] == "scout answers what is done, what is missing?"
    assert b"count the files" in b"".join(runtime.inputs["scout"][1].history)
    assert (other["error"]["code"], moved["error"]["code"]) == ("bad_value", "bad_arguments")
    assert children(desk, operator) == ["scout"]
    [page] = await played(desk, runtime, operator, runs("messages", conversation, limit=1))
    [rest] = await played(desk, runtime, operator, runs("messages", "scout", cursor=page["cursor"]))
    seen = [(one["from"], one["prompt"], one["status"]) for one in (*page["messages"], *rest["messages"])]
    assert seen == [("operator", "count the files", "completed"), ("operator", "what is done, what is missing?", "completed")]
    assert rest["cursor"] is None


# --- detached ---------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S4-28")
@pytest.mark.row("S4-32")
async def test_the_end_of_a_detached_run_is_announced_once(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    gate = runtime.scripts["scout"] = Gate()
    run, listed = await played(desk, runtime, operator, to("scout", mode="detached"), runs("list"))
    assert (run["status"], run["summary"], run["duration_ms"]) == ("detached", None, 0)
    [session] = listed["sessions"]
    assert (session["conversation_id"], session["run_id"], session["task"]) == (run["conversation_id"], run["run_id"], "look")
    assert (session["status"] in ("queued", "running"), session["joined"], listed["cursor"]) == (True, False, None)
    ears = Ears(runtime, "operator")
    gate.open.set()
    await until(desk, lambda: ears.heard)
    await at_rest(desk)
    assert (len(ears.heard), "scout answers look" in ears.heard[0]) == (1, True)
    assert f"woken: #{run['run_id']} came back" in " ".join(lines(desk, operator))
    [joined] = await played(desk, runtime, operator, runs("join", run["conversation_id"]))
    assert (joined["status"], joined["summary"], set(joined)) == ("completed", "scout answers look", RUN)


@pytest.mark.row("S4-32")
async def test_a_detached_run_that_was_joined_is_not_announced(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    gate = runtime.scripts["scout"] = Gate()

    async def leads(turn: Scripted) -> str:
        run = await turn.tool("delegate_agent", agent_id="scout", prompt="look", mode="detached")
        await gate.began.wait()
        gate.open.set()
        return (await turn.tool("delegate_sessions", operation="join", conversation_id=run["conversation_id"]))["summary"]

    runtime.scripts["operator"] = leads
    assert (await prompt(desk, operator, "go")).answer == "scout answers look"
    await at_rest(desk)
    assert len(runtime.inputs["operator"]) == 1


@pytest.mark.row("S4-25")
async def test_progress_of_a_run_is_heard_and_probed(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    gate = Gate()

    async def scout(turn: Scripted) -> str:
        await turn.say("half of it")
        return await gate(turn)

    runtime.scripts["scout"] = scout
    heard: list[AgentChanged] = []
    lifecycles = Lifecycles(desk)
    desk.hub.add(lambda event: heard.append(changed) if (changed := lifecycles.of(event)) is not None else None)
    await played(desk, runtime, operator, to("scout", mode="detached"))
    await gate.began.wait()
    [listed] = await played(desk, runtime, operator, runs("list"))
    assert listed["sessions"][0]["status"] == "running"
    assert [(one.what, one.text) for one in heard] == [("spawned", "look"), ("started", "look"), ("progress", "half of it")]
    gate.open.set()
    await until(desk, lambda: heard[-1].what == "completed")
    await at_rest(desk)


async def test_a_run_is_dismissed_once_it_is_over_and_makes_room(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    await desk.do(Set(operator.id, "agents.max_threads", "1"))
    gate = runtime.scripts["scout"] = Gate()
    run, early, full = await played(desk, runtime, operator, to("scout", mode="detached"), runs("dismiss", "scout"), to("critic"))
    assert (early["error"]["code"], full["error"]["code"]) == ("running", "too_many")
    gate.open.set()
    await at_rest(desk)
    dismissed, again, listed, next_one = await played(
        desk, runtime, operator, runs("dismiss", "scout"), runs("dismiss", "scout"), runs("list"), to("critic")
    )
    names = ("status", "agent_id", "run_id", "conversation_id", "joined", "dismissed")
    assert dismissed == dict(zip(names, ("completed", "scout", run["run_id"], run["conversation_id"], True, True), strict=True))
    assert (again["error"]["code"], listed["sessions"], next_one["status"]) == ("unknown_conversation", [], "completed")
    assert desk.thread(run["conversation_id"]).status == "archived"


async def test_one_whose_own_agents_still_work_is_not_dismissed(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    gate = runtime.scripts["scout"] = Gate()
    await desk.do(Set(operator.id, "agents.max_depth", "2"))

    async def critic(turn: Scripted) -> str:
        if turn.body == "look":
            await turn.tool("delegate_agent", agent_id="scout", prompt="deeper", mode="detached")
        return "judged"

    runtime.scripts["critic"] = critic
    run, early = await played(desk, runtime, operator, to("critic"), runs("dismiss", "critic"))
    assert (run["status"], early["error"]["code"]) == ("completed", "running")
    gate.open.set()
    await at_rest(desk)
    [dismissed] = await played(desk, runtime, operator, runs("dismiss", "critic"))
    assert dismissed["dismissed"] is True


async def test_what_is_dismissed_unheard_is_announced_to_nobody(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    async def leads(turn: Scripted) -> str:
        run = await turn.tool("delegate_agent", agent_id="scout", prompt="look", mode="detached")
        await final(desk, run["run_id"])
        return json.dumps(await turn.tool("delegate_sessions", operation="dismiss", conversation_id=run["conversation_id"]))

    runtime.scripts["operator"] = leads
    assert json.loads((await prompt(desk, operator, "go")).answer or "")["joined"] is False
    await at_rest(desk)
    assert len(runtime.inputs["operator"]) == 1


# --- what does not go well ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S4-31")
@pytest.mark.parametrize(
    ("wanted", "code", "said"),
    [
        (to("nobody"), "unknown_role", "there are: critic, scout"),
        (
            ("delegate_agent", {"batch": [{"agent_id": "scout", "prompt": "a"}, {"agent_id": "nobody", "prompt": "b"}]}),
            "unknown_role",
            "none of the 2",
        ),
        (to("scout", profile="none"), "bad_value", "none"),
        (to("scout", context={"working_directory": "nowhere"}), "no_folder", "nowhere"),
        (("delegate_agent", {"agent_id": "scout"}), "bad_arguments", "agent_id and prompt, or batch"),
        (("delegate_agent", {"prompt": "look"}), "bad_arguments", "the role to delegate to"),
        (to("scout", batch=[{"agent_id": "scout", "prompt": "a"}]), "bad_arguments", "batch alone"),
        (to("scout", mode="forever"), "bad_arguments", "mode"),
        (("delegate_agent", {"conversation_id": "gone", "prompt": "a"}), "unknown_conversation", "there are: none"),
        (runs("join"), "bad_arguments", "list gives them"),
        (runs("join", "gone"), "unknown_conversation", "gone"),
    ],
)
async def test_what_cannot_be_delegated_is_refused_whole_and_says_why(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, wanted: tuple[str, dict[str, Any]], code: str, said: str
) -> None:
    [result] = await played(desk, runtime, operator, wanted)
    assert (result["error"]["code"], said in result["error"]["message"]) == (code, True), result
    assert children(desk, operator) == []


async def test_a_batch_beyond_the_limit_makes_nobody(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    await desk.do(Set(operator.id, "agents.max_threads", "2"))
    [result] = await played(desk, runtime, operator, ("delegate_agent", {"batch": [{"agent_id": "scout", "prompt": n} for n in "abc"]}))
    assert (result["error"]["code"], "3 more were asked for at once" in result["error"]["message"]) == ("too_many", True)
    assert children(desk, operator) == []


@pytest.mark.row("S4-31")
@pytest.mark.row("S4-30")
async def test_an_agent_delegates_only_to_the_roles_that_it_names_and_no_deeper_than_allowed(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    async def critic(turn: Scripted) -> str:
        if "delegate_agent" not in turn.tools:
            return "alone"
        mine = [await turn.tool("delegate_agent", agent_id=role, prompt="deeper") for role in ("critic", "scout")]
        return json.dumps(mine)

    runtime.scripts |= {"critic": critic, "critic-2": critic}
    [first] = await played(desk, runtime, operator, to("critic"))
    assert first["summary"] == "alone"
    await desk.do(Set(operator.id, "agents.max_depth", "2"))
    [second] = await played(desk, runtime, operator, to("critic"))
    refused, run = json.loads(second["summary"])
    assert (refused["error"]["code"], run["summary"]) == ("role_not_allowed", "scout answers deeper")


@pytest.mark.row("S4-09")
async def test_a_role_with_a_key_that_nobody_knows_works_and_says_so_and_one_without_its_providers_key_does_not(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, roles: Path
) -> None:
    provider = 'runtime = "native"\nmodel_provider = "p"\n[model_providers.p]\nbase_url = "http://127.0.0.1:1"\nenv_key = "P_KEY"\n'
    for name, keys in (("odd", "modle = 'm'\n"), ("poor", provider)):
        (roles / f"{name}.toml").write_text(f'name = "{name}"\ndescription = "d"\ndeveloper_instructions = "i"\n{keys}')
    odd, poor = await played(desk, runtime, operator, to("odd"), to("poor"))
    assert (odd["status"], "modle: unknown key; did you mean model?" in odd["notes"][0]) == ("completed", True)
    assert (poor["error"]["code"], "P_KEY" in poor["error"]["message"]) == ("no_provider", True)


async def test_without_roles_there_is_nobody_to_delegate_to(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, roles: Path
) -> None:
    for name in ROLES:
        (roles / f"{name}.toml").unlink()
    await prompt(desk, operator, "go")
    [turn] = runtime.inputs["operator"]
    assert not {"delegate_agent", "delegate_sessions"} & {tool.name for tool in turn.tools}


async def test_a_run_that_fails_says_why_and_a_batch_that_it_is_part(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    async def fails(turn: Scripted) -> TurnOutcome:
        return TurnOutcome("failed", reason="no luck")

    runtime.scripts["scout"] = fails
    [done] = await played(
        desk,
        runtime,
        operator,
        ("delegate_agent", {"batch": [{"agent_id": "scout", "prompt": "a"}, {"agent_id": "critic", "prompt": "b"}]}),
    )
    assert done["status"] == "partial"
    assert [(run["status"], run["summary"]) for run in done["runs"]] == [("failed", "no luck"), ("completed", "critic answers b")]


async def test_an_agent_that_never_answers_leaves_a_run_that_goes_on(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codex_desk.engine.delegating.MAX_TIMEOUT_MS", 50)
    gate = runtime.scripts["scout"] = Gate()
    run, joined = await played(desk, runtime, operator, to("scout"), runs("join", "scout"))
    assert [(one["status"], one["summary"]) for one in (run, joined)] == [("running", None)] * 2
    ears = Ears(runtime, "operator")
    gate.open.set()
    await until(desk, lambda: ears.heard)
    await at_rest(desk)


async def test_a_prompt_of_the_users_ends_the_waiting_and_not_the_run(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    gate = runtime.scripts["scout"] = Gate()
    runtime.scripts["operator"], results = calls(to("scout"))
    sent = await desk.do(Send(operator.id, "go"))
    await gate.began.wait()
    await desk.do(Send(operator.id, "how far is it?"))
    await final(desk, sent.id)
    assert (results[0]["status"], "the user wrote" in results[0]["reason"]) == ("running", True)
    gate.open.set()
    await at_rest(desk)


@pytest.mark.row("S4-24")
async def test_what_an_agent_reports_comes_back_before_its_answer(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    gate = Gate()

    async def scout(turn: Scripted) -> str:
        await turn.tool("report", message="the folder is empty: is it the right one?")
        return await gate(turn)

    runtime.scripts["scout"] = scout
    [run] = await played(desk, runtime, operator, to("scout"))
    assert (run["status"], run["summary"], run["report"]) == ("running", None, "the folder is empty: is it the right one?")
    runtime.scripts["operator"], results = calls(runs("join", "scout"))
    sent = await desk.do(Send(operator.id, "go on"))
    await gate.began.wait()
    gate.open.set()
    await final(desk, sent.id)
    assert (results[0]["status"], results[0]["summary"]) == ("completed", "scout answers look")


@pytest.mark.row("S1-14")
@pytest.mark.row("S1-18")
@pytest.mark.row("S4-04")
async def test_an_approval_below_comes_to_the_one_inbox_with_its_chain_and_the_run_goes_on(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    async def scout(turn: Scripted) -> str:
        decision = await turn.host.approve(
            ApprovalRequest("command", "make test", turn.handle, "to see whether it holds", ("make", "test"))
        )
        return f"approved: {decision.approved}"

    runtime.scripts["scout"] = scout
    runtime.scripts["operator"], results = calls(to("scout"))
    sent = await desk.do(Send(operator.id, "go"))
    [asked] = await until(desk, desk.approvals)
    assert (asked.id, asked.chain) == ("sub-operator-1", ("human", "operator", "scout"))
    assert results == []
    await desk.do(Decide(asked.id, True))
    await final(desk, sent.id)
    assert (results[0]["status"], results[0]["summary"]) == ("completed", "approved: True")


# --- ending it ----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S4-27")
@pytest.mark.row("S4-29")
@pytest.mark.row("S4-33")
async def test_its_parent_stops_a_run_and_corrects_it_in_the_same_conversation(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    gate = Gate()

    async def scout(turn: Scripted) -> str:
        return await gate(turn) if turn.body == "look" else f"corrected: {turn.body}"

    runtime.scripts["scout"] = scout
    [run] = await played(desk, runtime, operator, to("scout", mode="detached"))
    await gate.began.wait()
    stopped, joined, corrected = await played(
        desk,
        runtime,
        operator,
        ("interrupt_agent", {"target": "scout"}),
        runs("join", "scout"),
        ("delegate_agent", {"conversation_id": run["conversation_id"], "prompt": "the other folder"}),
    )
    assert (stopped, joined["status"], joined["summary"]) == ({"previous_status": "running"}, "interrupted", "by operator")
    assert corrected["summary"] == "corrected: the other folder"


@pytest.mark.row("S4-29")
@pytest.mark.parametrize("how", ["stop", "close"])
async def test_the_user_ends_a_run_and_its_parent_is_told(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, how: str) -> None:
    gate = runtime.scripts["scout"] = Gate()
    [run] = await played(desk, runtime, operator, to("scout", mode="detached"))
    await gate.began.wait()
    ears = Ears(runtime, "operator")
    await desk.do(Interrupt(run["conversation_id"]) if how == "stop" else Archive(run["conversation_id"]))
    await until(desk, lambda: ears.heard)
    assert "interrupted: " in ears.heard[0]
    await until(desk, lambda: desk.thread(operator.id).status == "idle")


async def test_a_parent_that_leaves_while_its_run_works_hears_of_its_end_from_the_next(place: Place, runtime: ScriptedRuntime) -> None:
    gate = runtime.scripts["scout"] = Gate()
    async with place.open() as desk:
        operator = await place.session(desk, "operator")
        runtime.scripts["operator"], _ = calls(to("scout"))
        sent = await desk.do(Send(operator.id, "go"))
        await gate.began.wait()
        waits = await desk.do(Send(operator.id, "and then?"))
    ears = Ears(runtime, "operator")
    async with place.open() as desk:
        await final(desk, waits.id)
        await at_rest(desk)
        states = [row["state"] for row in desk.rows("SELECT state FROM message WHERE id <= ? ORDER BY id", (waits.id,))]
        assert (desk.message(sent.id).state, states) == ("interrupted", ["interrupted", "interrupted", "answered"])
        assert (desk.thread(operator.id).status, desk.verify_audit().verified) == ("idle", True)
        assert any("interrupted: host left" in heard for heard in ears.heard)


async def test_after_kill_nine_nothing_of_a_run_is_lost_and_no_worktree_is_left_behind(place: Place, runtime: ScriptedRuntime) -> None:
    folder = place.folder("operator")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        sent, waits = [(await desk.do(Send(operator.id, text))).id for text in ("go", "and then?")]
    with processes("delegate", place.root, ()) as (host,):
        heard = {told(host), told(host)}
        [worktree] = heard - {"running"}
        killed(host)
    assert is_there(Path(worktree))
    ears = Ears(runtime, "operator")
    async with place.open() as desk:
        await final(desk, sent, waits)
        await at_rest(desk)
        [child] = desk.children(operator.id)
        assert (child.handle, child.status, "half of it" in lines(desk, child)) == ("scout", "error", True)
        assert [(desk.message(number).state, desk.message(number).reason) for number in (sent, waits)] == [
            ("interrupted", "process ended"),
            ("answered", None),
        ]
        assert any("interrupted: process ended" in told_of for told_of in ears.heard)
        assert desk.verify_audit().verified
    assert (is_there(Path(worktree)), git(folder, "branch", "--list", "codex-desk/*")) == (False, "")


async def test_a_worktree_left_behind_in_which_somebody_wrote_is_kept_and_named(place: Place) -> None:
    folder = place.folder("operator")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    async with place.open("none") as desk:
        operator = await place.session(desk, "operator")
        worktree = await worktrees.plan(folder, "scout")
        await desk.ledger.do(unfinished.Begin("01a0-gone", operator.id, worktree))
        inner = await worktrees.add(worktree, folder)
        (inner / "new.txt").write_text("found\n")
    for _ in range(2):
        async with place.open("none") as desk:
            [line] = [line for line in lines(desk, operator) if "worktree" in line]
            assert (
                line
                == f"left by a process that ended: the worktree {inner} is kept, on the branch {worktree.branch}: it has changes that are not committed"
            )
            assert desk.metas("worktree ") == {}
