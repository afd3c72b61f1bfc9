from __future__ import annotations

import json
import os
from pathlib import Path
from uuid import UUID

import pytest

from codex_desk.cli.params import THREAD_KEYS
from tests.cli.conftest import Run
from tests.cli.contract import THREAD


def test_a_new_session_is_at_home_in_the_folder_it_was_made_in(desk: Run, folder: Path) -> None:
    thread = desk("new", "operator", "--json").json
    assert set(thread) == THREAD
    assert (thread["handle"], thread["kind"], thread["cwd"], thread["status"]) == ("operator", "session", str(folder.resolve()), "idle")
    assert UUID(thread["id"]).version == 7


def test_a_session_in_a_repository_belongs_to_its_root(desk: Run, folder: Path) -> None:
    role = folder / ".agents" / "workspace-roles" / "reviewer"
    role.mkdir(parents=True)
    (folder / ".git").mkdir()
    thread = desk("new", "reviewer", "--cwd", str(role), "--json").json
    assert (thread["cwd"], thread["project"]) == (str(role.resolve()), str(folder.resolve()))


def test_people_get_one_line_instead(desk: Run) -> None:
    ran = desk("new", "operator")
    assert ran.out.startswith("operator · idle · offline")
    assert ran.out.count("\n") == 1


@pytest.mark.parametrize("handle", ["Reviewer", "1st", "-x", "a" * 41, "with space", "a_b", "ä"])
def test_a_handle_that_is_none_is_refused(desk: Run, handle: str) -> None:
    assert desk("new", "--json", "--", handle).refusal == "bad_handle"


def test_a_handle_is_taken_once_in_a_project_archived_ones_included(desk: Run) -> None:
    desk("new", "reviewer")
    desk("archive", "reviewer")
    assert desk("new", "reviewer", "--json").refusal == "handle_taken"


def test_a_missing_folder_is_refused(desk: Run, tmp_path: Path) -> None:
    ran = desk("new", "reviewer", "--cwd", str(tmp_path / "nowhere"), "--json")
    assert ran.refusal == "no_folder"
    assert "nowhere" in ran.err


