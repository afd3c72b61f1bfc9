from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from codex_desk.engine.agents import trimmed
from codex_desk.engine.approvals import Decide
from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Archive, Unarchive
from codex_desk.engine.mailbox import Send
from codex_desk.engine.sessions import Set
from codex_desk.engine.views import ThreadView
from tests.engine.scripted import Gate, Place, Scripted, ScriptedRuntime, at_rest, final, kinds, lines, prompt, until


def calls(*wanted: tuple[str, dict[str, Any]]) -> tuple[Callable[[Scripted], Awaitable[str]], list[dict[str, Any]]]:
    """A script that makes these calls once, and where their results go."""
    results: list[dict[str, Any]] = []
    left = list(wanted)

    async def script(turn: Scripted) -> str:
        while left:
            tool, arguments = left.pop(0)
            results.append(await turn.tool(tool, **arguments))
        return "done"

    return script, results


async def spawned(desk: Desk, runtime: ScriptedRuntime, parent: ThreadView, **arguments: Any) -> dict[str, Any]:
    """The result of one `spawn_agent` in a turn of its own."""
    runtime.scripts[parent.handle or ""], results = calls(("spawn_agent", {"message": "look around", **arguments}))
    await prompt(desk, parent, "go")
    return results[0]


def children(desk: Desk, parent: ThreadView) -> list[str]:
    return [child.handle or "" for child in desk.children(parent.id)]


def history(desk: Desk, thread_id: str) -> str:
    rows = desk.rows("SELECT content FROM segment WHERE thread_id = ? AND live = 1 ORDER BY id", (thread_id,))
    return b"\n".join(row["content"] for row in rows).decode()


