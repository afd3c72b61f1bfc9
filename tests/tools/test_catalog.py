from __future__ import annotations

import json
from typing import Any

import pytest

from codex_desk.tools.catalog import WORKSPACE_SPECS, run_workspace_tool
from codex_desk.tools.workspace import Workspace
from tests.tools.tool_ports import Port


def test_the_tools_and_their_arguments_are_those_of_the_contract() -> None:
    offered = {spec.name: (set(spec.parameters["properties"]), set(spec.parameters.get("required", ()))) for spec in WORKSPACE_SPECS}
    assert offered == {
        "shell": ({"command", "workdir", "timeout_ms"}, {"command"}),
        "read": ({"path", "offset", "limit"}, {"path"}),
        "list": ({"path"}, {"path"}),
        "grep": ({"pattern", "path"}, {"pattern"}),
        "git": ({"question", "args"}, {"question"}),
        "apply_patch": ({"patch"}, {"patch"}),
        "update_plan": ({"plan"}, {"plan"}),
    }


def test_schemas_are_closed_objects_of_json_values() -> None:
    for spec in WORKSPACE_SPECS:
        assert json.loads(json.dumps(spec.parameters)) == spec.parameters
        assert (spec.parameters["type"], spec.parameters["additionalProperties"]) == ("object", False)


@pytest.mark.parametrize(
    ("name", "arguments", "code", "said"),
    [
        ("fly", {}, "unknown_tool", "shell, read, list"),
        ("read", {}, "bad_arguments", "path: "),
        ("read", {"path": ""}, "bad_arguments", "path: "),
        ("read", {"path": "a\0b"}, "bad_arguments", "path: "),
        ("read", {"path": "a", "offset": 0}, "bad_arguments", "offset: "),
        ("read", {"path": "a", "mode": "x"}, "bad_arguments", "mode: "),
        ("shell", {"command": ["ls"]}, "bad_arguments", "command: "),
        ("shell", {"command": "ls", "timeout_ms": 3_600_001}, "bad_arguments", "timeout_ms: "),
        ("git", {"question": "push"}, "bad_arguments", "question: "),
        ("update_plan", {"plan": [{"step": "a", "status": "done"}]}, "bad_arguments", "plan.0.status: "),
        ("update_plan", {"plan": [{"step": s, "status": "in_progress"} for s in "ab"]}, "bad_arguments", "at most one"),
        ("apply_patch", {"patch": "nonsense"}, "bad_patch", "first line"),
    ],
)
async def test_what_cannot_be_called_is_a_result_that_says_why(
    workspace: Workspace, port: Port, name: str, arguments: dict[str, Any], code: str, said: str
) -> None:
    result = await run_workspace_tool(name, arguments, workspace, port)
    error = json.loads(result.text)["error"]
    assert (result.ok, error["code"]) == (False, code)
    assert said in error["message"]


async def test_a_call_is_recorded_with_its_result(workspace: Workspace, port: Port) -> None:
    (workspace.cwd / "a").write_text("x\n")
    result = await run_workspace_tool("read", {"path": "a"}, workspace, port)
    assert result.item is not None
    assert (result.item.kind, result.item.text) == ("tool_call", "read a")
    assert {key: result.item.data[key] for key in ("tool", "arguments", "result", "ok")} == {
        "tool": "read",
        "arguments": {"path": "a"},
        "result": result.text,
        "ok": True,
    }


async def test_a_plan_is_an_item(workspace: Workspace, port: Port) -> None:
    steps = [{"step": "look", "status": "completed"}, {"step": "do", "status": "in_progress"}]
    result = await run_workspace_tool("update_plan", {"plan": steps}, workspace, port)
    assert result.item is not None
    assert (result.item.kind, result.item.text, result.item.data) == ("plan", "1 of 2 done", {"steps": steps})
