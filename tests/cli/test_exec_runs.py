from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run, Start
from tests.cli.contract import MESSAGE


@pytest.fixture(autouse=True)
def roles(desk: Run, home: Path) -> None:
    native = 'runtime = "native"\nmodel_provider = "p"\n[model_providers.p]\nbase_url = "http://127.0.0.1:9/v1"\nrequest_max_retries = 0\n'
    for name, keys in (("scout", ""), ("broken", native)):
        (home / "agents" / name).mkdir(parents=True)
        (home / "agents" / name / "config.toml").write_text(f'description = "d"\n{keys}')


def of(lines: list[dict[str, Any]], agent: str) -> list[str]:
    """What became of an agent, in order."""
    return [line["what"] for line in lines if line["event"] == "agent" and line["agent"] == agent]


@pytest.mark.row("S0-26")
@pytest.mark.row("S0-39")
@pytest.mark.row("S0-40")
@pytest.mark.row("S1-07")
@pytest.mark.row("S1-11")
@pytest.mark.row("S1-12")
@pytest.mark.row("S1-19")
def test_exec_goes_on_until_detached_runs_are_over_and_streams_their_lives(desk: Run) -> None:
    task = "delegate detached to scout: run sleep 0.3; echo found\ndelegate to broken: hello"
    ran = desk("exec", task, "--json")
    assert ran.exit == 0, ran.err
    last = ran.lines[-1]
    assert of(ran.lines, "scout") == ["spawned", "started", "progress", "progress", "completed"]
    assert of(ran.lines, "broken") == ["spawned", "started", "failed"]
    assert {line["relation"] for line in desk("list", "--all", "--json").json["threads"] if line["kind"] == "subagent"} == {"spawned"}
    assert (last["event"], last["unfinished"], last["timed_out"]) == ("done", [], False)
    assert "found" in last["answer"]  # of the turn that the run's end woke, not of the first
    assert "found" not in last["message"]["answer"]
    assert "**broken** (#3) is failed" in last["message"]["answer"]


@pytest.mark.row("S1-07")
def test_a_run_that_did_not_end_in_time_is_named(desk: Run) -> None:
    desk("new", "operator")
    ran = desk("exec", "delegate detached to scout: run sleep 60", "--thread", "operator", "--timeout", "1.5", "--json")
    assert ran.exit == 3
    last = ran.lines[-1]
    assert (last["event"], last["timed_out"], last["message"]["state"]) == ("done", True, "answered")
    [left] = last["unfinished"]
    assert set(left) == MESSAGE
    assert (left["to"], left["state"], left["reason"]) == ("scout", "interrupted", "host left")
    assert "not finished: scout #2, interrupted: host left" in ran.err


def test_interrupted_it_names_the_runs_too(desk: Run, start: Start) -> None:
    desk("new", "operator")
    running = start("exec", "delegate to scout: run sleep 60", "--thread", "operator", "--json")
    running.until('"what": "started"')
    running.send(signal.SIGINT)
    ran = running.end()
    assert ran.exit == 130
    assert [each["to"] for each in ran.lines[-1]["unfinished"]] == ["scout"]
