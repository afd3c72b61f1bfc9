from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Start
from tests.cli.contract import ITEM, THREAD
from tests.rollouts.samples import ROOT, placed, sample

PARENT, CHILD = "01a1f7da-f296-7771-a3e9-2e1ee3e2f16c", "01a1f7da-f31e-79e3-b194-e9e93af73a7d"
"""Of the sample `0.169.0/v2_spawn2_wait`, which has one child more."""

V2 = ROOT / "0.169.0" / "v2_spawn2_wait"


@pytest.fixture
def imported(desk: Run) -> Run:
    assert desk("import", str(V2)).exit == 0
    return desk


def test_an_import_accounts_for_every_file_thread_item_relation_and_line(desk: Run) -> None:
    report = desk("import", str(V2), "--json").json
    assert report["files"] | {"failed": 0} == {
        "found": 3, "new": 3, "grown": 0, "rewritten": 0, "moved": 0, "same": 0, "gone": 0, "twice": 0, "others": 0, "on_desk": 0, "without_meta": 0, "failed": 0,
    }  # fmt: skip
    assert report["threads"] == {"total": 3, "new": 3}
    assert report["items"]["total"] == 13
    assert {key: report["relations"][key] for key in ("linked", "pending", "orphaned")} == {"linked": 4, "pending": 0, "orphaned": 0}
    assert report["lines"]["read"] == sum(path.read_bytes().count(b"\n") for path in V2.glob("rollout-*"))
    assert (report["sealed"], report["not_understood"]) == (0, {})


def test_a_second_import_says_that_nothing_is_new(imported: Run) -> None:
    again = imported("import", str(V2), "--json").json
    assert (again["files"]["same"], again["files"]["new"], again["bytes"]) == (3, 0, 0)
    assert "3 as they were" in imported("import", str(V2)).out


def test_without_a_path_it_is_codexs_own_home(desk: Run, tmp_path: Path) -> None:
    placed(tmp_path / "codex", sample("0.115.0/late_link", "6105-71b1"))
    assert desk("import", "--json").json["root"] == str(tmp_path / "codex")
    assert len(desk("list", "--all", "--json").json["threads"]) == 1


def test_a_path_that_holds_no_history_is_refused(desk: Run, tmp_path: Path) -> None:
    assert desk("import", str(tmp_path / "nowhere"), "--json").refusal == "no_history"


def test_what_could_not_be_understood_is_counted_by_type(desk: Run, tmp_path: Path) -> None:
    [path] = placed(tmp_path / "codex", sample("0.115.0/late_link", "6105-71b1"))
    path.write_bytes(path.read_bytes() + b'{"timestamp":"2026-11-20T08:00:00.000Z","type":"thing","payload":{}}\n' * 3)
    assert desk("import", "--json").json["not_understood"] == {"thing": 3}
    assert "3 × thing" in desk("import").out


def test_imported_threads_are_listed_with_all_and_nowhere_else(imported: Run) -> None:
    assert imported("list", "--json").json["threads"] == []
    threads = {thread["id"]: thread for thread in imported("list", "--all", "--json").json["threads"]}
    assert set(threads[PARENT]) == THREAD
    assert threads[PARENT] | {"title": ""} == threads[PARENT] | {
        "title": "", "handle": None, "status": "history", "kind": "session", "runtime": "codex", "model": "gpt-5.1-codex", "external_id": PARENT, "parent": None,
    }  # fmt: skip
    assert (threads[CHILD]["parent_id"], threads[CHILD]["relation"], threads[CHILD]["kind"]) == (PARENT, "spawned", "subagent")


@pytest.mark.row("S2-08")
def test_children_stand_under_their_parent(imported: Run) -> None:
    lines = imported("list", "--all", "--tree").out.splitlines()
    [at] = [number for number, line in enumerate(lines) if f"  {PARENT}" in line]
    assert "├─⑂" in lines[at + 1]
    assert "└─⑂" in lines[at + 2]
    assert {agent["title"] for agent in imported("agents", PARENT, "--json").json["agents"]} == {"Faraday", "Godel"}


@pytest.mark.row("S2-05")
@pytest.mark.row("S2-10")
def test_a_call_that_spawned_shows_its_child_and_how_it_ended(imported: Run) -> None:
    shown = imported("show", PARENT, "--json").json
    calls = [item for item in shown["items"] if item.get("tool") == "spawn_agent"]
    assert all(set(item) >= ITEM for item in shown["items"])
    assert calls[0]["subagent_thread_id"] == CHILD
    assert [(call["agent_status"], call["ok"]) for call in calls] == [("completed", True)] * 2
    out = imported("show", PARENT).out
    assert "⑂ /root/scout_1 · completed" in out
    assert f"└─ {CHILD}\n   CHILD RESULT: found 3 files" in out


@pytest.mark.row("S2-07")
def test_a_transcript_is_written_out_with_those_of_its_children(imported: Run) -> None:
    whole = imported("export", PARENT, "--tree").out
    assert f"Subagent: `{CHILD}`" in whole
    assert whole.index(f"# {PARENT}") < whole.index(f"# {CHILD}")
    assert "CHILD task 1 DELAY2" in whole[whole.index(f"# {CHILD}") :]
    assert "<subagent_notification>" not in whole
    assert "environment_context" not in whole


def test_history_is_found_by_its_words(imported: Run) -> None:
    found = imported("search", "list the repo files", "--json").json["items"]
    assert {item["thread"] for item in found} >= {PARENT, CHILD}


def test_history_takes_no_prompt_and_is_attached_to_nothing(imported: Run) -> None:
    imported("new", "operator")
    asked = [["send", PARENT, "hello"], ["attach", PARENT, "operator"], ["attach", "operator", PARENT], ["rename", PARENT, "mine"]]
    asked += [["fork", PARENT, "mine"], ["archive", PARENT], ["unarchive", PARENT], ["interrupt", PARENT], ["compact", PARENT]]
    answers = [imported(*words) for words in asked]
    assert [answer.exit for answer in answers] == [1] * len(asked)
    assert all("is history; adopt it first" in answer.err for answer in answers)


def test_following_tells_of_what_is_written(start: Start, tmp_path: Path) -> None:
    [path] = placed(tmp_path / "codex", sample("0.115.0/late_link", "6105-71b1"))
    data = path.read_bytes()
    path.write_bytes(data[:5797])
    running = start("import", "--follow", "--json")
    first = json.loads(running.line())
    path.write_bytes(data)
    second = json.loads(running.line())
    assert (first["files"]["new"], second["files"]["grown"], second["items"]["new"]) == (1, 1, 2)
