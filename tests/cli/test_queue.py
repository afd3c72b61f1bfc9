from __future__ import annotations

from tests.cli.conftest import Run
from tests.cli.contract import MESSAGE


def test_a_sent_message_waits_with_its_number_where_nothing_is_open(desk: Run) -> None:
    desk("new", "reviewer")
    ran = desk("send", "reviewer", "Look at the diff.", "--json")
    message = ran.json
    assert set(message) == MESSAGE
    assert (message["from"], message["to"], message["origin"], message["state"]) == (None, "reviewer", "human", "queued")
    assert message["body"] == "Look at the diff."
    assert ran.err == "queued: nothing is open to run it\n"
    assert ran.exit == 0


def test_a_prompt_is_read_from_stdin(desk: Run) -> None:
    desk("new", "reviewer")
    assert desk("send", "reviewer", "-", "--json", stdin="one\ntwo\n").json["body"] == "one\ntwo\n"


def test_an_empty_stdin_is_no_prompt(desk: Run) -> None:
    desk("new", "reviewer")
    assert desk("send", "reviewer", "-", "--json", stdin="").refusal == "bad_value"


def test_bytes_that_are_no_text_are_replaced_not_refused(desk: Run) -> None:
    desk("new", "reviewer")
    assert desk("send", "reviewer", "caf\udce9", "--json").json["body"] == "caf\ufffd"


def test_the_queue_is_shown_in_order(desk: Run) -> None:
    desk("new", "reviewer")
    numbers = [desk("send", "reviewer", text, "--json").json["id"] for text in ("one", "two", "three")]
    waiting = desk("queue", "reviewer", "--json").json["messages"]
    assert [message["id"] for message in waiting] == numbers
    assert desk("show", "reviewer", "--json").json["thread"]["queued"] == 3


def test_an_entry_can_be_edited_and_removed(desk: Run) -> None:
    desk("new", "reviewer")
    first, second = (desk("send", "reviewer", text, "--json").json["id"] for text in ("one", "two"))
    left = desk("queue", "reviewer", "--edit", f"#{first}", "uno", "--remove", str(second), "--json").json["messages"]
    assert [(message["id"], message["body"]) for message in left] == [(first, "uno")]
    gone = desk("wait", str(second), "--json")
    assert gone.exit == 1
    assert gone.json["messages"][0]["state"] == "cancelled"


def test_a_number_of_another_threads_queue_is_refused_and_nothing_is_changed(desk: Run) -> None:
    desk("new", "operator")
    desk("new", "reviewer")
    mine = desk("send", "reviewer", "mine", "--json").json["id"]
    other = desk("send", "operator", "other", "--json").json["id"]
    ran = desk("queue", "reviewer", "--edit", str(mine), "changed", "--remove", str(other), "--json")
    assert ran.refusal == "unknown_message"
    assert desk("queue", "reviewer", "--json").json["messages"][0]["body"] == "mine"


def test_a_number_that_was_never_given_is_refused(desk: Run) -> None:
    desk("new", "reviewer")
    assert desk("queue", "reviewer", "--remove", "99", "--json").refusal == "unknown_message"
    assert desk("wait", "99", "--json").refusal == "unknown_message"


def test_a_message_to_an_archived_session_is_refused(desk: Run) -> None:
    desk("new", "reviewer")
    desk("archive", "reviewer")
    assert desk("send", "reviewer", "hi", "--json").refusal == "archived"


def test_a_message_along_an_edge_that_ended_is_refused(office: Run) -> None:
    office("detach", "reviewer")
    assert office("send", "reviewer", "hi", "--from", "operator", "--json").refusal == "no_edge"


def test_the_human_can_speak_along_an_edge_and_both_transcripts_say_so(office: Run) -> None:
    message = office("send", "reviewer", "Look at the diff.", "--from", "operator", "--json").json
    assert (message["from"], message["to"], message["origin"]) == ("operator", "reviewer", "human")
    [out] = [item for item in office("show", "operator", "--json").json["items"] if item["kind"] == "message_out"]
    assert out["origin"] == "human"
