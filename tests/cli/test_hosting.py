from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Running, Start
from tests.cli.contract import ITEM, MESSAGE, THREAD


def numbered(desk: Run, thread: str, text: str) -> str:
    return str(desk("send", thread, text, "--json").json["id"])


def test_send_and_wait_gives_the_message_with_its_answer(desk: Run, folder: Path) -> None:
    (folder / "notes.txt").write_text("buy milk\n")
    desk("new", "reviewer")
    ran = desk("send", "reviewer", "read notes.txt", "--wait", "--json")
    assert ran.exit == 0
    assert set(ran.json) == MESSAGE
    assert ran.json["state"] == "answered"
    assert "buy milk" in ran.json["answer"]


def test_people_get_the_answer_on_stdout(desk: Run, folder: Path) -> None:
    (folder / "notes.txt").write_text("buy milk\n")
    desk("new", "reviewer")
    ran = desk("send", "reviewer", "read notes.txt", "--wait")
    assert "buy milk" in ran.out


def test_a_turn_that_fails_is_exit_1_with_the_message_and_the_reason(desk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    desk("new", "reviewer", "--runtime", "native")
    ran = desk("send", "reviewer", "hello", "--wait", "--json")
    assert ran.exit == 1
    assert ran.json["state"] == "failed"
    assert "OPENAI_API_KEY" in ran.json["reason"]


def test_a_timeout_is_exit_3_with_the_message_and_ends_the_turn_that_ran_here(desk: Run) -> None:
    desk("new", "reviewer")
    ran = desk("send", "reviewer", "run sleep 60", "--wait", "--timeout", "0.2", "--json")
    assert ran.exit == 3
    assert set(ran.json) == MESSAGE
    assert (ran.json["state"], ran.json["reason"], ran.json["answer"]) == ("interrupted", "host left", None)


def test_what_is_queued_stays_queued_when_the_host_leaves(desk: Run) -> None:
    desk("new", "reviewer")
    first = numbered(desk, "reviewer", "run sleep 60")
    second = numbered(desk, "reviewer", "read notes.txt")
    ran = desk("wait", first, second, "--timeout", "0.2", "--json")
    assert ran.exit == 3
    assert set(ran.json) == {"messages", "timed_out"}
    assert ran.json["timed_out"] is True
    assert [str(message["id"]) for message in desk("queue", "reviewer", "--json").json["messages"]] == [second]


def test_wait_runs_the_queue_up_to_the_message_and_no_further(desk: Run) -> None:
    desk("new", "reviewer")
    first, second, third = (numbered(desk, "reviewer", f"read {name}") for name in ("a", "b", "c"))
    ran = desk("wait", f"#{second}", "--json")
    assert ran.exit == 0
    assert [message["state"] for message in ran.json["messages"]] == ["answered"]
    assert desk("wait", first, "--timeout", "0", "--json").json["messages"][0]["state"] == "answered"
    assert [str(message["id"]) for message in desk("queue", "reviewer", "--json").json["messages"]] == [third]


@pytest.mark.row("S0-36")
def test_wait_for_any_comes_back_with_the_first(desk: Run) -> None:
    desk("new", "reviewer")
    desk("new", "implementor")
    slow, fast = numbered(desk, "reviewer", "run sleep 1"), numbered(desk, "implementor", "read a")
    ran = desk("wait", slow, fast, "--any", "--json")
    assert ran.exit == 0
    assert "answered" in [message["state"] for message in ran.json["messages"]]
    assert ran.json["timed_out"] is False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_in_order_with_130_and_its_own_object(desk: Run, start: Start, number: signal.Signals) -> None:
    desk("new", "reviewer")
    sending = start("exec", "run sleep 60", "--thread", "reviewer", "--json")
    sending.until('"user_message"')
    second = numbered(desk, "reviewer", "read a")
    sending.send(number)
    ran = sending.end()
    assert ran.exit == 130
    assert ran.lines[-1]["event"] == "done"
    ended = ran.lines[-1]["message"]
    assert (ended["state"], ended["reason"]) == ("interrupted", "host left")
    assert [str(message["id"]) for message in desk("queue", "reviewer", "--json").json["messages"]] == [second]


def test_exec_streams_events_and_ends_with_the_answer(desk: Run, folder: Path) -> None:
    (folder / "notes.txt").write_text("buy milk\n")
    ran = desk("exec", "read notes.txt", "--json")
    first, *items, last = ran.lines
    assert ran.exit == 0
    assert (first["event"], last["event"]) == ("started", "done")
    assert {event["event"] for event in items} == {"item"}
    assert all(set(event["item"]) >= ITEM for event in items)
    assert [event["item"]["kind"] for event in items][-1] == "agent_message"
    assert (set(last["thread"]), set(last["message"])) == (THREAD, MESSAGE)
    assert "buy milk" in last["answer"]
    assert last["timed_out"] is False


def test_exec_has_a_session_of_its_own_that_is_archived_when_done(desk: Run) -> None:
    for _ in range(2):
        desk("exec", "read a")
    assert desk("list", "--json").json == {"threads": []}
    assert {thread["handle"]: thread["status"] for thread in desk("list", "--all", "--json").json["threads"]} == {
        "exec-1": "archived",
        "exec-2": "archived",
    }


def test_exec_in_a_thread_leaves_it_on_the_desk_and_shows_nothing_from_before(desk: Run) -> None:
    desk("new", "reviewer")
    desk("exec", "read before", "--thread", "reviewer")
    ran = desk("exec", "read now", "--thread", "reviewer", "--json")
    assert "read before" not in ran.out
    assert [thread["handle"] for thread in desk("list", "--json").json["threads"]] == ["reviewer"]


def test_exec_gives_people_the_answer_alone_on_stdout(desk: Run, folder: Path) -> None:
    (folder / "notes.txt").write_text("buy milk\n")
    ran = desk("exec", "read notes.txt")
    assert ran.out.startswith("[offline stand-in] `notes.txt`")
    assert "user_message" not in ran.out
    assert "you  read notes.txt" in ran.err


@pytest.mark.row("S0-04")
@pytest.mark.row("S0-05")
@pytest.mark.row("S0-18")
def test_exec_shows_what_the_children_do_and_ends_when_all_are_done(office: Run) -> None:
    ran = office("exec", "implementor: read a; reviewer: read b", "--thread", "operator", "--json")
    events = ran.lines
    assert ran.exit == 0
    assert {event["thread"] for event in events if event["event"] == "item"} == {"operator", "implementor", "reviewer"}
    seqs = [event["item"]["seq"] for event in events if event["event"] == "item"]
    assert len(seqs) == len(set(seqs))
    assert "**implementor**" in events[-1]["answer"]
    assert "**reviewer**" in events[-1]["answer"]


def test_exec_of_a_turn_that_timed_out_is_exit_3_and_leaves_nothing_running(desk: Run) -> None:
    ran = desk("exec", "run sleep 60", "--timeout", "0.3", "--json")
    assert ran.exit == 3
    assert (ran.lines[-1]["event"], ran.lines[-1]["timed_out"], ran.lines[-1]["answer"]) == ("done", True, None)
    [session] = desk("list", "--all", "--json").json["threads"]
    assert session["status"] == "archived"


def test_an_approval_in_the_way_is_named_on_stderr_and_can_be_given_from_elsewhere(desk: Run, start: Start, folder: Path) -> None:
    (folder / "f.txt").write_text("old\n")
    desk("new", "reviewer")
    desk("set", "reviewer", "sandbox_mode", "read-only")
    sending = start("send", "reviewer", "replace old with new in f.txt", "--wait", "--json")
    assert sending.error_line().startswith("reviewer-1  pending")
    [asked] = desk("approvals", "--json").json["approvals"]
    assert (asked["id"], asked["thread"], asked["chain"]) == ("reviewer-1", "reviewer", ["human", "reviewer"])
    [given] = desk("approvals", "--approve", "reviewer-1", "--json").json["approvals"]
    assert given["state"] == "approved"
    ran = sending.end()
    assert (ran.exit, ran.json["state"]) == (0, "answered")
    assert "codex-desk approvals --approve reviewer-1" in ran.err
    assert (folder / "f.txt").read_text() == "new\n"


def test_a_denied_approval_changes_nothing(desk: Run, start: Start, folder: Path) -> None:
    (folder / "f.txt").write_text("old\n")
    desk("new", "reviewer")
    desk("set", "reviewer", "sandbox_mode", "read-only")
    sending = start("send", "reviewer", "replace old with new in f.txt", "--wait", "--json")
    sending.error_line()
    desk("approvals", "--deny", "reviewer-1")
    assert sending.end().exit == 0
    assert (folder / "f.txt").read_text() == "old\n"
    assert desk("approvals", "--approve", "reviewer-1", "--json").refusal == "decided"
    assert desk("approvals", "--approve", "reviewer-9", "--json").refusal == "unknown_approval"


def test_where_a_desk_is_open_it_runs_the_turn_and_send_only_watches(desk: Run, opened: Running) -> None:
    desk("new", "reviewer")
    ran = desk("send", "reviewer", "read a", "--json")
    assert "nothing is open" not in ran.err
    assert desk("wait", str(ran.json["id"]), "--timeout", "30", "--json").json["messages"][0]["state"] == "answered"


def test_a_watcher_that_is_interrupted_leaves_the_open_desks_turn_alone(desk: Run, opened: Running) -> None:
    desk("new", "reviewer")
    ran = desk("send", "reviewer", "run sleep 2", "--wait", "--timeout", "0.5", "--json")
    assert ran.exit == 3
    assert desk("wait", str(ran.json["id"]), "--timeout", "30", "--json").json["messages"][0]["state"] == "answered"


def test_audit_follow_shows_what_another_process_does(desk: Run, start: Start) -> None:
    desk("new", "operator")
    following = start("audit", "--follow", "--json")
    assert json.loads(following.line())["kind"] == "created"
    desk("rename", "operator", "lead")
    assert json.loads(following.line())["kind"] == "renamed"
    following.send(signal.SIGINT)
    assert following.end().exit == 130


def test_approvals_follow_shows_each_as_it_is_asked_and_decided(desk: Run, start: Start, folder: Path) -> None:
    (folder / "f.txt").write_text("old\n")
    desk("new", "reviewer")
    desk("set", "reviewer", "sandbox_mode", "read-only")
    following = start("approvals", "--follow", "--json")
    sending = start("send", "reviewer", "replace old with new in f.txt", "--wait")
    assert json.loads(following.line())["state"] == "pending"
    desk("approvals", "--deny", "reviewer-1")
    assert json.loads(following.line())["state"] == "denied"
    assert sending.end().exit == 0


def test_a_reader_that_goes_away_is_no_crash(desk: Run, start: Start) -> None:
    desk("new", "operator")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nowhere:
        listing = start("audit", "--json", stdout=nowhere)
        ran = listing.end()
    assert ran.exit == 1
    assert "Traceback" not in ran.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux's")
def test_a_full_disk_behind_stdout_is_said(desk: Run, start: Start) -> None:
    desk("new", "operator")
    with Path("/dev/full").open("w") as full:
        ran = start("audit", "--json", stdout=full).end()
    assert ran.exit == 1
    assert ran.err.startswith("codex-desk: stdout: No space left")


def test_compact_shortens_what_the_model_reads_and_keeps_the_transcript(desk: Run) -> None:
    desk("new", "reviewer")
    desk("exec", "read a", "--thread", "reviewer")
    ran = desk("compact", "reviewer", "--json")
    assert ran.exit == 0
    assert set(ran.json) == THREAD
    kinds = [item["kind"] for item in desk("show", "reviewer", "--json").json["items"]]
    assert kinds[0] == "user_message"
    assert "compaction" in kinds


def test_an_interrupted_thread_waits_for_the_human_and_resume_lets_it_go_on(desk: Run) -> None:
    desk("new", "reviewer")
    assert desk("interrupt", "reviewer", "--json").exit == 0
    assert set(desk("resume", "reviewer", "--json").json) == THREAD


def test_a_wait_that_needs_the_human_first_says_so_and_ends(desk: Run, home: Path) -> None:
    desk("new", "reviewer")
    (home / "config.toml").write_text('model = "m"\nsandbox_mode = "bogus"\n')
    ran = desk("send", "reviewer", "hello", "--wait", "--json")
    assert ran.exit == 1
    assert (set(ran.json), ran.json["state"]) == (MESSAGE, "queued")
    assert "reviewer needs you: the settings cannot be read" in ran.err
    assert f"{home / 'config.toml'}:2: sandbox_mode" in ran.err


def test_what_needed_the_human_runs_once_that_is_seen_to(desk: Run, home: Path) -> None:
    desk("new", "reviewer")
    settings = home / "config.toml"
    settings.write_text("sandbox_mode = ")
    number = str(desk("send", "reviewer", "hello", "--wait", "--json").json["id"])
    settings.write_text("")
    assert desk("wait", number, "--json").json["messages"][0]["state"] == "answered"


def test_a_folder_that_is_gone_ends_the_wait_and_keeps_the_message(desk: Run, folder: Path) -> None:
    (folder / "sub").mkdir()
    desk("new", "reviewer", "--cwd", "sub")
    (folder / "sub").rmdir()
    ran = desk("exec", "hello", "--thread", "reviewer", "--json")
    assert ran.exit == 1
    assert ran.lines[-1]["message"]["state"] == "queued"
    assert "reviewer needs you" in ran.err


def test_a_wait_for_a_thread_that_the_user_stopped_names_the_way_on(desk: Run) -> None:
    desk("new", "reviewer")
    number = numbered(desk, "reviewer", "hello")
    desk("interrupt", "reviewer")
    ran = desk("wait", number)
    assert ran.exit == 1
    assert "reviewer was stopped by the user" in ran.err
    assert "codex-desk resume reviewer" in ran.err
