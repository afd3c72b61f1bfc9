from __future__ import annotations

from pathlib import Path

import pytest

from codex_desk.config import Role
from codex_desk.engine.desk import Desk
from codex_desk.engine.sessions import New, Set, Trust
from codex_desk.engine.spawning import inherited
from codex_desk.engine.views import ThreadView
from codex_desk.tools.desk import SpawnAgent
from tests.engine.scripted import Place, ScriptedRuntime, at_rest, lines, prompt, refused
from tests.engine.test_agents import spawned

CRITIC = 'name = "critic"\ndescription = "finds faults"\ndeveloper_instructions = "Be strict."\n'


def write(folder: Path, text: str = CRITIC) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "critic.toml").write_text(text)


@pytest.mark.row("S0-40")
async def test_a_trusted_projects_role_is_used_and_offered_to_the_model(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    write(place.folder("operator") / ".codex" / "agents")
    assert (await spawned(desk, runtime, operator, agent_type="critic"))["error"]["code"] == "unknown_role"
    await desk.do(Trust(place.folder("operator")))
    made = await spawned(desk, runtime, operator, agent_type="critic")
    await at_rest(desk)
    assert runtime.inputs["critic"][0].system.endswith("Be strict.")
    assert f"spawned {made['name']} as critic" in lines(desk, operator)
    [spec] = [tool for tool in runtime.inputs["operator"][-1].tools if tool.name == "spawn_agent"]
    assert "critic: finds faults; default: " in spec.parameters["properties"]["agent_type"]["description"]


@pytest.mark.row("S4-31")
async def test_a_role_uses_only_the_roles_that_it_names(place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView) -> None:
    write(place.home / "agents")
    await desk.do(Set(operator.id, "multi_agent.agents", '["critic"]'))
    for other in ({"agent_type": "worker"}, {}):
        refusal = await spawned(desk, runtime, operator, **other)
        assert (refusal["error"]["code"], "critic" in refusal["error"]["message"]) == ("role_not_allowed", True)
    assert (await spawned(desk, runtime, operator, agent_type="critic"))["name"] == "critic"
    await at_rest(desk)


async def test_an_unknown_role_names_those_there_are_and_the_file_that_is_broken(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    write(place.home / "agents", "name = ")
    (place.home / "agents" / "other.toml").write_text(CRITIC.replace("critic", "other"))
    message = (await spawned(desk, runtime, operator, agent_type="critic"))["error"]["message"]
    assert "there are: other" in message
    assert "critic.toml" in message


async def test_a_key_that_has_no_effect_is_told_to_the_model_and_to_the_human(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    write(place.home / "agents", CRITIC + "modle = 'm'\n")
    made = await spawned(desk, runtime, operator, agent_type="critic")
    await at_rest(desk)
    assert "modle: unknown key; did you mean model?" in made["notes"][0]
    assert made["notes"][0] in lines(desk, desk.thread(made["agent_id"]))


async def test_a_profile_that_nobody_defined_and_a_provider_without_a_key_are_refused(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    assert (await spawned(desk, runtime, operator, profile="cheap"))["error"]["code"] == "bad_value"
    write(
        place.home / "agents",
        CRITIC + 'runtime = "native"\nmodel_provider = "p"\n[model_providers.p]\nbase_url = "http://127.0.0.1:1"\nenv_key = "P_KEY"\n',
    )
    refusal = await spawned(desk, runtime, operator, agent_type="critic")
    assert (refusal["error"]["code"], "P_KEY" in refusal["error"]["message"]) == ("no_provider", True)
    assert desk.children(operator.id) == []


async def test_a_session_is_made_with_a_role(place: Place, runtime: ScriptedRuntime, desk: Desk) -> None:
    write(place.home / "agents", CRITIC + 'agents = ["worker"]\n')
    session = await desk.do(New("boss", place.folder("boss"), runtime="offline", role="critic"))
    await prompt(desk, session, "hello")
    assert runtime.inputs["boss"][0].system.endswith("Be strict.")
    assert desk.settings(session.id).settings.multi_agent.agents == ("worker",)
    assert (await refused(desk, New("other", place.folder("boss"), runtime="offline", role="nobody"))).code == "unknown_role"


# --- which setting counts -----------------------------------------------------------------------------------------------------------------------

PARENTS = {"model": "big", "model_provider": "p", "developer_instructions": "I lead.", "multi_agent.agents": ["critic"]}
ROLE = Role("critic", settings={"model": "small", "developer_instructions": "Be strict."})


@pytest.mark.row("S4-05")
@pytest.mark.row("S4-10")
@pytest.mark.parametrize(
    ("role", "asked", "own"),
    [
        (None, {}, {"model": "big", "model_provider": "p", "multi_agent.agents": ["critic"]}),
        (ROLE, {}, {"model": "small", "model_provider": "p", "developer_instructions": "Be strict."}),
        (ROLE, {"model": "tiny"}, {"model": "tiny", "model_provider": "p", "developer_instructions": "Be strict."}),
        (ROLE, {"profile": "cheap"}, {"profile": "cheap", "developer_instructions": "Be strict."}),
        (None, {"profile": "cheap", "model": "m"}, {"profile": "cheap", "model": "m", "multi_agent.agents": ["critic"]}),
        (Role("r", settings={"profile": "wide"}), {}, {"profile": "wide"}),
        (None, {"reasoning_effort": "low"}, {k: v for k, v in PARENTS.items() if k[0] != "d"} | {"model_reasoning_effort": "low"}),
    ],
)
def test_what_was_asked_for_comes_before_the_role_and_the_role_before_the_parent(
    role: Role | None, asked: dict[str, str], own: dict[str, object]
) -> None:
    assert inherited(PARENTS, role, SpawnAgent(message="m", **asked)) == own  # type: ignore[arg-type]


async def test_a_session_takes_a_role_and_keeps_its_runtime_folder_and_history(
    place: Place, runtime: ScriptedRuntime, desk: Desk, operator: ThreadView
) -> None:
    write(place.home / "agents", CRITIC + 'runtime = "native"\nmodel = "small"\n')
    await prompt(desk, operator, "hello")
    await desk.do(Set(operator.id, "role", "critic"))
    await prompt(desk, operator, "judge it")
    first, second = runtime.inputs["operator"]
    assert (first.system.endswith("Be strict."), second.system.endswith("Be strict.")) == (False, True)
    assert len(second.history) > len(first.history)
    now = desk.thread(operator.id)
    assert (now.runtime, now.cwd) == (operator.runtime, operator.cwd)
    assert desk.settings(operator.id).settings.model == "small"
    assert any(line.startswith("takes the role critic: ") and "Be strict." in line for line in lines(desk, operator))
    assert desk.roles(operator.id) == [("critic", "finds faults")]
    assert (await refused(desk, Set(operator.id, "role", "nobody"))).code == "unknown_role"
