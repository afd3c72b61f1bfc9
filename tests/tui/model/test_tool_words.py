from __future__ import annotations

import json

import pytest

from codex_desk.tui.model.tool_words import opened, outcome, readable, subject


def waited(*results: dict[str, object], timed_out: bool = False, reason: str | None = None) -> str:
    return json.dumps({"results": results, "timed_out": timed_out, "reason": reason})


def one(state: str, **more: object) -> dict[str, object]:
    return {
        "message_id": 2,
        "agent": "reviewer",
        "state": state,
        "answer": None,
        "report": None,
        "reason": None,
        "queued_behind": [],
        **more,
    }


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (waited(one("answered", answer="Two findings")), "reviewer #2 answered"),
        (waited(one("running"), timed_out=True), "timed out, reviewer #2 still working"),
        (waited(one("queued", queued_behind=[1]), timed_out=True), "timed out, reviewer #2 still queued behind #1"),
        (waited(one("running", needs_human="reviewer-1: make test"), reason="needs_human"), "needs you: reviewer-1: make test"),
        (waited(one("failed", reason="no answer")), "reviewer #2 failed: no answer"),
        (waited(one("running", report="half way"), reason="report"), "reviewer #2 reports: half way"),
        (waited(one("running"), reason="interrupted_by_user"), "you wrote; reviewer #2 still working"),
    ],
)
def test_a_wait_says_what_came_of_each_message(result: str, words: str) -> None:
    assert outcome("wait_agent", {}, result, ok=True) == words


def test_a_list_of_agents_names_each_with_its_relation_and_state() -> None:
    agents = [{"name": "reviewer", "relation": "attached", "status": "idle"}, {"name": "scout", "relation": "spawned", "status": "running"}]
    assert outcome("list_agents", {}, json.dumps({"agents": agents}), ok=True) == "reviewer attached ready, scout subagent working"
    assert outcome("list_agents", {}, '{"agents": []}', ok=True) == "nobody"


RUN = {"status": "completed", "agent_id": "critic", "run_id": 12, "conversation_id": "c", "summary": "fine", "duration_ms": 3}


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (RUN, "critic #12 completed"),
        (RUN | {"status": "detached", "summary": None}, "critic #12 detached"),
        (RUN | {"status": "failed", "summary": "no luck"}, "critic #12 failed: no luck"),
        (RUN | {"status": "needs_human", "reason": "sub-x-1: make test"}, "critic #12 needs human: sub-x-1: make test"),
        (RUN | {"dismissed": True}, "critic #12 completed, dismissed"),
        ({"status": "partial", "runs": [RUN, RUN | {"run_id": 13, "status": "running"}]}, "critic #12 completed, critic #13 running: fine"),
        ({"sessions": [RUN | {"name": "critic-2"}], "cursor": None}, "critic-2 #12 completed"),
        ({"sessions": [], "cursor": None}, "nothing delegated"),
        ({"messages": [{}], "agent_id": "critic", "cursor": None}, "critic, 1 message"),
    ],
)
def test_a_delegation_says_how_each_run_stands(result: dict[str, object], words: str) -> None:
    assert outcome("delegate_sessions", {}, json.dumps(result), ok=True) == words


def test_a_delegation_is_about_whom_and_what() -> None:
    assert subject("delegate_agent", {"agent_id": "critic", "prompt": "judge"}) == "critic: judge"
    assert subject("delegate_agent", {"conversation_id": "c", "prompt": "once more"}) == "again: once more"
    assert subject("delegate_agent", {"batch": [{"agent_id": "a", "prompt": "x"}, {"agent_id": "b", "prompt": "y"}]}) == "a: x; b: y"
    assert subject("delegate_sessions", {"operation": "join", "conversation_id": "c"}) == "join"


@pytest.mark.parametrize("tool", ["send_message", "read", "git", "of a newer desk"])
def test_what_was_refused_says_why(tool: str) -> None:
    refused = json.dumps({"error": {"code": "no_edge", "message": "tester is not attached to you"}})
    assert outcome(tool, {}, refused, ok=False) == "tester is not attached to you"
    assert opened(tool, refused) == "tester is not attached to you"