# --- the way of one task ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S0-39")
@pytest.mark.row("S1-03")
@pytest.mark.row("S1-24")
@pytest.mark.row("S4-02")
@pytest.mark.row("S4-13")
@pytest.mark.row("S4-14")
async def test_a_subagent_does_its_task_and_only_its_answer_comes_back(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    async def scout(turn: Scripted) -> str:
        assert (turn.body, turn.tools & {"spawn_agent", "send_message"}) == ("count the files", set())
        await turn.say("a thousand lines of listing")
        return "there are 12 files"

    runtime.scripts["scout"] = scout
    runtime.scripts["operator"], results = calls(
        ("spawn_agent", {"message": "count the files", "task_name": "Scout"}), ("wait_agent", {"targets": ["scout"]}), ("list_agents", {})
    )
    assert (await prompt(desk, operator, "go")).answer == "done"
    made, waited, listed = results
    child = desk.thread(made["agent_id"])
    assert (made["name"], child.handle, child.kind, child.parent, child.relation) == ("scout", "scout", "subagent", "operator", "spawned")
    assert (child.status, child.cwd, child.project) == ("finished", operator.cwd, operator.project)
    assert [(each["agent"], each["answer"]) for each in waited["results"]] == [("scout", "there are 12 files")]
    assert [(each["name"], each["relation"], each["status"], each["task"]) for each in listed["agents"]] == [
        ("scout", "spawned", "finished", "count the files")
    ]
    assert "a thousand lines" not in history(desk, operator.id)
    assert child.last_line == "there are 12 files"
    assert "count the files" in lines(desk, child)
    assert "a thousand lines of listing" in lines(desk, child)
    assert {"spawned", "sent", "answered", "returned"} <= set(kinds(desk, operator)) & set(kinds(desk, child))
    assert desk.verify_audit().verified


@pytest.mark.row("S1-15")
async def test_the_call_that_spawned_names_the_subagents_thread(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    made = await spawned(desk, runtime, operator, task_name="scout")
    [call] = [item for item in desk.items(operator.id) if item.kind == "tool_call"]
    assert call.data["subagent_thread_id"] == made["agent_id"]
    assert desk.export(operator.id, tree=True).count("look around") >= 2


@pytest.mark.row("S4-28")
async def test_a_turn_that_ended_before_the_answer_is_woken_by_it(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    gate = runtime.scripts["scout"] = Gate()
    await spawned(desk, runtime, operator, task_name="scout")
    woken: list[str] = []

    async def hear(turn: Scripted) -> str:
        woken.append(turn.input.input)
        return "heard"

    runtime.scripts["operator"] = hear
    gate.open.set()
    await until(desk, lambda: woken)
    assert "scout answers look around" in woken[0]
    await at_rest(desk)


@pytest.mark.row("S4-17")
@pytest.mark.row("S4-22")
async def test_its_parent_asks_it_again_and_it_remembers(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    made = await spawned(desk, runtime, operator, task_name="scout")
    await at_rest(desk)
    runtime.scripts["operator"], results = calls(
        ("send_message", {"target": "scout", "message": "and the tests?"}), ("wait_agent", {"targets": ["scout"]})
    )
    await prompt(desk, operator, "again")
    assert results[1]["results"][0]["answer"] == "scout answers and the tests?"
    assert b"look around" in b"".join(runtime.inputs["scout"][1].history)
    assert desk.thread(made["agent_id"]).status == "finished"


async def test_the_human_prompts_a_subagent_as_any_thread(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    made = await spawned(desk, runtime, operator, task_name="scout")
    await at_rest(desk)
    assert (await prompt(desk, desk.thread(made["agent_id"]), "rather the docs")).answer == "scout answers rather the docs"


# --- what it starts with ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [("none", []), ("all", ["a", "a", "b", "c", "c"]), (1, ["c", "c"]), (2, ["b", "c", "c"]), (9, ["a", "a", "b", "c", "c"])],
)
def test_a_fork_keeps_whole_turns_from_the_end(wanted: Any, kept: list[str]) -> None:
    turns = ["a", "a", "b", "c", "c"]
    assert turns[trimmed(turns, wanted) :] == kept


def test_a_fork_of_no_history_is_empty() -> None:
    assert (trimmed([], 3), trimmed([], "all"), trimmed([], "none")) == (0, 0, 0)


@pytest.mark.row("S1-05")
@pytest.mark.parametrize(("fork", "heard"), [("none", []), (1, ["go"]), ("all", ["remember 7", "go"])])
async def test_it_begins_fresh_or_with_its_parents_history(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, fork: Any, heard: list[str]
) -> None:
    await prompt(desk, operator, "remember 7")
    await spawned(desk, runtime, operator, task_name="scout", fork_turns=fork)
    await at_rest(desk)
    seen = b"".join(runtime.inputs["scout"][0].history).decode()
    assert [word for word in ("remember 7", "go") if f'"heard": "{word}"' in seen] == heard


@pytest.mark.row("S1-10")
@pytest.mark.row("S4-03")
@pytest.mark.row("S4-07")
async def test_model_effort_and_instructions_are_those_that_it_was_given(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    (place.home / "agents" / "critic.toml").write_text(
        'name = "critic"\ndescription = "finds faults"\ndeveloper_instructions = "Be strict."\nmodel = "big"\n'
    )
    await spawned(desk, runtime, operator, agent_type="critic", reasoning_effort="low", model="small")
    await at_rest(desk)
    [turn] = runtime.inputs["critic"]
    assert (turn.model, turn.effort) == ("small", "low")
    assert turn.system.endswith("Be strict.")
    assert turn.context.count("cwd: ") == 1


@pytest.mark.row("S1-13")
async def test_it_works_in_a_folder_of_its_parents(place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    inner = place.folder("operator") / "docs"
    inner.mkdir()
    (inner / "AGENTS.md").write_text("Docs only.")
    made = await spawned(desk, runtime, operator, task_name="scout", cwd="docs")
    await at_rest(desk)
    assert desk.thread(made["agent_id"]).cwd == str(inner)
    assert desk.thread(made["agent_id"]).project == operator.project


async def test_names_that_are_taken_get_a_number(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    names = [(await spawned(desk, runtime, operator, task_name=name))["name"] for name in ("Log Reader!", "log-reader", "operator")]
    assert names == ["log-reader", "log-reader-2", "operator-2"]


# --- rights -----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S1-13")
@pytest.mark.row("S1-18")
@pytest.mark.parametrize(
    ("parents", "roles", "got"),
    [
        ("read-only", "danger-full-access", "read-only"),
        ("workspace-write", "danger-full-access", "workspace-write"),
        ("danger-full-access", "read-only", "read-only"),
        ("danger-full-access", "danger-full-access", "danger-full-access"),
    ],
)
async def test_its_rights_are_never_wider_than_its_parents(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, parents: str, roles: str, got: str
) -> None:
    role = f'name = "free"\ndescription = "d"\ndeveloper_instructions = "i"\nsandbox_mode = "{roles}"\napproval_policy = "on-request"\n'
    (place.home / "agents" / "free.toml").write_text(role)
    await desk.do(Set(operator.id, "sandbox_mode", parents))
    await desk.do(Set(operator.id, "approval_policy", "never"))
    made = await spawned(desk, runtime, operator, agent_type="free")
    await at_rest(desk)
    rights = runtime.inputs["free"][0].rights
    assert (rights.mode, rights.may_escalate) == (got, False)
    # The human's own prompt has no ceiling: what the thread may do for itself is bounded as well.
    await prompt(desk, desk.thread(made["agent_id"]), "go on")
    assert runtime.inputs["free"][1].rights == rights
    assert any("narrowed" in note for note in made["notes"])


async def test_its_writable_roots_lie_in_its_parents_folders(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    elsewhere, shared = place.folder("elsewhere"), place.folder("shared")
    role = f'description = "d"\n[sandbox_workspace_write]\nwritable_roots = ["{elsewhere}", "{shared}"]\n'
    (place.home / "agents" / "wide").mkdir()
    (place.home / "agents" / "wide" / "config.toml").write_text(role)
    await desk.do(Set(operator.id, "sandbox_workspace_write.writable_roots", f'["{shared}"]'))
    made = await spawned(desk, runtime, operator, agent_type="wide")
    await at_rest(desk)
    assert list(runtime.inputs["wide"][0].writable_roots) == [shared]
    assert any(str(elsewhere) in note for note in made["notes"])


async def test_a_folder_beyond_its_parents_needs_the_human_and_is_read_only(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    elsewhere = place.folder("elsewhere")
    runtime.scripts["operator"], results = calls(*[("spawn_agent", {"message": "read", "task_name": "far", "cwd": str(elsewhere)})] * 2)
    sent = await desk.do(Send(operator.id, "go"))
    for approve in (False, True):
        [asked] = await until(desk, lambda: desk.approvals())
        assert str(elsewhere) in asked.text
        await desk.do(Decide(asked.id, approve))
    await final(desk, sent.id)
    await at_rest(desk)
    assert results[0]["error"]["code"] == "outside"
    assert (desk.thread(results[1]["agent_id"]).cwd, runtime.inputs["far"][0].rights.mode) == (str(elsewhere), "read-only")


async def test_where_nothing_may_be_asked_a_folder_beyond_is_refused(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    await desk.do(Set(operator.id, "approval_policy", "never"))
    refusal = await spawned(desk, runtime, operator, cwd=str(place.folder("elsewhere")))
    assert (refusal["error"]["code"], children(desk, operator)) == ("outside", [])


# --- limits -----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S4-30")
async def test_a_subagent_spawns_none_of_its_own_unless_max_depth_lets_it(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    async def digs(turn: Scripted) -> str:
        return json.dumps(await turn.tool("spawn_agent", message="deeper", task_name="below"))

    runtime.scripts |= {"scout": digs, "scout-2": digs}
    await spawned(desk, runtime, operator, task_name="scout")
    await at_rest(desk)
    assert "below" not in runtime.inputs
    await desk.do(Set(operator.id, "agents.max_depth", "2"))
    await spawned(desk, runtime, operator, task_name="scout")
    await at_rest(desk)
    assert runtime.bodies("below") == ["deeper"]


@pytest.mark.row("S3-19")
async def test_of_many_spawned_at_once_only_as_many_as_are_allowed_are_made(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    results: list[dict[str, Any]] = []

    async def crowd(turn: Scripted) -> str:
        if turn.body != "go":  # woken
            return "heard"
        results.extend(await asyncio.gather(*(turn.tool("spawn_agent", message=f"task {n}") for n in range(9))))
        return "done"

    runtime.scripts["operator"] = crowd
    await desk.do(Set(operator.id, "agents.max_threads", "4"))
    await prompt(desk, operator, "go")
    await at_rest(desk)
    refused = [result["error"] for result in results if "error" in result]
    assert (len(children(desk, operator)), len(refused), {error["code"] for error in refused}) == (4, 5, {"too_many"})


async def test_a_closed_subagent_makes_room_for_another(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    await desk.do(Set(operator.id, "agents.max_threads", "1"))
    await spawned(desk, runtime, operator, task_name="one")
    await at_rest(desk)
    refusal = await spawned(desk, runtime, operator, task_name="two")
    assert "close_agent ends one that you need no more: one" in refusal["error"]["message"]
    runtime.scripts["operator"], results = calls(
        ("close_agent", {"target": "one"}), ("spawn_agent", {"message": "look", "task_name": "two"})
    )
    await prompt(desk, operator, "go")
    assert results[0] == {"previous_status": "finished"}
    assert children(desk, operator) == ["two"]
    await at_rest(desk)


# --- interrupting and closing -------------------------------------------------------------------------------------------------------------------


@pytest.mark.row("S4-27")
@pytest.mark.row("S4-33")
async def test_its_parent_interrupts_it_and_corrects_it(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    gate = Gate()

    async def scout(turn: Scripted) -> str:
        return await gate(turn) if turn.body == "look around" else f"corrected: {turn.body}"

    runtime.scripts["scout"] = scout
    await spawned(desk, runtime, operator, task_name="scout")
    await gate.began.wait()
    runtime.scripts["operator"], results = calls(
        ("interrupt_agent", {"target": "scout"}),
        ("wait_agent", {"targets": ["scout"]}),
        ("send_message", {"target": "scout", "message": "the other folder"}),
        ("wait_agent", {"targets": ["scout"]}),
    )
    await prompt(desk, operator, "stop it")
    assert results[0] == {"previous_status": "running"}
    assert (results[1]["results"][0]["state"], results[1]["results"][0]["reason"]) == ("interrupted", "by operator")
    assert results[3]["results"][0]["answer"] == "corrected: the other folder"


async def test_an_attached_session_is_interrupted_only_where_its_edge_allows_it(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView, reviewer: ThreadView
) -> None:
    runtime.scripts["operator"], results = calls(("interrupt_agent", {"target": "reviewer"}))
    await prompt(desk, operator, "go")
    assert results[0]["error"]["code"] == "no_interrupt"


@pytest.mark.row("S0-20")
@pytest.mark.row("S4-29")
async def test_closing_a_working_subagent_stops_it_and_leaves_nothing_waiting(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    gate = runtime.scripts["scout"] = Gate()
    made = await spawned(desk, runtime, operator, task_name="scout")
    await gate.began.wait()
    runtime.scripts["operator"], results = calls(
        ("send_message", {"target": "scout", "message": "then this"}), ("close_agent", {"target": "scout"}), ("list_agents", {})
    )
    await prompt(desk, operator, "close it")
    child = desk.thread(made["agent_id"])
    assert (results[1], results[2]["agents"], child.status) == ({"previous_status": "running"}, [], "archived")
    states = [row["state"] for row in desk.rows("SELECT state FROM message WHERE to_id = ? ORDER BY id", (child.id,))]
    assert states == ["interrupted", "cancelled"]
    assert (kinds(desk, child)[-1], "closed" in kinds(desk, operator)) == ("closed", True)
    await at_rest(desk)


@pytest.mark.row("S4-29")
async def test_the_user_closes_a_subagent_and_its_parent_is_told(runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    gate = runtime.scripts["scout"] = Gate()
    made = await spawned(desk, runtime, operator, task_name="scout")
    await gate.began.wait()
    await desk.do(Archive(made["agent_id"]))
    assert "closed" in kinds(desk, desk.thread(made["agent_id"]))
    assert "scout closed by the user" in lines(desk, operator)
    await at_rest(desk)


@pytest.mark.row("S0-19")
async def test_archiving_its_parent_archives_it_and_unarchiving_brings_it_back(
    runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    made = await spawned(desk, runtime, operator, task_name="scout")
    await at_rest(desk)
    await desk.do(Archive(operator.id))
    assert desk.thread(made["agent_id"]).status == "archived"
    await desk.do(Unarchive(operator.id))
    assert (children(desk, operator), desk.thread(made["agent_id"]).status) == (["scout"], "finished")


# --- when a process dies ------------------------------------------------------------------------------------------------------------------------


async def test_a_host_that_leaves_ends_what_it_ran_and_the_next_tells_the_parent(place: Place, runtime: ScriptedRuntime) -> None:
    gate = runtime.scripts["scout"] = Gate()
    async with place.open() as desk:
        operator = await place.session(desk, "operator")
        made = await spawned(desk, runtime, operator, task_name="scout")
        await gate.began.wait()
    woken: list[str] = []

    async def hear(turn: Scripted) -> str:
        woken.append(turn.input.input)
        return "heard"

    runtime.scripts["operator"] = hear
    async with place.open() as desk:
        await until(desk, lambda: woken)
        await at_rest(desk)
        assert desk.thread(made["agent_id"]).status == "finished"
        assert "interrupted: host left" in woken[0]
