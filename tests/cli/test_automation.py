"""`codex-desk automation …` and `tick`, as scripts use them."""

from __future__ import annotations

import os
import plistlib
import re
import shlex
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Running
from tests.cli.contract import keys

AUTOMATION = keys("handle, target, schedule, zone, next_run_at, last_outcome, state")
OCCURRENCE = keys("scheduled_for, outcome, reason, turn_id")


@pytest.fixture
def scheduled(office: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """An office whose operator has an automation `morning`."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    made = office("automation", "add", "morning", "every 15m", "reviewer: review the diff", "--target", "operator", "--json")
    assert set(made.json) == AUTOMATION
    return office


def later(run: Run, minutes: float = 0) -> str:
    """The time of the next run, and some."""
    upcoming = run("automation", "list", "--json").json["automations"][0]["next_run_at"]
    return (datetime.fromisoformat(upcoming) + timedelta(minutes=minutes)).isoformat()


@pytest.mark.row("S0-08")
@pytest.mark.row("S0-29")
@pytest.mark.row("S0-30")
def test_tick_runs_what_is_due_with_all_that_it_waits_for_and_ends(scheduled: Run) -> None:
    assert scheduled("tick", "--json").json == {"due": 0, "ran": 0, "outcomes": []}
    first = later(scheduled)
    ran = scheduled("tick", "--now", first, "--json")
    assert (ran.exit, ran.json["due"], ran.json["ran"]) == (0, 1, 1)
    (outcome,) = ran.json["outcomes"]
    assert set(outcome) == OCCURRENCE | {"automation"}
    assert (outcome["automation"], outcome["outcome"], outcome["scheduled_for"]) == ("morning", "ran", first.replace("+00:00", "Z"))
    reviewer = scheduled("show", "reviewer", "--json").json["items"]
    assert [item["text"] for item in reviewer if item["kind"] == "message_in"] == ["review the diff"]
    operator = scheduled("show", "operator", "--json").json["items"]
    assert [item["origin"] for item in operator if item["kind"] == "message_in"] == ["automation"]
    assert outcome["turn_id"] in {item["turn_id"] for item in operator}
    fired = [event for event in scheduled("audit", "operator", "--json").json["events"] if event["kind"] == "fired"]
    assert [event["origin"] for event in fired] == ["automation"]


def test_list_show_pause_resume_run_and_remove_give_the_contracts_objects(scheduled: Run) -> None:
    (listed,) = scheduled("automation", "list", "--json").json["automations"]
    assert (set(listed), listed["state"], listed["zone"]) == (AUTOMATION, "active", "Europe/Berlin")
    assert scheduled("automation", "pause", "morning", "--json").json["state"] == "paused"
    assert scheduled("automation", "resume", "morning", "--json").json["state"] == "active"
    ran = scheduled("automation", "run", "morning", "--json")
    assert (ran.exit, set(ran.json), ran.json["last_outcome"]) == (0, AUTOMATION, "ran")
    shown = scheduled("automation", "show", "morning", "--json").json
    assert set(shown) == AUTOMATION | {"occurrences"}
    assert [set(run) for run in shown["occurrences"]] == [OCCURRENCE]
    assert shown["occurrences"][0]["scheduled_for"].endswith("Z")
    assert "by hand" in scheduled("automation", "show", "morning").out
    assert set(scheduled("automation", "remove", "morning", "--json").json) == AUTOMATION
    assert scheduled("automation", "show", "morning", "--json").refusal == "unknown_automation"
    assert scheduled("automation", "list", "--json").json == {"automations": []}


@pytest.mark.parametrize(
    ("words", "times"),
    [
        ("30 2 * * *", ["2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"]),
        ("every 12h", ["2026-03-08T01:00:00-05:00", "2026-03-08T14:00:00-04:00"]),
        ("RRULE:FREQ=WEEKLY;BYDAY=TU;BYHOUR=9;BYMINUTE=0", ["2026-03-10T09:00:00-04:00", "2026-03-17T09:00:00-04:00"]),
        ("at 2026-03-09T08:00", ["2026-03-09T08:00:00-04:00"]),
    ],
)
def test_next_tells_when_a_schedule_would_run(desk: Run, words: str, times: list[str]) -> None:
    ran = desk("automation", "next", words, "--zone", "America/New_York", "--from", "2026-03-07T13:00", "--n", "2", "--json")
    assert ran.json == {"times": times}


def test_next_of_an_automation_is_in_its_own_zone(scheduled: Run) -> None:
    times = scheduled("automation", "next", "morning", "--n", "3", "--json").json["times"]
    assert len(times) == 3
    assert all(time.endswith(("+01:00", "+02:00")) for time in times)


REFUSED = [
    ("add hb '0 9 * * * 1' look --target operator", "bad_schedule"),
    ("add hb '0 0 31 2 *' look --target operator", "bad_schedule"),
    ("add hb 'RRULE:FREQ=SECONDLY' look --target operator", "bad_schedule"),
    ("add hb 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30' look --target operator", "never_fires"),
    ("add hb 'every 1h' look --target operator --zone Europe/Berln", "unknown_zone"),
    ("add hb 'every 1h' look --target nobody", "unknown_thread"),
    ("add hb 'every 1h' look", "no_target"),
    ("add HB 'every 1h' look --target operator", "bad_handle"),
    ("add morning 'every 1h' look --target operator", "handle_taken"),
    ("add hb 'every 1h' look --target operator --overlap twice", "bad_value"),
    ("add hb 'every 1h' look --target operator --catch-up 'all(x)'", "bad_value"),
    ("add hb 'every 1h' look --target operator --until soon", "bad_value"),
    ("add hb 'every 1h' look --target operator --guard git-changed", "bad_value"),
    ("next 'every moon'", "bad_schedule"),
    ("next nobody", "unknown_automation"),
    ("next 'every 1h' --from never", "bad_value"),
    ("show nobody", "unknown_automation"),
    ("run nobody", "unknown_automation"),
]


@pytest.mark.parametrize(("words", "code"), REFUSED, ids=lambda value: value)
def test_what_is_wrong_is_refused_by_name(scheduled: Run, words: str, code: str) -> None:
    assert scheduled("automation", *shlex.split(words), "--json").refusal == code


def test_an_agents_process_makes_and_runs_none(scheduled: Run) -> None:
    as_agent = {"CODEX_DESK_THREAD": scheduled("show", "operator", "--json").json["thread"]["id"]}
    for words in (
        ("automation", "add", "own", "every 1m", "x"),
        ("automation", "pause", "morning"),
        ("automation", "run", "morning"),
        ("tick",),
    ):
        target = ("--target", "operator") if "add" in words else ()
        assert scheduled(*words, *target, "--json", env=as_agent).refusal == "origin_agent"


def test_it_says_when_nothing_is_open_to_run_it_and_that_guards_need_trust(scheduled: Run) -> None:
    made = scheduled("automation", "add", "guarded", "every 1h", "look", "--target", "operator", "--guard", "child-idle")
    assert "no desk is open" in made.err
    assert "codex-desk trust" in made.err


def test_without_a_target_the_session_of_this_folder_is_meant(desk: Run) -> None:
    desk("new", "operator")
    assert desk("automation", "add", "hb", "every 1h", "look", "--json").json["target"] == "operator"


def test_an_open_desk_hosts_what_is_run_by_hand(scheduled: Run, opened: Running) -> None:
    ran = scheduled("automation", "run", "morning", "--json")
    assert (ran.exit, ran.json["last_outcome"]) == (0, "ran")
    assert "no desk is open" not in scheduled("automation", "list").err


def test_codexs_own_automations_arrive_paused_and_once(office: Run, home: Path, tmp_path: Path) -> None:
    codex = tmp_path / "codex" / "automations"
    rule = 'rrule = "RRULE:FREQ=MINUTELY;INTERVAL=20"'
    for name, lines in {
        "watcher-demo": 'kind = "heartbeat"\ntarget_thread_id = "not-here"',
        "nightly": f'kind = "cron"\ncwds = ["{tmp_path}/repo"]\nexecution_environment = "worktree"',
        "adopted": 'kind = "heartbeat"\ntarget_thread_id = "codex-thread"',
        "broken": "kind = nothing at all",
    }.items():
        (codex / name).mkdir(parents=True)
        (codex / name / "automation.toml").write_text(
            f'version = 1\nid = "{name}"\nname = "The {name}"\nprompt = "look"\nstatus = "ACTIVE"\n{rule}\n{lines}\n'
        )
    with sqlite3.connect(home / "desk.db") as store:  # as adopting writes it
        store.execute("UPDATE thread SET external_id = 'codex-thread' WHERE handle = 'reviewer'")
    ran = office("automation", "import", "--json")
    assert set(ran.json) == keys("automations, skipped")
    rule = "RRULE:FREQ=MINUTELY;INTERVAL=20"
    made = [(view["handle"], view["target"], view["state"], view["schedule"]) for view in ran.json["automations"]]
    assert made[0] == ("the-adopted", "reviewer", "paused", rule)
    assert [(handle, state) for handle, _, state, _ in made[1:]] == [("the-nightly", "paused")]
    assert {each["id"] for each in ran.json["skipped"]} == {"broken", "watcher-demo"}
    assert "codex-desk adopt not-here" in ran.err
    again = office("automation", "import", "--target", "operator", "--json").json
    assert [view["handle"] for view in again["automations"]] == ["the-watcher-demo"]
    assert office("automation", "resume", "the-nightly", "--json").json["state"] == "active"


def test_install_prints_what_systemd_cron_and_launchd_take(desk: Run, home: Path) -> None:
    ran = desk("automation", "install", "--print", "--json")
    units = {unit["path"].rpartition("/")[2]: unit["text"] for unit in ran.json["files"]}
    assert re.search(r'^ExecStart="[^"]+".* "tick"$', units["codex-desk-tick.service"], re.MULTILINE)
    assert f'Environment="CODEX_DESK_HOME={home}"' in units["codex-desk-tick.service"]
    assert "OnCalendar=*:0/1" in units["codex-desk-tick.timer"]
    assert units["crontab -e"].startswith("* * * * * CODEX_DESK_HOME=")
    launchd = plistlib.loads(units["codex-desk.tick.plist"].encode())
    assert (launchd["ProgramArguments"][-1], launchd["EnvironmentVariables"]["CODEX_DESK_HOME"]) == ("tick", str(home))
    assert "# --- cron: crontab -e" in desk("automation", "install", "--print").out
    assert desk("automation", "install").exit == 2


def test_a_percent_sign_is_written_as_cron_and_systemd_take_it() -> None:
    from codex_desk.cli.units import units

    made = {unit.kind: unit.text for unit in units({"CODEX_DESK_HOME": "/a%b c", "PATH": os.defpath}, "/bin/codex-desk")}
    assert r"CODEX_DESK_HOME='/a\%b c'" in made["cron"]


def test_a_moment_without_an_offset_is_in_the_zone() -> None:
    from codex_desk.cli.automation import moment_given

    assert moment_given("2026-12-24T09:00", "Europe/Berlin") == datetime(2026, 12, 24, 8, 0, tzinfo=UTC)


def test_handles_of_automations_are_completed(scheduled: Run) -> None:
    completed = scheduled(env={"_CODEX_DESK_COMPLETE": "bash_complete", "COMP_WORDS": "codex-desk automation show m", "COMP_CWORD": "3"})
    assert "morning" in completed.out
