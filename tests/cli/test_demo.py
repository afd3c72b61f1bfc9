from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codex_desk.cli.office import CHANGED_FILE, FAULT, REPAIR, ROLES, Office
from tests.cli.conftest import Ran, Run
from tests.cli.contract import MESSAGE, THREAD


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("demo") / "office")


@pytest.fixture(scope="module")
def played(office: Office) -> Ran:
    """The demo, played once, with a home, a Codex and settings of the user's that it must not touch or obey."""
    users = {
        "CODEX_DESK_HOME": "/nonexistent",
        "CODEX_DESK_RUNTIME": "native",
        "CODEX_DESK_SANDBOX_MODE": "read-only",
        "HOME": "/nonexistent",
    }
    env = {name: value for name, value in os.environ.items() if name != "CODEX_DESK_THREAD"} | users
    command = [sys.executable, "-m", "codex_desk", "demo", "--headless", "--dir", str(office.root), "--json"]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def said(played: Ran) -> dict[str, dict[str, object]]:
    return {message["to"]: message for message in played.json["messages"]}


@pytest.mark.row("S0-09")
@pytest.mark.row("S0-10")
def test_the_example_is_played_to_its_end_with_nothing_missing(played: Ran) -> None:
    assert (played.exit, played.err) == (0, "")
    assert played.json["missing"] == []
    assert set(played.json) == {"dir", "threads", "messages", "diff", "audit", "verified", "missing"}


@pytest.mark.row("S0-13")
@pytest.mark.row("S0-44")
def test_each_role_is_a_session_at_home_in_its_folder_with_its_own_instructions(played: Ran, office: Office) -> None:
    threads = {thread["handle"]: thread for thread in played.json["threads"]}
    assert set(threads) == {"operator", "reviewer", "implementor"}
    for role, thread in threads.items():
        assert set(thread) == THREAD
        assert thread["cwd"] == str(office.repository / ".agents" / "workspace-roles" / role)
        assert thread["project"] == str(office.repository)
        assert (Path(thread["cwd"]) / "AGENTS.md").read_text() == ROLES[role]


@pytest.mark.row("S0-35")
def test_the_implementor_really_made_the_bounded_change_and_no_other(played: Ran, office: Office) -> None:
    text = (office.repository / CHANGED_FILE).read_text()
    assert REPAIR in text
    status = subprocess.run(["git", "-C", str(office.repository), "status", "--short"], capture_output=True, text=True, check=True)
    assert status.stdout == f" M {CHANGED_FILE}\n"
    assert f"-    {FAULT}" in played.json["diff"].splitlines()
    assert f"+    {REPAIR}" in played.json["diff"].splitlines()


def test_the_change_mends_what_the_docstring_promises(played: Ran, office: Office) -> None:
    code = "import stock; print(stock.mean_price([]))"
    ran = subprocess.run([sys.executable, "-B", "-c", code], cwd=office.repository, capture_output=True, text=True, check=True)
    assert ran.stdout == "0.0\n"


@pytest.mark.row("S0-04")
@pytest.mark.row("S0-14")
@pytest.mark.row("S0-30")
def test_the_operator_asked_the_reviewer_for_a_review_of_the_diff_after_the_change(played: Ran) -> None:
    messages = said(played)
    assert all(set(message) == MESSAGE for message in messages.values())
    review = messages["reviewer"]
    assert (review["from"], review["origin"], review["state"]) == ("operator", "agent", "answered")
    assert CHANGED_FILE in str(review["answer"])
    assert str(review["created_at"]) > str(messages["implementor"]["answered_at"])


@pytest.mark.row("S0-31")
def test_the_reviewer_worked_in_its_own_folder(played: Ran) -> None:
    assert f"../../../{CHANGED_FILE}" in str(said(played)["reviewer"]["answer"])


@pytest.mark.row("S0-05")
@pytest.mark.row("S0-18")
@pytest.mark.row("S0-32")
@pytest.mark.row("S0-37")
def test_the_operator_waited_for_both_and_put_them_together(played: Ran) -> None:
    messages = said(played)
    answer = str(messages["operator"]["answer"])
    for child in ("implementor", "reviewer"):
        first_line = str(messages[child]["answer"]).splitlines()[0]
        assert first_line in answer


@pytest.mark.row("S0-36")
def test_the_operator_waited_for_either(played: Ran, office: Office, desk: Run) -> None:
    shown = desk("show", "operator", "--items", "500", "--json", env={"CODEX_DESK_HOME": str(office.home)})
    waits = [item["arguments"] for item in shown.json["items"] if item.get("tool") == "wait_agent"]
    assert {wait["mode"] for wait in waits} == {"any"}


@pytest.mark.row("S0-38")
def test_it_ends_with_the_audit_of_both_sides(played: Ran) -> None:
    audit = played.json["audit"]
    assert played.json["verified"] is True
    for role in ("operator", "reviewer", "implementor"):
        assert {"created", "attached", "sent", "started", "answered"} <= set(audit[role])


@pytest.mark.row("S0-33")
def test_the_human_can_look_at_either_role_and_prompt_it_directly_afterwards(played: Ran, office: Office, desk: Run) -> None:
    env = {"CODEX_DESK_HOME": str(office.home)}
    assert desk("export", "reviewer", env=env).out.startswith("# reviewer")
    asked = desk("send", "reviewer", "read AGENTS.md", "--wait", "--json", env=env)
    assert "You review diffs" in asked.json["answer"]


@pytest.mark.usefixtures("home")
def test_a_folder_that_holds_something_else_is_left_alone(desk: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    assert desk("demo", "--headless", "--dir", str(tmp_path / "mine"), "--json").refusal == "bad_value"
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_without_git_it_says_so(desk: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert desk("demo", "--headless", "--dir", str(tmp_path / "office"), "--json").refusal == "no_git"


def test_without_a_terminal_the_desk_does_not_open_and_nothing_is_built(desk: Run, tmp_path: Path) -> None:
    assert desk("demo", "--dir", str(tmp_path / "office"), "--json").refusal == "no_terminal"
    assert not (tmp_path / "office").exists()


def test_a_step_that_did_not_happen_is_exit_1_and_named(desk: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codex_desk.cli.office.TASK", "reviewer: review the diff")
    ran = desk("demo", "--headless", "--dir", str(tmp_path / "office"), "--json")
    assert ran.exit == 1
    assert "the implementor answers" in json.loads(ran.out)["missing"]
    assert "did not happen: the file is changed as asked" in ran.err


def test_people_read_who_asked_whom_the_change_and_the_audit(desk: Run, tmp_path: Path) -> None:
    story = desk("demo", "--headless", "--dir", str(tmp_path / "office")).out
    for words in (
        "you → operator, #1",
        "operator → implementor, #2: answered",
        f"+    {REPAIR}",
        "operator puts it together: answered",
        "verified",
    ):
        assert words in story
