"""`adopt`, and what else of the command line reaches Codex; its app-server is the fake one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codex_desk.cli import checks
from tests.cli.conftest import Run
from tests.codex.fake_program import fake_program


@pytest.fixture
def codex(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Codex with two sessions, in projects `one` and `two`."""
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        (folder / ".git").mkdir(parents=True)
    monkeypatch.setenv("CODEX_DESK_CODEX", str(fake_program(tmp_path)))
    monkeypatch.setenv("FAKE_FOLDERS", os.pathsep.join(map(str, folders)))
    return tmp_path


def test_the_sessions_of_codex_are_listed_by_project(desk: Run, codex: Path) -> None:
    ran = desk("adopt", "--list")
    assert [line.strip().split("  ")[0] for line in ran.out.splitlines()] == [str(codex / "two"), "○", str(codex / "one"), "○"]
    listed = desk("adopt", "--list", "--project", "one", "--json").json["candidates"]
    assert [(each["title"], each["handle"], each["state"], each["project"]) for each in listed] == [
        ("Session 0", "session-0", "in Codex", str(codex / "one"))
    ]


def test_a_session_is_adopted_by_its_name_under_a_handle(desk: Run, codex: Path) -> None:
    thread = desk("adopt", "session 1", "mine", "--json").json
    assert (thread["handle"], thread["runtime"], thread["cwd"], thread["title"]) == ("mine", "codex", str(codex / "two"), "Session 1")
    assert thread["external_id"].endswith("f1") and thread["status"] == "idle"
    assert desk("adopt", "Session 1", "--json").refusal == "adopted"
    assert [each["state"] for each in desk("adopt", "--list", "--json").json["candidates"]] == ["on the desk", "in Codex"]


def test_what_does_not_fit_together_is_wrong_usage(desk: Run, codex: Path) -> None:
    assert [desk(*words).exit for words in (("adopt",), ("adopt", "x", "--list"), ("adopt", "x", "--project", "y"))] == [2, 2, 2]
    assert desk("adopt", "nobody", "--json").refusal == "unknown_session"


def test_without_codex_it_says_how_to_get_it(desk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEX_DESK_CODEX", "/nowhere/codex")
    ran = desk("adopt", "--list", "--json")
    assert ran.refusal == "unavailable" and "/nowhere/codex is no program" in ran.err


def test_an_agent_brings_nothing_to_the_desk(desk: Run, codex: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk("new", "somebody")
    monkeypatch.setenv("CODEX_DESK_THREAD", "codex")
    assert desk("adopt", "--list", "--json").refusal == "origin_agent"
    assert desk("adopt", "Session 1", "--json").refusal == "origin_agent"


def test_auto_takes_codex_when_it_works_and_not_when_it_is_too_old(desk: Run, codex: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert desk("new", "first", "--runtime", "auto", "--json", env={"CODEX_DESK_RUNTIME": ""}).json["runtime"] == "codex"
    monkeypatch.setenv("FAKE", "ancient")
    monkeypatch.setenv("CODEX_DESK_CODEX", str(fake_program(codex / "one")))
    assert desk("new", "second", "--runtime", "auto", "--json", env={"CODEX_DESK_RUNTIME": ""}).json["runtime"] == "offline"


def test_doctor_tells_of_codex_its_sign_in_and_its_sessions(desk: Run, codex: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> checks.Check:
        [found] = [each for each in desk("doctor", "--json").json["checks"] if each["name"] == "codex"]
        return checks.Check(**found)

    assert told().state == "ok"
    monkeypatch.setenv("FAKE", "not signed in")
    signed_out = told()
    monkeypatch.setenv("FAKE", "a broken config")
    broken = told()
    assert broken.state == "wrong" and "config.toml:1:16" in broken.found
    assert signed_out.state == "wrong" and signed_out.mend == "codex login" and "2 sessions, 0 of them on the desk" in signed_out.found


def test_doctor_asks_for_no_key_where_new_sessions_run_on_codex(desk: Run, codex: Path) -> None:
    def provider(runtime: str) -> str:
        checks = desk("doctor", "--json", env={"CODEX_DESK_RUNTIME": runtime, "OPENAI_API_KEY": ""}).json["checks"]
        return next(each["found"] for each in checks if each["name"] == "provider")

    assert "nothing needs it" in provider("")
    assert "would run offline" in provider("native")