@pytest.mark.parametrize(
    ("tool", "result", "words"),
    [
        ("read", {"text": "     1\ta\n     2\tb\n"}, "2 lines"),
        ("read", {"text": "     1\ta\n", "next_offset": 2}, "1 line, more from line 2"),
        ("list", {"entries": [{"name": "a"}] * 17}, "17 entries"),
        ("list", {"entries": [{"name": "a"}], "left_out": 4}, "1 entry and 4 more"),
        ("grep", {"matches": [{"path": "a"}, {"path": "b"}, {"path": "b"}]}, "3 matches in 2 files"),
        ("grep", {"matches": []}, "no match"),
    ],
)
def test_reading_tools_count_what_they_found(tool: str, result: object, words: str) -> None:
    assert outcome(tool, {}, json.dumps(result), ok=True) == words


@pytest.mark.parametrize(
    ("arguments", "result", "words"),
    [
        ({"question": "status", "args": ["--short"]}, {"exit_code": 0, "output": "## main\n M a.py\n"}, "1 changed path"),
        ({"question": "status", "args": ["--short"]}, {"exit_code": 0, "output": ""}, "nothing changed"),
        ({"question": "diff", "args": []}, {"exit_code": 0, "output": ""}, "no difference"),
        ({"question": "log", "args": []}, {"exit_code": 0, "output": "a\nb\n"}, "exit 0, 2 lines"),
        ({"question": "show", "args": ["x"]}, {"exit_code": 128, "output": "", "errors": "bad revision"}, "exit 128: bad revision"),
    ],
)
def test_git_says_what_changed_or_how_it_ended(arguments: object, result: object, words: str) -> None:
    assert outcome("git", arguments, json.dumps(result), ok=True) == words


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("read", {"path": "a.py"}, "a.py"),
        ("grep", {"pattern": "def", "path": "src"}, "def in src"),
        ("grep", {"pattern": "def", "path": "."}, "def"),
        ("git", {"question": "status", "args": ["--short"]}, "status --short"),
        ("wait_agent", {"targets": ["reviewer", 7], "mode": "any"}, "any of reviewer, #7"),
        ("wait_agent", {"targets": ["reviewer"], "mode": "all"}, "reviewer"),
        ("send_message", {"target": "nobody", "message": "hi\nthere"}, "nobody: hi there"),
        ("spawn_agent", {"message": "look", "task_name": "scout", "agent_type": "critic"}, "scout: look"),
        ("spawn_agent", {"message": "look", "agent_type": "critic"}, "critic: look"),
        ("spawn_agent", {"message": "look"}, "look"),
        ("interrupt_agent", {"target": "scout"}, "scout"),
        ("of a newer desk", {"path": "a", "depth": 2}, "path=a depth=2"),
        ("read", "not an object", "not an object"),
    ],
)
def test_a_call_says_what_it_is_about(tool: str, arguments: object, words: str) -> None:
    assert subject(tool, arguments) == words


def test_a_closed_subagent_says_how_it_was_and_what_is_kept_of_it() -> None:
    assert outcome("interrupt_agent", {}, '{"previous_status": "needs_human"}', ok=True) == "it was needs human"
    kept = '{"previous_status": "finished", "worktree": "the worktree /w is kept"}'
    assert outcome("close_agent", {}, kept, ok=True) == "it was finished; the worktree /w is kept"


def test_an_unknown_result_is_shown_by_its_fields() -> None:
    assert outcome("of a newer desk", {}, '{"done": true, "left": 3}', ok=True) == "done=true left=3"
    assert outcome("of a newer desk", {}, "plain\ntext", ok=True) == "plain text"


@pytest.mark.parametrize(
    "result", ["[" * 100_000, '{"results": 3}', '{"results": [3]}', "{", 7, None, '{"error": "x"}', '{"agents": [[]]}']
)
@pytest.mark.parametrize("tool", ["wait_agent", "list_agents", "read"])
def test_a_result_of_any_shape_has_words(tool: str, result: object) -> None:
    assert "\n" not in outcome(tool, {}, result, ok=True)
    assert isinstance(opened(tool, result), str)


def test_an_opened_result_is_what_was_read() -> None:
    assert opened("read", '{"path": "a", "text": "     1\\ta\\n"}') == "     1\ta"
    assert opened("git", '{"exit_code": 0, "output": " M a.py\\n"}') == " M a.py"
    assert opened("grep", '{"matches": [{"path": "a", "line": 3, "text": "def"}]}') == "a:3: def"
    assert opened("list", '{"entries": [{"name": "src", "kind": "folder"}, {"name": "a", "kind": "file"}]}') == "src/\na"


def test_a_value_is_written_field_by_field() -> None:
    value = {"results": [{"agent": "reviewer", "answer": "one\ntwo", "reason": None}], "timed_out": False}
    assert readable(value) == "results:\n  - agent: reviewer\n    answer:\n      one\n      two\ntimed_out: false"
