"""tools.md, as a real request to a model carries it and as its results come back."""

from __future__ import annotations

import json
from typing import Any

from codex_desk.engine.desk import Desk
from codex_desk.engine.links import Attach, Detach
from codex_desk.engine.sessions import New, Set
from tests.engine.scripted import Place, Scripted, ScriptedRuntime, prompt
from tests.runtimes.raw_server import RawServer, chat_stream, raw_server

WORKSPACE = {
    "shell": ({"command"}, {"workdir", "timeout_ms"}),
    "read": ({"path"}, {"offset", "limit"}),
    "list": ({"path"}, set()),
    "grep": ({"pattern"}, {"path"}),
    "git": ({"question"}, {"args"}),
    "apply_patch": ({"patch"}, set()),
    "update_plan": ({"plan"}, set()),
}
"""Arguments that are required, and those that are not."""

FOR_PARENTS = {
    "list_agents": (set(), set()),
    "send_message": ({"target", "message"}, {"delivery"}),
    "wait_agent": ({"targets"}, {"mode", "timeout_ms"}),
    "interrupt_agent": ({"target"}, set()),
    "close_agent": ({"target"}, set()),
}
FOR_SPAWNERS = FOR_PARENTS | {
    "spawn_agent": ({"message"}, {"task_name", "agent_type", "profile", "cwd", "model", "reasoning_effort", "fork_turns", "worktree"})
}
FOR_CHILDREN = {"list_agents": (set(), set()), "report": ({"message"}, set())}

AWAITED = {
    "message_id",
    "agent",
    "state",
    "answer",
    "report",
    "reason",
    "running_s",
    "last_activity_s",
    "queued_behind",
    "needs_human",
}


def offered(server: RawServer) -> dict[str, tuple[set[str], set[str]]]:
    """The tools in the last request: the required arguments and the others, by name."""
    body = json.loads(server.requests[-1].partition(b"\r\n\r\n")[2])
    tools = {}
    for tool in (each["function"] for each in body["tools"]):
        required = set(tool["parameters"].get("required", ()))
        tools[tool["name"]] = (required, set(tool["parameters"]["properties"]) - required)
    return tools


async def test_a_model_is_offered_what_it_can_use_with_the_contracts_arguments(place: Place) -> None:
    async with raw_server(chat_stream("done", ends=True)) as server:
        (place.home / "config.toml").write_text(
            f'model = "m"\nmodel_provider = "acme"\n[model_providers.acme]\nbase_url = "{server.base_url}"\nwire_api = "chat"\n'
        )
        async with Desk.open(place.home, host="desk", env=place.env) as desk:
            operator, reviewer = [await desk.do(New(name, place.folder(name), runtime="native")) for name in ("operator", "reviewer")]
            seen: list[dict[str, Any]] = []
            for thread in (operator, reviewer):
                await desk.do(Set(thread.id, "agents.max_threads", "0"))
            for thread in (operator, operator, reviewer, reviewer, reviewer):
                assert (await prompt(desk, thread, "go")).state == "answered"
                seen.append(offered(server))
                if len(seen) == 1:
                    await desk.do(Attach(reviewer.id, operator.id))
                if len(seen) == 3:
                    await desk.do(Detach(reviewer.id))
                if len(seen) == 4:
                    await desk.do(Set(reviewer.id, "agents.max_threads", ""))
    alone, parent, child, alone_again, spawner = seen
    assert alone == alone_again == WORKSPACE
    assert parent == WORKSPACE | FOR_PARENTS
    assert child == WORKSPACE | FOR_CHILDREN
    assert spawner == WORKSPACE | FOR_SPAWNERS


async def test_the_desk_tools_results_have_the_contracts_keys(place: Place, runtime: ScriptedRuntime) -> None:
    results: dict[str, dict[str, Any]] = {}

    async def reports(turn: Scripted) -> str:
        results["report"] = await turn.tool("report", message="halfway")
        return "looked"

    async def asks(turn: Scripted) -> str:
        if turn.body == "halfway":
            return "noted"
        results["list_agents"] = await turn.tool("list_agents")
        results["send_message"] = await turn.tool("send_message", target="reviewer", message="look")
        results["wait_agent"] = await turn.wait("reviewer")
        results["again"] = await turn.wait(results["send_message"]["message_id"], timeout_ms=0)
        results["refused"] = await turn.tool("close_agent", target="reviewer")
        return "done"

    runtime.scripts |= {"operator": asks, "reviewer": reports}
    async with place.open() as desk:
        operator = await place.session(desk, "operator")
        await desk.do(Attach((await place.session(desk, "reviewer")).id, operator.id))
        assert (await prompt(desk, operator, "go")).state == "answered"
    assert {name: set(result) for name, result in results.items()} == {
        "list_agents": {"agents", "parent"},
        "send_message": {"message_id", "state", "delivery", "position"},
        "wait_agent": {"results", "timed_out", "reason"},
        "again": {"results", "timed_out", "reason"},
        "refused": {"error"},
        "report": {"message_id", "state"},
    }
    assert set(results["list_agents"]["agents"][0]) == {"name", "relation", "status", "task", "idle_s", "queued", "needs_human"}
    assert set(results["wait_agent"]["results"][0]) == AWAITED
    assert set(results["refused"]["error"]) == {"code", "message"}


async def test_the_workspace_tools_give_one_json_object_each(place: Place, runtime: ScriptedRuntime) -> None:
    results: dict[str, dict[str, Any]] = {}

    async def works(turn: Scripted) -> str:
        patch = "*** Begin Patch\n*** Add File: notes\n+buy milk\n*** End Patch"
        calls: tuple[tuple[str, dict[str, Any]], ...] = (
            ("apply_patch", {"patch": patch}),
            ("read", {"path": "notes"}),
            ("list", {"path": "."}),
            ("grep", {"pattern": "milk"}),
            ("shell", {"command": "cat notes; exit 3"}),
            ("git", {"question": "status"}),
            ("update_plan", {"plan": [{"step": "look", "status": "completed"}]}),
        )
        for name, arguments in calls:
            results[name] = await turn.tool(name, **arguments)
        return "done"

    runtime.scripts["operator"] = works
    async with place.open() as desk:
        operator = await place.session(desk, "operator")
        await desk.do(Set(operator.id, "sandbox_mode", "danger-full-access"))
        assert (await prompt(desk, operator, "go")).state == "answered"
    assert set(results) == set(WORKSPACE)
    assert results["apply_patch"] == {"changes": [{"path": "notes", "kind": "add"}]}
    assert "buy milk" in results["read"]["text"]
    assert [entry["name"] for entry in results["list"]["entries"]] == ["notes"]
    assert [(match["path"], match["line"], match["text"]) for match in results["grep"]["matches"]] == [("notes", 1, "buy milk")]
    assert (results["shell"]["exit_code"], results["shell"]["output"]) == (3, "buy milk\n")
    assert results["git"]["error"]["code"] == "no_repository"
    assert results["update_plan"] == {"steps": 1, "completed": 1}
