from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from codex_desk.cli.ideas import AFTER, AGENTS, SHIPPED
from codex_desk.config import Settings, read_roles
from tests.cli.conftest import Run
from tests.cli.contract import MESSAGE, THREAD


@pytest.mark.row("S4-05")
@pytest.mark.row("S4-06")
@pytest.mark.row("S4-08")
def test_the_sample_office_is_played_to_its_end_with_nothing_missing(desk: Run, tmp_path: Path) -> None:
    root = tmp_path / "office"
    ran = desk("demo", "--office", "ideas", "--headless", "--dir", str(root), "--json")
    assert (ran.exit, ran.err, ran.json["missing"], ran.json["verified"]) == (0, "", [], True)
    threads = {thread["handle"]: thread for thread in ran.json["threads"]}
    assert all(set(thread) == THREAD for thread in threads.values())
    assert {name: thread["relation"] for name, thread in threads.items()} == {"operator": None, **dict.fromkeys(AGENTS, "spawned")}
    prompt, *runs = ran.json["messages"]
    assert [set(message) for message in (prompt, *runs)] == [MESSAGE] * 5
    assert [(run["from"], run["to"], run["state"]) for run in runs] == [("operator", name, "answered") for name in AGENTS]
    assert ran.json["models"]["ideas-provider"] == {"model": "gpt-5.1-mini", "effort": "low"}
    assert ran.json["models"]["critic"] == {"model": "gpt-5.1", "effort": "high"}
    assert AFTER in (root / "repo" / "DECISION.md").read_text()
    assert {"spawned", "sent", "started", "answered", "returned"} <= set(ran.json["audit"]["critic"])
    assert desk("demo", "--office", "ideas", "--headless", "--dir", str(root), "--json").refusal == "bad_value"


def test_people_read_who_was_asked_and_what_was_decided(desk: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codex_desk.cli.ideas.TASK", "delegate to ideas-provider: read BRIEF.md\nthen delegate to critic: read BRIEF.md")
    ran = desk("demo", "--office", "ideas", "--headless", "--dir", str(tmp_path / "office"))
    assert ran.exit == 1
    for words in ("critic: set to gpt-5.1, effort high", "operator delegates to critic, #3: answered", "Hints:", "verified"):
        assert words in ran.out
    assert "did not happen: the decision is written" in ran.err


def test_the_shipped_roles_have_no_faults_and_each_its_own_model(tmp_path: Path) -> None:
    roles = read_roles(SHIPPED, tmp_path, None, trusted=False, user=Settings(), providers=())
    assert set(roles.found) == {"operator", *AGENTS}
    assert [str(warning) for warning in (*roles.warnings, *(warning for role in roles.found.values() for warning in role.warnings))] == []
    assert roles.found["operator"].settings["multi_agent.agents"] == list(AGENTS)
    for role in roles.found.values():
        assert {"model", "model_reasoning_effort", "developer_instructions"} <= set(role.settings)
        assert role.file is not None
        assert tomllib.loads((role.file / "config.toml").read_text())["description"]


@pytest.mark.row("S4-06")
def test_the_shipped_conversation_names_its_endpoint_and_has_everybody_in_it() -> None:
    told = (SHIPPED / "CONVERSATION.md").read_text()
    preface, _, transcript = told.partition("\n---\n")
    assert "aimock" in preface
    for name in ("operator", *AGENTS):
        assert f"\n# {name}\n" in transcript
    assert '"status": "completed", "agent_id": "critic"' in transcript
