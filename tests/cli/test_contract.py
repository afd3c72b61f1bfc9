"""The command line's contract, command by command: which object `--json` gives, on one line, and which exit code."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run
from tests.cli.contract import ATTACHMENT, AUDIT, ITEM, MESSAGE, THREAD, keys

VERIFIED = keys("verified, events, head")

OBJECTS: list[tuple[str, set[str]]] = [
    ("new auditor", THREAD),
    ("set reviewer model small", THREAD),
    ("rename reviewer critic", THREAD),
    ("fork reviewer twin", THREAD),
    ("interrupt reviewer", THREAD),
    ("resume reviewer", THREAD),
    ("archive reviewer", THREAD),
    ("compact reviewer", THREAD),
    ("detach reviewer", ATTACHMENT),
    ("attach reviewer operator --rights own --wake never --allow-interrupt", ATTACHMENT),
    ("send reviewer hello", MESSAGE),
    ("send reviewer hello --from operator", MESSAGE),
    ("send reviewer hello --steer", MESSAGE),
    ("send reviewer hello --wait", MESSAGE),
    ("wait 1", keys("messages, timed_out")),
    ("queue reviewer", keys("messages")),
    ("list", keys("threads")),
    ("list --all", keys("threads")),
    ("list --tree", keys("threads")),
    ("show reviewer", keys("thread, items")),
    ("agents operator", keys("agents")),
    ("audit", keys("events")),
    ("audit reviewer", keys("events")),
    ("audit --verify", VERIFIED),
    ("approvals", keys("approvals")),
    ("grants", keys("grants")),
    ("trust .", keys("folder, trusted")),
    ("trust . --revoke", keys("folder, trusted")),
]


@pytest.mark.parametrize(("words", "names"), OBJECTS, ids=lambda value: value if isinstance(value, str) else "")
def test_each_command_gives_its_object_on_one_line(office: Run, words: str, names: set[str]) -> None:
    assert office("send", "reviewer", "hello").exit == 0
    ran = office(*words.split(), "--json")
    assert ran.exit == 0
    assert set(ran.json) == names
    assert ran.out.count("\n") == 1


def test_the_rows_inside_of_lists_have_the_contracts_keys(office: Run) -> None:
    office("send", "reviewer", "hello")
    assert {frozenset(row) for row in office("list", "--all", "--json").json["threads"]} == {frozenset(THREAD)}
    assert {frozenset(row) for row in office("agents", "operator", "--json").json["agents"]} == {frozenset(THREAD)}
    assert {frozenset(row) for row in office("queue", "reviewer", "--json").json["messages"]} == {frozenset(MESSAGE)}
    assert {frozenset(row) for row in office("wait", "1", "--json").json["messages"]} == {frozenset(MESSAGE)}
    assert {frozenset(row) for row in office("audit", "--json").json["events"]} == {frozenset(AUDIT)}
    assert all(set(item) >= ITEM for item in office("show", "reviewer", "--json").json["items"])


REFUSED: list[tuple[str, str]] = [
    ("send nobody hello", "unknown_thread"),
    ("show nobody", "unknown_thread"),
    ("new reviewer", "handle_taken"),
    ("new Reviewer", "bad_handle"),
    (f"new {'r' * 41}", "bad_handle"),
    ("new other --cwd nowhere", "no_folder"),
    ("new other --runtime nothing", "bad_value"),
    ("attach reviewer reviewer", "self"),
    ("attach operator reviewer", "cycle"),
    ("attach reviewer implementor", "has_parent"),
    ("attach reviewer operator", "already_attached"),
    ("detach operator", "not_attached"),
    ("unarchive reviewer", "not_archived"),
    ("send implementor hello --from reviewer", "no_edge"),
    ("set reviewer nonsense 1", "unknown_key"),
    ("set reviewer sandbox_mode anything", "bad_value"),
    ("queue reviewer --remove 99", "unknown_message"),
    ("wait 99", "unknown_message"),
    ("wait soon", "bad_value"),
    ("send reviewer hello --wait --timeout soon", "bad_value"),
    ("redact 999", "unknown_item"),
    ("approvals --approve reviewer-9", "unknown_approval"),
    ("grants --revoke 9", "unknown_grant"),
    ("trust nowhere", "no_folder"),
]


@pytest.mark.parametrize(("words", "code"), REFUSED, ids=lambda value: value)
def test_a_value_that_is_wrong_is_exit_1_with_its_code_and_a_reason_for_people(office: Run, words: str, code: str) -> None:
    ran = office(*words.split(), "--json")
    assert ran.refusal == code
    assert set(ran.json["error"]) == {"code", "message"}
    assert ran.json["error"]["message"] in ran.err


@pytest.mark.parametrize(
    ("words", "code"), [("send reviewer hello", "archived"), ("attach reviewer operator", "archived"), ("rename reviewer x", None)]
)
def test_what_an_archived_session_refuses(office: Run, words: str, code: str | None) -> None:
    office("archive", "reviewer")
    ran = office(*words.split(), "--json")
    assert (ran.exit, ran.json.get("error", {}).get("code")) == ((1, code) if code else (0, None))


def test_a_message_across_an_edge_that_has_ended_is_refused_and_what_waited_is_cancelled(office: Run) -> None:
    number = office("send", "reviewer", "hello", "--from", "operator", "--json").json["id"]
    office("detach", "reviewer")
    assert office("send", "reviewer", "again", "--from", "operator", "--json").refusal == "no_edge"
    [message] = office("wait", str(number), "--json").json["messages"]
    assert (message["state"], message["reason"]) == ("cancelled", "detached")


@pytest.mark.parametrize(
    "words", ["frobnicate", "list --nonsense", "send reviewer", "attach reviewer", "wait", "send reviewer a --steer --replace"]
)
def test_a_command_line_that_makes_no_sense_is_exit_2_with_an_error_object(office: Run, words: str) -> None:
    ran = office(*words.split(), "--json")
    assert (ran.exit, ran.json["error"]["code"]) == (2, "usage")


def test_five_megabytes_from_stdin_arrive_whole(office: Run) -> None:
    pasted = "".join(f"line {number} of what was pasted\n" for number in range(180_000))
    assert len(pasted) > 5_000_000
    sent = office("send", "reviewer", "-", "--json", stdin=pasted).json
    assert sent["body"] == pasted
    [waiting] = office("queue", "reviewer", "--json").json["messages"]
    assert waiting["body"] == pasted
    shown = office("queue", "reviewer").out
    assert len(shown) < 1000
