from __future__ import annotations

from pathlib import Path

import pytest

from codex_desk.cli import checks
from codex_desk.runtimes.codex.binary import find_program
from tests.cli.conftest import Ran, Run


@pytest.fixture
def desk(newcomer: Run) -> Run:
    return newcomer


def states(ran: Ran) -> dict[str, str]:
    return {check["name"]: check["state"] for check in ran.json["checks"]}


def found(ran: Ran, name: str) -> str:
    [check] = [check for check in ran.json["checks"] if check["name"] == name]
    return f"{check['found']} {check['mend']}"


def test_a_sound_desk_is_exit_0_with_a_word_on_everything(desk: Run) -> None:
    ran = desk("doctor", "--json")
    assert ran.exit == 0
    assert ran.json["ok"] is True
    assert set(states(ran)) == {"python", "terminal", "codex", "git", "home", "store", "settings", "provider", "sandbox", "trust", "roles"}
    assert "wrong" not in states(ran).values()


def test_people_get_what_to_do_under_what_is_amiss(desk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    lines = desk("doctor").out.splitlines()
    [at] = [number for number, line in enumerate(lines) if "provider" in line.split()[:2]]
    assert "OPENAI_API_KEY" in lines[at]
    assert "codex-desk provider add" in lines[at + 1]


def test_a_store_that_cannot_be_read_is_wrong_and_the_rest_is_still_looked_at(desk: Run, home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "desk.db").write_bytes(b"not a database, but long enough to be taken for one" * 100)
    ran = desk("doctor", "--json")
    assert ran.exit == 1
    assert ran.json["ok"] is False
    assert states(ran)["store"] == "wrong"
    assert "desk.db" in found(ran, "store")
    assert states(ran)["python"] == "ok"


def test_broken_settings_are_wrong_with_their_file_and_line(desk: Run, home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text("model = \n")
    ran = desk("doctor", "--json")
    assert ran.exit == 1
    assert f"{home / 'config.toml'}:1" in found(ran, "settings")


def test_an_untrusted_folder_with_settings_of_its_own_is_pointed_out(desk: Run, folder: Path) -> None:
    (folder / ".codex-desk").mkdir()
    assert states(desk("doctor", "--json"))["trust"] == "note"
    desk("trust", ".")
    assert states(desk("doctor", "--json"))["trust"] == "ok"


def test_a_codex_that_does_not_run_is_wrong(tmp_path: Path) -> None:
    binary = tmp_path / "codex"
    binary.write_text("#!/bin/sh\nexit 3\n")
    binary.chmod(0o755)
    assert checks.codex(find_program("codex", {"PATH": str(tmp_path)})).state == "wrong"


def test_a_codex_that_runs_is_named_with_its_version(tmp_path: Path) -> None:
    binary = tmp_path / "codex"
    binary.write_text("#!/bin/sh\necho codex-cli 0.169.0\n")
    binary.chmod(0o755)
    assert checks.codex(find_program("codex", {"PATH": str(tmp_path)})).found == f"Codex 0.169.0 at {binary}"


@pytest.mark.row("S4-34")
def test_roles_are_named_and_so_are_the_files_that_are_none(desk: Run, home: Path) -> None:
    (home / "agents" / "critic").mkdir(parents=True)
    home.chmod(0o700)
    (home / "agents" / "critic" / "AGENTS.md").write_text("Find faults.")
    (home / "agents" / "bad.toml").write_text("name = 'bad'\n")
    ran = desk("doctor", "--json")
    assert states(ran)["roles"] == "note"
    assert found(ran, "roles").startswith("critic ")
    assert f"{home / 'agents' / 'bad.toml'}: ignored, a malformed role: it needs description, developer_instructions" in found(ran, "roles")
