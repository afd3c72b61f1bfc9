from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run

HUMAN_VERBS = [
    ["new", "auditor"],
    ["attach", "reviewer", "operator", "--move"],
    ["detach", "reviewer"],
    ["archive", "reviewer"],
    ["unarchive", "reviewer"],
    ["rename", "reviewer", "critic"],
    ["fork", "reviewer", "critic"],
    ["set", "reviewer", "sandbox_mode", "danger-full-access"],
    ["trust", "."],
    ["interrupt", "reviewer"],
    ["resume", "reviewer"],
    ["approvals", "--approve", "reviewer-1"],
    ["grants", "--revoke", "1"],
    ["exec", "hi"],
]


@pytest.mark.parametrize("args", HUMAN_VERBS, ids=lambda args: args[0])
def test_an_agents_process_may_not_do_what_only_the_human_may(office: Run, args: list[str]) -> None:
    operator = office("show", "operator", "--json").json["thread"]["id"]
    ran = office(*args, "--json", env={"CODEX_DESK_THREAD": operator})
    assert ran.refusal == "origin_agent"


def test_a_process_of_no_thread_is_refused_everything_that_the_human_may(office: Run) -> None:
    assert office("send", "reviewer", "hi", "--json", env={"CODEX_DESK_THREAD": "codex"}).refusal == "origin_agent"


@pytest.mark.row("S0-41")
def test_an_agents_process_prompts_nobody_as_the_human(office: Run) -> None:
    reviewer = office("show", "reviewer", "--json").json["thread"]["id"]
    ran = office("send", "implementor", "do it", "--json", env={"CODEX_DESK_THREAD": reviewer})
    assert ran.refusal == "origin_agent"
    assert office("queue", "implementor", "--json").json == {"messages": []}


def test_an_agents_process_may_read(office: Run) -> None:
    operator = office("show", "operator", "--json").json["thread"]["id"]
    assert office("list", "--json", env={"CODEX_DESK_THREAD": operator}).exit == 0


def test_an_agents_process_may_not_redact(office: Run) -> None:
    shown = office("show", "operator", "--json").json
    ran = office("redact", shown["items"][0]["id"], "--json", env={"CODEX_DESK_THREAD": shown["thread"]["id"]})
    assert ran.refusal == "origin_agent"


def test_an_agents_process_may_not_choose_where_models_answer(office: Run, home: Path) -> None:
    operator = office("show", "operator", "--json").json["thread"]["id"]
    ran = office("provider", "add", "http://127.0.0.1:1/v1", "--model", "x", "--json", env={"CODEX_DESK_THREAD": operator})
    assert ran.refusal == "origin_agent"
    assert not (home / "settings.toml").exists()


def test_an_agents_process_that_sees_no_store_makes_none(newcomer: Run, home: Path) -> None:
    ran = newcomer("list", "--json", env={"CODEX_DESK_THREAD": "019a0000-0000-7000-8000-000000000000"})
    assert ran.refusal == "origin_agent"
    assert not home.exists()


def test_an_agents_process_runs_no_turns(office: Run) -> None:
    operator = office("show", "operator", "--json").json["thread"]["id"]
    number = office("send", "reviewer", "hello", "--json").json["id"]
    ran = office("wait", str(number), "--json", env={"CODEX_DESK_THREAD": operator})
    assert ran.refusal == "origin_agent"
    assert office("queue", "reviewer", "--json").json["messages"][0]["state"] == "queued"
