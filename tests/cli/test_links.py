from __future__ import annotations

import pytest

from tests.cli.conftest import Run
from tests.cli.contract import ATTACHMENT, THREAD


@pytest.mark.row("S0-09")
def test_attach_is_one_command_that_gives_the_attachment(desk: Run) -> None:
    desk("new", "operator")
    desk("new", "reviewer")
    attachment = desk("attach", "reviewer", "operator", "--json").json
    assert set(attachment) == ATTACHMENT
    assert (attachment["parent"], attachment["child"], attachment["ended_at"]) == ("operator", "reviewer", None)
    assert (attachment["rights"], attachment["wake"], attachment["interrupt"]) == ("lesser", "answers", "no")


def test_the_three_settings_of_an_attachment_are_options(desk: Run) -> None:
    desk("new", "operator")
    desk("new", "reviewer")
    attachment = desk("attach", "reviewer", "operator", "--rights", "own", "--wake", "never", "--allow-interrupt", "--json").json
    assert (attachment["rights"], attachment["wake"], attachment["interrupt"]) == ("own", "never", "yes")


def test_attaching_again_changes_what_is_given_and_without_anything_given_is_refused(office: Run) -> None:
    assert office("attach", "reviewer", "operator", "--json").refusal == "already_attached"
    assert office("attach", "reviewer", "operator", "--wake", "never", "--json").json["wake"] == "never"


def test_another_parent_needs_move(office: Run) -> None:
    office("new", "auditor")
    assert office("attach", "reviewer", "auditor", "--json").refusal == "has_parent"
    assert office("attach", "reviewer", "auditor", "--move", "--json").json["parent"] == "auditor"


def test_a_cycle_is_refused_with_its_path(office: Run) -> None:
    ran = office("attach", "operator", "reviewer", "--json")
    assert ran.refusal == "cycle"
    assert "operator → reviewer → operator" in ran.err


def test_an_attached_session_is_listed_with_its_parent_and_keeps_its_home(office: Run) -> None:
    before = {thread["handle"]: thread["cwd"] for thread in office("list", "--json").json["threads"]}
    listed = {thread["handle"]: thread for thread in office("list", "--json").json["threads"]}
    assert {handle: (thread["parent"], thread["relation"]) for handle, thread in listed.items()} == {
        "operator": (None, None),
        "reviewer": ("operator", "attached"),
        "implementor": ("operator", "attached"),
    }
    assert listed["reviewer"]["cwd"] == before["operator"]


@pytest.mark.row("S0-34")
def test_agents_lists_the_several_children_of_one_parent(office: Run) -> None:
    agents = office("agents", "operator", "--json").json["agents"]
    assert [agent["handle"] for agent in agents] == ["reviewer", "implementor"]
    assert set(agents[0]) == THREAD
    assert office("agents", "reviewer", "--json").json == {"agents": []}


def test_list_as_a_tree_draws_children_under_their_parent(office: Run) -> None:
    lines = office("list", "--tree").out.splitlines()
    assert "operator" in lines[0]
    assert all("⇄ " in line and "attached to operator" in line for line in lines[1:])


def test_detach_ends_the_relation_and_nothing_else(office: Run) -> None:
    ended = office("detach", "reviewer", "--json").json
    assert ended["ended_at"] is not None
    assert ended["end_reason"]
    reviewer = office("show", "reviewer", "--json").json["thread"]
    assert (reviewer["status"], reviewer["parent"]) == ("idle", None)
    assert office("detach", "reviewer", "--json").refusal == "not_attached"


def test_archiving_a_parent_says_whom_it_leaves_behind(office: Run) -> None:
    ran = office("archive", "operator")
    assert "no longer attached to it: reviewer, implementor" in ran.err
    assert [thread["handle"] for thread in office("list", "--json").json["threads"]] != []


def test_unarchive_brings_back_and_reattaches_when_asked(office: Run) -> None:
    assert office("archive", "operator", "--json").json["status"] == "archived"
    assert office("unarchive", "operator", "--reattach", "--json").json["archived_at"] is None
    assert {agent["handle"] for agent in office("agents", "operator", "--json").json["agents"]} == {"reviewer", "implementor"}


def test_what_is_not_archived_cannot_be_unarchived(desk: Run) -> None:
    desk("new", "operator")
    assert desk("unarchive", "operator", "--json").refusal == "not_archived"
