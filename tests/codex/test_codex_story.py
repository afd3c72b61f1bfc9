"""The example that the product began with, from the command line, on the real Codex: sessions that were there before the desk."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from codex_desk.cli.app import cli
from tests.codex_program import CodexHome
from tests.responses_server import Answer, Asked, Call, Say


def operator(asked: Asked) -> Answer:
    """Has the change made, has it reviewed, and updates the plan."""
    children = ("implementor", "reviewer")
    if asked.asked.startswith("I am"):
        return Say("I keep the plan.")
    done = [each for each in asked.outputs if "results" in each]
    if len(done) == 2:
        return Say("Plan updated: " + "; ".join(json.loads(each[each.index("{") :])["results"][0]["answer"] for each in done))
    target = children[len(done)]
    if len(asked.outputs) % 2:
        return Call("mcp__desk.wait_agent", {"targets": [target]})
    return Call("mcp__desk.send_message", {"target": target, "message": f"{target}: the parser is too strict"})


def implementor(asked: Asked) -> Answer:
    if asked.asked.startswith("I am"):
        return Say("I change code.")
    if not asked.outputs:
        return Call("exec_command", {"cmd": "printf 'strict = False\\n' > parser.py && cat parser.py"})
    return Say("made it lenient")


def reviewer(asked: Asked) -> Answer:
    if asked.asked.startswith("I am"):
        return Say("I review.")
    if not asked.outputs and "Message #" in asked.asked:
        return Call("exec_command", {"cmd": "cat ../implementor/parser.py"})
    return Say("no objection" if "strict = False" in "".join(asked.outputs) else f"you said: {asked.asked}")


@pytest.mark.row("S0-09")
@pytest.mark.row("S0-11")
@pytest.mark.row("S0-12")
@pytest.mark.row("S0-13")
@pytest.mark.row("S0-14")
@pytest.mark.row("S0-17")
def test_standing_role_desks_made_by_codex_exec_work_for_one_another(codex: CodexHome, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in codex.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CODEX_DESK_HOME", str(codex.root / "desk"))

    def desk(*words: str) -> Any:
        ran = CliRunner().invoke(cli, [*words, "--json"], catch_exceptions=False)
        assert ran.exit_code == 0, ran.output
        return json.loads(ran.stdout)

    repository = codex.root / "repo"
    (repository / ".git").mkdir(parents=True)
    roles = {"operator": operator, "implementor": implementor, "reviewer": reviewer}
    folders: list[Path] = []
    for role, play in roles.items():
        folder = repository / ".agents" / "workspace-roles" / role
        folder.mkdir(parents=True)
        (folder / "AGENTS.md").write_text(f"You are the {role} of this repository.")
        codex.plays[role] = play
        folders.append(folder)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda each: codex.exec(each, f"I am the {each.name} desk", "-s", "danger-full-access"), folders))

    candidates = desk("adopt", "--list", "--project", "repo")["candidates"]
    assert {each["title"] for each in candidates} == {f"I am the {role} desk" for role in roles}
    for role in roles:
        desk("adopt", f"I am the {role} desk", role)
    for child in ("implementor", "reviewer"):
        desk("attach", child, "operator")
    message = desk("send", "operator", "make the parser lenient", "--wait")
    assert message["answer"] == "Plan updated: made it lenient; no objection"

    for role in roles:
        instructions = f"You are the {role} of this repository."
        others = [f"You are the {other} of this repository." for other in roles if other != role]
        texts = [text for asked in codex.asked_in(role) for text in asked.texts]
        assert any(instructions in text for text in texts) and not any(other in text for text in texts for other in others)
    assert {"mcp__desk.send_message", "mcp__desk.wait_agent", "mcp__desk.report"} <= codex.asked_in("operator")[-1].tools.keys()
    own = desk("send", "reviewer", "what do you think yourself?", "--wait")
    assert own["answer"] == "you said: what do you think yourself?"
    kinds = [event["kind"] for event in desk("audit", "reviewer")["events"]]
    assert kinds == ["adopted", "attached", "sent", "started", "answered", "returned", "sent", "started", "answered"]
    assert desk("audit", "--verify")["verified"]
    desk("detach", "reviewer")
    assert [thread["handle"] for thread in desk("list")["threads"] if thread["archived_at"] is None and thread["parent"] is None]