def test_a_file_is_no_folder(desk: Run, folder: Path) -> None:
    (folder / "notes").write_text("x")
    assert desk("new", "reviewer", "--cwd", "notes", "--json").refusal == "no_folder"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_an_unreadable_folder_is_refused(desk: Run, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    assert desk("new", "reviewer", "--cwd", str(closed), "--json").refusal == "no_folder"


def test_a_thread_is_found_by_handle_at_handle_project_and_id(desk: Run, folder: Path) -> None:
    made = desk("new", "reviewer", "--json").json
    for ref in ("reviewer", "@reviewer", f"{folder.name}/reviewer", made["id"]):
        assert desk("show", ref, "--json").json["thread"]["id"] == made["id"]


def test_an_unknown_handle_is_refused_by_every_command_that_takes_one(desk: Run) -> None:
    for args in (
        ["show", "nobody"],
        ["send", "nobody", "hi"],
        ["queue", "nobody"],
        ["archive", "nobody"],
        ["interrupt", "nobody"],
        ["rename", "nobody", "x"],
        ["fork", "nobody", "x"],
        ["set", "nobody", "model", "x"],
        ["agents", "nobody"],
        ["export", "nobody"],
        ["audit", "nobody"],
        ["attach", "nobody", "nobody"],
        ["exec", "hi", "--thread", "nobody"],
    ):
        assert desk(*args, "--json").refusal == "unknown_thread", args


def test_a_handle_of_two_projects_is_refused_with_the_candidates(desk: Run, tmp_path: Path) -> None:
    for project in ("one", "two"):
        (tmp_path / project).mkdir()
        desk("new", "reviewer", "--cwd", str(tmp_path / project))
    ran = desk("show", "reviewer", "--json")
    assert ran.refusal == "ambiguous_thread"
    assert "one/reviewer" in ran.err
    assert "two/reviewer" in ran.err


def test_the_handle_of_the_folder_one_stands_in_wins(desk: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for project in ("one", "two"):
        (tmp_path / project).mkdir()
        desk("new", "reviewer", "--cwd", str(tmp_path / project))
    monkeypatch.chdir(tmp_path / "two")
    assert desk("show", "reviewer", "--json").json["thread"]["cwd"] == str((tmp_path / "two").resolve())


def test_rename_gives_the_thread_under_its_new_handle(desk: Run) -> None:
    made = desk("new", "reviewer", "--json").json
    renamed = desk("rename", "reviewer", "critic", "--json").json
    assert (renamed["id"], renamed["handle"]) == (made["id"], "critic")
    assert desk("show", "reviewer", "--json").refusal == "unknown_thread"


def test_a_fork_names_what_it_came_from(desk: Run) -> None:
    made = desk("new", "reviewer", "--json").json
    fork = desk("fork", "reviewer", "critic", "--json").json
    assert set(fork) == THREAD
    assert fork["forked_from"] == made["id"]
    assert fork["id"] != made["id"]


def test_set_changes_one_thread_alone(desk: Run) -> None:
    desk("new", "operator")
    desk("new", "reviewer")
    assert desk("set", "reviewer", "model", "gpt-5.1-mini", "--json").json["model"] == "gpt-5.1-mini"
    assert desk("show", "operator", "--json").json["thread"]["model"] != "gpt-5.1-mini"


@pytest.mark.parametrize(("key", "value", "code"), [("colour", "red", "unknown_key"), ("sandbox_mode", "wide-open", "bad_value")])
def test_set_refuses_what_is_no_setting(desk: Run, key: str, value: str, code: str) -> None:
    desk("new", "reviewer")
    assert desk("set", "reviewer", key, value, "--json").refusal == code


def test_every_key_offered_for_completion_is_a_setting_of_a_thread() -> None:
    from codex_desk.config.keys import is_setting
    from codex_desk.config.lines import parse_key

    assert [key for key in THREAD_KEYS if not is_setting(parse_key(key))] == []


def test_handles_are_completed_from_the_store(desk: Run, home: Path) -> None:
    desk("new", "operator")
    desk("new", "reviewer")

    def offered(word: str) -> list[str]:
        env = {"_CODEX_DESK_COMPLETE": "bash_complete", "COMP_WORDS": f"codex-desk show {word}", "COMP_CWORD": "2"}
        return sorted(line.partition(",")[2] for line in desk(env=env).out.splitlines())

    assert offered("") == ["operator", "reviewer"]
    assert offered("re") == ["reviewer"]
    assert offered("@re") == ["@reviewer"]


def test_list_shows_sessions_and_all_shows_archived_ones_too(desk: Run) -> None:
    desk("new", "operator")
    desk("new", "reviewer")
    desk("archive", "reviewer")
    assert [thread["handle"] for thread in desk("list", "--json").json["threads"]] == ["operator"]
    everything = desk("list", "--all", "--json").json["threads"]
    assert {thread["handle"]: thread["status"] for thread in everything} == {"operator": "idle", "reviewer": "archived"}


def test_an_empty_desk_lists_nothing_and_says_what_to_do(desk: Run) -> None:
    ran = desk("list")
    assert (ran.exit, ran.out) == (0, "")
    assert "codex-desk new" in ran.err
    assert desk("list", "--json").json == {"threads": []}


def test_control_codes_in_a_title_do_not_reach_the_terminal(desk: Run, tmp_path: Path) -> None:
    hostile = tmp_path / "x\x1b]0;pwned\x07"
    hostile.mkdir()
    desk("new", "reviewer", "--cwd", str(hostile))
    for args in (["list"], ["show", "reviewer"], ["audit"], ["export", "reviewer"]):
        ran = desk(*args)
        assert "\x1b" not in ran.out + ran.err, args
        assert "␛]0;pwned" in ran.out, args


def test_json_is_ascii_so_that_a_terminal_obeys_nothing_in_it(desk: Run, tmp_path: Path) -> None:
    hostile = tmp_path / "x\u202ey"
    hostile.mkdir()
    ran = desk("new", "reviewer", "--cwd", str(hostile), "--json")
    assert ran.out.isascii()
    assert json.loads(ran.out)["cwd"] == str(hostile.resolve())
