from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from codex_desk.tools.delegation import DelegateAgent, DelegateSessions
from codex_desk.tools.desk import desk_specs

ROLES = (("critic", "finds faults"), ("scout", ""))


def test_the_tools_and_their_arguments_are_those_of_the_contract() -> None:
    specs = {spec.name: spec.parameters for spec in desk_specs(has_children=False, has_parent=False, delegates=True, roles=ROLES)}
    assert {name: set(parameters["properties"]) for name, parameters in specs.items()} == {
        "delegate_agent": {"agent_id", "prompt", "profile", "context", "mode", "conversation_id", "batch"},
        "delegate_sessions": {"operation", "conversation_id", "cursor", "limit"},
    }
    asked = specs["delegate_agent"]["properties"]
    assert asked["mode"]["enum"] == ["standard", "detached"]
    assert specs["delegate_sessions"]["properties"]["operation"]["enum"] == ["list", "messages", "dismiss", "join"]
    task = asked["batch"]["anyOf"][0]["items"]
    assert (set(task["properties"]), task["required"]) == ({"agent_id", "prompt", "context"}, ["agent_id", "prompt"])
    assert set(asked["context"]["anyOf"][0]["properties"]) == {"working_directory", "hints"}
    assert asked["agent_id"]["description"].endswith("critic: finds faults; scout")


def test_every_schema_stands_by_itself_for_servers_that_follow_no_references() -> None:
    for spec in desk_specs(has_children=True, has_parent=True, may_spawn=True, delegates=True, roles=ROLES, board="owner"):
        text = json.dumps(spec.parameters)
        assert ("$ref" in text, "$defs" in text, '"title": "' in text) == (False, False, False), spec.name
        assert (spec.parameters["type"], spec.parameters["additionalProperties"]) == ("object", False)


def test_they_are_not_offered_where_nobody_is_to_delegate_to() -> None:
    assert not {"delegate_agent", "delegate_sessions"} & {
        spec.name for spec in desk_specs(has_children=True, has_parent=True, may_spawn=True)
    }


@pytest.mark.parametrize(
    "given",
    [
        {"agent_id": "critic", "prompt": "p"},
        {"agent_id": "critic", "prompt": "p", "batch": None, "context": None, "conversation_id": None},
        {"agent_id": "critic", "prompt": "p", "batch": []},
        {"prompt": "p", "conversation_id": "c"},
        {"batch": [{"agent_id": "critic", "prompt": "p"}], "mode": "detached"},
    ],
)
def test_one_task_a_follow_up_or_a_batch_is_taken(given: dict[str, object]) -> None:
    assert DelegateAgent.model_validate(given).mode in ("standard", "detached")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"agent_id": "critic"},
        {"prompt": "p"},
        {"agent_id": "", "prompt": "p"},
        {"prompt": "p", "conversation_id": "c", "profile": "cheap"},
        {"batch": [{"agent_id": "critic", "prompt": "p"}], "prompt": "p"},
        {"batch": [{"agent_id": "critic"}]},
        {"batch": [{"agent_id": "critic", "prompt": "p", "mode": "detached"}]},
    ],
)
def test_anything_else_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DelegateAgent.model_validate(given)


@pytest.mark.parametrize("operation", ["messages", "dismiss", "join"])
def test_a_conversation_has_to_be_named(operation: str) -> None:
    with pytest.raises(ValidationError, match="list gives them"):
        DelegateSessions.model_validate({"operation": operation})
